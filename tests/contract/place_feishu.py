"""Feishu under the contract suite: its stand-in on loopback, and calls as Feishu makes them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels import base as channels
from bot.channels.base import Channel, join_url
from bot.channels.feishu import Feishu
from bot.channels.feishu_config import Config, configured
from bot.channels.feishu_door import NONCE, SIGNATURE, TIMESTAMP
from bot.messages import Address, Button, Card, HttpCall, Inbound, Receipt, Received
from tests.contract.channel_places import BASE_URL, SECRET, Place, Shown
from tests.fakes.feishu import ClientConfig, FakeFeishu, Member, Press
from tests.fakes.feishu_crypto import signature

ENCRYPT_KEY = "encrypt-key-of-the-tests"
TOKEN = "verification-token-of-the-tests"
ROBOT = "ou_robot"
IV = bytes(range(16))
PATIENCE_S = 30.0
#: Reconnect at once; a test has no time for half a minute.
BRISK = ClientConfig(reconnect_nonce_s=0, reconnect_interval_s=1)


@dataclass(frozen=True, slots=True)
class Plain:
    """A secret of a test."""

    value: str = ""

    def get_secret_value(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The part of the settings named ``feishu``."""

    app_id: str = "cli_nobody"
    app_secret: Plain = Plain("secret-of-nobody")
    encrypt_key: Plain = Plain(ENCRYPT_KEY)
    verification_token: Plain = Plain(TOKEN)
    old_encrypt_key: Plain = Plain()
    old_verification_token: Plain = Plain()
    host: str = "feishu"
    api_base: str = "http://127.0.0.1:9"
    mode: str = "socket"
    bot_open_id: str = ""
    group_hook: Plain = Plain()
    group_hook_secret: Plain = Plain()
    sign_in_base: str = ""


def feishu_fake(**more: Any) -> FakeFeishu:
    """The platform with our keys; it is patient with an app on a busy machine."""
    given: dict[str, Any] = {
        "encrypt_key": ENCRYPT_KEY,
        "verification_token": TOKEN,
        "client_config": BRISK,
        "limits": False,
        "answer_s": PATIENCE_S,
        "challenge_s": PATIENCE_S,
    }
    return FakeFeishu(**(given | more))


async def until(fake: FakeFeishu, predicate: Callable[[], object]) -> None:
    """Wait for something to be so. Raises ``TimeoutError``."""
    await fake.until(predicate, timeout=PATIENCE_S)


def feishu_settings(fake: FakeFeishu, **more: Any) -> Settings:
    secret = Plain(fake.app.secret)
    given: dict[str, Any] = {
        "app_id": fake.app.app_id,
        "app_secret": secret,
        "api_base": fake.base_url,
    }
    return Settings(**(given | more))


def feishu_config(
    fake: FakeFeishu, *, section: dict[str, Any] | None = None, **more: Any
) -> Config:
    """As configured, but with pauses a test can afford."""
    config = configured(feishu_settings(fake, **(section or {})), base_url=BASE_URL)
    brisk: dict[str, Any] = {"settle_s": 0.25, "first_pause": timedelta(milliseconds=20)}
    return replace(config, **(brisk | more))


@asynccontextmanager
async def feishu_channel(fake: FakeFeishu, **more: Any) -> AsyncIterator[Feishu]:
    channel = Feishu(feishu_config(fake, **more))
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


@asynccontextmanager
async def listening(channel: Channel) -> AsyncIterator[asyncio.Queue[Received]]:
    """What comes over the long connection, while the context is open."""
    heard: asyncio.Queue[Received] = asyncio.Queue()
    task = asyncio.create_task(channel.listen(heard.put))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def answered(pressed: Press) -> Press:
    """A press, once the client shows what came of it."""
    await asyncio.to_thread(pressed.state.wait, lambda: pressed.code is not None, PATIENCE_S)
    return pressed


