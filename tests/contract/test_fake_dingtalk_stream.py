"""Stream mode of the stand-in for DingTalk, frame by frame over a plain WebSocket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.clock import FakeClock
from tests.fakes.dingtalk import FakeDingTalk, Member, Quota, Unconfirmed
from tests.fakes.dingtalk_line import BOT, Line, address, line, open_gateway


@asynccontextmanager
async def running(clock: FakeClock, **more: Any) -> AsyncIterator[FakeDingTalk]:
    guess = {key: more.pop(key) for key in list(more) if key in Unconfirmed.__slots__}
    async with FakeDingTalk(
        clock=lambda: clock().timestamp(),
        disconnect_pause_s=0.05,
        unconfirmed=Unconfirmed(**guess),
        **more,
    ) as dingtalk:
        yield dingtalk


@pytest.fixture
async def dingtalk(clock: FakeClock) -> AsyncIterator[FakeDingTalk]:
    async with running(clock) as fake:
        yield fake


@pytest.fixture
def li(dingtalk: FakeDingTalk) -> Member:
    return dingtalk.member("u1", "李HR")


# Getting in


async def test_a_ticket_is_good_once_and_for_ninety_seconds(
    dingtalk: FakeDingTalk, clock: FakeClock
) -> None:
    used = address(await open_gateway(dingtalk))
    async with connect(used, proxy=None):
        with pytest.raises(InvalidStatus, match="401"):
            await connect(used, proxy=None)
    late = address(await open_gateway(dingtalk))
    clock.advance(91)
    with pytest.raises(InvalidStatus, match="401"):
        await connect(late, proxy=None)
    assert [call.status for call in dingtalk.calls_of("/connect")] == [101, 401, 401]


async def test_wrong_credentials_get_no_ticket(dingtalk: FakeDingTalk) -> None:
    refused = await open_gateway(dingtalk, clientSecret="x")
    assert refused.status_code == 401
    assert refused.json() | {"requestid": ""} == {
        "requestid": "",
        "code": "authFailed",
        "message": "鉴权失败",
    }


async def test_who_does_not_ask_for_json_gets_xml(dingtalk: FakeDingTalk) -> None:
    opened = await open_gateway(dingtalk, headers={"Accept": "*/*"})
    assert opened.text.startswith("<?xml")


# Frames and acks


async def test_a_frame_carries_its_data_as_text(
    dingtalk: FakeDingTalk, li: Member, clock: FakeClock
) -> None:
    async with line(dingtalk) as app:
        message_id = li.say("你好")
        frame = await app.frame()
        assert (frame["specVersion"], frame["type"]) == ("1.0", "CALLBACK")
        assert frame["headers"] == {
            "appId": dingtalk.app.client_id,
            "connectionId": dingtalk.connections[0],
            "contentType": "application/json",
            "messageId": dingtalk.delivery(message_id).id,
            "time": str(int(clock().timestamp() * 1000)),
            "topic": BOT,
        }
        body = json.loads(frame["data"])
        assert (body["msgId"], body["text"]) == (message_id, {"content": "你好"})
        assert (body["senderStaffId"], body["conversationType"]) == ("u1", "1")
        assert body["sessionWebhookExpiredTime"] - body["createAt"] == 5_400_000
        assert not {"conversationTitle", "atUsers", "isInAtList"} & set(body)
        await app.ack(frame)
        await dingtalk.until(lambda: dingtalk.acks_of(message_id))
    (ack,) = dingtalk.acks_of(message_id)
    assert (ack.code, ack.message, ack.data) == (200, "OK", {"response": None})


async def test_acks_are_recorded_whatever_they_say(dingtalk: FakeDingTalk, li: Member) -> None:
    async with line(dingtalk) as app:
        good, bad = li.say("第一"), li.say("第二")
        await app.ack(await app.frame(), 404)
        await app.ack(await app.frame(), 500, message="boom")
        await app.socket.send("no json")
        await dingtalk.until(lambda: len(dingtalk.acks) == 3)
    assert [ack.code for ack in dingtalk.acks] == [404, 500, 0]
    assert [dingtalk.delivery(key).status for key in (good, bad)] == ["failed", "failed"]
    assert dingtalk.acks[2].raw == "no json"


async def test_a_ping_must_bring_back_its_opaque(dingtalk: FakeDingTalk) -> None:
    async with line(dingtalk) as app:
        for number, right in enumerate((True, False), start=1):
            (ping,) = dingtalk.ping()
            frame = await app.frame()
            assert (frame["type"], frame["headers"]["topic"]) == ("SYSTEM", "ping")
            opaque = json.loads(frame["data"])
            await app.ack(frame, data=opaque if right else {"opaque": "x"})
            await dingtalk.until(partial(_acked, dingtalk, number))
            assert dingtalk.echoed(ping) is right


def _acked(dingtalk: FakeDingTalk, number: int) -> bool:
    return len(dingtalk.acks) == number


async def test_after_disconnect_nothing_new_comes_and_then_the_end(
    dingtalk: FakeDingTalk, li: Member
) -> None:
    async with line(dingtalk) as old, line(dingtalk) as new:
        dingtalk.disconnect(dingtalk.connections[0])
        assert (await old.frame())["headers"]["topic"] == "disconnect"
        for number in range(5):
            li.say(str(number))
            assert await new.text() == str(number)
        with pytest.raises(ConnectionClosed):
            await old.frame()
        assert old.socket.close_code == 1000


async def test_each_message_goes_to_one_of_several_connections(
    dingtalk: FakeDingTalk, li: Member
) -> None:
    async with line(dingtalk), line(dingtalk), line(dingtalk):
        keys = [li.say(str(number)) for number in range(30)]
        await dingtalk.until(lambda: len(dingtalk.unacked) == 30)
        sent = [dingtalk.delivery(key) for key in keys]
        assert {delivery.sends for delivery in sent} == {1}
        assert {delivery.connection_id for delivery in sent} == set(dingtalk.connections)


async def test_a_connection_cut_under_the_app(dingtalk: FakeDingTalk, li: Member) -> None:
    async with line(dingtalk) as app:
        message_id = li.say("x")
        await app.frame()
        dingtalk.cut()
        with pytest.raises(ConnectionClosed):
            await app.frame()
        assert app.socket.close_code == 1006
        await dingtalk.until(lambda: not dingtalk.connections)
    assert dingtalk.unacked == [message_id]


# What nobody hears, and what comes again


async def test_what_nobody_is_connected_for_is_lost(dingtalk: FakeDingTalk, li: Member) -> None:
    gone = li.say("x")
    await dingtalk.until(lambda: dingtalk.delivery(gone).status == "lost")
    async with line(dingtalk, ("EVENT", "*")) as app:
        unwanted = li.say("y")
        await dingtalk.until(lambda: dingtalk.delivery(unwanted).status == "lost")
        dingtalk.event("org_dept_create")
        assert (await app.frame())["type"] == "EVENT"


async def test_or_it_waits_where_that_is_believed(clock: FakeClock) -> None:
    async with running(clock, queued_while_away=True) as dingtalk:
        dingtalk.member("u1").say("x")
        async with line(dingtalk) as app:
            assert await app.text() == "x"


async def test_unacked_messages_come_again_only_where_that_is_believed(
    dingtalk: FakeDingTalk, li: Member, clock: FakeClock
) -> None:
    async with line(dingtalk) as app:
        message_id = li.say("x")
        await app.frame()
        clock.advance(3600)
        li.say("y")
        assert "y" in (await app.frame())["data"]
        assert dingtalk.delivery(message_id).sends == 1
    async with running(clock, message_retry_s=60.0) as other, line(other) as app:
        message_id = other.member("u1").say("x")
        first = await app.frame()
        clock.advance(61)
        assert await app.frame() == first | {"headers": first["headers"] | {"time": _ms(clock)}}
        clock.advance(61)
        await other.until(lambda: other.delivery(message_id).status == "failed")


def _ms(clock: FakeClock) -> str:
    return str(int(clock().timestamp() * 1000))


async def test_events_come_until_they_are_taken(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    async with line(dingtalk) as app:
        event_id = dingtalk.event("user_add_org", userId=["u9"])
        frame = await app.frame()
        assert frame["headers"]["eventType"] == "user_add_org"
        assert frame["headers"]["eventId"] == event_id
        assert frame["headers"]["eventCorpId"] == dingtalk.app.corp_id
        assert json.loads(frame["data"])["userId"] == ["u9"]
        clock.advance(3)  # no ack
        await app.ack(await app.frame(), data={"status": "LATER", "message": "busy"})
        await dingtalk.until(lambda: dingtalk.delivery(event_id).status == "waiting")
        clock.advance(3)
        await app.ack(await app.frame(), data={"status": "SUCCESS"})
        await dingtalk.until(lambda: dingtalk.delivery(event_id).status == "taken")
        assert dingtalk.delivery(event_id).sends == 3


@pytest.mark.parametrize(("event_ack", "status"), [("code", "taken"), ("status", "waiting")])
async def test_an_echoed_event_is_read_one_way_or_the_other(
    clock: FakeClock, event_ack: str, status: str
) -> None:
    async with running(clock, event_ack=event_ack) as dingtalk, line(dingtalk) as app:
        event_id = dingtalk.event("user_add_org")
        frame = await app.frame()
        await app.ack(frame, data=json.loads(frame["data"]))
        await dingtalk.until(lambda: dingtalk.delivery(event_id).status == status)


async def test_duplicates_under_the_same_and_under_a_new_frame(
    dingtalk: FakeDingTalk, li: Member
) -> None:
    async with line(dingtalk) as app:
        dingtalk.deliver_twice()
        key = li.say("x")
        frames = [await app.frame()]
        await app.ack(frames[0])
        frames.append(await app.frame())
        await app.ack(frames[1])
        dingtalk.redeliver(key)
        frames.append(await app.frame())
        dingtalk.redeliver(key, same_frame=False)
        frames.append(await app.frame())
        ids = [frame["headers"]["messageId"] for frame in frames]
        assert ids[0] == ids[1] == ids[2] != ids[3]
        assert len({json.loads(frame["data"])["msgId"] for frame in frames}) == 1


async def test_held_messages_may_come_in_any_order(dingtalk: FakeDingTalk, li: Member) -> None:
    async with line(dingtalk) as app:
        dingtalk.hold()
        for text in "abc":
            li.say(text)
        dingtalk.release("reversed")
        assert [await app.text() for _ in "abc"] == ["c", "b", "a"]


async def test_any_text_can_be_sent_down_the_line(dingtalk: FakeDingTalk) -> None:
    async with line(dingtalk) as app:
        dingtalk.inject("<html>")
        assert await app.socket.recv() == "<html>"
        dingtalk.raw_message({"msgtype": "text", "msgId": "m1"})
        assert json.loads((await app.frame())["data"]) == {"msgtype": "text", "msgId": "m1"}


# What messages look like


async def heard(app: Line) -> Any:
    frame = await app.frame()
    await app.ack(frame)
    return json.loads(frame["data"])


async def test_beyond_the_quota_messages_come_without_what_they_say(clock: FakeClock) -> None:
    async with running(clock, quota=Quota(messages=1)) as dingtalk, line(dingtalk) as app:
        li = dingtalk.member("u1")
        li.say("x")
        assert "errorCode" not in await heard(app)
        li.say("y")
        stripped = await heard(app)
        assert (stripped["errorCode"], "text" in stripped) == (20001, False)
        assert stripped["errorMessage"]
        assert stripped["senderStaffId"] == "u1"
        dingtalk.event("user_add_org", userId=["u9"])
        event = await heard(app)
        assert (event["errorCode"], "userId" in event) == (20001, False)
        assert event["errMsg"]


async def test_in_a_group_the_robot_hears_only_what_calls_it(
    dingtalk: FakeDingTalk, li: Member
) -> None:
    group = dingtalk.group("面试群", [li])
    async with line(dingtalk) as app:
        li.say("只给同事", group, at_robot=False)
        li.say("在吗", group)
        body = await heard(app)
    assert body["text"]["content"] == " 在吗"
    assert (body["conversationId"], body["conversationTitle"]) == (group.id, "面试群")
    assert (body["conversationType"], body["isInAtList"]) == ("2", True)
    assert [message.text for message in li.chat(group)] == ["只给同事", "在吗"]
    with pytest.raises(ValueError, match="in a group"):
        li.send_raw("file", {}, group)


@pytest.mark.parametrize("missing", ["absent", "empty"])
async def test_outsiders_have_no_staff_id(clock: FakeClock, missing: str) -> None:
    async with running(clock, outsider_staff_id=missing) as dingtalk, line(dingtalk) as app:
        outsider = dingtalk.outsider("un-wang")
        with pytest.raises(RuntimeError):
            outsider.say("单聊")
        with pytest.raises(ValueError, match="external"):
            dingtalk.group("内部", [outsider])
        outsider.say("您好", dingtalk.group("外部", [outsider], external=True))
        body = await heard(app)
        assert body.get("senderStaffId") == (None if missing == "absent" else "")
        assert (body["senderUnionId"], body["isAdmin"]) == ("un-wang", False)


async def test_before_the_robot_is_published_nobody_has_a_staff_id(
    dingtalk: FakeDingTalk, li: Member
) -> None:
    dingtalk.robot.published = False
    async with line(dingtalk) as app:
        li.say("x")
        body = await heard(app)
    assert not {"senderStaffId", "isAdmin"} & set(body)
    assert body["senderId"].startswith("$:LWCP_v1:$")


async def test_a_reply_names_what_it_answers(dingtalk: FakeDingTalk, li: Member) -> None:
    async with line(dingtalk) as app:
        first = li.say("第一")
        await heard(app)
        li.say("第二", reply_to=first)
        text = (await heard(app))["text"]
    assert text["isReplyMsg"] is True
    assert text["repliedMsg"]["msgId"] == first
    assert text["repliedMsg"]["content"] == {"text": "第一"}


@pytest.mark.parametrize("flat", [False, True])
async def test_payloads_sit_in_content_or_at_the_top(clock: FakeClock, flat: bool) -> None:
    async with running(clock, flat_content=flat) as dingtalk, line(dingtalk) as app:
        li = dingtalk.member("u1")
        li.send_audio("说的话", 1500)
        body = await heard(app)
        audio = body if flat else body["content"]
        assert (body["msgtype"], audio["duration"], audio["recognition"]) == (
            "audio",
            1500,
            "说的话",
        )
        li.send_file("简历.pdf")
        body = await heard(app)
        assert (body if flat else body["content"])["fileName"] == "简历.pdf"
