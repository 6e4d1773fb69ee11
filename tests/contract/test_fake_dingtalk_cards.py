"""The stand-in for DingTalk: cards, who sees what on them, and what a press starts."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.fakes.dingtalk import CardButton, FakeDingTalk, Member, Unconfirmed
from tests.fakes.dingtalk_caller import Caller, code
from tests.fakes.dingtalk_line import Line, line

ALERT = "alert.schema"
CREATE = "/card/instances/createAndDeliver"
BUTTONS = (
    CardButton(
        action_id="btn_ack",
        label="知道了",
        params={"decision": "ok", "alert": "${alert}"},
        shown_if=("status", "pending"),
    ),
    CardButton(action_id="btn_note", label="备注 ${title}", params={}),
)


@pytest.fixture
async def dingtalk(clock: FakeClock) -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(clock=lambda: clock().timestamp(), limits=False) as running:
        running.template(ALERT, *BUTTONS)
        yield running


@pytest.fixture
async def app(dingtalk: FakeDingTalk) -> AsyncIterator[Caller]:
    async with Caller(dingtalk) as caller:
        yield caller


@pytest.fixture
async def socket(dingtalk: FakeDingTalk) -> AsyncIterator[Line]:
    async with line(dingtalk) as connected:
        yield connected


@pytest.fixture
def li(dingtalk: FakeDingTalk) -> Member:
    return dingtalk.member("u1", "李HR")


def card(space: str = "IM_ROBOT.u1", **change: Any) -> dict[str, Any]:
    return {
        "cardTemplateId": ALERT,
        "outTrackId": "a-42",
        "callbackType": "STREAM",
        "userIdType": 1,
        "cardData": {"cardParamMap": {"title": "甲", "status": "pending", "alert": "7"}},
        "openSpaceId": f"dtv1.card//{space}",
        "imRobotOpenSpaceModel": {"supportForward": False},
        "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": "dingstandin0001"},
        "imGroupOpenSpaceModel": {"supportForward": False},
        "imGroupOpenDeliverModel": {"robotCode": "dingstandin0001"},
    } | change


# Making and changing


async def test_a_card_is_seen_with_the_buttons_its_data_shows(app: Caller, li: Member) -> None:
    made = (await app.v1("POST", CREATE, card())).json()
    (result,) = made["result"]["deliverResults"]
    assert (made["success"], made["result"]["outTrackId"]) == (True, "a-42")
    assert (result["spaceType"], result["spaceId"], result["success"]) == ("IM_ROBOT", "u1", True)
    (seen,) = li.cards()
    assert (seen.out_track_id, seen.labels) == ("a-42", ["知道了", "备注 甲"])
    assert seen.buttons[0].params == {"decision": "ok", "alert": "7"}
    by_key = {"cardUpdateOptions": {"updateCardDataByKey": True}}
    body = {"outTrackId": "a-42", "cardData": {"cardParamMap": {"status": "done"}}}
    updated = await app.v1("PUT", "/card/instances", body | by_key)
    assert updated.json() == {"success": True, "result": True}
    assert li.card("a-42").labels == ["备注 甲"]
    assert li.card("a-42").data == {"title": "甲", "status": "done", "alert": "7"}


async def test_without_by_key_all_data_is_replaced(app: Caller, li: Member) -> None:
    await app.v1("POST", CREATE, card())
    body = {"outTrackId": "a-42", "cardData": {"cardParamMap": {"status": "done"}}}
    await app.v1("PUT", "/card/instances", body)
    assert li.card("a-42").data == {"status": "done"}


async def test_private_data_is_seen_by_its_owner(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    wang = dingtalk.member("u2")
    group = dingtalk.group("群", [li, wang])
    await app.v1("POST", CREATE, card(f"IM_GROUP.{group.id}"))
    private = {"u2": {"cardParamMap": {"title": "只给王"}}}
    await app.v1("PUT", "/card/instances", {"outTrackId": "a-42", "privateData": private})
    assert [person.card("a-42").data["title"] for person in (li, wang)] == ["甲", "只给王"]


async def test_a_card_in_a_group_may_be_for_some(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    wang = dingtalk.member("u2")
    space = f"IM_GROUP.{dingtalk.group('群', [li, wang]).id}"
    model = {"robotCode": dingtalk.app.robot_code, "recipients": ["u2"]}
    await app.v1("POST", CREATE, card(space, imGroupOpenDeliverModel=model))
    assert [len(person.cards()) for person in (li, wang)] == [0, 1]


async def test_each_space_says_for_itself_how_delivery_went(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    group = dingtalk.group("群", [li])
    spaces = f"IM_ROBOT.u1;IM_ROBOT.nobody;dtv1.card//IM_GROUP.{group.id};IM_GROUP.cidX=="
    body = card(spaces)
    results = (await app.v1("POST", CREATE, body)).json()["result"]["deliverResults"]
    assert [result["success"] for result in results] == [True, False, True, False]
    assert all(bool(result["errorMsg"]) is not result["success"] for result in results)
    del body["imRobotOpenSpaceModel"]
    made = await app.v1("POST", CREATE, body | {"outTrackId": "a-43"})
    results = made.json()["result"]["deliverResults"]
    assert (results[0]["errorMsg"], results[2]["success"]) == ("spaces of card is empty", True)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"cardTemplateId": "other.schema"}, "param.templateNotExist"),
        ({"cardTemplateId": "draft.schema"}, "param.templateUnpublished"),
        ({"openSpaceId": "IM_ROBOT.u1"}, "param.openSpaceIdInvalid"),
        ({"openSpaceId": "dtv1.card//ELSEWHERE.u1"}, "param.openSpaceIdInvalid"),
        ({"cardData": {"cardParamMap": {"done": False}}}, "param.cardDataInvalid"),
        ({"cardData": {"cardParamMap": {"x": "字" * 342}}}, "param.cardDataInvalid"),
        ({"cardData": {"cardParamMap": {"k" * 101: "x"}}}, "param.cardDataInvalid"),
        ({"outTrackId": ""}, "MissingoutTrackId"),
        ({"callbackType": "HTTP", "callbackRouteKey": "x"}, "param.callbackRouteKeyInvalid"),
    ],
)
async def test_a_bad_card_is_not_made(
    dingtalk: FakeDingTalk, app: Caller, li: Member, change: dict[str, Any], wanted: str
) -> None:
    dingtalk.template("draft.schema", published=False)
    assert code(await app.v1("POST", CREATE, card(**change))) == (400, wanted)
    assert li.cards() == []


@pytest.mark.parametrize("reuse", ["refused", "delivered_again"])
async def test_a_used_id_never_gets_another_template(reuse: Any) -> None:
    guess = Unconfirmed(card_reuse=reuse)
    async with FakeDingTalk(unconfirmed=guess) as dingtalk, Caller(dingtalk) as app:
        dingtalk.template(ALERT)
        dingtalk.template("new.schema")
        await app.v1("POST", CREATE, card())
        again = await app.v1("POST", CREATE, card(cardTemplateId="new.schema"))
        assert again.status_code == (400 if reuse == "refused" else 200)
        assert dingtalk.platform.cards.cards["a-42"].template.id == ALERT


async def test_a_card_that_is_not_there_cannot_be_changed(app: Caller) -> None:
    body = {"outTrackId": "x", "cardData": {"cardParamMap": {}}}
    assert code(await app.v1("PUT", "/card/instances", body)) == (400, "param.cardNotExist")


async def test_text_streams_into_a_card(app: Caller, li: Member) -> None:
    await app.v1("POST", CREATE, card(cardData={"cardParamMap": {}}))
    piece = {"outTrackId": "a-42", "key": "content", "isFull": False}
    for guid, words, final in (("1", "你", False), ("1", "你", False), ("2", "好", True)):
        body = piece | {"guid": guid, "content": words, "isFinalize": final, "isError": False}
        assert (await app.v1("PUT", "/card/streaming", body)).status_code == 200
    assert (li.card("a-42").data, li.card("a-42").stream) == ({"content": "你好"}, "final")
    whole = piece | {"guid": "3", "content": "再来", "isFull": True, "isError": True}
    await app.v1("PUT", "/card/streaming", whole)
    assert (li.card("a-42").data, li.card("a-42").stream) == ({"content": "再来"}, "error")


# Pressing


async def pressed(socket: Line) -> tuple[Any, dict[str, Any]]:
    frame = await socket.frame()
    assert frame["headers"]["topic"] == "/v1.0/card/instances/callback"
    return frame, json.loads(frame["data"])


def answer(**more: Any) -> dict[str, Any]:
    return {"response": {"cardUpdateOptions": {"updateCardDataByKey": True}} | more}


async def test_a_press_is_told_and_its_answer_changes_the_card(
    dingtalk: FakeDingTalk, app: Caller, socket: Line, li: Member
) -> None:
    wang = dingtalk.member("u2")
    group = dingtalk.group("群", [li, wang])
    await app.v1("POST", CREATE, card(f"IM_GROUP.{group.id}"))
    press = li.press("a-42", "知道了", {"input": "已读"})
    frame, body = await pressed(socket)
    told = {key: body[key] for key in ("type", "outTrackId", "corpId", "userId", "spaceType")}
    assert told == {
        "type": "actionCallback",
        "outTrackId": "a-42",
        "corpId": dingtalk.app.corp_id,
        "userId": "u1",
        "spaceType": "im",
    }
    assert (body["spaceId"], body["value"]) == (group.id, body["content"])
    assert json.loads(body["content"])["cardPrivateData"] == {
        "actionIds": ["btn_ack"],
        "params": {"decision": "ok", "alert": "7", "input": "已读"},
    }
    common, private = {"status": "done"}, {"title": "您处理的"}
    response = answer(
        cardData={"cardParamMap": common},
        userPrivateData={"cardParamMap": private, "u2": {"cardParamMap": {"title": "错"}}},
    )
    await socket.ack(frame, data=response)
    await dingtalk.until(lambda: press.done)
    assert (press.status, press.answer) == ("answered", response["response"])
    assert li.card("a-42").data["title"] == "您处理的"
    assert wang.card("a-42").data == {"title": "甲", "status": "done", "alert": "7"}


async def test_an_answer_after_two_seconds_changes_nothing(
    dingtalk: FakeDingTalk, app: Caller, socket: Line, li: Member, clock: FakeClock
) -> None:
    await app.v1("POST", CREATE, card())
    press = li.press("a-42", "btn_ack")
    frame, _ = await pressed(socket)
    clock.advance(2.1)
    await dingtalk.until(lambda: press.done)
    await socket.ack(frame, data=answer(cardData={"cardParamMap": {"status": "done"}}))
    await dingtalk.until(lambda: dingtalk.acks_of(press.id))
    assert press.status == "late"
    assert li.card("a-42").data["status"] == "pending"


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (500, answer(cardData={"cardParamMap": {"status": "done"}})),
        (200, {"response": None}),
        (200, answer(cardData={"cardParamMap": {"status": True}})),
    ],
)
async def test_a_wrong_answer_fails_the_press(
    dingtalk: FakeDingTalk, app: Caller, socket: Line, li: Member, status: int, data: Any
) -> None:
    await app.v1("POST", CREATE, card())
    press = li.press("a-42", "btn_ack")
    frame, _ = await pressed(socket)
    await socket.ack(frame, status, data)
    await dingtalk.until(lambda: press.done)
    assert (press.status, li.card("a-42").data["status"]) == ("failed", "pending")


async def test_a_press_nobody_hears_fails(dingtalk: FakeDingTalk, app: Caller, li: Member) -> None:
    await app.v1("POST", CREATE, card())
    press = li.press("a-42", "btn_ack")
    await dingtalk.until(lambda: press.done)
    assert press.status == "failed"
    dingtalk.template("basic.schema", *BUTTONS, basic=True)
    await app.v1("POST", CREATE, card(cardTemplateId="basic.schema", outTrackId="b"))
    async with line(dingtalk):
        assert li.press("b", "btn_ack").status == "failed"


async def test_only_what_is_there_can_be_pressed_unless_forged(
    dingtalk: FakeDingTalk, app: Caller, socket: Line, li: Member
) -> None:
    await app.v1("POST", CREATE, card(cardData={"cardParamMap": {"status": "done"}}))
    with pytest.raises(LookupError):
        li.press("a-42", "知道了")
    with pytest.raises(LookupError):
        dingtalk.member("u2").press("a-42", "btn_note")
    li.forge("a-42", ["btn_ack"], {"decision": "fire"})
    _, body = await pressed(socket)
    assert json.loads(body["content"])["cardPrivateData"]["params"] == {"decision": "fire"}


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        ("beside", {"cardPrivateData": {"actionIds": ["btn_note"]}, "params": {"input": "x"}}),
        ("top", {"actionId": "btn_note", "params": {"input": "x"}}),
    ],
)
async def test_params_may_stand_elsewhere(shape: Any, content: Any) -> None:
    guess = Unconfirmed(card_params=shape)
    async with (
        FakeDingTalk(unconfirmed=guess) as dingtalk,
        Caller(dingtalk) as app,
        line(dingtalk) as socket,
    ):
        dingtalk.template(ALERT, *BUTTONS)
        li = dingtalk.member("u1")
        await app.v1("POST", CREATE, card())
        li.press("a-42", "btn_note", {"input": "x"})
        assert json.loads((await pressed(socket))[1]["content"]) == content


async def test_outsiders_press_under_their_union_id(
    dingtalk: FakeDingTalk, app: Caller, socket: Line
) -> None:
    outsider = dingtalk.outsider("un-wang")
    group = dingtalk.group("外部", [outsider], external=True)
    await app.v1("POST", CREATE, card(f"IM_GROUP.{group.id}", userIdType=2))
    outsider.press("a-42", "知道了")
    _, body = await pressed(socket)
    assert (body["userId"], body["userIdType"]) == ("un-wang", 2)
