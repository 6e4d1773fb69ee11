"""How updates reach the Telegram channel: polled or pushed, in trouble, twice, and out of step."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from bot.channels import telegram as module
from bot.channels.base import Channel
from bot.channels.telegram_inbound import ALLOWED
from bot.errors import NotReady, StorageUnavailable
from bot.messages import HttpCall, Received
from config.settings import TelegramSettings
from tests.contract.channel_places import (
    BASE_URL,
    SECRET,
    channel_of,
    started,
    telegram_settings,
)
from tests.fakes.telegram import FakeTelegram, FakeUser


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(limits=False, speed=200.0) as running:
        yield running


@pytest.fixture
def li(fake: FakeTelegram) -> FakeUser:
    """Somebody who pressed Start; the update of it is taken."""
    return started(fake)


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[Channel]:
    async with channel_of(fake) as running:
        yield running


# Polling


class Ear:
    """Accepts what comes; ``refuse`` decides which of it is not taken."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.reaches: list[bool] = []
        self.refuse: Callable[[Received], Exception | None] = lambda _: None

    async def accept(self, received: Received) -> None:
        refusal = self.refuse(received)
        if refusal is not None:
            raise refusal
        self.ids += [message.external_id for message in received.messages]
        self.texts += [message.text for message in received.messages]
        self.reaches += [reach.reachable for reach in received.reaches]


