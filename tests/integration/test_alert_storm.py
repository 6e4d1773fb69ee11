"""A thousand risky messages in a minute: each HR gets a bounded number of messages in their chat,
and every alert is in their inbox and was shown or counted to them. On each kind of database, with
a real bot interface on loopback where HR is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import reminding
from bot.channels import telegram, webchat
from bot.messages import Address, Inbound, Received
from bot.pipeline import Door, Road
from config.settings import Settings, TelegramSettings
from nlp.reading import Utterance
from storage.database import Database, Tx, open_database
from storage.enums import MessageKind, Role, Stage
from storage.queries import alerts, backfill, intake, people, users
from storage.queries.common import table, update
from storage.tables import Alert, AlertEvent, Identity, Message, Notice, Outbox, Reading
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.integration.web.conftest import road_on, rules

MESSAGES, CANDIDATES, COLLEAGUES = 1_000, 200, 4
FIRST = 900
#: Turns handled at the same moment may each see the last free place of a colleague's limit.
AT_ONCE = 4
RISKY = (
    "薪资还是低了点，我再考虑考虑",
    "我手上还有另一家公司的 offer，在比较",
    "原公司给我加薪挽留我，我有点犹豫",
    "抱歉，我决定不来了",
    "家里人不太同意我去外地，我再想想",
)


@dataclass
class Weather:
    """The product with four HR on Telegram and two hundred candidates on the web chat."""

    road: Road
    door: Door
    database: Database
    clock: FakeClock
    fake: FakeTelegram
    colleagues: list[str]

    async def rows(self, model: Any) -> list[Any]:
        return await self.database.read(lambda tx: tx.all(table(model).select()))

    async def storm(self) -> None:
        """One minute, in which everybody says every sentence."""
        for number in range(MESSAGES):
            person, turn = number % CANDIDATES, number // CANDIDATES
            message = Inbound(
                external_id=f"in{number}",
                sender=Address("webchat", f"w_{person}"),
                kind=MessageKind.TEXT,
                text=RISKY[(person + turn) % len(RISKY)],
                sent_at=self.clock(),
            )
            await self.door.accept(Received(messages=(message,)))
            self.clock.advance(60 / MESSAGES)
        await self.settled()

    async def settled(self) -> None:
        """Until every message is handled and all that can leave has left."""

        def left(tx: Tx) -> int:
            said, sends = table(Message), table(Outbox)
            waiting = tx.all(said.select().where(said.c.status == "new").limit(1))
            going = tx.all(sends.select().where(sends.c.status.in_(["new", "sending"])).limit(1))
            return len(waiting) + len(going)

        for _ in range(2_400):
            if not await self.database.read(left):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("something never left")

    async def tick(self, **later: float) -> None:
        self.clock.advance(timedelta(**later))
        await reminding.tick(self.road)
        await self.settled()

    def messages(self, colleague: int) -> Counter[str]:
        """What the platform was asked to show one colleague, by method."""
        chat = str(FIRST + colleague)
        return Counter(
            one.method for one in self.fake.calls if str(one.params.get("chat_id")) == chat
        )


@pytest.fixture
async def weather(database_url: str, tmp_path: Path) -> AsyncIterator[Weather]:
    clock = FakeClock()
    rules().read([Utterance(text="你好", now=clock())])  # its dictionary takes seconds, once
    database = open_database(database_url, now=clock)
    with FakeTelegram(limits=False) as fake:
        for number in range(COLLEAGUES):
            fake.user(FIRST + number, f"HR{number}").account.started = True
        settings = TelegramSettings.model_validate(
            {"bot_token": fake.token, "api_base": fake.api_base, "bot_username": "yinuo_bot"}
        )
        channel = telegram.build(settings, secret="5ec7e7" * 8, base_url="http://127.0.0.1")
        # The injected clock stands still while they leave; how fast they may is another test.
        channel.limits = replace(channel.limits, rate=1e6, burst=1e6)
        road, sender = road_on(database, clock, Settings(data_dir=tmp_path), more={
            "telegram": channel
        })  # fmt: skip

        def settle_in(tx: Tx) -> list[str]:
            made = []
            for number in range(COLLEAGUES):
                login = f"hr{number}"
                made.append(users.create_user(tx, login=login, name=login, role=Role.HR))
                intake.open_conversation(tx, road.vault, "telegram", str(FIRST + number))
                here = table(Identity).c.address == str(FIRST + number)
                update(tx, Identity, here, user_id=made[-1])
            for number in range(CANDIDATES):
                who = people.create_candidate(
                    tx, road.vault, SYSTEM, name=f"候选{number}", stage=Stage.OFFER,
                    owner_id=made[number % COLLEAGUES],
                )  # fmt: skip
                address = f"w_{number}"
                backfill.talk(
                    tx, road.vault, candidate_id=who, channel=webchat.NAME, address=address
                )
            return made

        colleagues = await database.write(settle_in)
        await channel.start()
        running = asyncio.create_task(road.engine.run())
        door = Door(road)
        yield Weather(road, door, database, clock, fake, colleagues)
        await channel.stop()
        await door.close()
        sender.drain()
        await road.engine.stop()
        await running
    database.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_storm_of_alerts_is_bounded_and_loses_none(weather: Weather) -> None:
    limit = weather.road.rulebook.policy.telling.limit
    await weather.storm()

    # Within the minute: at most the limit of cards, whatever else happens only changes them.
    for number in range(COLLEAGUES):
        shown = weather.messages(number)
        assert limit.cards <= shown["sendmessage"] < limit.cards + AT_ONCE, shown
        assert shown["editmessagetext"] <= MESSAGES // COLLEAGUES, shown

    # Nothing was lost: every sentence was handled, every alarming reading is in an alert.
    said, readings, events = (
        await weather.rows(Message), await weather.rows(Reading), await weather.rows(AlertEvent)
    )  # fmt: skip
    inbound = {row.id: row for row in said if row.external_id.startswith("in")}
    assert len(inbound) == MESSAGES
    assert {row.status for row in inbound.values()} == {"done"}
    alarming = {inbound[row.message_id].uid for row in readings if row.alert}
    assert len(alarming) >= MESSAGES * 0.9, "the sentences are risky to the rules"
    heard = {row.about["source"] for row in events if row.kind in {"raised", "joined"}}
    assert alarming <= heard

    # Every one is in the inbox of whose case it is, and was shown, counted, or is for the digest.
    await weather.tick(seconds=61)
    raised = await weather.rows(Alert)
    notices = {(row.alert_id, row.user_id): row for row in await weather.rows(Notice)}
    seen: set[str] = set()
    for number, user_id in enumerate(weather.colleagues):
        viewer = Viewer.of_user(user_id, f"hr{number}", Role.HR)
        inbox = await weather.database.read(
            lambda tx, viewer=viewer: alerts.page(tx, weather.road.vault, viewer, limit=MESSAGES)
        )
        seen |= {one.id for one in inbox}
        states = Counter(
            (notices[one.id, user_id].state, notices[one.id, user_id].why) for one in inbox
        )
        assert not [state for state, _ in states if state == "waiting"], states
        shown = weather.messages(number)
        assert shown["sendmessage"] <= limit.cards + AT_ONCE, shown  # and one for all others
        folded = states["folded", "limit"]
        [text] = [one for one in weather.fake.user(FIRST + number).texts() if "另有" in one]
        assert f"另有 {folded} 条预警等您看" in text
    assert seen == {row.id for row in raised}

    # An hour on, nobody having touched any of it: still bounded, whatever goes up to whom.
    before = [weather.messages(number)["sendmessage"] for number in range(COLLEAGUES)]
    for _ in range(12):
        await weather.tick(minutes=5)
    for number in range(COLLEAGUES):
        more = weather.messages(number)["sendmessage"] - before[number]
        assert more <= 6 * (limit.cards + 2), more
