"""Template cards of the stand-in for WeCom: their form, presses, updates, one-time codes."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Doubts, FakeWeCom, Member
from tests.fakes.wecom_caller import Caller
from tests.fakes.wecom_doubts import Spelling
from tests.fakes.wecom_receiver import Receiver

Json = dict[str, Any]

ALERT: Json = {
    "card_type": "button_interaction",
    "task_id": "alert-17",
    "source": {"desc": "Hiring bot", "desc_color": 1},
    "main_title": {"title": "候选人生气了", "desc": "job 42"},
    "horizontal_content_list": [
        {"keyname": "Stage", "value": "Interview"},
        {"type": 1, "keyname": "Open", "value": "console", "url": "https://e.example"},
    ],
    "button_selection": {
        "question_key": "who",
        "title": "Assign to",
        "option_list": [{"id": "u1", "text": "Li"}, {"id": "u2", "text": "Wu"}],
        "selected_id": "u1",
    },
    "button_list": [
        {"text": "Take over", "style": 1, "key": "take"},
        {"text": "Open", "type": 1, "url": "https://e.example"},
    ],
    "action_menu": {"desc": "more", "action_list": [{"text": "Mute", "key": "mute"}]},
}
VOTE: Json = {
    "card_type": "vote_interaction",
    "task_id": "survey-9-q1",
    "main_title": {"title": "First week?"},
    "checkbox": {
        "question_key": "q1",
        "option_list": [
            {"id": "5", "text": "Great"},
            {"id": "1", "text": "Bad", "is_checked": True},
        ],
        "mode": 0,
    },
    "submit_button": {"text": "Send", "key": "submit"},
}
SURVEY: Json = {
    "card_type": "multiple_interaction",
    "task_id": "survey-9",
    "main_title": {"title": "Survey"},
    "select_list": [
        {"question_key": key, "title": "t", "option_list": [{"id": "3", "text": "OK"}]}
        for key in ("q1", "q2")
    ],
    "submit_button": {"text": "Send", "key": "submit"},
}
NOTICE: Json = {
    "card_type": "text_notice",
    "main_title": {"title": "Weekly report"},
    "emphasis_content": {"title": "12", "desc": "new"},
    "jump_list": [{"type": 1, "title": "Open", "url": "https://e.example"}],
    "card_action": {"type": 1, "url": "https://e.example"},
}
NEWS = NOTICE | {"card_type": "news_notice", "card_image": {"url": "https://e.example/a.png"}}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
def wecom(clock: FakeClock, receiver: Receiver) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        running.set_callback(receiver.url)
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


@pytest.fixture
def hr(wecom: FakeWeCom) -> Member:
    return wecom.member("hr1")


async def send(caller: Caller, card: Json, to: str = "hr1") -> Json:
    body = {"touser": to, "msgtype": "template_card", "agentid": 1000002, "template_card": card}
    return await caller.post("message/send", body)


async def update(caller: Caller, code: str, **more: Any) -> Json:
    body: Json = {"userids": ["hr1"], "agentid": 1000002, "response_code": code}
    changed = {} if "template_card" in more else {"button": {"replace_name": "Taken by hr1"}}
    return await caller.post("message/update_template_card", body | changed | more)


def without(card: Json, *names: str) -> Json:
    return {name: value for name, value in card.items() if name not in names}


# Form


@pytest.mark.parametrize("card", [ALERT, VOTE, SURVEY, NOTICE, NEWS])
async def test_the_cards_of_the_documents_are_good(caller: Caller, hr: Member, card: Json) -> None:
    answer = await send(caller, card)
    assert answer["errcode"] == 0, answer
    assert ("response_code" in answer) == card["card_type"].endswith("interaction")
    assert hr.cards()[0].content == card


def options(count: int) -> list[Json]:
    return [{"id": str(number), "text": "t"} for number in range(count)]


@pytest.mark.parametrize(
    ("card", "errcode"),
    [
        (ALERT | {"card_type": "poem"}, 40058),
        (without(ALERT, "task_id"), 42014),
        (ALERT | {"task_id": "a b"}, 42014),
        (ALERT | {"task_id": "x" * 129}, 42014),
        (NOTICE | {"task_id": "字"}, 42014),
        (NOTICE | {"action_menu": ALERT["action_menu"]}, 42014),
        (without(ALERT, "main_title"), 40058),
        (without(NOTICE, "main_title"), 40058),
        (without(NOTICE, "card_action"), 40058),
        (NOTICE | {"card_action": {"type": 1}}, 40058),
        (without(NEWS, "card_image"), 40058),
        (NOTICE | {"horizontal_content_list": [{"keyname": "k"}] * 7}, 40058),
        (NOTICE | {"jump_list": [{"title": "t"}] * 4}, 40058),
        (ALERT | {"button_list": []}, 40058),
        (ALERT | {"button_list": [{"text": "t", "key": str(n)} for n in range(7)]}, 40058),
        (ALERT | {"button_list": [{"text": "t"}]}, 42019),
        (ALERT | {"button_list": [{"key": "k"}]}, 42020),
        (ALERT | {"button_list": [{"text": "t", "key": "k" * 1025}]}, 42018),
        (ALERT | {"button_list": [{"text": "t", "key": "k"}] * 2}, 42018),
        (ALERT | {"button_list": [{"text": "t", "key": "k", "style": 5}]}, 40058),
        (ALERT | {"action_menu": {"action_list": [{"text": "t", "key": "k"}] * 4}}, 40058),
        (ALERT | {"button_selection": {"question_key": "q", "option_list": options(11)}}, 40058),
        (VOTE | {"checkbox": VOTE["checkbox"] | {"option_list": options(21)}}, 40058),
        (VOTE | {"checkbox": VOTE["checkbox"] | {"mode": 2}}, 40058),
        (VOTE | {"checkbox": {"question_key": "q", "option_list": options(1) * 2}}, 40058),
        (without(VOTE, "submit_button"), 40058),
        (SURVEY | {"select_list": SURVEY["select_list"] * 2}, 40058),
        (SURVEY | {"select_list": SURVEY["select_list"][:1] * 2}, 40058),
        (SURVEY | {"select_list": [{"question_key": "q", "option_list": options(11)}]}, 40058),
        (
            SURVEY
            | {
                "select_list": [
                    {"question_key": "q", "option_list": [{"id": "x" * 129, "text": "t"}]}
                ]
            },
            45002,
        ),
    ],
)
async def test_a_card_out_of_form_is_refused(
    caller: Caller, hr: Member, card: Json, errcode: int
) -> None:
    assert (await send(caller, card))["errcode"] == errcode
    assert hr.cards() == []


async def test_a_task_id_is_good_for_one_card_of_an_app(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    assert (await send(caller, ALERT))["errcode"] == 0
    assert (await send(caller, ALERT))["errcode"] == 42014
    assert [(await send(caller, NOTICE))["errcode"] for _ in range(2)] == [0, 0]


async def test_a_card_that_calls_back_needs_somebody_to_call(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    wecom.app.callback = None
    assert (await send(caller, ALERT))["errcode"] == Doubts().card_without_callback_errcode
    assert (await send(caller, NOTICE))["errcode"] == 0


# Presses


@pytest.mark.parametrize("spelling", ["OptionIds", "OpitonIds"])
async def test_a_press_calls_back_in_both_spellings(
    wecom: FakeWeCom, receiver: Receiver, caller: Caller, hr: Member, spelling: Spelling
) -> None:
    await send(caller, ALERT)
    code = hr.press("Take over", {"who": ["u2"]}, spelling=spelling)
    await wecom.settled()
    (event,) = receiver.opened
    assert (event["Event"], event["EventKey"]) == ("template_card_event", "take")
    assert (event["TaskId"], event["CardType"]) == ("alert-17", "button_interaction")
    assert (event["ResponseCode"], event["AgentID"]) == (code, "1000002")
    assert (event["FromUserName"], "MsgId" in event) == ("hr1", False)
    item = event["SelectedItems"]["SelectedItem"]
    assert item == {"QuestionKey": "who", spelling: {spelling[:-1]: "u2"}}


async def test_what_is_preselected_is_sent_and_choices_are_checked(
    wecom: FakeWeCom, receiver: Receiver, caller: Caller, hr: Member
) -> None:
    await send(caller, VOTE)
    await send(caller, SURVEY)
    hr.press("submit", {"q1": ["3"], "q2": ["3"]})
    with pytest.raises(ValueError, match="cannot be chosen"):
        hr.press("submit", {"q1": ["4"]})
    with pytest.raises(ValueError, match="does not ask"):
        hr.press("submit", {"q9": ["3"]})
    vote = hr.cards()[0].msgid
    hr.press("Send", msgid=vote)
    with pytest.raises(ValueError, match="cannot be chosen"):
        hr.press("Send", {"q1": ["1", "5"]}, msgid=vote)
    with pytest.raises(LookupError):
        hr.press("Open")
    await wecom.settled()
    survey, voted = receiver.opened
    chosen = survey["SelectedItems"]["SelectedItem"]
    assert [item["QuestionKey"] for item in chosen] == ["q1", "q2"]
    assert voted["SelectedItems"]["SelectedItem"]["OptionIds"]["OptionId"] == "1"


async def test_the_menu_of_a_card_calls_back_without_selected_items(
    wecom: FakeWeCom, receiver: Receiver, caller: Caller, hr: Member
) -> None:
    await send(caller, ALERT)
    hr.choose("Mute")
    with pytest.raises(LookupError):
        hr.choose("Explode")
    await wecom.settled()
    (event,) = receiver.opened
    assert (event["Event"], event["EventKey"]) == ("template_card_menu_event", "mute")
    assert "SelectedItems" not in event


# Updates


async def test_a_response_code_changes_the_cards_that_are_named_once(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    other = wecom.member("hr2")
    code = (await send(caller, ALERT, "hr1|hr2"))["response_code"]
    answer = await update(caller, code, userids=["HR1", "Ghost"])
    assert (answer["errcode"], answer["invaliduser"]) == (0, ["ghost"])
    assert (hr.cards()[0].replaced, hr.cards()[0].buttons) == ("Taken by hr1", [])
    assert other.cards()[0].buttons == ["Take over"]
    assert (await update(caller, code, userids=["hr2"]))["errcode"] == 42022
    with pytest.raises(LookupError):
        hr.press("take")
    fresh = other.press("take")
    assert (await update(caller, fresh, userids=[], atall=1))["errcode"] == 0
    assert other.cards()[0].replaced == "Taken by hr1"
    assert (await update(caller, fresh))["errcode"] == 42022


async def test_a_whole_card_can_be_put_in_place(
    wecom: FakeWeCom, receiver: Receiver, caller: Caller, hr: Member
) -> None:
    code = (await send(caller, ALERT))["response_code"]
    new = without(ALERT, "task_id") | {"main_title": {"title": "谁来？"}}
    assert (await update(caller, code, template_card=new))["errcode"] == 0
    assert (hr.cards()[0].text, hr.cards()[0].buttons) == ("谁来？", ["Take over"])
    code = hr.press("take")
    await wecom.settled()
    assert receiver.opened[0]["TaskId"] == "alert-17"
    done = new | {"replace_text": "已处理"}
    assert (await update(caller, code, template_card=done))["errcode"] == 0
    assert (hr.cards()[0].replaced, hr.cards()[0].buttons) == ("已处理", [])


async def test_a_response_code_lives_three_days_at_its_app(
    wecom: FakeWeCom, caller: Caller, hr: Member, clock: FakeClock
) -> None:
    code = (await send(caller, ALERT))["response_code"]
    async with Caller(wecom, wecom.add_app(1000003)) as stranger:
        assert (await update(stranger, code))["errcode"] == 301002
        assert (await update(stranger, code, agentid=1000003))["errcode"] == 42015
    assert (await update(caller, "made-up"))["errcode"] == 40029
    clock.advance(timedelta(hours=72, seconds=1))
    caller.token = ""
    assert (await update(caller, code))["errcode"] == 42003


@pytest.mark.parametrize(
    ("more", "errcode"),
    [
        ({"userids": []}, 82001),
        ({"userids": ["ghost"]}, 81013),
        ({"userids": "hr1"}, 40058),
        ({"button": {}}, 40058),
        ({"template_card": ALERT, "button": {"replace_name": "x"}}, 40058),
        ({"template_card": without(ALERT, "button_list")}, 40058),
    ],
)
async def test_a_bad_update_does_not_use_up_the_code(
    caller: Caller, hr: Member, more: Json, errcode: int
) -> None:
    code = (await send(caller, ALERT))["response_code"]
    answer = await update(caller, code, **more)
    assert (answer["errcode"], answer["invaliduser"]) == (errcode, [])
    assert (await update(caller, code))["errcode"] == 0


async def test_a_passive_answer_changes_the_card_of_who_pressed(
    wecom: FakeWeCom, receiver: Receiver, caller: Caller, hr: Member
) -> None:
    other = wecom.member("hr2")
    inner = (
        "<xml><MsgType><![CDATA[update_button]]></MsgType>"
        "<Button><ReplaceName><![CDATA[好了]]></ReplaceName></Button></xml>"
    )
    receiver.reply = lambda opened: receiver.seal(inner)
    await send(caller, ALERT, "hr1|hr2")
    hr.press("take")
    await wecom.settled()
    assert (hr.cards()[0].replaced, other.cards()[0].replaced) == ("好了", "")
