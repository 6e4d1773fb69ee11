"""Everything that keeps a message from somebody on Telegram, each caused by the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.channels import telegram as module
from bot.channels.base import Channel
from bot.channels.telegram_client import WORDS
from bot.errors import GiveUp, NotReady, TryLater, Unknown
from bot.messages import Address, Content, Receipt, Received
from tests.contract.channel_places import SECRET, channel_of, started
from tests.fakes.telegram import FakeTelegram, FakeUser

LI = Address("telegram", "700")
HOOK = "http://127.0.0.1:8000/hooks/telegram"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(limits=False, speed=200.0) as running:
        yield running


@pytest.fixture
def li(fake: FakeTelegram) -> FakeUser:
    return started(fake)


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[Channel]:
    async with channel_of(fake) as running:
        await fake.until(lambda: fake.commands)  # introduced: every call from here is a test's
        yield running


async def say(channel: Channel, *, replaces: Receipt | None = None, key: str = "k") -> Receipt:
    [payload] = channel.render(Content(text="你好"))
    return await channel.send(LI, payload, key=key, replaces=replaces)


# Who cannot be reached


def blocked(fake: FakeTelegram, li: FakeUser) -> None:
    li.block()


def deactivated(fake: FakeTelegram, li: FakeUser) -> None:
    li.account.deactivated = True


def never_started(fake: FakeTelegram, li: FakeUser) -> None:
    li.account.started = False


def not_found(fake: FakeTelegram, li: FakeUser) -> None:
    fake.state.accounts.clear()


def migrated(fake: FakeTelegram, li: FakeUser) -> None:
    text = "Bad Request: group chat was upgraded to a supergroup chat"
    moved = {"migrate_to_chat_id": -1001234567890}
    fake.fail_next("*", 400, times=9, description=text, parameters=moved)


GONE = {
    blocked: WORDS["blocked"],
    deactivated: WORDS["blocked"],
    never_started: WORDS["blocked"],
    not_found: WORDS["no_chat"],
    migrated: WORDS["moved"],
}


@pytest.mark.parametrize("trouble", list(GONE), ids=lambda trouble: trouble.__name__)
async def test_who_is_gone_is_given_up_with_the_reason_for_new_words_and_for_old(
    fake: FakeTelegram,
    channel: Channel,
    li: FakeUser,
    trouble: Callable[[FakeTelegram, FakeUser], None],
) -> None:
    standing = await say(channel)
    trouble(fake, li)
    for replaces in (None, standing):
        with pytest.raises(GiveUp) as caught:
            await say(channel, replaces=replaces, key=f"again {replaces}")
        assert str(caught.value) == GONE[trouble]
    tries = [call for call in fake.calls if call.method in ("sendmessage", "editmessagetext")]
    assert len(tries) == 3  # nobody asked twice


async def test_who_comes_back_is_written_to_again(channel: Channel, li: FakeUser) -> None:
    li.block()
    with pytest.raises(GiveUp):
        await say(channel)
    li.unblock()
    await say(channel)
    assert li.texts() == ["你好"]


# What passes


@pytest.mark.parametrize("seconds", [1, 7, 3600])
async def test_a_flood_waits_as_long_as_the_platform_asks(
    fake: FakeTelegram, channel: Channel, li: FakeUser, seconds: int
) -> None:
    fake.fail_next("*", 429, times=2, retry_after=seconds)
    for call in (lambda: say(channel), lambda: channel.noticed("q:1", "好")):
        with pytest.raises(TryLater) as caught:
            await call()
        assert caught.value.delay == timedelta(seconds=seconds)
    assert li.received() == []


async def test_a_flood_that_names_no_time_waits_by_our_own_clock(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    fake.fail_next("sendMessage", 429, description="Too Many Requests", parameters={})
    with pytest.raises(TryLater) as caught:
        await say(channel)
    assert caught.value.delay is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_platform_that_is_down_is_tried_again_and_nobody_got_anything(
    fake: FakeTelegram, channel: Channel, li: FakeUser, status: int
) -> None:
    fake.fail_next("*", status, times=4, description="Internal Server Error")
    for call in (
        lambda: say(channel),
        lambda: channel.noticed("q:1", "好"),
        channel.check,
        lambda: anext(aiter(channel.fetch("x"))),
    ):
        with pytest.raises(TryLater):
            await call()
    assert li.received() == []
    await say(channel)


def hasty(fake: FakeTelegram, **more: Any) -> module.Telegram:
    """A channel that waits for no answer longer than a fifth of a second."""
    config = module.Config(
        token=fake.token,
        secret=SECRET,
        api_base=fake.api_base,
        mode="polling",
        bot_username="yinuo_bot",
        public_url="http://127.0.0.1:8000",
        answer_s=0.2,
        **more,
    )
    return module.Telegram(config)


async def test_an_answer_that_is_too_late_is_unknown_because_the_message_arrives(
    fake: FakeTelegram, li: FakeUser
) -> None:
    channel = hasty(fake)
    fake.slow("sendMessage", 0.5)
    with pytest.raises(Unknown, match="可能已送达"):
        await say(channel)
    await fake.until(li.texts)
    assert li.texts() == ["你好"]
    await channel.stop()


async def test_a_question_that_is_answered_too_late_may_be_asked_again(
    fake: FakeTelegram, li: FakeUser
) -> None:
    channel = hasty(fake)
    file_id = li.seen(li.send_document("a.pdf")).file_id
    assert file_id is not None
    fake.slow("*", 0.5)
    for ask in (
        channel.check,
        lambda: channel.noticed("q:1", "好"),
        lambda: anext(aiter(channel.fetch(file_id))),
    ):
        with pytest.raises(TryLater):
            await ask()
    await channel.stop()


async def test_a_file_that_is_too_large_for_bots_says_so(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    message = li.send_document("录像.mp4", bytes(20 * 1024 * 1024 + 1), "video/mp4")
    file_id = li.seen(message).file_id
    assert file_id is not None
    with pytest.raises(GiveUp, match="20 MB"):
        await anext(aiter(channel.fetch(file_id)))


# The webhook, seen from the other side


async def test_a_webhook_that_works_passes_the_check(fake: FakeTelegram) -> None:
    async with channel_of(fake, mode="webhook") as channel:
        await fake.until(lambda: fake.state.webhook)
        await channel.check()
        fake.raw_update({"poll": {}})  # waits: nobody listens at the address
        await fake.until(lambda: fake.state.webhook and fake.state.webhook.last_error)
        with pytest.raises(NotReady, match="积压 1 条"):
            await channel.check()


async def test_calls_we_refuse_do_not_look_like_silence(fake: FakeTelegram) -> None:
    async with channel_of(fake, mode="webhook") as channel:
        await fake.until(lambda: fake.state.webhook)
        hook = fake.state.webhook
        assert hook is not None
        fake.hold()
        fake.raw_update({"poll": {}})
        hook.last_error, hook.last_error_at = "Wrong response from the webhook: 403 Forbidden", 1
        with pytest.raises(NotReady, match="403"):
            await channel.check()


async def test_another_installation_with_the_same_bot_is_found_out(fake: FakeTelegram) -> None:
    async with channel_of(fake, mode="webhook") as channel:
        await fake.until(lambda: fake.state.webhook)
        fake.set_webhook("https://elsewhere.example.com/hooks/telegram")
        with pytest.raises(NotReady, match="另一处安装"):
            await channel.check()
        fake.set_webhook(HOOK)
        await channel.check()


async def test_the_menu_offers_help(fake: FakeTelegram, channel: Channel) -> None:
    await fake.until(lambda: fake.commands)
    assert [command["command"] for command in fake.commands] == ["help"]


async def test_two_installations_that_poll_disturb_each_other_and_lose_nothing(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    heard: list[str] = []

    async def accept(received: Received) -> None:
        heard.extend(message.text for message in received.messages)

    async with channel_of(fake) as other:
        tasks = [asyncio.create_task(one.listen(accept)) for one in (channel, other)]
        await fake.until(lambda: [call for call in fake.calls if call.status == 409])
        for text in ("一", "二"):
            li.say(text)
            await fake.until(lambda said=text: said in heard, timeout=15)  # type: ignore[misc]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
