"""How events reach the Feishu channel: over a long connection or pushed, in trouble and twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.base import Channel
from bot.channels.feishu import Feishu
from bot.channels.feishu_client import Client
from bot.channels.feishu_socket import LongConnection, Pacing
from bot.errors import StorageUnavailable
from bot.messages import Address, Card, Received
from storage.enums import MessageKind
from tests.contract.place_feishu import (
    BRISK,
    PATIENCE_S,
    Ear,
    Plain,
    answered,
    carded,
    feishu_channel,
    feishu_fake,
    met,
    until,
)
from tests.fakes.feishu import ClientConfig, FakeFeishu, Member, Unconfirmed
from tests.fakes.feishu_caller import Clock
from tests.fakes.feishu_frames import DATA, Frame

PAYLOADS = Path(__file__).parent / "payloads/feishu"


@pytest.fixture
async def fake() -> AsyncIterator[FakeFeishu]:
    async with feishu_fake() as running:
        yield running


@pytest.fixture
def li(fake: FakeFeishu) -> Member:
    """Somebody who opened the chat; the events of it are taken."""
    return met(fake)


@pytest.fixture
async def channel(fake: FakeFeishu) -> AsyncIterator[Feishu]:
    async with feishu_channel(fake) as running:
        yield running


@asynccontextmanager
async def listening(fake: FakeFeishu, channel: Channel) -> AsyncIterator[Ear]:
    ear = Ear()
    task = asyncio.create_task(channel.listen(ear.accept))
    await until(fake, lambda: fake.sockets.connections)
    yield ear
    task.cancel()
    await asyncio.wait([task], timeout=PATIENCE_S)
    assert task.cancelled()


# The long connection


async def test_everything_is_heard_in_order(fake: FakeFeishu, channel: Feishu, li: Member) -> None:
    outside = fake.outsider("王芳")
    group = fake.group("招聘", li)
    async with listening(fake, channel) as ear:
        for text in ("一", "二", "三"):
            li.say(text)
        await until(fake, lambda: len(ear.texts) == 3)
        li.say("大家好", group.id)
        li.say("@小助手 群里叫你", group.id)
        group.other_bot_says("@小助手 我也是机器人")
        await until(fake, lambda: len(ear.texts) == 4)
        outside.say("我是候选人")
        await until(fake, lambda: fake.pending == 0 and len(ear.texts) == 7)
    assert len(set(ear.ids)) == 6  # two events tell of the chat that was opened
    assert ear.texts[:4] == ["一", "二", "三", "群里叫你"]
    assert sorted(ear.texts[4:]) == ["[打开了会话]", "[打开了会话]", "我是候选人"]
    reached = {(reach.sender.value, reach.reachable) for one in ear.heard for reach in one.reaches}
    assert reached == {(outside.open_id, True)}


async def test_what_could_not_be_stored_comes_again() -> None:
    clock = Clock()
    async with feishu_fake(clock=clock) as fake, feishu_channel(fake) as channel:
        li = met(fake)
        async with listening(fake, channel) as ear:
            ear.refuse = lambda _: StorageUnavailable("the disk is full")
            li.say("别丢")
            await until(fake, lambda: fake.outbox.events[0].attempts)
            assert (fake.sockets.acks[0].code, fake.pending) == (500, 1)
            ear.refuse = lambda _: None
            clock.at += 16
            await until(fake, lambda: fake.pending == 0)
        assert ear.texts == ["别丢"]


async def test_one_event_that_cannot_be_read_does_not_hold_up_the_others(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    async with listening(fake, channel) as ear:
        li.say("一")
        fake.outbox.emit("im.message.receive_v1", {"sender": 7}, "nonsense")
        li.say("二")
        await until(fake, lambda: len(ear.texts) == 2 and fake.pending == 0)
    assert [ack.code for ack in fake.sockets.acks] == [200] * 3


async def test_nothing_is_confirmed_before_it_is_taken(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    gate, entered = asyncio.Event(), asyncio.Event()

    async def slow(received: Received) -> None:
        entered.set()
        await gate.wait()

    task = asyncio.create_task(channel.listen(slow))
    await until(fake, lambda: fake.sockets.connections)
    li.say("等一下")
    await asyncio.wait_for(entered.wait(), PATIENCE_S)
    li.say("不耽误")  # a slow one holds up neither pings nor the next
    assert fake.sockets.acks == []
    gate.set()
    await until(fake, lambda: len(fake.sockets.acks) == 2)
    assert {"biz_rt", "message_id", "trace_id"} <= fake.sockets.acks[0].headers.keys()
    task.cancel()
    await asyncio.wait([task])


async def test_an_event_that_comes_twice_carries_one_id(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    fake.outbox.twice = [True]  # under a new event_id, too
    async with listening(fake, channel) as ear:
        li.say("只此一次")
        await until(fake, lambda: len(ear.ids) == 2)
    assert len(set(ear.ids)) == 1


async def test_an_event_in_many_frames_is_joined_and_answered_once() -> None:
    guess = Unconfirmed(frame_bytes=200)
    async with feishu_fake(unconfirmed=guess) as fake, feishu_channel(fake) as channel:
        li, long = met(fake), "很长的一段话。" * 100
        async with listening(fake, channel) as ear:
            li.say(long)
            li.say("短")
            await until(fake, lambda: len(ear.texts) == 2)
            assert sorted(ear.texts) == sorted([long, "短"])
            await until(fake, lambda: fake.pending == 0)
        assert len(fake.sockets.acks) == 2


async def test_what_broke_off_between_frames_comes_again_from_its_beginning(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    """Two tries of one event under one id, cut at different places: nothing is sewn together."""
    body = message_of(li, "一" * 200)
    async with listening(fake, channel) as ear:
        await fake.sockets_send(frames_of(body, "m-1", 3)[:2])
        [old] = fake.sockets.connections
        await fake.disconnect(abort=True)
        await until(fake, lambda: fake.sockets.connections not in ([], [old]))
        again = frames_of(body, "m-1", 3)
        await fake.sockets_send([again[2]])
        await fake.sockets_send([frames_of(body, "m-1", 2)[0]])  # and once more, in two parts
        await fake.sockets_send([frames_of(body, "m-1", 2)[1]])
        await until(fake, lambda: fake.sockets.acks)
    assert ear.texts == ["一" * 200]
    assert [ack.code for ack in fake.sockets.acks] == [200]


async def test_what_is_no_json_is_answered_with_a_no(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    """It was JSON where it comes from: a yes would be the end of somebody's words."""
    body = message_of(li, "一")
    async with listening(fake, channel) as ear:
        for payload in (body[:-1], b"", b"\xff"):
            await fake.sockets_send(frames_of(payload, "m-1", 1))
        await until(fake, lambda: len(fake.sockets.acks) == 3)
        await fake.sockets_send(frames_of(body, "m-1", 1))
        await until(fake, lambda: len(fake.sockets.acks) == 4)
    assert ear.texts == ["一"]
    assert [ack.code for ack in fake.sockets.acks] == [500, 500, 500, 200]


