"""What DingTalk's refusals mean to the channel, its tokens, and its check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.dingtalk import DingTalk
from bot.errors import CredentialsWrong, GiveUp, Hold, NotReady, TryLater, Unknown
from bot.messages import Address
from tests.clock import FakeClock
from tests.contract.dingtalk_desk import CREATE, SEND, TOKEN, card, say, show
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    Secret,
    channel_for,
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


# Errors say what to do next


@pytest.mark.parametrize(
    ("code", "minutes"),
    [
        ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", 1 / 60),
        ("Forbidden.AccessDenied.QpsLimitForApi", 1 / 60),
        ("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", 1),
        ("send.too.fast", 1),
    ],
)
async def test_too_often_is_later_with_a_delay(
    fake: FakeDingTalk, channel: DingTalk, li: Member, code: str, minutes: float
) -> None:
    fake.fail_next(SEND, code)
    with pytest.raises(TryLater) as caught:
        await say(channel)
    assert caught.value.delay == timedelta(minutes=minutes)
    await say(channel)
    assert li.texts() == ["你好"]


async def test_without_quota_words_wait_for_theirs_and_cards_for_more(
    fake: FakeDingTalk, li: Member
) -> None:
    clock = FakeClock(utc_now())
    used_up = "Forbidden.AccessDenied.ApiCountLimitForOrg"
    async with channel_for(fake, now=clock) as channel:
        fake.fail_next(SEND, used_up)
        for _ in range(2):  # once it is known nothing is asked
            with pytest.raises(Hold, match=r"额度已用完.*再次开口后自动发出"):
                await say(channel)
        assert len(fake.calls_of(SEND)) == 1
        clock.advance(timedelta(hours=3))  # somebody may have bought more
        await say(channel)
        assert li.texts() == ["你好"]
        fake.fail_next(CREATE, used_up)
        with pytest.raises(TryLater, match="额度已用完") as caught:
            await show(channel, card())
        assert caught.value.delay == timedelta(hours=3)


async def test_a_504_is_unknown_because_the_call_may_have_succeeded(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    fake.time_out(SEND)
    with pytest.raises(Unknown):
        await say(channel)
    assert li.texts() == ["你好"]


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_platform_that_is_down_is_later(
    fake: FakeDingTalk, channel: DingTalk, li: Member, status: int
) -> None:
    fake.answer_html(SEND, status=status)
    with pytest.raises(TryLater, match="无法服务"):
        await say(channel)
    fake.fail_next(SEND, "system.busy", status=status)
    with pytest.raises(TryLater):
        await say(channel)


@pytest.mark.parametrize("status", [200, 403, 429])
async def test_a_banned_address_waits(
    fake: FakeDingTalk, channel: DingTalk, li: Member, status: int
) -> None:
    fake.answer_html(SEND, status=status)
    with pytest.raises(TryLater) as caught:
        await say(channel)
    assert caught.value.delay == timedelta(minutes=5)
    fake.punish(SEND)
    with pytest.raises(TryLater) as caught:
        await say(channel)
    assert caught.value.delay is not None


async def test_a_lost_answer_is_unknown_and_nobody_listening_is_later(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    fake.drop_after_delivery(SEND)
    with pytest.raises(Unknown):
        await say(channel)
    assert li.texts() == ["你好"]
    await asyncio.to_thread(fake.stop)
    with pytest.raises(TryLater, match="连不上钉钉"):
        await say(channel, key="other")


async def test_a_token_that_cannot_be_had_leaves_the_message_unsent(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    fake.drop_after_delivery(TOKEN)
    with pytest.raises(TryLater):  # what it was for never left
        await say(channel)
    fake.time_out(TOKEN)
    with pytest.raises(TryLater):
        await say(channel)


async def test_who_cannot_be_reached_is_given_up_with_words_for_hr(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    li.leave()
    with pytest.raises(GiveUp, match="已离开企业"):
        await say(channel)
    fake.fail_next(SEND, "staffId.notExisted")
    with pytest.raises(GiveUp, match="已离开企业"):
        await say(channel)


async def test_a_yes_that_held_the_message_back_is_later(
    fake: FakeDingTalk, channel: DingTalk
) -> None:
    fake.member("u9", flow_controlled=True)
    with pytest.raises(TryLater) as caught:
        await say(channel, to=Address("dingtalk", "u/u9"))
    assert caught.value.delay == timedelta(minutes=1)


async def test_any_other_refusal_is_given_up_with_its_code(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    fake.fail_next(SEND, "invalidParameter.msgParam", message="你好 is not what we want")
    with pytest.raises(GiveUp, match=r"invalidParameter\.msgParam") as caught:
        await say(channel)
    assert "你好" not in str(caught.value)


# Tokens


async def test_many_who_wait_share_one_token(fake: FakeDingTalk, li: Member) -> None:
    async with channel_for(fake) as channel:
        await asyncio.gather(*(say(channel, str(n), key=str(n)) for n in range(8)))
    assert len(fake.calls_of(TOKEN)) == 1
    assert len(li.texts()) == 8


async def test_a_revoked_token_is_renewed_once_for_all(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    await say(channel, key="first")
    fake.revoke_tokens()
    await asyncio.gather(*(say(channel, str(n), key=str(n)) for n in range(5)))
    assert len(li.texts()) == 6
    assert len(fake.calls_of(TOKEN)) == 2


async def test_a_token_that_stays_bad_is_given_up_after_one_renewal(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    fake.fail_next(SEND, "InvalidAuthentication", times=9)
    with pytest.raises(TryLater, match="Client ID") as caught:
        await say(channel)
    assert caught.value.delay == timedelta(minutes=5)
    assert len(fake.calls_of(SEND)) == 2


async def test_a_token_is_renewed_before_it_ends(fake: FakeDingTalk, li: Member) -> None:
    moved = [timedelta(0)]
    async with channel_for(fake, now=lambda: utc_now() + moved[0]) as channel:
        for key, at in (("1", 0), ("2", 6_800), ("3", 6_950)):
            moved[0] = timedelta(seconds=at)
            await say(channel, key=key)
    assert len(fake.calls_of(TOKEN)) == 2


# The check


async def test_the_check_leaves_nothing_anybody_sees(
    channel: DingTalk, fake: FakeDingTalk, li: Member
) -> None:
    await channel.check()
    await channel.check()
    assert (li.received(), li.cards()) == ([], [])


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("secret", "凭证与基础信息"),
        ("send", r"权限管理.*企业内机器人发送消息权限（qyapi_robot_sendmsg）"),
        ("card", r"权限管理.*互动卡片实例写权限（Card.Instance.Write）"),
        ("both", r"qyapi_robot_sendmsg.*；.*Card.Instance.Write"),
        ("ip", "服务器出口 IP"),
        ("template", "卡片平台"),
        ("unpublished", "卡片平台"),
        ("robot", "RobotCode"),
    ],
)
async def test_the_check_names_the_page_of_each_thing_to_mend(
    fake: FakeDingTalk, trouble: str, words: str
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "secret": {"client_secret": Secret("wrong")},
        "template": {"card_template_id": "gone.schema"},
        "robot": {"robot_code": "dingother"},
    }
    fake.withhold(
        *{
            "send": ["qyapi_robot_sendmsg"],
            "card": ["Card.Instance.Write"],
            "both": ["qyapi_robot_sendmsg", "Card.Instance.Write"],
        }.get(trouble, [])
    )
    fake.allow_ip(trouble != "ip")
    if trouble == "unpublished":
        fake.template(TEMPLATE, *BUTTONS, published=False)
    async with channel_for(fake, **changes.get(trouble, {})) as channel:
        with pytest.raises(CredentialsWrong, match=words):
            await channel.check()


async def test_the_check_tells_a_platform_that_is_down_from_a_wrong_secret(
    fake: FakeDingTalk, channel: DingTalk
) -> None:
    fake.answer_html("*", status=502, times=9)
    with pytest.raises(TryLater):
        await channel.check()


async def test_over_http_the_real_platform_needs_an_address_it_can_reach(
    fake: FakeDingTalk,
) -> None:
    official: dict[str, Any] = {"api_base": "https://api.dingtalk.com", "mode": "http"}
    async with channel_for(fake, card_template_id="", **official) as channel:
        with pytest.raises(NotReady, match="PUBLIC_URL"):
            await channel.check()


async def test_the_check_works_on_a_channel_that_was_not_started(fake: FakeDingTalk) -> None:
    async with channel_for(fake) as channel:
        await channel.stop()
        await channel.start()
        await channel.check()
