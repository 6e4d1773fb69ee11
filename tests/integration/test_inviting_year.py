"""A year of surveys, sent by clocks that are killed, stopped for a day, and set wrong."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import planning
from bot.app import open_rulebook, open_storage
from bot.asking import sync
from bot.rulebook import Rulebook
from bot.surveys import timing
from bot.workdays import ZONE
from config.settings import Settings
from storage.database import Database, Tx
from storage.enums import InvitationStatus, ScheduledStatus, Stage
from storage.queries import backfill, people, surveys
from storage.queries.common import table, update
from storage.tables import Conversation, Invitation, Outbox, Scheduled
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.clock import FakeClock
from tests.integration.programs.child import Child, children, wait_until
from tests.integration.programs.timed import seen

PEOPLE = 8
#: The whole product is imported by each, also where the machine is busy.
STARTS_S = 90.0
BEGIN = datetime(2026, 1, 5, 9, tzinfo=ZONE)
END = BEGIN + timedelta(days=365)
#: Days after the first interview, one person every two weeks.
ROAD = ((10, Stage.OFFER), (14, Stage.ACCEPTED), (44, Stage.ONBOARDED), (140, Stage.CONFIRMED))


@dataclass
class Year:
    """The time, the clocks that run, and our own hand in the database."""

    folder: Path
    clock: FakeClock
    database: Database
    vault: Vault
    rulebook: Rulebook
    clocks: Sequence[Child]

    @property
    def now(self) -> datetime:
        return self.clock()

    def write(self, work: Any) -> Any:
        return self.database.submit(work).result(30)

    def set(self, now: datetime) -> None:
        """Every clock shows this from now on."""
        self.clock.set(now)
        fresh = self.folder / "now.new"
        fresh.write_text(str(now.timestamp()))
        os.replace(fresh, self.folder / "now")

    def seen(self) -> bool:
        """Whether every clock has looked at what is due by now."""
        wanted = self.now.timestamp()
        return all(self._seen(number) == wanted for number in range(len(self.clocks)))

    def _seen(self, number: int) -> float:
        return seen(self.folder, number)[0]

    def look(self) -> None:
        wait_until(self.seen, within=60, what=f"the clocks look at {self.now}")

    def next_due(self) -> datetime | None:
        rows = table(Scheduled)
        found: datetime | None = self.database.submit_read(
            lambda tx: tx.scalar(
                sa.select(sa.func.min(rows.c.due_at)).where(
                    rows.c.status == ScheduledStatus.PENDING.value, rows.c.due_at > self.now
                )
            )
        ).result(30)
        return found

    def add(self, number: int) -> str:
        """Somebody new, with a chat in which nobody has just been talking."""

        def work(tx: Tx) -> str:
            made = people.create_candidate(
                tx, self.vault, SYSTEM, name=f"候选{number}", stage=Stage.INTERVIEW
            )
            address = f"w_{number}"
            backfill.talk(tx, self.vault, candidate_id=made, channel="webchat", address=address)
            talk = table(Conversation)
            long_ago = tx.now - timedelta(days=1)
            update(tx, Conversation, talk.c.address == address, last_at=long_ago)
            planning.replan(tx, self.rulebook, made)
            return made

        made: str = self.write(work)
        return made

    def move(self, candidate: str, stage: Stage, start_on: date | None) -> None:
        def work(tx: Tx) -> None:
            people.set_stage(tx, SYSTEM, candidate, stage, start_on=start_on)
            planning.replan(tx, self.rulebook, candidate)

        self.write(work)

    def answer(self, luck: random.Random) -> None:
        """Some of those who are asked answer."""
        rows = table(Invitation)

        def work(tx: Tx) -> None:
            asked = tx.all(sa.select(rows).where(rows.c.status == InvitationStatus.OPEN.value))
            for row in asked:
                if luck.random() < 0.1:
                    surveys.close(tx, row.id, row.revision, InvitationStatus.DONE)

        self.write(work)


def deeds() -> list[tuple[datetime, int, Stage, date | None]]:
    """What happens to whom, in order."""
    made: list[tuple[datetime, int, Stage, date | None]] = []
    for number in range(PEOPLE):
        met = BEGIN + timedelta(days=14 * number, hours=2)
        made.append((met, number, Stage.INTERVIEW, None))
        for days, stage in ROAD:
            at = met + timedelta(days=days)
            first = (met + timedelta(days=44)).date() if stage is Stage.ACCEPTED else None
            made.append((at, number, stage, first))
    return sorted(made, key=lambda deed: deed[:2])


@pytest.mark.timeout(900)
def test_each_survey_of_a_year_is_sent_once_whatever_happens_to_the_clocks(
    database_url: str, tmp_path: Path
) -> None:
    luck = random.Random(7)
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    clock = FakeClock(BEGIN)
    database, vault = open_storage(settings, now=clock, shared=True)
    rulebook = open_rulebook(settings)
    year = Year(tmp_path, clock, database, vault, rulebook, ())
    year.set(BEGIN)
    with ExitStack() as stack:
        stack.callback(database.close)
        year.write(lambda tx: sync(tx, rulebook))
        count = 1 if database_url.startswith("sqlite") else 2  # one file serves one process
        arguments = ("inviting", database_url, str(tmp_path))
        year.clocks = stack.enter_context(children(count, *arguments, folder=tmp_path))
        for child in year.clocks:
            child.wait_ready(within=STARTS_S)
        who = lived(year, luck)
        checked(year, who)


def lived(year: Year, luck: random.Random) -> dict[int, str]:
    """Let the year pass; ids by number."""
    who: dict[int, str] = {}
    coming = deeds()
    kills = [BEGIN + timedelta(days=luck.randrange(360)) for _ in range(2)]
    steps = [BEGIN + timedelta(days=luck.randrange(360)) for _ in range(8)]
    down = [BEGIN + timedelta(days=100)]
    while year.now < END:
        due = year.next_due()
        moments = [END, year.now + timedelta(days=1), *(deed[0] for deed in coming[:1])]
        year.set(max(year.now, min([*moments, *([due] if due else [])])))
        while coming and coming[0][0] <= year.now:
            _, number, stage, start_on = coming.pop(0)
            if stage is Stage.INTERVIEW:
                who[number] = year.add(number)
            else:
                year.move(who[number], stage, start_on)
        year.look()
        year.answer(luck)
        if steps and year.now >= min(steps):
            steps.remove(min(steps))
            right = year.now
            for wrong in (-timedelta(hours=3), timedelta(minutes=50), timedelta()):
                year.set(right + wrong)
                year.look()
        if kills and year.now >= min(kills):
            kills.remove(min(kills))
            victim = luck.choice(year.clocks)
            victim.kill()
            victim.restart()
            victim.wait_ready(within=STARTS_S)
        if down and year.now >= down[0]:
            down.pop()
            for child in year.clocks:
                child.kill()
            year.set(year.now + timedelta(days=1, hours=7))
            for child in year.clocks:
                child.restart()
            for child in year.clocks:
                child.wait_ready(within=STARTS_S)
        year.set(year.now + timedelta(seconds=1))
    return who


def checked(year: Year, who: dict[int, str]) -> None:
    """Once each, with as many messages as it was put, at allowed moments, in time."""
    asked, sent = table(Invitation), table(Outbox)
    rows, idems = year.database.submit_read(
        lambda tx: (tx.all(sa.select(asked)), [row.idem for row in tx.all(sa.select(sent.c.idem))])
    ).result(30)
    put = Counter(idem.split(":")[1] for idem in idems if idem.startswith("survey:"))
    assert max(Counter((row.candidate_id, row.survey_id) for row in rows).values()) == 1
    opened = [row for row in rows if row.opened_at is not None]
    assert put == {row.id: 1 + row.reminders for row in opened}
    calendar = year.rulebook.calendar
    for row in opened:
        assert calendar.next_moment(row.opened_at) == row.opened_at
        start = year.rulebook.surveys[row.survey_id].start
        last = timing.valid_until(calendar, row.due_on, start)
        assert row.due_on <= row.opened_at.astimezone(ZONE).date() <= last
    due = [row for row in rows if row.due_on < (END - timedelta(days=10)).date()]
    # A colleague who joined is asked one survey at a time: what is not answered keeps the next.
    assert {row.status for row in due} <= {"done", "unanswered", "missed", "open"}
    assert sum(row.opened_at is not None for row in due) >= 0.8 * len(due)
    assert len({row.candidate_id for row in due}) == len(who) == PEOPLE
    assert all(row.why for row in rows if row.status == "missed")