@asynccontextmanager
async def feishu_place() -> AsyncIterator[Place]:
    async with feishu_fake() as fake, feishu_channel(fake) as channel:
        person = fake.member("李娜")
        async with listening(channel) as heard:
            await until(fake, lambda: fake.sockets.connections)

            async def press(receipt: Any, action: str) -> Inbound:
                pressed = person.forge(
                    receipt.value, {"value": {"action": action}, "tag": "button"}
                )
                [message] = (await asyncio.wait_for(heard.get(), PATIENCE_S)).messages
                await answered(pressed)
                return message

            async def write(text: str) -> Received:
                person.say(text)
                while True:  # the first time, the chat was opened before it
                    received = await asyncio.wait_for(heard.get(), PATIENCE_S)
                    if any(one.text == text for one in received.messages):
                        return received

            yield Place(
                channel=channel,
                person=Address("feishu", person.open_id),
                shown=lambda: on_the_phone(fake, person),
                press=press,
                write=write,
                code=lambda: person.login_code(join_url(BASE_URL, "feishu")),
                down=lambda: fake.faults.drop_before("login"),
            )


def on_the_phone(fake: FakeFeishu, person: Member) -> list[Shown]:
    """What the bot wrote to somebody, with where its buttons lead."""
    shown = []
    for seen in person.received():
        if seen.card is None:
            content = json.loads(fake.state.messages[seen.message_id].content)
            shown.append(Shown(written(content) if seen.kind == "post" else seen.text, ()))
            continue
        buttons = seen.card.buttons
        text = "\n".join([seen.card.text, *(button.url for button in buttons if button.url)])
        actions = tuple(button.value["action"] for button in buttons if button.value)
        shown.append(Shown(text, actions))
    return shown


def written(post: dict[str, Any]) -> str:
    """A rich text as it is read, empty lines included."""
    lines = ("".join(node["text"] for node in paragraph) for paragraph in post["content"])
    return "\n".join(lines)


def offline_feishu(**more: Any) -> Channel:
    """A channel that decodes and draws; there is nothing where it would call."""
    section = Settings(bot_open_id=ROBOT, **more)
    channel: Channel = channels.load("feishu").build(section, secret=SECRET, base_url=BASE_URL)
    return channel


def feishu_call(body: bytes, *, age_s: float = 0.0, nonce: str = "n1") -> HttpCall:
    """An event as the platform pushes it: sealed, and signed over the sealed bytes."""
    sealed = json.dumps({"encrypt": feishu_sealed(body)}).encode()
    timestamp = str(int(time.time() - age_s))
    headers = {
        "content-type": "application/json; charset=utf-8",
        TIMESTAMP: timestamp,
        NONCE: nonce,
        SIGNATURE: signature(timestamp, nonce, ENCRYPT_KEY, sealed),
    }
    return HttpCall(method="POST", headers=headers, query={}, body=sealed)


def feishu_sealed(body: bytes, key: str = ENCRYPT_KEY) -> str:
    """The `encrypt` of any bytes, also of such as are no text."""
    pad = 16 - len(body) % 16
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(IV))
    encryptor = cipher.encryptor()
    return base64.b64encode(IV + encryptor.update(body + bytes([pad]) * pad)).decode()


def met(fake: FakeFeishu) -> Member:
    person = fake.member("李娜")
    person.open_chat()
    fake.outbox.events.clear()
    return person


class Ear:
    """Accepts what comes; ``refuse`` decides which of it is not taken."""

    def __init__(self) -> None:
        self.heard: list[Received] = []
        self.slow_s = 0.0  # how long storing takes
        self.linger_s = 0.0  # how long an answer is on its way
        self.refuse: Callable[[Received], BaseException | None] = lambda _: None

    async def accept(self, received: Received) -> None:
        refusal = self.refuse(received)
        if refusal is not None:
            raise refusal
        await asyncio.sleep(self.slow_s)
        self.heard.append(received)

    @property
    def texts(self) -> list[str]:
        return [message.text for one in self.heard for message in one.messages]

    @property
    def ids(self) -> list[str]:
        return [message.external_id for one in self.heard for message in one.messages]


def card() -> Card:
    buttons = (Button("有用", "al:1:useful"), Button("误报", "al:1:false_alarm"))
    return Card(title="t", quote="q", lines=(), question="问？", buttons=buttons)


async def carded(channel: Feishu, person: Member, key: str = "k", **more: Any) -> Receipt:
    [payload] = channel.render(card())
    return await channel.send(Address("feishu", person.open_id), payload, key=key, **more)
