"""A company whose clock is turned by hand: stages, chats, and surveys that leave by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot import desk, inviting, jobs, pipeline, records
from bot.app import App, build
from bot.messages import Address, Inbound, Received
from bot.pipeline import Road
from bot.turn import AddFact, Outcome
from bot.web import intake
from bot.workdays import ZONE
from config.settings import Settings
from storage.crypto import Keystore
from storage.database import Tx
from storage.enums import Author, MessageKind, Role, ScheduledStatus, Stage, StepKind
from storage.queries import alerts, backfill, people, steps, surveys, timeline, users
from storage.queries.backfill import PastMessage
from storage.queries.common import insert, table, update
from storage.queries.surveys import InvitationRow
from storage.tables import Conversation, Fact, Identity, Message, Scheduled
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock
from tests.integration.post import Post
from tests.said import said


@dataclass
class Company:
    """One HR, 王敏, with a chat of her own; candidates on the web chat or on a platform with
    windows."""

    app: App
    clock: FakeClock
    hr: Viewer
    names: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    @property
    def road(self) -> Road:
        return self.app.road

    async def candidate(
        self, stage: Stage = Stage.INTERVIEW, *, channel: str = "webchat", address: str = ""
    ) -> str:
        """Somebody new, with a chat unless ``channel`` is empty."""
        number = next(self.names)
        self.clock.advance(1)

        def work(tx: Tx) -> str:
            made = intake.add_candidate(tx, self.road, self.hr, name=f"候选{number}", stage=stage)
            if channel:
                address_ = address or f"w_{number}"
                backfill.talk(
                    tx, self.road.vault, candidate_id=made, channel=channel, address=address_
                )
                self._quiet(tx)
            return made

        return await self.road.database.write(work)

    def _quiet(self, tx: Tx) -> None:
        """Nobody has just been talking."""
        long_ago = tx.now - timedelta(days=1)
        update(tx, Conversation, sa.true(), last_at=long_ago)

    async def move(self, candidate: str, stage: Stage, start_on: date | None = None) -> None:
        await desk.move(self.road, self.hr, candidate, stage, start_on=start_on)

    async def says(self, candidate: str, text: str = "你好") -> None:
        """The candidate wrote something that is answered already."""

        def work(tx: Tx) -> None:
            [talk, *_] = timeline.conversations_of(tx, SYSTEM, candidate)
            uid = f"m_{candidate[:12]}{tx.now.timestamp():.0f}"
            past = PastMessage(
                uid=uid, author=Author.CANDIDATE, author_id=None, text=text, at=tx.now
            )
            row = backfill.talk_by_id(tx, talk.id)
            key = self.road.vault.key(tx, row.subject_id)
            backfill.messages(tx, key, row, [past])
            # As it came in, not as it was brought in from elsewhere: a window opens by it.
            message = table(Message)
            update(tx, Message, message.c.uid == uid, external_id=uid)
            update(tx, Conversation, table(Conversation).c.id == talk.id, last_at=tx.now)

        await self.road.database.write(work)

    async def set(self, candidate: str, model: Any, **values: Any) -> None:
        """Change the conversation or the identity of somebody."""

        def work(tx: Tx) -> None:
            [talk, *_] = timeline.conversations_of(tx, SYSTEM, candidate)
            row = backfill.talk_by_id(tx, talk.id)
            id_ = row.id if model is Conversation else row.identity_id
            update(tx, model, table(model).c.id == id_, **values)

        await self.road.database.write(work)

    async def tick(self) -> int:
        return await self.app.clock.fire_due(jobs.fire(self.road))

    async def until(self, day: date, hour: int = 18) -> None:
        """Let time pass to a moment, with a look of the clock at everything that comes due."""
        end = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
        while True:
            due = await self.road.database.read(lambda tx: _next_due(tx, end, self.clock()))
            if due is None:
                break
            self.clock.set(max(due, self.clock()))
            await self.tick()
            self.clock.advance(1)
        self.clock.set(max(end, self.clock()))
        await self.tick()

    async def report(self) -> int:
        return await inviting.report(self.road)

    async def invitations(self, candidate: str) -> dict[str, InvitationRow]:
        """Somebody's, by survey."""
        rows = await self.road.database.read(lambda tx: surveys.of_candidate(tx, candidate))
        assert len({row.survey_id for row in rows}) == len(rows)
        return {row.survey_id: row for row in rows}

    async def asked(self, candidate: str) -> list[tuple[str, str]]:
        """What somebody was asked, and when (Shanghai), in order."""
        rows = [row for row in (await self.invitations(candidate)).values() if row.opened_at]
        rows.sort(key=lambda row: row.opened_at or row.created_at)
        return [
            (row.survey_id, f"{row.opened_at.astimezone(ZONE):%m-%d %H:%M}")
            for row in rows
            if row.opened_at
        ]

    async def told(self) -> list[str]:
        """What 王敏 read in her own chat."""
        return await self.said_in("hr")

    async def said_in(self, address: str) -> list[str]:
        return await self.road.database.read(lambda tx: said(tx, self.road.vault, address))

    async def facts(self, candidate: str) -> list[str]:
        fact = table(Fact)
        return await self.road.database.read(
            lambda tx: [
                row.kind
                for row in tx.all(sa.select(fact.c.kind).where(fact.c.candidate_id == candidate))
            ]
        )

    async def hears(self, address: str, candidate: str, text: str) -> None:
        """The candidate writes on the web chat, and is answered."""
        message = Inbound(
            external_id=f"in_{text}",
            sender=Address("webchat", address),
            kind=MessageKind.TEXT,
            text=text,
            sent_at=self.clock(),
        )
        await self.app.door.accept(Received(messages=(message,)))
        rows = await self.road.database.read(
            lambda tx: timeline.conversations_of(tx, SYSTEM, candidate)
        )
        await pipeline.handle(self.road, rows[0].id)

    async def alerts(self, candidate: str) -> list[str]:
        """Topics of what waits for somebody."""
        rows = await self.road.database.read(lambda tx: alerts.unresolved(tx, candidate))
        return [row.topic for row in rows]

    async def learns(self, candidate: str, fact: AddFact) -> None:
        """The candidate answered, and this is what it means."""

        def work(tx: Tx) -> None:
            row = people.get_candidate(tx, self.road.vault, SYSTEM, candidate)
            records.about_candidate(
                tx,
                self.road.vault.key(tx, row.subject_id),
                vault=self.road.vault,
                rules=self.road.rulebook,
                candidate_id=candidate,
                conversation_id=None,
                source="m_1",
                said_at=tx.now,
                outcome=Outcome(flow="survey", facts=(fact,)),
                channels={},
            )

        await self.road.database.write(work)

    async def open_steps(self, candidate: str) -> dict[StepKind, str]:
        """Their ids, by kind."""
        found = await self.road.database.read(lambda tx: steps.kinds(tx, candidate))
        return {kind: step.id for kind, step in found.open.items()}

    async def switch_off(self, survey: str) -> None:
        by = self.hr.id
        await self.road.database.write(lambda tx: surveys.switch(tx, survey, False, by=by))

    async def close(self, invitation: InvitationRow, status: Any) -> None:
        """The candidate ended it."""
        await self.road.database.write(
            lambda tx: surveys.close(
                tx,
                invitation.id,
                surveys.get(tx, invitation.candidate_id, invitation.id).revision,
                status,
            )
        )


