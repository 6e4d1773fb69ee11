"""DingTalk's place in the contract suite: the channel over its stand-in, and one colleague."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.channels.dingtalk import Config, DingTalk, build
from bot.channels.dingtalk_config import config_of
from bot.channels.dingtalk_sign import robot_sign
from bot.messages import Address, HttpCall, Inbound, Receipt, Received
from tests.contract.channel_places import BASE_URL, SECRET, Place, Shown
from tests.fakes.dingtalk import CardButton, FakeDingTalk, Member

TEMPLATE = "yinuo.schema"
BUTTONS = tuple(
    CardButton(
        action_id=f"button{number}",
        label=f"${{label{number}}}",
        params={"action": f"${{action{number}}}"},
        shown_if=(f"show{number}", "true"),
    )
    for number in (1, 2, 3, 4)
)
#: Of the fields of a card, those that are words; the order of the template.
SHOWN = ("title", "quote", "facts", "question", "note", "choices", "link", "answer")
CLIENT_ID, CLIENT_SECRET = "dingoffline01", "offline-client-secret-0001"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of a test."""

    value: str = ""

    def get_secret_value(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What the settings will hold under ``dingtalk``."""

    client_id: str = CLIENT_ID
    client_secret: Secret = Secret(CLIENT_SECRET)
    robot_code: str = ""
    corp_id: str = ""
    api_base: str = "http://127.0.0.1:9"
    oapi_base: str = "http://127.0.0.1:9"
    mode: str = "stream"
    card_template_id: str = ""
    card_buttons: int = 4
    event_token: Secret = Secret()
    event_aes_key: Secret = Secret()
    event_owner: str = ""
    group_robot_token: Secret = Secret()
    group_robot_secret: Secret = Secret()
    sign_in_base: str = ""


def utc_now() -> datetime:
    return datetime.now(UTC)


def section_of(fake: FakeDingTalk, **more: Any) -> Section:
    given: dict[str, Any] = {
        "client_id": fake.app.client_id,
        "client_secret": Secret(fake.app.client_secret),
        "corp_id": fake.app.corp_id,
        "api_base": fake.api_base,
        "oapi_base": fake.oapi_base,
        "card_template_id": TEMPLATE,
    }
    return Section(**given | more)


def config_for(fake: FakeDingTalk, *, base_url: str = BASE_URL, **more: Any) -> Config:
    """Settings and, for what is not a setting, fields of the config itself."""
    settings = {name: more.pop(name) for name in list(more) if name in Section.__slots__}
    made = config_of(section_of(fake, **settings), secret=SECRET, base_url=base_url)
    return replace(made, **{"reconnect_s": 0.02, **more})


@asynccontextmanager
async def channel_for(
    fake: FakeDingTalk, *, now: Callable[[], datetime] = utc_now, **more: Any
) -> AsyncIterator[DingTalk]:
    channel = DingTalk(config_for(fake, **more), now=now)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


@asynccontextmanager
async def listening(
    channel: DingTalk, fake: FakeDingTalk, accept: Callable[[Received], Any]
) -> AsyncIterator[None]:
    """The channel holds the stream meanwhile."""
    task = asyncio.create_task(channel.listen(accept))
    await fake.until(lambda: fake.connections)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled() or task.exception() is None


@asynccontextmanager
async def dingtalk_place() -> AsyncIterator[Place]:
    async with FakeDingTalk(limits=False) as fake:
        fake.template(TEMPLATE, *BUTTONS)
        person = fake.member("u1", "李娜")
        channel = build(section_of(fake), secret=SECRET, base_url=BASE_URL)
        assert isinstance(channel, DingTalk)
        await channel.start()
        heard: asyncio.Queue[Received] = asyncio.Queue()

        async def press(receipt: Receipt, action: str) -> Inbound:
            person.forge(receipt.value.partition("/")[2], ["button1"], {"action": action})
            [message] = (await asyncio.wait_for(heard.get(), 5)).messages
            return message

        async def write(text: str) -> Received:
            person.say(text)
            return await asyncio.wait_for(heard.get(), 5)

        async with listening(channel, fake, heard.put):
            yield Place(
                channel=channel,
                person=Address("dingtalk", "u/u1"),
                shown=lambda: on_the_phone(person),
                press=press,
                write=write,
                code=lambda: fake.auth_code(person),
                foreign=lambda: fake.auth_code(fake.outsider("un-out")),
                down=lambda: fake.time_out("/v1.0/oauth2/userAccessToken"),
            )
        await channel.stop()


def on_the_phone(person: Member) -> list[Shown]:
    """Messages, and then cards: the suite sends the one or the other."""
    texts = [Shown(message.text, ()) for message in person.received()]
    for card in person.cards():
        said = [card.data.get(name, "") for name in SHOWN]
        actions = tuple(button.params["action"] for button in card.buttons)
        texts.append(Shown("\n".join(part for part in said if part), actions))
    return texts


def offline_dingtalk() -> DingTalk:
    """A channel that decodes and draws; there is nothing where it would call."""
    section = Section(mode="http", card_template_id=TEMPLATE)
    config = config_of(section, secret=SECRET, base_url=BASE_URL)
    return DingTalk(replace(config, reconnect_s=0.02), now=lambda: AT)


#: When the captured calls arrive.
AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
_TICKS = itertools.count()


def signed_dingtalk(body: bytes) -> HttpCall:
    """A genuine callback of the robot, each at a moment of its own."""
    moment = str(int(AT.timestamp() * 1000) - 60_000 + next(_TICKS) % 60_000)
    headers = {
        "content-type": "application/json; charset=utf-8",
        "timestamp": moment,
        "sign": robot_sign(CLIENT_SECRET, moment),
    }
    return HttpCall(method="POST", headers=headers, query={}, body=body)
