"""The employer's clocks on each kind of database: nudged once, alarmed later, done by one press."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot import jobs, owing, pipeline
from bot.messages import Address, Inbound, Received
from bot.words import SHANGHAI
from bot.workdays import Calendar
from scheduler.clock import Clock
from storage.database import Tx
from storage.enums import MessageKind, Role, ScheduledStatus, Stage
from storage.queries import alerts, audit, intake, offers, people, users
from storage.queries.common import table, update
from storage.tables import Conversation, Identity, Scheduled
from storage.viewer import SYSTEM
from tests.integration.town import Town

HR, MANAGER, STRANGER = "app/hr", "app/manager", "app/other"


class Firm:
    """A town with an HR, a manager and one who has nothing to do with it, each with a chat."""

    def __init__(self, town: Town) -> None:
        self.town, self.road, self.said = town, town.road, 0
        self.clock = Clock(town.database, now=town.clock)
        self.ids: dict[str, str] = {}
        self.talks: dict[str, str] = {}

    async def write(self, work: Any) -> Any:
        return await self.town.database.write(work)

    async def colleague(self, address: str, role: Role, *, chat: bool = True) -> str:
        def work(tx: Tx) -> tuple[str, str]:
            who = users.create_user(tx, login=address, name=f"同事{address}", role=role)
            if not chat:
                return who, ""
            intake.open_conversation(tx, self.road.vault, "post", address)
            update(tx, Identity, table(Identity).c.address == address, user_id=who)
            talks = table(Conversation)
            row = tx.first(talks.select().where(talks.c.address == address))
            return who, str(row.id)

        self.ids[address], self.talks[address] = await self.write(work)
        return self.ids[address]

    async def candidate(
        self, stage: Stage, *, start_in: int | None = None, managed: bool = True
    ) -> str:
        manager = self.ids.get(MANAGER) if managed else None

        def work(tx: Tx) -> str:
            seat = people.create_position(
                tx, SYSTEM, title="后端工程师", owner_id=self.ids[HR], manager_id=manager
            )
            start = None
            if start_in is not None:
                start = tx.now.astimezone(SHANGHAI).date() + timedelta(days=start_in)
            return people.create_candidate(
                tx, self.road.vault, SYSTEM, name="陈一鸣", stage=stage, position_id=seat,
                owner_id=self.ids[HR], start_on=start,
            )  # fmt: skip

        return str(await self.write(work))

    async def draft(self, candidate: str) -> str:
        def work(tx: Tx) -> str:
            row = people.get_candidate(tx, self.road.vault, SYSTEM, candidate)
            key = self.road.vault.key(tx, row.subject_id)
            return offers.draft(tx, key, candidate, {"pay": "18k"}, by=self.ids[HR]).id

        return str(await self.write(work))

    async def tick(self, **later: float) -> None:
        self.town.clock.advance(timedelta(**later))
        await owing.plan(self.road)
        await self.clock.fire_due(jobs.fire(self.road))
        await self.told()

    async def told(self) -> list[str]:
        """What left to colleagues, once all has left, with alert cards left out."""
        waiting = {"new", "sending"}
        for _ in range(500):
            if not waiting & set(await self.town.statuses()):
                break
            await asyncio.sleep(0.02)
        assert not waiting & set(await self.town.statuses())
        return [text for text, _ in self.town.post.said if "请回复数字：\n1. 有用" not in text]

    async def alerts(self, candidate: str) -> list[Any]:
        vault = self.road.vault
        return list(
            await self.town.database.read(
                lambda tx: alerts.page(tx, vault, SYSTEM, candidate_id=candidate, limit=9)
            )
        )

    async def moments(self) -> dict[str, str]:
        return {row.kind: row.status for row in await self.town.rows(Scheduled)}

    async def type(self, address: str, text: str) -> list[str]:
        """A colleague types; what they are told."""
        before = len(await self.told())
        self.said += 1
        message = Inbound(
            external_id=f"s{self.said}", sender=Address("post", address),
            kind=MessageKind.TEXT, text=text, sent_at=self.town.clock(),
        )  # fmt: skip
        await self.town.door.accept(Received(messages=(message,)))
        await pipeline.handle(self.road, self.talks[address])
        return (await self.told())[before:]

    async def press(self, address: str, action: str) -> list[str]:
        before = len(await self.told())
        self.said += 1
        message = Inbound(
            external_id=f"p{self.said}", sender=Address("post", address),
            kind=MessageKind.PRESS, text=action, sent_at=self.town.clock(),
        )  # fmt: skip
        await self.town.door.accept(Received(messages=(message,)))
        await pipeline.handle(self.road, self.talks[address])
        return (await self.told())[before:]

    async def facts(self, candidate: str) -> list[tuple[str, str, str]]:
        def work(tx: Tx) -> list[tuple[str, str, str]]:
            row = people.get_candidate(tx, self.road.vault, SYSTEM, candidate)
            key = self.road.vault.key(tx, row.subject_id)
            return [(one.kind, value, one.source) for one, value in people.facts(tx, key, row.id)]

        found: list[tuple[str, str, str]] = await self.town.database.read(work)
        return found

    async def deeds(self) -> int:
        rows = await self.town.database.read(lambda tx: audit.page(tx, limit=50))
        return len([one for one in rows if one.action == "duty.done"])


async def opened(town: Town) -> Firm:
    """A firm at noon, with its HR, manager and stranger, on which every day is worked."""
    made = Firm(town)
    town.road.pause = town.road.longest = timedelta(0)
    today = town.clock().date()
    every = [today + timedelta(days=n) for n in range(-3, 40)]
    days = {
        year: {"work": [one for one in every if one.year == year]}
        for year in {d.year for d in every}
    }
    calendar = Calendar.model_validate({"holidays": days})  # no weekend, whatever day it is
    town.road.rulebook = replace(town.road.rulebook, calendar=calendar)
    at = town.clock().astimezone(SHANGHAI)
    noon = datetime.combine(at.date() + timedelta(days=1), datetime.min.time(), SHANGHAI)
    town.clock.advance(noon + timedelta(hours=12) - at)
    await made.colleague(HR, Role.HR)
    await made.colleague(MANAGER, Role.MANAGER)
    await made.colleague(STRANGER, Role.MANAGER)
    return made


@pytest.fixture
async def firm(town: Town) -> Firm:
    return await opened(town)


async def test_an_offer_that_waits_is_nudged_once_then_hr_is_alarmed(firm: Firm) -> None:
    who = await firm.candidate(Stage.OFFER)
    await firm.draft(who)
    await firm.tick(hours=23)
    assert await firm.told() == []
    await firm.tick(hours=1.1)
    await firm.tick(hours=1)
    [nudge] = await firm.told()
    assert "陈一鸣（后端工程师）的 offer 草稿还没有发出" in nudge
    assert f"/console/candidates/{who}" in nudge
    assert await firm.alerts(who) == []
    await firm.tick(hours=23)
    [alert] = await firm.alerts(who)
    assert (alert.topic, alert.quote) == ("offer_late", "offer 草稿一直没有发出（后端工程师）")
    await firm.tick(hours=48)
    assert len(await firm.alerts(who)) == 1


@pytest.mark.parametrize("after_h", [1, 25])
async def test_an_offer_that_was_sent_is_nobody_s_concern(firm: Firm, after_h: int) -> None:
    who = await firm.candidate(Stage.OFFER)
    offer = await firm.draft(who)
    await firm.tick(hours=after_h)
    await firm.write(lambda tx: offers.move(tx, who, offer, "sent"))
    before = len(await firm.told())
    await firm.tick(hours=60)
    assert len(await firm.told()) == before
    assert await firm.alerts(who) == []


async def test_an_offer_of_somebody_who_is_gone_is_forgotten(firm: Firm) -> None:
    who = await firm.candidate(Stage.OFFER)
    await firm.draft(who)
    await firm.tick(hours=1)
    await firm.write(lambda tx: people.set_stage(tx, SYSTEM, who, Stage.DECLINED))
    await firm.tick(hours=60)
    assert await firm.told() == []
    assert set((await firm.moments()).values()) == {ScheduledStatus.CANCELLED.value}


async def test_the_manager_is_asked_to_say_hello_and_one_word_is_done(firm: Firm) -> None:
    who = await firm.candidate(Stage.ACCEPTED, start_in=5)
    await firm.tick(hours=1)
    assert await firm.told() == []
    await firm.tick(days=2)
    [asked] = await firm.told()
    assert "入职前打个招呼" in asked
    assert "1. 已打招呼" in asked
    assert (await firm.type(MANAGER, "1")) == ["已记下，谢谢"]
    assert (await firm.type(MANAGER, "已打招呼")) == ["已经记过了"]
    [(kind, value, source)] = await firm.facts(who)
    assert (kind, source) == ("duty_greeting", f"user:{firm.ids[MANAGER]}")
    assert date.fromisoformat(value)
    assert await firm.deeds() == 1
    await firm.tick(days=4)
    assert await firm.alerts(who) == []


async def test_a_hello_that_nobody_said_alarms_hr_before_the_first_day(firm: Firm) -> None:
    who = await firm.candidate(Stage.ACCEPTED, start_in=5)
    await firm.tick(days=2)
    await firm.tick(days=1.5)
    assert await firm.alerts(who) == []
    await firm.tick(hours=11)
    [alert] = await firm.alerts(who)
    assert alert.topic == "greeting"
    assert "用人经理还没有打招呼" in alert.quote


async def test_where_the_manager_has_no_chat_hr_is_asked(firm: Firm) -> None:
    await firm.candidate(Stage.ACCEPTED, start_in=2, managed=False)
    await firm.tick(minutes=1)
    [asked] = await firm.told()
    assert "请提醒经理打个招呼" in asked
    assert (await firm.type(HR, "已打招呼")) == ["已记下，谢谢"]


async def test_a_moved_first_day_is_asked_about_anew(firm: Firm) -> None:
    who = await firm.candidate(Stage.ACCEPTED, start_in=2)
    await firm.tick(minutes=1)
    assert len(await firm.told()) == 1
    later = firm.town.clock().astimezone(SHANGHAI).date() + timedelta(days=10)
    await firm.write(lambda tx: people.set_stage(tx, SYSTEM, who, Stage.ACCEPTED, start_on=later))
    await firm.tick(days=2)
    assert (len(await firm.told()), await firm.alerts(who)) == (1, [])
    await firm.tick(days=6)
    assert len(await firm.told()) == 2


async def test_who_may_not_see_the_candidate_cannot_say_that_it_is_done(firm: Firm) -> None:
    who = await firm.candidate(Stage.ACCEPTED, start_in=2)
    await firm.tick(minutes=1)
    day = firm.town.clock().astimezone(SHANGHAI).date() + timedelta(days=2)
    forged = (f"dt:greeting:{who}:{day:%Y%m%d}", f"dt:greeting:c_{'a' * 26}:{day:%Y%m%d}")
    for action in forged:
        await firm.press(STRANGER, action)
    await firm.press(STRANGER, f"dt:greeting:{who}:20260230")
    assert await firm.facts(who) == []
    assert await firm.deeds() == 0


async def test_two_clocks_nudge_once(firm: Firm) -> None:
    await firm.candidate(Stage.ACCEPTED, start_in=2)
    other = Clock(firm.town.database, now=firm.town.clock)
    await owing.plan(firm.road)
    await owing.plan(firm.road)
    fire = jobs.fire(firm.road)
    done = await firm.clock.fire_due(fire), await other.fire_due(fire)
    assert sorted(done) == [0, 1]
    assert len(await firm.told()) == 1
