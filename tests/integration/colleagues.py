"""Two HR colleagues, each with a phone on one platform, who are shown the same alert."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot import pipeline
from bot.channels.base import Channel
from bot.delivery import ChannelDelivery
from bot.messages import Received
from scheduler.sender import Outlet, Sender
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries import alerts, backfill, intake, people, users
from storage.queries.common import table, update
from storage.tables import Conversation, Identity
from storage.viewer import SYSTEM, Viewer
from tests.contract.channel_places import channel_of as telegram_of
from tests.contract.place_dingtalk import BUTTONS, TEMPLATE, channel_for, listening
from tests.contract.place_wecom import PATIENT, Clock, Door, words
from tests.contract.place_wecom import channel_of as wecom_of
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_users import SeenMessage
from tests.fakes.wecom import FakeWeCom
from tests.integration.hr import Desk

NAMES = ("李娜", "赵敏")


@dataclass(kw_only=True)
class Phone:
    """One colleague's device. ``cards`` are text and labels of each card, oldest first; ``notes``
    what their presses were answered with, where the platform can."""

    address: str
    cards: Callable[[], list[tuple[str, list[str]]]]
    press: Callable[[str], Any]
    forge: Callable[[str], Any]
    notes: Callable[[], list[str]]


@dataclass(kw_only=True)
class Platform:
    """A running stand-in with two people on it."""

    name: str
    channel: Channel
    phones: tuple[Phone, Phone]
    heard: asyncio.Queue[Received]
    clock: Clock | None = None


@asynccontextmanager
async def wecom() -> AsyncIterator[Platform]:
    clock = Clock()
    async with FakeWeCom(clock=clock, **PATIENT) as fake:
        people_ = [fake.member(f"u{n}", name) for n, name in enumerate(NAMES)]

        def phone(n: int) -> Phone:
            li = people_[n]

            def cards() -> list[tuple[str, list[str]]]:
                return [
                    (
                        words(one.content),
                        [button["text"] for button in one.content.get("button_list", [])],
                    )
                    for one in li.messages()
                    if one.msgtype == "template_card"
                ]

            def forge(action: str) -> None:
                card = [one for one in li.messages() if one.msgtype == "template_card"][-1]
                kept = [dict(button) for button in card.content["button_list"]]
                card.content["button_list"][0]["key"] = action
                li.press(action)
                card.content["button_list"][:] = kept

            return Phone(address=f"app/u{n}", cards=cards, press=li.press, forge=forge, notes=list)

        async with wecom_of(fake, clock) as channel, Door(channel) as door:
            await fake.save_callback(door.url)
            yield Platform(
                name="wecom", channel=channel, phones=(phone(0), phone(1)), heard=door.heard,
                clock=clock,
            )  # fmt: skip


@asynccontextmanager
async def dingtalk() -> AsyncIterator[Platform]:
    async with FakeDingTalk(limits=False) as fake:
        fake.template(TEMPLATE, *BUTTONS)
        people_ = [fake.member(f"u{n}", name) for n, name in enumerate(NAMES)]

        def phone(n: int) -> Phone:
            li = people_[n]

            def cards() -> list[tuple[str, list[str]]]:
                return [
                    ("\n".join(str(value) for value in card.data.values()), card.labels)
                    for card in li.cards()
                ]

            def track() -> str:
                return li.cards()[-1].out_track_id

            return Phone(
                address=f"u/u{n}",
                cards=cards,
                press=lambda label: li.press(track(), label),
                forge=lambda action: li.forge(track(), ["button1"], {"action": action}),
                notes=lambda: [
                    card.data["answer"] for card in li.cards() if card.data.get("answer")
                ],
            )

        heard: asyncio.Queue[Received] = asyncio.Queue()
        async with channel_for(fake) as channel, listening(channel, fake, heard.put):
            yield Platform(
                name="dingtalk", channel=channel, phones=(phone(0), phone(1)), heard=heard
            )


@asynccontextmanager
async def telegram() -> AsyncIterator[Platform]:
    async with FakeTelegram(limits=False, speed=200.0) as fake:
        people_ = [fake.user(700 + n, name) for n, name in enumerate(NAMES)]
        for one in people_:
            one.start()
        fake.state.updates.clear()

        def phone(n: int) -> Phone:
            li = people_[n]

            def carried() -> list[SeenMessage]:
                return [one for one in li.received() if " · " in one.text.partition("\n")[0]]

            def cards() -> list[tuple[str, list[str]]]:
                return [(one.text, one.labels) for one in carried()]

            def newest() -> int:
                return carried()[-1].message_id

            return Phone(
                address=str(700 + n),
                cards=cards,
                press=lambda label: li.press(newest(), label),
                forge=lambda action: li.forge(newest(), action),
                notes=li.answers,
            )

        heard: asyncio.Queue[Received] = asyncio.Queue()
        async with telegram_of(fake) as channel:
            task = asyncio.create_task(channel.listen(heard.put))
            yield Platform(
                name="telegram", channel=channel, phones=(phone(0), phone(1)), heard=heard
            )
            task.cancel()
            await asyncio.wait([task], timeout=5)


PLATFORMS = {"wecom": wecom, "dingtalk": dingtalk, "telegram": telegram}


class Office:
    """Two colleagues who work nobody's case together, and whoever they talk about."""

    def __init__(self, desk: Desk, platform: Platform) -> None:
        self.desk, self.platform, road = desk, platform, desk.road
        self.phones = platform.phones
        road.channels = {**road.channels, platform.name: platform.channel}  # type: ignore[dict-item]
        outlet = Outlet(
            delivery=ChannelDelivery(road, platform.channel), rate=100, burst=100, dedupes=True
        )
        self.sender = Sender(
            road.database, road.engine, {platform.name: outlet}, owner="t", now=road.now
        )
        self.talk: tuple[str, str, str] = ("", "", "")
        self.viewers = [self._colleague(n) for n in range(2)]

    def _colleague(self, number: int) -> Viewer:
        name, address, channel = NAMES[number], self.phones[number].address, self.platform.name

        def work(tx: Tx) -> str:
            user_id = users.create_user(tx, login=f"hr{number}", name=name, role=Role.HR)
            intake.open_conversation(tx, self.desk.road.vault, channel, address)
            identity = table(Identity)
            where = (identity.c.channel == channel) & (identity.c.address == address)
            update(tx, Identity, where, user_id=user_id)
            talk = table(Conversation)
            update(tx, Conversation, talk.c.address == address, state={"greeted": True})
            return user_id

        user_id: str = self.desk.write(work)
        return Viewer.of_user(user_id, name, Role.HR)

    def candidate(self, name: str = "欧阳建国", stage: Stage = Stage.OFFER) -> tuple[str, str, str]:
        """Somebody nobody owns; their id, conversation and address."""
        address, road = f"w_{name}", self.desk.road

        def work(tx: Tx) -> tuple[str, str, str]:
            made = people.create_candidate(tx, road.vault, SYSTEM, name=name, stage=stage)
            talk = backfill.talk(
                tx, road.vault, candidate_id=made, channel="webchat", address=address
            )
            return made, talk.id, address

        found: tuple[str, str, str] = self.desk.write(work)
        return found

    async def says(self, talk: tuple[str, str, str], *texts: str) -> None:
        """The candidate says something, and whoever is to be told is."""
        await self.desk.say(talk, *texts)
        await self.leave()

    async def leave(self) -> None:
        """What waits to be sent is."""
        await self.sender.woken(self.platform.name)

    async def arrives(self) -> None:
        """What was pressed last comes in, is decided, and what follows leaves."""
        road, platform = self.desk.road, self.platform
        received = await asyncio.wait_for(platform.heard.get(), 20)
        await self.desk.app.door.accept(received)
        for message in received.messages:
            talk = await road.database.read(lambda tx, m=message: _talk(tx, m.sender.value))
            await pipeline.handle(road, talk)
        await self.leave()

    async def press(self, number: int, label: str) -> None:
        """One of the two presses a button of their newest card."""
        await asyncio.to_thread(self.phones[number].press, label)
        await self.arrives()

    async def forge(self, number: int, action: str) -> None:
        """A modified client of one of the two."""
        await asyncio.to_thread(self.phones[number].forge, action)
        await self.arrives()

    async def alert(self) -> Any:
        road = self.desk.road
        [row] = await road.database.read(lambda tx: alerts.page(tx, road.vault, SYSTEM, limit=9))
        return row


def _talk(tx: Tx, address: str) -> str:
    talk = table(Conversation)
    return str(
        tx.scalar(talk.select().with_only_columns(talk.c.id).where(talk.c.address == address))
    )
