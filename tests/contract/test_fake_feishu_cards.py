"""Cards in the stand-in for Feishu: what is refused, what is seen, and what pressing does."""

import contextlib
import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.feishu import FakeFeishu, Member, Unconfirmed
from tests.fakes.feishu_caller import IM, Api, Clock, calling, code
from tests.fakes.feishu_card_rules import check
from tests.fakes.feishu_cards import Card
from tests.fakes.feishu_errors import ApiError
from tests.fakes.feishu_receiver import Receiver


def plain_text(content: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": content}


def button(label: str, value: Any = None, **more: Any) -> dict[str, Any]:
    made = {"tag": "button", "type": "primary", "text": plain_text(label)}
    return made | ({"behaviors": [{"type": "callback", "value": value}]} if value else {}) | more


def card(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    header = {"title": plain_text("候选人待处理"), "template": "orange"}
    config = {"update_multi": True}
    body = {"direction": "vertical", "elements": list(elements)}
    return {"schema": "2.0", "config": config, "header": header, "body": body} | more


CLAIM = button("我来处理", {"act": "claim", "id": "42"})
ALERT = card(
    {"tag": "markdown", "content": "**A** 可能不来面试"},
    {"tag": "column_set", "columns": [{"tag": "column", "elements": [CLAIM]}]},
)
DONE = card({"tag": "markdown", "content": "已处理"})
SCORE = {
    "tag": "select_static",
    "name": "score",
    "required": True,
    "placeholder": plain_text("评分"),
    "options": [{"text": plain_text(str(n)), "value": str(n)} for n in range(1, 6)],
}
SUBMIT = button("提交", {"act": "survey", "id": "42"}, name="submit", form_action_type="submit")
FORM = {
    "tag": "form",
    "name": "survey",
    "elements": [SCORE, {"tag": "input", "name": "note"}, SUBMIT],
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver("key") as running:
        yield running


@contextlib.asynccontextmanager
async def carding(clock: Clock, app: Receiver, **more: Any) -> AsyncIterator[Api]:
    fake = FakeFeishu(encrypt_key="key", clock=clock, pace=clock, **more)
    async with calling(fake) as api:
        await fake.console.save_webhook(callback_url=app.url)
        yield api


@pytest.fixture
async def api(clock: Clock, app: Receiver) -> AsyncIterator[Api]:
    async with carding(clock, app) as running:
        yield running


@pytest.fixture
def feishu(api: Api) -> FakeFeishu:
    return api.feishu


@pytest.fixture
def li(feishu: FakeFeishu) -> Member:
    return feishu.member("李娜")


async def alert(api: Api, to: Member, shown: Any = ALERT) -> str:
    return await api.sent(to.open_id, "interactive", shown)


# What is refused


def twice(name: str) -> dict[str, Any]:
    form = copy.deepcopy(FORM)
    form["elements"][1]["name"] = name  # type: ignore[index]
    return form


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (card({"tag": "action", "actions": [CLAIM]}), "ErrCode: 200861"),
        (card({"tag": "hologram"}), "unknown tag"),
        (card({"content": "x"}), "no tag"),
        (card({"tag": "column", "elements": []}), "columns belong into a column_set"),
        (card({"tag": "interactive_container", "elements": [FORM]}), "root of a card"),
        (card(FORM | {"elements": [SUBMIT, FORM]}), "no form and no table"),
        (card(FORM | {"elements": [{"tag": "table"}, SUBMIT]}), "no form and no table"),
        (card(FORM | {"name": ""}), "a form needs a name"),
        (card(FORM | {"elements": [SCORE]}), "submit button"),
        (card(twice("score")), "must be unique"),
        (card(twice("")), "every control of a form needs a name"),
        (card(button("x", type="loud")), "unknown type of button"),
        (card(button("x", behaviors=[{"type": "explode"}])), "unknown type of behavior"),
        (card(button("x", [1])), "an object or a string"),
        (card(*[{"tag": "hr"}] * 201), "ErrCode: 11310"),
        (card(*[{"tag": "hr", "element_id": "a"}] * 2), "element_id must be unique"),
        (card({"tag": "markdown", "content": "<at id=ou_nobody></at>"}), "ErrCode: 100290"),
        (card(header={"title": "T"}), "ErrCode: 200621"),
        (card(body={}), "body.elements must be a list"),
        (card(elements=[]), "in its body"),
        (card(schema="3.0"), "schema must be"),
        ({"type": "template", "data": {"template_id": "AAq"}}, "ErrCode: 200380"),
    ],
)
async def test_a_wrong_card_is_refused_with_its_reason(
    api: Api, li: Member, shown: Any, reason: str
) -> None:
    answer = await api.send(li.open_id, "interactive", shown)
    assert code(answer) == (400, 230099)
    assert reason in answer.json()["msg"]
    assert li.received() == []


KEYS = [
    *("tag", "elements", "columns", "name", "text", "behaviors", "type", "value", "header"),
    *("title", "body", "config", "element_id", "options", "fields", "extra", "content"),
]
TAGS = ["form", "button", "column_set", "column", "div", "callback", "input", "plain_text"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(TAGS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
        | st.dictionaries(st.just("tag"), st.sampled_from(TAGS), min_size=1)
    ),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=JSON, header=JSON, elements=st.lists(JSON, max_size=4), schema=st.sampled_from("12"))
def test_nonsense_is_refused_as_a_card(body: Any, header: Any, elements: Any, schema: str) -> None:
    shown = {"schema": f"{schema}.0", "header": header, "elements": elements}
    inside = {"schema": "2.0", "header": header, "body": {"elements": elements}}
    for one in (shown, inside, inside | {"body": body}):
        with contextlib.suppress(ApiError):
            check(one, set())
            Card.of(one)  # what passes can be looked at


async def test_a_card_has_thirty_kilobytes(api: Api, li: Member) -> None:
    long = card({"tag": "markdown", "content": "x" * 31_000})
    assert code(await api.send(li.open_id, "interactive", long)) == (400, 230025)


# What is seen


async def test_a_card_is_seen_with_its_buttons_and_fields(api: Api, li: Member) -> None:
    mention = {"tag": "markdown", "content": f"<at id={li.open_id}></at>"}
    seen = li.seen(await alert(api, li, card(mention, CLAIM, FORM)))
    assert seen.card is not None
    assert (seen.card.title, seen.card.colour, seen.labels) == (
        "候选人待处理",
        "orange",
        ["我来处理", "提交"],
    )
    assert seen.text.startswith("候选人待处理\n<at")
    assert [(f.name, f.form, f.required) for f in seen.card.fields] == [
        ("score", "survey", True),
        ("note", "survey", False),
    ]


async def test_a_template_is_filled_in(feishu: FakeFeishu, api: Api, li: Member) -> None:
    feishu.console.template("AAq", card({"tag": "markdown", "content": "**${name}** 来了"}))
    data = {"template_id": "AAq", "template_variable": {"name": '王"芳'}}
    sent = await alert(api, li, {"type": "template", "data": data})
    assert li.seen(sent).text == '候选人待处理\n**王"芳** 来了'


async def test_an_old_card_is_still_seen(api: Api, li: Member) -> None:
    old = {
        "header": {"title": plain_text("旧")},
        "elements": [{"tag": "action", "actions": [button("好") | {"value": {"a": 1}}]}],
    }
    assert li.seen(await alert(api, li, old)).labels == ["好"]


# Pressing


async def test_a_press_calls_the_app_and_shows_its_answer(
    feishu: FakeFeishu, api: Api, app: Receiver, li: Member
) -> None:
    toast = {"type": "success", "content": "已记录"}
    app.answers = [{"toast": toast, "card": {"type": "raw", "data": DONE}}]
    sent = await alert(api, li)
    press = await li.press(sent, "我来处理").answered()
    assert (press.code, press.changed_card) == (0, True)
    assert press.toast is not None
    assert (press.toast.type, press.toast.content) == ("success", "已记录")
    assert li.seen(sent).text == "候选人待处理\n已处理"
    event = app.bodies[0]["event"]
    assert event["operator"]["open_id"] == li.open_id
    assert event["action"]["value"] == {"act": "claim", "id": "42"}
    assert event["context"] == {"open_message_id": sent, "open_chat_id": li.chat_id}
    assert len(app.bodies[0]["header"]["create_time"]) == 16
    assert feishu.pending == 0


async def test_a_form_carries_what_was_filled_in(api: Api, app: Receiver, li: Member) -> None:
    sent = await alert(api, li, card(FORM))
    with pytest.raises(ValueError, match="required and empty"):
        li.press(sent, "提交", {"note": "x"})
    with pytest.raises(ValueError, match="does not offer"):
        li.press(sent, "提交", {"score": "6"})
    with pytest.raises(LookupError):
        li.press(sent, "提交", {"mood": "good"})
    await li.press(sent, "提交", {"score": "5", "note": "不错"}).answered()
    action = app.bodies[0]["event"]["action"]
    assert (action["name"], action["form_value"]) == ("submit", {"score": "5", "note": "不错"})


async def test_fields_outside_a_form_call_at_once(api: Api, app: Receiver, li: Member) -> None:
    many = SCORE | {"tag": "multi_select_static", "name": "days"}
    checker = {"tag": "checker", "name": "done"}
    sent = await alert(api, li, card(SCORE, many, {"tag": "input", "name": "note"}, checker))
    await li.pick(sent, "score", "5").answered()
    await li.pick(sent, "days", "1", "2").answered()
    await li.type_in(sent, "note", "不错").answered()
    await li.tick(sent, "done").answered()
    actions = [body["event"]["action"] for body in app.bodies]
    assert actions[0]["option"] == "5"
    assert actions[1]["options"] == ["1", "2"]
    assert actions[2]["input_value"] == "不错"
    assert actions[3]["checked"] is True


@pytest.mark.parametrize(
    ("status", "answer", "shown"),
    [
        (200, {}, 0),
        (200, b"", 0),
        (500, {}, 200671),
        (302, {}, 200671),
        (200, b"ok", 200672),
        (200, [], 200672),
        (200, {"toast": {"type": "loud", "content": "x"}}, 200672),
        (200, {"card": {"type": "raw", "data": card({"tag": "hologram"})}}, 200673),
        (200, {"card": DONE}, 200673),
        (200, {"card": {"type": "raw", "data": {"elements": []}}}, 200830),
    ],
)
async def test_a_bad_answer_is_shown_by_its_number(
    api: Api, app: Receiver, li: Member, status: int, answer: Any, shown: int
) -> None:
    app.statuses, app.answers, app.location = [status], [answer], "http://127.0.0.1:9/"
    sent = await alert(api, li)
    press = await li.press(sent, "我来处理").answered()
    assert press.code == shown
    assert li.seen(sent).labels == ["我来处理"]
    assert len(app.bodies) == 1  # never tried again


async def test_an_answer_has_its_time(api: Api, app: Receiver, li: Member) -> None:
    api.feishu.webhook.answer_s = 0.1
    app.gate.clear()
    assert (await li.press(await alert(api, li), "我来处理").answered()).code == 200341


async def test_where_nobody_listens_the_client_says_so(
    feishu: FakeFeishu, api: Api, app: Receiver, li: Member, clock: Clock
) -> None:
    silent = await alert(api, li, card(button("空")))
    assert li.press(silent, "空").code == 200340
    link = button("打开", behaviors=[{"type": "open_url", "default_url": "https://a.b"}])
    with pytest.raises(ValueError, match=r"opens https://a\.b"):
        li.press(await alert(api, li, card(link)), "打开")
    old = await alert(api, li)
    feishu.app.callbacks = "none"
    assert li.press(old, "我来处理").code == 200340
    feishu.app.callbacks = "webhook"
    clock.at += 31 * 86400
    assert li.press(old, "我来处理").code == 200340
    assert app.bodies == []


async def test_a_string_is_a_legal_value(api: Api, app: Receiver, li: Member) -> None:
    sent = await alert(api, li, card(button("好", "claim:42")))
    await li.press(sent, "好").answered()
    assert app.bodies[0]["event"]["action"]["value"] == "claim:42"


async def test_anybody_who_sees_a_card_can_press_it_twice(
    feishu: FakeFeishu, api: Api, app: Receiver, li: Member
) -> None:
    wang = feishu.outsider("王芳")
    group = feishu.group("内外", li, wang)
    sent = (await api.send(group.id, "interactive", ALERT, by="chat_id")).json()["data"][
        "message_id"
    ]
    for one in (li, li, wang):
        await one.press(sent, "我来处理").answered()
    operators = [body["event"]["operator"] for body in app.bodies]
    assert [o["open_id"] for o in operators] == [li.open_id, li.open_id, wang.open_id]
    assert operators[2]["tenant_key"] == wang.person.tenant_key
    assert len({body["event"]["token"] for body in app.bodies}) == 3
    with pytest.raises(LookupError):
        feishu.member("别人").press(sent, "我来处理")
    await li.forge(sent, {"tag": "button", "value": {"act": "delete"}}).answered()
    assert app.bodies[3]["event"]["action"]["value"] == {"act": "delete"}


async def test_an_outsider_who_presses_may_look_like_a_member(clock: Clock, app: Receiver) -> None:
    async with carding(clock, app, unconfirmed=Unconfirmed(operator_tenant="ours")) as api:
        wang = api.feishu.outsider("王芳")
        wang.open_chat()
        await wang.press(await api.sent(wang.open_id, "interactive", ALERT), "我来处理").answered()
    body = app.bodies[0]
    assert body["event"]["operator"]["tenant_key"] == body["header"]["tenant_key"]


# Late updates


async def update(api: Api, token: str, shown: Any = DONE) -> Any:
    body = {"token": token, "card": shown}
    return await api.call("POST", "/open-apis/interactive/v1/card/update", json=body)


async def test_a_press_is_good_for_two_late_updates(api: Api, clock: Clock, li: Member) -> None:
    sent = await alert(api, li)
    press = await li.press(sent, "我来处理").answered()
    assert code(await update(api, press.token, card({"tag": "hologram"}))) == (400, 230099)
    assert code(await update(api, press.token, {"elements": []})) == (400, 230099)
    assert [(await update(api, press.token)).status_code for _ in "123"] == [200, 200, 400]
    assert li.card(sent).text == "候选人待处理\n已处理"
    assert code(await update(api, "c-nobody")) == (400, 300050)
    second = await li.press(await alert(api, li), "我来处理").answered()
    clock.at += 1801
    assert code(await update(api, second.token)) == (400, 300050)


@pytest.mark.parametrize("how", ["late", "patch"])
async def test_an_update_before_the_answer_does_not_last(
    api: Api, app: Receiver, li: Member, how: str
) -> None:
    app.gate.clear()
    sent = await alert(api, li)
    press = li.press(sent, "我来处理")
    await api.feishu.until(lambda: app.received)
    if how == "late":
        await update(api, press.token)
    else:
        await api.call("PATCH", f"{IM}/{sent}", json={"content": json.dumps(DONE)})
    assert li.seen(sent).labels == []
    app.gate.set()
    assert (await press.answered()).code == 0
    assert li.seen(sent).labels == ["我来处理"]
