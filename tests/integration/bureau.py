"""Colleagues with chats of their own, a case, and a clock that is turned by hand: who is told of
an alert, when, and how."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot import records, reminding
from bot.alerts.policy import Policy
from bot.turn import JudgeAlert, Outcome, RaiseAlert
from bot.words import SHANGHAI
from bot.workdays import Calendar
from config import files
from nlp.scheme import Severity
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import AlertStatus, Role, Stage, Verdict
from storage.queries import alerts, intake, people, turns, users
from storage.queries.common import insert, table, update
from storage.tables import Alert, AlertEvent, Identity, Notice, Teammate
from storage.viewer import SYSTEM
from tests.integration.town import Town

NOW, TODAY, DIGEST = Severity.NOW, Severity.TODAY, Severity.DIGEST


@dataclass
class Bureau:
    """A position of 王敏's (``owner``) with 李娜 in its team, an admin 陈总, and its candidates."""

    town: Town
    ids: dict[str, str] = field(default_factory=dict)
    candidates: list[str] = field(default_factory=list)
    position: str = ""
    quotes: int = 0

    @property
    def road(self) -> Any:
        return self.town.road

    async def write(self, work: Any) -> Any:
        return await self.town.database.write(work)

    async def colleague(
        self, login: str, name: str, role: Role = Role.HR, *, chat: bool = True
    ) -> str:
        def work(tx: Tx) -> str:
            return users.create_user(tx, login=login, name=name, role=role)

        self.ids[login] = await self.write(work)
        if chat:
            await self.connect(login)
        return self.ids[login]

    async def connect(self, login: str) -> None:
        """They tie their chat."""

        def work(tx: Tx) -> None:
            intake.open_conversation(tx, self.road.vault, "post", f"app/{login}")
            update(
                tx, Identity, table(Identity).c.address == f"app/{login}", user_id=self.ids[login]
            )

        await self.write(work)

    async def seat(self, owner: str | None, *team: str) -> None:
        def work(tx: Tx) -> str:
            made = people.create_position(
                tx, SYSTEM, title="后端工程师", owner_id=self.ids[owner] if owner else None
            )
            for login in team:
                mate = {"position_id": made, "user_id": self.ids[login], "added_at": tx.now}
                insert(tx, Teammate, mate)
            return made

        self.position = await self.write(work)

    async def candidate(self, name: str = "张三") -> str:
        def work(tx: Tx) -> str:
            return people.create_candidate(
                tx, self.road.vault, SYSTEM, name=name, stage=Stage.OFFER,
                position_id=self.position or None,
            )  # fmt: skip

        self.candidates.append(await self.write(work))
        return self.candidates[-1]

    async def raises(
        self, candidate: str, severity: Severity = TODAY, topic: str = "salary", quote: str = ""
    ) -> str:
        """Something is heard of a candidate; the alert's id."""
        self.quotes += 1
        words = quote or f"话{self.quotes}"

        def work(tx: Tx) -> str:
            source = f"m_{self.quotes}"
            return raised(tx, self.road, candidate, severity, topic, words, source=source)

        made: str = await self.write(work)
        await self.settle()
        return made

    async def judges(self, login: str, alert: str, status: AlertStatus) -> None:
        verdict = Verdict.USEFUL if status is AlertStatus.ACKNOWLEDGED else Verdict.HANDLED

        def work(tx: Tx) -> None:
            one = JudgeAlert(
                alert_id=alert, user_id=self.ids[login], verdict=verdict, status=status,
                via="console", cause=f"j{tx.now.timestamp()}",
            )  # fmt: skip
            woken = records.verdicts(tx, Outcome(flow="test", verdicts=(one,)))
            self.road.engine.wake(tx, DELIVERY, sorted(woken))

        await self.write(work)
        await self.settle()

    async def put_off(self, alert: str, hours: float) -> None:
        """As the press of 稍后 does."""

        def work(tx: Tx) -> None:
            row = table(Alert)
            until = tx.now + timedelta(hours=hours)
            update(tx, Alert, row.c.id == alert, snoozed_until=until, revision=row.c.revision + 1)

        await self.write(work)

    async def to(self, hour: int, minute: int = 0) -> None:
        """The next such time of day in Shanghai."""
        at = self.town.clock().astimezone(SHANGHAI)
        then = at.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if then <= at:
            then += timedelta(days=1)
        self.town.clock.advance(then - at)

    async def tick(self, **later: float) -> None:
        self.town.clock.advance(timedelta(**later))
        await reminding.tick(self.road)
        await self.settle()

    async def settle(self) -> None:
        """Until all that can leave has left."""
        for _ in range(1500):
            if not {"new", "sending"} & set(await self.town.statuses()):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(await self.town.statuses())

    def seen(self, login: str) -> list[str]:
        """What a colleague read, changes of cards marked with ``*``; of a card its first line."""
        return [
            ("*" if replaced else "") + text.split("\n")[0]
            for to, text, replaced in self.town.post.sent
            if to == f"app/{login}"
        ]

    async def notices(self, alert: str) -> dict[str, tuple[str, str, int]]:
        """State, reason and level by login."""
        logins = {user_id: login for login, user_id in self.ids.items()}
        query = table(Notice).select().where(table(Notice).c.alert_id == alert)
        rows = await self.town.database.read(lambda tx: tx.all(query))
        return {logins[row.user_id]: (row.state, row.why, row.level) for row in rows}

    async def events(self, alert: str) -> list[tuple[str, dict[str, Any]]]:
        event = table(AlertEvent)
        query = event.select().where(event.c.alert_id == alert).order_by(event.c.at, event.c.id)
        rows = await self.town.database.read(lambda tx: tx.all(query))
        return [(row.kind, row.about) for row in rows]

    async def alert(self, alert: str) -> Any:
        query = table(Alert).select().where(table(Alert).c.id == alert)
        return await self.town.database.read(lambda tx: tx.first(query))

    def editable(self) -> None:
        """The platform can change a card."""
        self.town.post.limits = replace(self.town.post.limits, editable=True)