def _next_due(tx: Tx, end: datetime, after: datetime) -> datetime | None:
    rows = table(Scheduled)
    found: datetime | None = tx.scalar(
        sa.select(sa.func.min(rows.c.due_at)).where(
            rows.c.status == ScheduledStatus.PENDING.value, rows.c.due_at > after
        )
    )
    return found if found is not None and found <= end else None


@contextmanager
def company(
    settings: Settings, clock: FakeClock, *, now: Callable[[], datetime] | None = None
) -> Iterator[Company]:
    """A company that is not started; its rules are the shipped ones. ``now``: what it reads off
    ``clock``."""
    if not settings.keystore_path.exists():
        Keystore.create(settings.keystore_path)
    app = build(settings, now=now or clock)
    post = Post(clock)
    app.road.channels = {**app.road.channels, "post": post}

    def work(tx: Tx) -> str:
        made = users.create_user(tx, login="wangmin", name="王敏", role=Role.HR)
        key = app.road.vault.new_subject(tx)
        insert(tx, Identity, _identity("hr", user_id=made, at=tx.now))
        insert(
            tx,
            Conversation,
            {
                "id": "v_hr", "channel": "post", "address": "hr", "identity_id": "i_hr",
                "subject_id": key.id, "wake": False, "version": 0, "muted": False, "state": {},
                "created_at": tx.now, "last_at": tx.now,
            },
        )  # fmt: skip
        return made

    user_id = app.database.submit(work).result(30)
    try:
        yield Company(app=app, clock=clock, hr=Viewer.of_user(user_id, "王敏", Role.HR))
    finally:
        app.database.close()


def _identity(address: str, *, user_id: str, at: datetime) -> dict[str, Any]:
    return {
        "id": f"i_{address}", "channel": "post", "address": address, "user_id": user_id,
        "reachable": True, "created_at": at, "linked_at": at,
    }  # fmt: skip
