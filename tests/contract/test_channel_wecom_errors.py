"""What a refusal of WeCom leads to, and what no error and no log of it may hold."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.channels.wecom import WeCom
from bot.channels.wecom_client import Pocket
from bot.errors import BotError, DeliveryError, GiveUp, Hold, TryLater, Unknown
from bot.messages import Address
from tests.contract.place_wecom import Clock, channel_of, pulled, say
from tests.fakes.wecom import Customer, Doubts, FakeWeCom

TWO_DAYS = 48 * 3600.0 + 1
LI = "app/lina"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def fake(clock: Clock) -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom(clock=clock) as running:
        yield running


@pytest.fixture
async def channel(fake: FakeWeCom, clock: Clock) -> AsyncIterator[WeCom]:
    async with channel_of(fake, clock) as running:
        yield running


@pytest.fixture
def li(fake: FakeWeCom) -> Customer:
    """Somebody who has written."""
    customer = fake.customer("李娜")
    customer.write("你好")
    return customer


REFUSALS: list[tuple[int, type[DeliveryError], str]] = [
    (-1, TryLater, "放慢"),
    (45009, TryLater, "放慢"),
    (45033, TryLater, "放慢"),
    (48002, TryLater, "可调用接口的应用"),
    (50003, TryLater, "停用"),
    (60020, TryLater, "企业可信IP"),
    (95001, Hold, "条数"),
    (95002, Hold, "48 小时"),
    (95003, TryLater, "认证"),
    (95004, GiveUp, "OPEN_KFIDS"),
    (95013, Hold, "结束"),
    (95018, Hold, "状态"),
    (95031, Hold, "48 小时"),
    (40096, GiveUp, "不认识"),
    (40058, GiveUp, "拒绝"),
    (99999, GiveUp, "99999"),
]


@pytest.mark.parametrize(("code", "kind", "words"), REFUSALS)
async def test_a_refusal_says_what_to_do_next(
    fake: FakeWeCom,
    channel: WeCom,
    li: Customer,
    clock: Clock,
    code: int,
    kind: type[DeliveryError],
    words: str,
) -> None:
    fake.fail_next("kf/send_msg", code)
    with pytest.raises(kind, match=words):
        await say(channel, li)
    clock.seconds += 61
    await say(channel, li)
    assert li.texts() == ["你好"]


async def test_what_was_asked_too_often_is_not_asked_for_a_minute_by_anybody(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Customer
) -> None:
    wang = fake.customer("王强")
    wang.write("你好")
    fake.fail_next("kf/send_msg", 45009)
    for who in (li, wang):
        with pytest.raises(TryLater, match="放慢") as caught:
            await say(channel, who)
        assert caught.value.delay == timedelta(minutes=1)
    assert len(fake.calls_of("kf/send_msg")) == 1
    await pulled(channel, li)  # another call has a limit of its own
    clock.seconds += 59
    with pytest.raises(TryLater) as caught:
        await say(channel, wang)
    assert caught.value.delay == timedelta(seconds=1)
    clock.seconds += 1
    await say(channel, wang)
    assert wang.texts() == ["你好"]


@pytest.mark.parametrize("status", [301, 403, 404])
async def test_something_else_than_the_platform_is_later(
    fake: FakeWeCom, channel: WeCom, li: Customer, status: int
) -> None:
    fake.break_next("kf/send_msg", status)
    with pytest.raises(TryLater):
        await say(channel, li)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_gateway_that_lost_the_answer_may_have_passed_the_question_on(
    fake: FakeWeCom, channel: WeCom, li: Customer, status: int
) -> None:
    fake.break_next("kf/send_msg", status)
    with pytest.raises(Unknown, match=str(status)):
        await say(channel, li)
    await say(channel, li)
    fake.break_next("kf/sync_msg", status)
    with pytest.raises(TryLater):  # asking again does no harm
        await pulled(channel, li)
    assert li.texts() == ["你好"]


async def test_a_lost_answer_is_unknown_and_asking_again_says_nothing_twice(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    assert channel.limits.dedupes
    fake.drop_after_delivery("kf/send_msg")
    with pytest.raises(Unknown):
        await say(channel, li)
    [receipt] = await say(channel, li)
    assert [seen.msgid for seen in li.seen()] == [receipt.value]
    fake.drop_before_delivery("kf/send_msg")
    with pytest.raises(Unknown):
        await say(channel, li, key="other")
    await say(channel, li, key="other")
    assert li.texts() == ["你好", "你好"]


async def test_nobody_listening_is_later_because_nothing_left(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    await say(channel, li)
    await asyncio.to_thread(fake.stop)
    with pytest.raises(TryLater):
        await say(channel, li, key="other")


@pytest.mark.parametrize(
    "address", ["", "kf/", "kf/wk1", "kf/wk1/wm1/x", "app/", "app/a b", "group/", "wm1", "kf/a/é"]
)
async def test_an_address_that_is_nobodys_is_given_up(channel: WeCom, address: str) -> None:
    with pytest.raises(GiveUp, match="地址"):
        await say(channel, Address("wecom", address))


# The token


async def test_the_token_is_asked_for_once_and_renewed_once(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Customer
) -> None:
    fake.slow("gettoken", 0.02)
    await asyncio.gather(*(say(channel, li, key=str(n)) for n in range(4)))
    assert len(fake.calls_of("gettoken")) == 1
    for spoil in (fake.revoke_tokens, fake.expire_tokens):
        li.write("再来")
        spoil()
        await asyncio.gather(*(say(channel, li, key=f"{spoil}{n}") for n in range(3)))
    assert len(fake.calls_of("gettoken")) == 3
    clock.seconds += 7_000  # five minutes before its end
    li.write("还在")
    await say(channel, li, key="later")
    assert len(fake.calls_of("gettoken")) == 4


async def test_two_who_share_a_store_share_a_token(clock: Clock) -> None:
    doubts = Doubts(new_token_kills_old=True, same_token_on_repeat=False)
    tokens = Pocket()
    async with (
        FakeWeCom(clock=clock, doubts=doubts) as fake,
        channel_of(fake, clock, tokens=tokens) as one,
        channel_of(fake, clock, tokens=tokens) as two,
    ):
        li = fake.customer()
        li.write("你好")
        await say(one, li, key="1")
        await say(two, li, key="2")
        assert len(fake.calls_of("gettoken")) == 1
        fake.revoke_tokens()
        await say(one, li, key="3")
        await say(two, li, key="4")
        assert len(fake.calls_of("gettoken")) == 2
        kept = await tokens.get()
        assert kept is not None
        assert kept.value not in repr(kept)


async def test_a_token_that_stays_bad_is_given_up_until_later(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    fake.fail_next("kf/send_msg", 40014, times=None)
    with pytest.raises(TryLater, match="凭证") as caught:
        await say(channel, li)
    assert caught.value.delay == timedelta(minutes=5)
    assert len(fake.calls_of("kf/send_msg")) == 2


async def test_a_wrong_secret_is_named_and_not_insisted_on(
    fake: FakeWeCom, clock: Clock, li: Customer
) -> None:
    async with channel_of(fake, clock, secret="wrong") as channel:
        for _ in range(3):
            with pytest.raises(TryLater, match="Secret"):
                await say(channel, li)
        assert len(fake.calls_of("gettoken")) == 1
        clock.seconds += 299
        with pytest.raises(TryLater):
            await say(channel, li)
        assert len(fake.calls_of("gettoken")) == 1
        clock.seconds += 2
        with pytest.raises(TryLater):
            await say(channel, li)
        assert len(fake.calls_of("gettoken")) == 2


@pytest.mark.parametrize("trouble", [0, 40014, 40058, -1, 95018, 404, 500, "before", "after"])
async def test_no_secret_and_nobodys_words_are_in_an_error_or_a_log(
    fake: FakeWeCom,
    li: Customer,
    trouble: int | str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    robot = fake.robot()
    said: list[str] = []
    async with channel_of(fake, robots={"hr": robot.key}) as channel:
        await say(channel, li, "薪资两万八")
        for endpoint in ("kf/send_msg", "kf/sync_msg", "media/get", "webhook/send", "message/send"):
            if isinstance(trouble, str):
                drop = {"before": fake.drop_before_delivery, "after": fake.drop_after_delivery}
                drop[trouble](endpoint)
            elif trouble in (404, 500):
                fake.break_next(endpoint, trouble)
            elif trouble:
                fake.fail_next(endpoint, trouble, times=2)
        for call in (
            lambda: say(channel, li, "薪资两万八", key="2"),
            lambda: pulled(channel, li),
            lambda: anext(aiter(channel.fetch("MEDIA"))),
            lambda: say(channel, Address("wecom", "group/hr"), "薪资两万八", key="3"),
            lambda: say(channel, Address("wecom", "app/none"), "薪资两万八", key="4"),
            channel.check,
        ):
            try:
                await call()
            except (DeliveryError, BotError) as error:
                said += [repr(error), *traceback.format_exception(error)]
        said.append(repr(channel) + repr(channel._config))
    tokens = [str(token) for token in fake.state.tokens]
    log = "".join(said) + caplog.text + "".join(capfd.readouterr())
    for secret in (*tokens, fake.secret, robot.key, "TESTtoken", "两万八"):
        assert secret not in log


async def test_doubtful_codes_are_settings(clock: Clock) -> None:
    doubts = Doubts(duplicate_msgid_errcode=95999, after_48_hours_errcode=95018)
    async with (
        FakeWeCom(clock=clock, doubts=doubts) as fake,
        channel_of(fake, clock, duplicate_codes=frozenset({95999})) as channel,
    ):
        li = fake.customer()
        li.write("你好")
        fake.drop_after_delivery("kf/send_msg")
        with pytest.raises(Unknown):
            await say(channel, li)
        await say(channel, li)
        assert li.texts() == ["你好"]
        clock.seconds += TWO_DAYS
        with pytest.raises(Hold):
            await say(channel, li, key="late")