def raised(
    tx: Tx, road: Any, candidate: str, severity: Severity, topic: str, words: str, *, source: str
) -> str:
    """As a turn raises an alert; its id."""
    row = people.get_candidate(tx, road.vault, SYSTEM, candidate)
    turns.touch(tx, candidate, row.version)
    due_at = tx.now + timedelta(hours=road.rulebook.policy.due_hours[severity])
    one = RaiseAlert(
        topic=topic, severity=severity, quote=words, question=topic, spans=(), due_at=due_at
    )
    woken = records.about_candidate(
        tx,
        road.vault.key(tx, row.subject_id),
        vault=road.vault,
        rules=road.rulebook,
        candidate_id=candidate,
        conversation_id=None,
        source=source,
        said_at=tx.now,
        outcome=Outcome(flow="test", alerts=(one,)),
        channels=road.channels,
    )
    road.engine.wake(tx, DELIVERY, sorted(woken))
    [found] = [a for a in alerts.unresolved(tx, candidate) if a.topic == topic]
    return str(found.id)


async def opened(town: Town) -> Bureau:
    """On a working day at ten, with quiet hours, by the shipped rules."""
    made = Bureau(town)
    today = town.clock().date()
    every = [today + timedelta(days=n) for n in range(-3, 40)]
    days = {
        year: {"work": [one for one in every if one.year == year]}
        for year in {day.year for day in every}
    }
    town.road.rulebook = replace(
        town.road.rulebook,
        calendar=Calendar.model_validate({"holidays": days}),
        policy=Policy.model_validate(files.read("policy.yaml", None)),
    )
    await made.to(10)
    await made.colleague("owner", "王敏")
    await made.colleague("mate", "李娜")
    await made.colleague("boss", "陈总", Role.HR_ADMIN)
    await made.seat("owner", "mate")
    return made


def at_hour(moment: datetime) -> str:
    """The time of day in Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%H:%M}"