@asynccontextmanager
async def listening(channel: Channel) -> AsyncIterator[Ear]:
    ear = Ear()
    task = asyncio.create_task(channel.listen(ear.accept))
    yield ear
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def test_polling_hears_everything_in_order(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    fake.set_webhook("http://127.0.0.1:9/left-by-another-installation")
    for text in ("一", "二", "三"):
        li.say(text)
    async with listening(channel) as ear:
        await fake.until(lambda: fake.pending == 0)
        li.say("四")
        li.block()
        li.unblock()
        await fake.until(lambda: len(ear.reaches) == 2)
    assert ear.texts == ["一", "二", "三", "四"]
    assert ear.reaches == [False, True]


async def test_what_could_not_be_stored_is_not_confirmed_and_comes_again(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    async with listening(channel) as ear:
        tries: list[Received] = []

        def once(received: Received) -> Exception | None:
            tries.append(received)
            return StorageUnavailable("the disk is full") if len(tries) == 1 else None

        ear.refuse = once
        li.say("别丢")
        await fake.until(lambda: ear.texts == ["别丢"])
        assert len(tries) == 2
        offsets = [call.params.get("offset") for call in fake.calls_of("getUpdates")]
        assert offsets[:2] == [None, None]
        await fake.until(lambda: fake.pending == 0)


async def test_one_message_that_is_refused_does_not_hold_up_the_others(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    fake.hold()
    for text in ("一", "坏", "二"):
        li.say(text)
    fake.raw_update({"message": {"message_id": "x", "chat": 7}})
    li.say("三")
    async with listening(channel) as ear:
        ear.refuse = lambda received: (
            ValueError("a fault of ours") if received.messages[0].text == "坏" else None
        )
        fake.release()
        await fake.until(lambda: len(ear.texts) == 3 and fake.pending == 0)
    assert ear.texts == ["一", "二", "三"]


async def test_an_update_that_comes_twice_carries_one_id(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    async with listening(channel) as ear:
        fake.deliver_twice()
        li.say("只此一次")
        await fake.until(lambda: len(ear.ids) == 2)
    assert len(set(ear.ids)) == 1


async def test_two_edits_within_a_second_are_two_revisions(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    async with listening(channel) as ear:
        message = li.say("下周一入职")
        li.edit(message, "下周二入职")
        li.edit(message, "不来了")
        await fake.until(lambda: len(ear.texts) == 3)
    assert ear.texts[1:] == ["下周二入职", "不来了"]
    assert len(set(ear.ids)) == 3


async def test_numbers_that_start_again_lower_after_a_quiet_week_are_heard(
    fake: FakeTelegram, li: FakeUser
) -> None:
    config = module.Config(
        token=fake.token,
        secret=SECRET,
        api_base=fake.api_base,
        mode="polling",
        bot_username="yinuo_bot",
        public_url=BASE_URL,
        poll_s=1,
    )
    channel = module.Telegram(config)
    await channel.start()
    async with listening(channel) as ear:
        li.say("之前")
        await fake.until(lambda: fake.pending == 0)
        polls = len(fake.calls_of("getUpdates"))
        fake.hold()
        fake.next_update_id(3)
        li.say("一周后")
        await fake.until(lambda: len(fake.calls_of("getUpdates")) > polls)  # an empty one went by
        fake.release()
        await fake.until(lambda: ear.texts == ["之前", "一周后"])
        fake.hold()
        await fake.until(lambda: fake.pending == 0)
        fake.next_update_id(2)
        li.say("断线之后")
        fake.set_webhook("http://127.0.0.1:9/ends-the-poll")
        fake.release()
        await fake.until(lambda: ear.texts[2:] == ["断线之后"])
    await channel.stop()


async def test_polling_survives_trouble(fake: FakeTelegram, channel: Channel, li: FakeUser) -> None:
    port = int(fake.api_base.rpartition(":")[2])
    async with listening(channel) as ear:
        await fake.until(lambda: fake.calls_of("getUpdates"))
        await asyncio.to_thread(fake.stop)
        await asyncio.to_thread(fake.start, port)
        li.say("断线之后")
        await fake.until(lambda: "断线之后" in ear.texts, timeout=10)
        fake.set_webhook("http://127.0.0.1:9/somebody-else")  # every poll is a 409 from here
        li.say("冲突之后")
        await fake.until(lambda: "冲突之后" in ear.texts, timeout=10)
        fake.fail_next("getUpdates", 429, retry_after=1)
        li.say("限流之后")
        await fake.until(lambda: "限流之后" in ear.texts, timeout=10)


async def test_stopping_ends_a_poll_that_waits(fake: FakeTelegram) -> None:
    async with channel_of(fake) as channel:
        task = asyncio.create_task(channel.listen(Ear().accept))
        await fake.until(lambda: fake.calls_of("getUpdates"))
        await channel.stop()
        await asyncio.wait_for(task, 5)


# The webhook


class Hook(HTTPServer):
    """Keeps what the platform pushes."""

    def __init__(self) -> None:
        self.pushed: queue.Queue[HttpCall] = queue.Queue()
        super().__init__(("127.0.0.1", 0), _Hook)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Hook(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers[":path"] = self.path
        self.server.pushed.put(HttpCall(method="POST", headers=headers, query={}, body=body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """The test looks at what was pushed, not at a log."""


async def test_a_genuine_push_is_accepted(fake: FakeTelegram, li: FakeUser) -> None:
    with Hook() as hook:
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        settings = telegram_settings(fake, secret_token="an-own-secret_1")
        channel = module.build(settings, secret=SECRET, base_url=hook.url)
        await channel.start()
        await asyncio.wait_for(channel.listen(Ear().accept), 1)  # nothing to hold
        await fake.until(lambda: fake.state.webhook)
        li.say("从网页钩子来")
        call = await asyncio.to_thread(hook.pushed.get, timeout=5)
        assert call.headers[":path"] == "/hooks/telegram"
        [message] = (await channel.receive(call)).messages
        assert message.text == "从网页钩子来"
        await channel.stop()
        hook.shutdown()
    assert fake.state.allowed == set(ALLOWED)


async def test_the_webhook_is_set_once_a_platform_that_was_down_comes_back(
    fake: FakeTelegram,
) -> None:
    port = int(fake.api_base.rpartition(":")[2])
    await asyncio.to_thread(fake.stop)
    async with channel_of(fake, mode="webhook") as channel:
        with pytest.raises(NotReady):
            channel.invite_url(BASE_URL, "t")
        await asyncio.to_thread(fake.start, port)
        await fake.until(lambda: fake.state.webhook, timeout=10)
        assert channel.invite_url(BASE_URL, "t") == "https://t.me/yinuo_bot?start=t"


async def test_the_real_platform_is_not_promised_an_address_it_cannot_reach() -> None:
    settings = TelegramSettings.model_validate({"bot_token": "1:x", "mode": "webhook"})
    channel = module.build(settings, secret=SECRET, base_url=BASE_URL)
    with pytest.raises(NotReady, match="PUBLIC_URL"):
        await channel.check()
    await channel.stop()


def test_a_secret_the_platform_would_refuse_is_refused_first(fake: FakeTelegram) -> None:
    settings = telegram_settings(fake, secret_token="口令")
    with pytest.raises(NotReady, match="SECRET_TOKEN"):
        module.build(settings, secret=SECRET, base_url=BASE_URL)