@pytest.mark.parametrize("abort", [True, False])
async def test_a_connection_that_ends_is_opened_again(
    fake: FakeFeishu, channel: Feishu, li: Member, abort: bool
) -> None:
    async with listening(fake, channel) as ear:
        for number in range(3):
            li.say(str(number))
            await until(fake, lambda said=number + 1: len(ear.texts) == said)
            [old] = fake.sockets.connections
            await fake.disconnect(abort=abort)
            await until(fake, lambda old=old: fake.sockets.connections not in ([], [old]))
            await until(fake, lambda: len(fake.sockets.connections) == 1)
    assert ear.texts == ["0", "1", "2"]


async def test_trouble_on_the_way_to_a_connection_is_waited_out(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    fake.faults.fail_next("ws", 502, times=2)
    fake.faults.drop_before("ws")
    async with listening(fake, channel) as ear:
        li.say("终于")
        await until(fake, lambda: ear.texts == ["终于"])
    assert len(fake.calls_of("ws")) == 4


async def test_pings_go_out_as_often_as_the_platform_says() -> None:
    config = ClientConfig(reconnect_nonce_s=0, ping_interval_s=0.02)  # type: ignore[arg-type]
    async with (
        feishu_fake(client_config=config) as fake,
        feishu_channel(fake) as channel,
        listening(fake, channel),
    ):
        [connection] = fake.sockets.connections
        await until(fake, lambda: connection.pings >= 3)
        fake.configure(BRISK)  # every 120 s from the next pong on
        before = connection.pings + 2
        await asyncio.sleep(0.2)
        assert connection.pings <= before


async def test_who_is_not_admitted_asks_again_only_after_a_while(fake: FakeFeishu) -> None:
    async with feishu_channel(fake, section={"app_secret": Plain("wrong")}) as channel:
        task = asyncio.create_task(channel.listen(Ear().accept))
        await until(fake, lambda: fake.calls_of("ws"))
        await asyncio.sleep(0.2)
        assert len(fake.calls_of("ws")) == 1
        await channel.stop()
        await asyncio.wait_for(task, PATIENCE_S)


async def test_too_many_connections_are_waited_out() -> None:
    async with feishu_fake(max_connections=0) as fake, feishu_channel(fake) as channel:
        task = asyncio.create_task(channel.listen(Ear().accept))
        await until(fake, lambda: fake.calls_of("ws"))
        await asyncio.sleep(0.2)
        assert len(fake.calls_of("ws")) == 1
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (None, Pacing()),
        ([], Pacing()),
        ({"ReconnectCount": "x", "PingInterval": True}, Pacing()),
        ({"ReconnectCount": 3, "PingInterval": 30}, Pacing(tries=3, ping=30)),
        ({"ReconnectNonce": -5, "ReconnectInterval": 10**9}, Pacing(nonce=0, interval=3_600)),
        ({"ReconnectNonce": 10**400, "PingInterval": float("nan")}, Pacing()),
        ({"ReconnectCount": float("inf")}, Pacing()),
    ],
)
def test_what_the_platform_says_of_pauses_is_taken_with_care(config: Any, wanted: Pacing) -> None:
    assert Pacing().told(config) == wanted


