"""The platforms of the contract suite: each channel with somebody to write to.

Telegram is its stand-in on loopback; the chat page's platform is our own database, so what was
handed to ``send`` is what the person sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.channels import base
from bot.channels.base import Channel
from bot.messages import Address, Card, Content, HttpCall, Inbound, Receipt, Received
from config.settings import TelegramSettings, WebchatSettings
from tests.fakes.telegram import FakeTelegram, FakeUser

SECRET = "5ec7e7" * 8
SECRET_HEADER = "x-telegram-bot-api-secret-token"
BASE_URL = "http://127.0.0.1:8000"
#: What Telegram would say of the connections in the captured calls.
LINES = {
    "AbC1-_connectionOfWangMin01": {"can_reply": True, "can_read_messages": True},
    "ConnectionWithoutTheRight02": {"can_reply": True},
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as the person has it before them."""

    text: str
    actions: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Place:
    """A channel, somebody to write to, and a way to look at what they see."""

    channel: Channel
    person: Address
    shown: Callable[[], list[Shown]]
    press: Callable[[Receipt, str], Awaitable[Inbound]] | None = None  # natively, if it has hooks
    write: Callable[[str], Awaitable[Received]] | None = None  # what comes of what they write
    code: Callable[[], str] | None = None  # what signing in gives the person's browser
    foreign: Callable[[], str] | None = None  # and somebody's who is no member, if anything
    down: Callable[[], None] | None = None  # the next sign-in meets a platform that is down
    sent: list[Any] = field(default_factory=list)

    async def say(self, content: Content | Card, key: str = "k") -> list[Receipt]:
        """Render and send all parts, as delivery does."""
        receipts = []
        for part, payload in enumerate(self.channel.render(content)):
            self.sent.append(payload)
            receipts.append(await self.channel.send(self.person, payload, key=f"{key}#{part}"))
        return receipts


def telegram_settings(fake: FakeTelegram, **more: Any) -> TelegramSettings:
    given = {"bot_token": fake.token, "api_base": fake.api_base, **more}
    return TelegramSettings.model_validate(given)


def started(fake: FakeTelegram) -> FakeUser:
    user = fake.user(700, "李娜")
    user.start()
    fake.state.updates.clear()
    return user


@asynccontextmanager
async def channel_of(fake: FakeTelegram, **more: Any) -> AsyncIterator[Channel]:
    settings = telegram_settings(fake, **more)
    channel: Channel = base.load("telegram").build(settings, secret=SECRET, base_url=BASE_URL)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


@asynccontextmanager
async def telegram_place() -> AsyncIterator[Place]:
    async with FakeTelegram(limits=False, speed=200.0) as fake:
        person = fake.user(700, "李娜")
        person.start()
        channel = base.load("telegram").build(
            telegram_settings(fake), secret=SECRET, base_url=BASE_URL
        )
        await channel.start()
        heard: asyncio.Queue[Received] = asyncio.Queue()
        listening = asyncio.create_task(channel.listen(heard.put))
        await asyncio.wait_for(heard.get(), 5)  # the Start of above

        async def press(receipt: Receipt, action: str) -> Inbound:
            person.forge(int(receipt.value), action)
            [message] = (await asyncio.wait_for(heard.get(), 5)).messages
            return message

        async def write(text: str) -> Received:
            person.say(text)
            return await asyncio.wait_for(heard.get(), 5)

        yield Place(
            channel=channel,
            person=Address("telegram", "700"),
            shown=lambda: _on_the_phone(person),
            press=press,
            write=write,
        )
        await channel.stop()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def _on_the_phone(person: FakeUser) -> list[Shown]:
    return [
        Shown(
            message.text,
            tuple(button.data for row in message.buttons for button in row if button.data),
        )
        for message in person.received()
    ]


@asynccontextmanager
async def webchat_place() -> AsyncIterator[Place]:
    channel = base.load("webchat").build(WebchatSettings(), secret=SECRET, base_url=BASE_URL)
    await channel.start()
    sent: list[Any] = []
    yield Place(
        channel=channel,
        person=Address("webchat", "c_" + "a" * 26),
        sent=sent,
        shown=lambda: [
            Shown(payload["text"], tuple(button["action"] for button in payload["buttons"]))
            for payload in sent
        ],
    )
    await channel.stop()


def offline_telegram() -> Channel:
    """Telegram that decodes and draws; there is nothing where it would call."""
    section = TelegramSettings.model_validate(
        {"bot_token": "12345:TEST-token-of-nobody", "api_base": "http://127.0.0.1:9"}
    )
    channel = base.load("telegram").build(section, secret=SECRET, base_url=BASE_URL)
    for id, rights in LINES.items():
        user = {"id": 7000000001, "is_bot": False, "first_name": "敏"}
        connection = {"id": id, "user": user, "user_chat_id": user["id"], "date": 1793581190}
        channel.lines.learn(connection | {"is_enabled": True, "rights": rights})
    made: Channel = channel
    return made


def offline_webchat() -> Channel:
    """The chat page."""
    channel: Channel = base.load("webchat").build(
        WebchatSettings(), secret=SECRET, base_url=BASE_URL
    )
    return channel


def signed(body: bytes) -> HttpCall:
    """A call with Telegram's secret."""
    headers = {
        "content-type": "application/json",
        SECRET_HEADER: SECRET,
    }
    return HttpCall(method="POST", headers=headers, query={}, body=body)
