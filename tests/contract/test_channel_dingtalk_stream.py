"""What comes over DingTalk's stream: in order, and acknowledged once it is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.channels import dingtalk_frames as frames
from bot.channels.dingtalk import DingTalk
from bot.errors import StorageUnavailable
from bot.messages import Address, Received
from tests.contract.dingtalk_ear import Ear
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    channel_for,
    listening,
    utc_now,
)
from tests.fakes.dingtalk import FakeDingTalk, Member, Unconfirmed


@pytest.fixture
async def fake() -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(limits=False, disconnect_pause_s=0.2) as running:
        running.template(TEMPLATE, *BUTTONS)
        yield running


@pytest.fixture
def li(fake: FakeDingTalk) -> Member:
    return fake.member("u1", "李HR")


@pytest.fixture
async def channel(fake: FakeDingTalk) -> AsyncIterator[DingTalk]:
    async with channel_for(fake) as running:
        yield running


@pytest.fixture
async def ear(fake: FakeDingTalk, channel: DingTalk) -> AsyncIterator[Ear]:
    heard = Ear()
    async with listening(channel, fake, heard.accept):
        yield heard


# Frames


async def test_everything_is_heard_and_acknowledged(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    group = fake.group("招聘群", [li])
    said = [li.say("一"), li.say("二", group), li.send_audio("我下周一入职"), li.send_picture()]
    event = fake.event("user_leave_org", UserId=["u1", "u2"])
    other = fake.event("org_dept_create", DeptId=[1])
    await fake.until(lambda: not fake.unacked and len(fake.acks) == 6)
    assert sorted(ear.texts) == sorted(["一", "二", "我下周一入职", "[图片]"])
    gone = [one for one in ear.reaches if not one[1]]
    assert gone == [("u/u1", False), ("u/u2", False)]
    for key in said:
        [ack] = fake.acks_of(key)
        assert (ack.code, ack.data) == (200, {"response": None})
    for key in (event, other):
        assert fake.acks_of(key)[0].data == {"status": "SUCCESS"}


@pytest.mark.parametrize("reading", ["code", "status"])
async def test_an_event_counts_as_taken_however_the_server_reads_the_answer(
    fake: FakeDingTalk, ear: Ear, reading: Any
) -> None:
    fake.state.unconfirmed = Unconfirmed(event_ack=reading)
    key = fake.event("user_add_org", UserId="u3")
    await fake.until(lambda: fake.delivery(key).status == "taken")
    assert ear.reaches == [("u/u3", True)]


async def test_a_ping_is_echoed_while_everything_else_waits(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    ear.gates["慢"] = asyncio.Event()
    li.say("慢")
    await fake.until(lambda: ear.under_way)
    [ping] = fake.ping()
    await fake.until(lambda: fake.echoed(ping))
    ear.gates["慢"].set()


async def test_what_a_platform_gone_mad_says_ends_nothing(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    headers = {"messageId": "mad", "topic": frames.BOT}
    mad = [
        "",
        "[]",
        "nonsense",
        "{}",
        "[" * 10_000,
        '{"headers": 5}',
        json.dumps({"type": "SYSTEM", "headers": {"topic": "KEEPALIVE", "messageId": "s"}}),
        json.dumps({"type": "CALLBACK", "headers": headers, "data": "not json"}),
        json.dumps(
            {"type": "CALLBACK", "headers": headers, "data": '{"chatbotCorpId": [], "msgId": 5}'}
        ),
        json.dumps({"type": "CALLBACK", "headers": {"messageId": "t", "topic": "/other"}}),
        json.dumps({"type": "NEW", "headers": {"messageId": "n", "topic": "x"}, "data": "{}"}),
    ]
    for frame in mad:
        fake.inject(frame)
    li.say("还在")
    await fake.until(lambda: ear.texts == ["还在"] and len(fake.acks) == 5)
    codes = sorted((ack.message_id, ack.code) for ack in fake.acks if ack.message_id in "madtn")
    assert codes == [("mad", 400), ("mad", 400), ("n", 404), ("t", 404)]


# Order


async def test_one_person_is_heard_in_order_and_others_do_not_wait(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    wang = fake.member("u2", "王敏")
    ear.gates["一"] = asyncio.Event()
    li.say("一")
    await fake.until(lambda: ear.under_way)
    for text in ("二", "三"):
        li.say(text)
    wang.say("甲")
    await fake.until(lambda: ear.texts == ["甲"])
    ear.gates["一"].set()
    await fake.until(lambda: len(ear.texts) == 4 and not fake.unacked)
    assert ear.texts == ["甲", "一", "二", "三"]


async def test_a_press_waits_for_what_the_same_person_said_before(
    fake: FakeDingTalk, channel: DingTalk, ear: Ear, li: Member
) -> None:
    values = {"title": "t", "label1": "有用", "action1": "al:x", "show1": "true"}
    payload = {"kind": "card", "values": values, "instead": {"kind": "text", "text": "t"}}
    receipt = await channel.send(Address("dingtalk", "u/u1"), payload, key="k")
    ear.gates["先说的"] = asyncio.Event()
    li.say("先说的")
    await fake.until(lambda: ear.under_way)
    press = li.press(receipt.value[2:], "有用")
    await asyncio.sleep(0.1)
    assert ear.texts == []
    ear.gates["先说的"].set()
    await fake.until(lambda: press.done)
    assert ear.texts == ["先说的", "al:x"]


# Acknowledging


async def test_nothing_is_acknowledged_before_it_is_stored(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    ear.gates["存一下"] = asyncio.Event()
    key = li.say("存一下")
    await fake.until(lambda: ear.under_way)
    await asyncio.sleep(0.1)
    assert fake.acks_of(key) == []
    ear.gates["存一下"].set()
    await fake.until(lambda: fake.acks_of(key))
    assert fake.acks_of(key)[0].code == 200


async def test_what_takes_too_long_is_said_not_to_be_taken_and_stored_all_the_same(
    fake: FakeDingTalk, li: Member
) -> None:
    ear = Ear()
    fake.state.unconfirmed = Unconfirmed(event_retry_s=60)
    async with channel_for(fake, ack_s=0.05) as channel, listening(channel, fake, ear.accept):
        ear.gates["慢"] = asyncio.Event()
        ear.gates[""] = asyncio.Event()
        key, event = li.say("慢"), fake.event("user_leave_org", UserId=["u1"])
        await fake.until(lambda: fake.acks_of(key) and fake.acks_of(event))
        assert fake.acks_of(key)[0].code == 500
        [ack] = fake.acks_of(event)
        assert (ack.code, ack.data["status"]) == (500, "LATER")
        assert ear.texts == []
        ear.gates["慢"].set()
        ear.gates[""].set()
        await fake.until(lambda: ear.texts == ["慢"] and ear.reaches)


async def test_a_press_is_answered_in_time_with_a_no_when_it_could_not_be_stored(
    fake: FakeDingTalk, li: Member
) -> None:
    ear = Ear()
    values = {"label1": "有用", "action1": "al:x", "show1": "true"}
    payload = {"kind": "card", "values": values, "instead": {"kind": "text", "text": "t"}}
    async with channel_for(fake, press_s=0.05) as channel, listening(channel, fake, ear.accept):
        receipt = await channel.send(Address("dingtalk", "u/u1"), payload, key="k")
        ear.gates["al:x"] = asyncio.Event()
        press = li.press(receipt.value[2:], "有用")
        await fake.until(lambda: press.done)
        assert press.status == "failed"
        assert "answer" not in li.cards()[0].data
        ear.gates["al:x"].set()
        await fake.until(lambda: ear.texts == ["al:x"])


async def test_what_could_not_be_stored_is_tried_until_it_is(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    tries: list[Received] = []

    def twice(received: Received) -> Exception | None:
        tries.append(received)
        return StorageUnavailable("the disk is full") if len(tries) < 3 else None

    ear.refuse = twice
    keys = [li.say("别丢"), li.say("后面的")]
    await fake.until(lambda: len(ear.texts) == 2 and not fake.unacked)
    assert ear.texts == ["别丢", "后面的"]
    assert len(tries) == 4
    assert [fake.acks_of(key)[0].code for key in keys] == [200, 200]


async def test_one_message_that_is_refused_does_not_hold_up_the_others(
    fake: FakeDingTalk,
    ear: Ear,
    li: Member,
    capfd: pytest.CaptureFixture[str],
) -> None:
    fault = ValueError("我要离职")
    ear.refuse = lambda received: fault if received.messages[0].text == "坏" else None
    keys = [li.say(text) for text in ("一", "坏", "二")]
    await fake.until(lambda: len(ear.texts) == 2 and all(fake.acks_of(key) for key in keys))
    assert ear.texts == ["一", "二"]
    assert [fake.acks_of(key)[0].code for key in keys] == [200, 500, 200]
    assert "离职" not in "".join(capfd.readouterr())


async def test_what_failed_is_stored_when_the_platform_brings_it_again(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    fake.state.unconfirmed = Unconfirmed(message_retry_s=0.05)
    faults = [ValueError("not today")]
    ear.refuse = lambda _: faults.pop() if faults else None
    li.say("别丢")
    await fake.until(lambda: ear.texts == ["别丢"])


@pytest.mark.parametrize("same_frame", [True, False])
async def test_what_comes_twice_carries_one_id(
    fake: FakeDingTalk, ear: Ear, li: Member, same_frame: bool
) -> None:
    key = li.say("只此一次")
    await fake.until(lambda: len(ear.ids) == 1)
    fake.redeliver(key, same_frame=same_frame)
    await fake.until(lambda: len(ear.ids) == 2)
    assert len(set(ear.ids)) == 1


async def test_many_at_once_are_all_stored(fake: FakeDingTalk, ear: Ear) -> None:
    people = [fake.member(f"p{n}") for n in range(40)]
    fake.hold()
    for person in people:
        for n in range(8):
            person.say(f"{person.user_id}:{n}")
    fake.release()
    await fake.until(lambda: len(ear.texts) == 320 and not fake.unacked, timeout=20)
    for person in people:
        own = [text for text in ear.texts if text.startswith(f"{person.user_id}:")]
        assert own == [f"{person.user_id}:{n}" for n in range(8)]


# Quota, strangers


async def test_a_message_over_the_quota_says_what_it_is_and_is_never_empty(
    fake: FakeDingTalk, ear: Ear, li: Member, capfd: pytest.CaptureFixture[str]
) -> None:
    fake.use_up(messages=3_000)
    li.say("这句看不到")
    fake.event("user_leave_org", UserId=["u1"])
    await fake.until(lambda: ear.texts)
    assert ear.texts == ["[钉钉本月的消息推送额度已用完，这条消息的内容没有送到]"]
    assert "dingtalk.withheld" in "".join(capfd.readouterr())


@pytest.mark.parametrize("missing", ["absent", "empty"])
async def test_somebody_without_an_id_is_acknowledged_and_reported(
    fake: FakeDingTalk, ear: Ear, li: Member, missing: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    fake.state.unconfirmed = Unconfirmed(outsider_staff_id=missing)
    outsider = fake.outsider("un-out")
    group = fake.group("外部群", [li, outsider], external=True)
    key = outsider.say("我是候选人", group)
    fake.robot.published = False
    other = li.say("机器人还没发布")
    await fake.until(lambda: fake.acks_of(key) and fake.acks_of(other))
    assert ear.texts == []
    assert "no senderStaffId" in "".join(capfd.readouterr())


def test_a_moment_of_a_press_is_the_platforms() -> None:
    at = utc_now().replace(microsecond=0) - timedelta(minutes=1)
    headers = {"messageId": "m", "topic": frames.CARD, "time": str(int(at.timestamp() * 1000))}
    frame = frames.frame_of(json.dumps({"type": "CALLBACK", "headers": headers, "data": "{}"}))
    assert frame.at == at