async def test_stopping_ends_a_connection(fake: FakeFeishu) -> None:
    async with feishu_channel(fake) as channel:
        task = asyncio.create_task(channel.listen(Ear().accept))
        await until(fake, lambda: fake.sockets.connections)
        await channel.stop()
        await asyncio.wait_for(task, PATIENCE_S)
        await until(fake, lambda: not fake.sockets.connections)


async def test_only_an_encrypted_connection_is_opened_to_the_platform(fake: FakeFeishu) -> None:
    app = fake.app
    client = Client(app.app_id, app.secret, fake.base_url, now=lambda: datetime.now(UTC))
    wary = LongConnection(client, plain=False, first_pause=timedelta(milliseconds=10))
    task = asyncio.create_task(wary.run(_nobody))
    await until(fake, lambda: len(fake.calls_of("ws")) > 2)
    assert fake.sockets.connections == []
    wary.halt()
    await asyncio.wait_for(task, PATIENCE_S)
    await client.close()


def message_of(person: Member, text: str) -> bytes:
    """An event as a frame carries it: a text of somebody's."""
    event = json.loads((PAYLOADS / "text.json").read_text(encoding="utf-8"))
    event["event"]["sender"]["sender_id"]["open_id"] = person.open_id
    event["event"]["message"]["content"] = json.dumps({"text": text}, ensure_ascii=False)
    return json.dumps(event, ensure_ascii=False).encode()


def frames_of(payload: bytes, message_id: str, parts: int) -> list[Frame]:
    size = -(-len(payload) // parts) or 1
    headers = (("type", "event"), ("message_id", message_id), ("sum", str(parts)))
    return [
        Frame(
            service=1,
            method=DATA,
            headers=(*headers, ("seq", str(part))),
            payload=payload[part * size : (part + 1) * size],
        )
        for part in range(parts)
    ]


async def _nobody(_: bytes) -> bytes:
    raise AssertionError("nothing can have arrived")


# Presses


async def test_a_press_is_answered_with_a_toast_and_the_card_changes_after_it(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    receipt = await carded(channel, li)
    async with listening(fake, channel) as ear:
        pressed = li.press(receipt.value, "有用")
        await until(fake, lambda: ear.texts)
        [payload] = channel.render(Card(title="t", quote="", lines=(), question="", note="好了"))
        await channel.send(Address("feishu", li.open_id), payload, key="2", replaces=receipt)
        await answered(pressed)
    assert (pressed.code, pressed.toast and pressed.toast.content) == (0, "已收到")
    assert "好了" in li.card(receipt.value).text
    [message] = ear.heard[0].messages
    assert (message.kind, message.text) == (MessageKind.PRESS, "al:1:useful")


async def test_two_presses_are_two_and_a_foreign_one_is_none(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    receipt = await carded(channel, li)
    async with listening(fake, channel) as ear:
        for _ in range(2):
            await answered(li.press(receipt.value, "有用"))
        forged = li.forge(receipt.value, {"value": {"act": "x"}, "tag": "button"})
        foreign = await answered(forged)
    assert len(set(ear.ids)) == 2
    assert (foreign.code, foreign.toast and foreign.toast.type) == (0, "warning")


async def test_a_press_that_cannot_be_stored_is_seen_to_have_failed(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    receipt = await carded(channel, li)
    async with listening(fake, channel) as ear:
        ear.refuse = lambda _: StorageUnavailable("the disk is full")
        pressed = await answered(li.press(receipt.value, "有用"))
    assert pressed.code != 0
