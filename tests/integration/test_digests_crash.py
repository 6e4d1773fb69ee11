"""Each digest leaves once, however many clocks tick and are killed at any moment."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import open_storage
from config.settings import Settings
from storage.enums import Role
from storage.queries.common import table
from storage.tables import CronRun, Message, Outbox
from tests.clock import START, FakeClock
from tests.indebted import House
from tests.integration.programs.child import Child, children, wait_until
from tests.integration.programs.timed import seen

COLLEAGUES, DAYS, KILLS = 24, 4, 3
STARTS_S = 90.0


@dataclass
class Office:
    """Colleagues who wait for their digests, and processes that send them."""

    folder: Path
    clock: FakeClock
    house: House
    clocks: list[Child]

    def set(self, at: datetime) -> None:
        self.clock.set(at)
        fresh = self.folder / "now.new"
        fresh.write_text(str(at.timestamp()))
        os.replace(fresh, self.folder / "now")

    def seen(self) -> None:
        """Every process has looked at the present moment from beginning to end."""
        at = self.clock().timestamp()

        def looked() -> bool:
            return all(seen(self.folder, n)[0] >= at for n in range(len(self.clocks)))

        wait_until(looked, within=STARTS_S, what="every clock has looked")

    def rows(self, model: Any) -> list[Any]:
        found: list[Any] = self.house.run(lambda tx: tx.all(sa.select(table(model))))
        return found


@contextmanager
def office(database_url: str, folder: Path) -> Iterator[Office]:
    clock = FakeClock(START - timedelta(minutes=5))
    settings = Settings(data_dir=folder, database_url=database_url)
    database, vault = open_storage(settings, now=clock, shared=True)
    try:
        house = House(database, clock, vault=vault)
        for number in range(COLLEAGUES):
            viewer = house.colleague(f"同事{number}", Role.HR)
            house.chat(viewer, f"hr{number}")
            house.alert(house.case(f"候选人{number}", owner=viewer), "salary")
        made = Office(folder, clock, house, [])
        made.set(clock())
        count = 1 if database_url.startswith("sqlite") else 2  # one file serves one process
        arguments = ("digesting", database_url, str(folder))
        with children(count, *arguments, folder=folder) as made.clocks:
            for child in made.clocks:
                child.wait_ready(within=STARTS_S)
            yield made
    finally:
        database.close()


@pytest.mark.timeout(600)
def test_every_colleague_has_each_day_s_once_while_clocks_are_killed(
    database_url: str, tmp_path: Path
) -> None:
    luck = random.Random(5)
    with office(database_url, tmp_path) as made:
        made.seen()
        assert made.rows(Outbox) == []  # five to nine
        killed = 0
        for day in range(DAYS):
            made.set(START + timedelta(days=day))
            if killed < KILLS:  # in the middle of it
                victim = luck.choice(made.clocks)
                time.sleep(luck.random() * 0.15)
                victim.kill()
                killed += 1
                victim.restart()
                victim.wait_ready(within=STARTS_S)
            made.seen()
            for later in (timedelta(minutes=1), timedelta(hours=3)):
                made.set(START + timedelta(days=day) + later)
                made.seen()
        for child in made.clocks:
            child.end(within=20)
        sent = [row.idem for row in made.rows(Outbox)]
        daily = Counter(idem.rsplit("/", 1)[1] for idem in sent if idem.startswith("digest.daily:"))
        weekly = [idem for idem in sent if idem.startswith("digest.weekly:")]
        assert len(sent) == len(set(sent))
        assert sorted(daily.values()) == [DAYS] * COLLEAGUES
        assert weekly == []  # nothing is owed, nobody begins
        assert len(made.rows(Message)) == len(sent)
        slots = [row for row in made.rows(CronRun) if row.name == "digest.daily"]
        assert len(slots) == DAYS * COLLEAGUES


@pytest.mark.timeout(600)
def test_a_clock_killed_before_nine_and_back_two_days_later_tells_one_day(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as made:
        made.seen()
        for child in made.clocks:
            child.kill()
        made.set(START + timedelta(days=2, hours=1))
        for child in made.clocks:
            child.restart()
        for child in made.clocks:
            child.wait_ready(within=STARTS_S)
        made.seen()
        sent = [row.idem for row in made.rows(Outbox)]
        assert {idem.split(":")[1].split("/")[0] for idem in sent} == {"2026-11-04"}
        assert len(sent) == COLLEAGUES
