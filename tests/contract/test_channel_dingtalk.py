"""Where what DingTalk's channel says leaves: sessions, its own initiative, a group's robot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk_frames import HEARD_IN_GROUP
from bot.errors import GiveUp, TryLater, Unknown
from bot.messages import Address, Content, Received, Ticket
from tests.contract.dingtalk_desk import LI, SEND, SESSION, card, say, show, ticket_of
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    Secret,
    channel_for,
    listening,
    utc_now,
)
from tests.fakes.dingtalk import FakeDingTalk, Member


@pytest.fixture
async def fake() -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(limits=False) as running:
        running.template(TEMPLATE, *BUTTONS)
        yield running


@pytest.fixture
def li(fake: FakeDingTalk) -> Member:
    return fake.member("u1", "李HR", mobile="13800000001", title="招聘主管")


@pytest.fixture
async def channel(fake: FakeDingTalk) -> AsyncIterator[DingTalk]:
    async with channel_for(fake) as running:
        yield running


async def test_a_text_goes_out_by_the_robots_own_initiative(channel: DingTalk, li: Member) -> None:
    receipt = await say(channel, "第一条")
    assert receipt.value.startswith("q/query")
    assert [(m.text, m.via, m.kind) for m in li.received()] == [("第一条", "proactive", "text")]


async def test_a_live_session_is_answered_in_and_costs_no_call_of_the_quota(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    to = Address("dingtalk", "u/u1", await ticket_of(fake, channel, li))
    receipt = await say(channel, "在的", to=to)
    assert [(m.text, m.via) for m in li.received()] == [("在的", "session")]
    assert receipt.value.startswith("s/")
    assert fake.calls_of(SEND) == []


async def test_a_session_that_died_early_falls_back_and_is_not_asked_again(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    url = f"{fake.oapi_base}/robot/sendBySession?session=gone"
    ticket = Ticket(value=url, until=utc_now() + timedelta(hours=1))
    for key in ("1", "2"):
        await say(channel, key, key=key, to=Address("dingtalk", "u/u1", ticket))
    assert [m.via for m in li.received()] == ["proactive", "proactive"]
    assert len(fake.calls_of(SESSION)) == 1


@pytest.mark.parametrize("code", [90018, -1])
async def test_a_busy_session_is_not_over(
    fake: FakeDingTalk, channel: DingTalk, li: Member, code: int
) -> None:
    to = Address("dingtalk", "u/u1", await ticket_of(fake, channel, li))
    fake.fail_next(SESSION, code)
    with pytest.raises(TryLater):
        await say(channel, to=to)
    await say(channel, to=to)
    assert [m.via for m in li.received()] == ["session"]
    assert fake.used["calls"] == 0


async def test_a_ticket_past_its_time_is_not_used(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    url = f"{fake.oapi_base}/robot/sendBySession?session=old"
    ticket = Ticket(value=url, until=utc_now() - timedelta(seconds=1))
    await say(channel, to=Address("dingtalk", "u/u1", ticket))
    assert fake.calls_of(SESSION) == []
    assert li.texts() == ["你好"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://oapi.dingtalk.com.evil.example/robot/sendBySession",
        "{oapi}/robot/send?access_token={token}",  # a group of somebody else's
    ],
)
async def test_a28_a_session_that_leads_elsewhere_is_never_called(
    fake: FakeDingTalk,
    channel: DingTalk,
    li: Member,
    url: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    robot = fake.group("别人的群", [fake.member("u9")]).webhook_robot()
    stored = url.format(oapi=fake.oapi_base, token=robot.token)
    ticket = Ticket(value=stored, until=utc_now() + timedelta(hours=1))
    await say(channel, to=Address("dingtalk", "u/u1", ticket))
    assert [m.via for m in li.received()] == ["proactive"]
    assert fake.calls_of("/robot/send") == []
    assert "dingtalk.foreign_webhook" in "".join(capfd.readouterr())


async def test_a_session_on_a_platform_that_is_down_is_asked_again_later(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    to = Address("dingtalk", "u/u1", await ticket_of(fake, channel, li))
    fake.answer_html(SESSION, status=502)
    await say(channel, "一", key="1", to=to)
    await say(channel, "二", key="2", to=to)
    assert [(m.text, m.via) for m in li.received()] == [("一", "proactive"), ("二", "session")]


async def test_a_lost_answer_of_a_session_is_unknown_and_nothing_follows_it(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    to = Address("dingtalk", "u/u1", await ticket_of(fake, channel, li))
    fake.drop_after_delivery(SESSION)
    with pytest.raises(Unknown):
        await say(channel, "一次", to=to)
    assert li.texts() == ["一次"]


# Groups


async def test_whoever_calls_the_robot_in_a_group_sees_there_that_it_heard_and_no_more(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    group = fake.group("招聘群", [li, fake.member("u2")])
    heard: asyncio.Queue[Received] = asyncio.Queue()
    async with listening(channel, fake, heard.put):
        li.say("张三到哪一步了", group)
        [message] = (await asyncio.wait_for(heard.get(), 5)).messages
        await fake.until(lambda: group.texts())
    assert message.sender == LI
    assert message.ticket is None
    [shown] = [one for one in li.chat(group) if one.from_robot]
    assert (shown.text, shown.via) == (HEARD_IN_GROUP, "session")
    assert "u1" in fake.calls_of(SESSION)[0].body["at"]["atUserIds"]
    await say(channel, "张三：已接受 offer", to=message.sender)
    assert group.texts() == [HEARD_IN_GROUP]
    assert [one.text for one in li.chat() if one.from_robot] == ["张三：已接受 offer"]


async def test_what_was_not_stored_is_not_waved_at(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    group = fake.group("招聘群", [li])

    async def fault(_: Received) -> None:
        raise ValueError("not today")

    async with listening(channel, fake, fault):
        key = li.say("张三到哪一步了", group)
        await fake.until(lambda: fake.acks_of(key))
        await asyncio.sleep(0.1)
    assert group.texts() == []


async def test_a_wave_that_fails_disturbs_nothing(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    group = fake.group("招聘群", [li])
    fake.answer_html(SESSION, status=502)
    heard: asyncio.Queue[Received] = asyncio.Queue()
    async with listening(channel, fake, heard.put):
        for text in ("一", "二"):
            li.say(text, group)
        await fake.until(lambda: group.texts())
        assert [(await asyncio.wait_for(heard.get(), 5)).messages[0].text for _ in "12"] == [
            "一",
            "二",
        ]
    assert group.texts() == [HEARD_IN_GROUP]


async def test_the_custom_robot_signs_and_says_it_once(fake: FakeDingTalk, li: Member) -> None:
    robot = fake.group("招聘群", [li]).webhook_robot(secret="SEC0001")
    given: dict[str, Any] = {
        "group_robot_token": Secret(robot.token),
        "group_robot_secret": Secret("SEC0001"),
    }
    for _ in range(2):  # two processes: what one remembers, the other does not
        async with channel_for(fake, **given) as channel:
            assert channel.limits.board == "custom"
            await say(channel, "有一条预警", to=Address("dingtalk", "custom"))
    assert [(one.text, one.via) for one in li.received()] == [("有一条预警", "webhook")]


async def test_nothing_about_a_candidate_gets_into_a_group(fake: FakeDingTalk, li: Member) -> None:
    group = fake.group("招聘群", [li])
    robot = group.webhook_robot()
    async with channel_for(fake, group_robot_token=Secret(robot.token)) as channel:
        for to in ("custom", f"g/{group.id}", group.id):
            with pytest.raises(GiveUp, match="不是一个钉钉会话"):
                await show(channel, card(), to=Address("dingtalk", to))
        with pytest.raises(GiveUp):
            await say(channel, "张三要离职", to=Address("dingtalk", f"g/{group.id}"))
        [payload] = channel.render(Content(text="选一个", buttons=card().buttons))
        with pytest.raises(GiveUp):
            await channel.send(Address("dingtalk", "custom"), payload, key="k")
    assert group.texts() == []
    assert li.cards() == []


async def test_the_custom_robot_keeps_below_what_would_block_it() -> None:
    async with FakeDingTalk() as fake:  # which counts
        moved = [timedelta(0)]
        group = fake.group("招聘群", [fake.member("u1")])
        given: dict[str, Any] = {"group_robot_token": Secret(group.webhook_robot().token)}
        async with channel_for(fake, now=lambda: utc_now() + moved[0], **given) as channel:
            for n in range(20):
                await say(channel, str(n), key=str(n), to=Address("dingtalk", "custom"))
            with pytest.raises(TryLater) as caught:
                await say(channel, "20", key="20", to=Address("dingtalk", "custom"))
            assert caught.value.delay is not None
            assert timedelta(seconds=30) < caught.value.delay <= timedelta(minutes=1)
            assert len(fake.calls_of("/robot/send")) == 20
            moved[0] = timedelta(minutes=1)
            with pytest.raises(TryLater):  # asked again, on a platform whose clock did not move
                await say(channel, "20", key="20", to=Address("dingtalk", "custom"))
            assert len(fake.calls_of("/robot/send")) == 21


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "没有配置群机器人"),
        ({"group_robot_token": Secret("unknown")}, "GROUP_ROBOT_TOKEN"),
    ],
)
async def test_a_custom_robot_that_is_none_is_given_up(
    fake: FakeDingTalk, given: dict[str, Any], words: str
) -> None:
    async with channel_for(fake, **given) as channel:
        with pytest.raises(GiveUp, match=words):
            await say(channel, to=Address("dingtalk", "custom"))


async def test_a_custom_robot_locked_against_us_says_where_the_lock_is(
    fake: FakeDingTalk, li: Member
) -> None:
    robot = fake.group("招聘群", [li]).webhook_robot(secret="SEC0001")
    async with channel_for(fake, group_robot_token=Secret(robot.token)) as channel:
        with pytest.raises(GiveUp, match="安全设置"):
            await say(channel, to=Address("dingtalk", "custom"))


@pytest.mark.parametrize("code", [130101, 410100])
async def test_a_custom_robot_that_was_too_fast_waits_out_its_ten_minutes(
    fake: FakeDingTalk, li: Member, code: int
) -> None:
    robot = fake.group("招聘群", [li]).webhook_robot()
    async with channel_for(fake, group_robot_token=Secret(robot.token)) as channel:
        fake.fail_next("/robot/send", code)
        with pytest.raises(TryLater) as caught:
            await say(channel, to=Address("dingtalk", "custom"))
        assert caught.value.delay == timedelta(minutes=10)


@pytest.mark.parametrize(
    "address", ["u1", "u/", "u/a;b", "u/x;dtv1.card//IM_GROUP.cid", "x/u1", "700", ""]
)
async def test_what_is_no_address_is_given_up(channel: DingTalk, address: str) -> None:
    with pytest.raises(GiveUp, match="不是一个钉钉会话"):
        await say(channel, to=Address("dingtalk", address))
