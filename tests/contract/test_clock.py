"""Promises of the clock: due moments, repeating work, and a wall clock that jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.clock import Clock
from scheduler.guard import ClockGuard, Direction, Jump
from storage.database import Database, Tx, open_database
from storage.enums import ScheduledStatus
from storage.queries import scheduled
from storage.queries.common import table
from storage.queries.scheduled import Due
from storage.queries.users import set_setting, setting
from storage.tables import Scheduled
from tests.clock import FakeClock, until
from tests.integration.programs import domain

HOUR = timedelta(hours=1)


class Fired:
    """Remembers whose moment came; some of them raise."""

    def __init__(self, *, bad: frozenset[str] = frozenset()) -> None:
        self.people: list[str] = []
        self.bad = bad

    def __call__(self, tx: Tx, due: Due) -> ScheduledStatus:
        set_setting(tx, due.person_id, "fired")
        if due.person_id in self.bad:
            raise ValueError("cannot")
        self.people.append(due.person_id)
        return ScheduledStatus.FIRED


async def planned(database: Database, *after: timedelta) -> None:
    def work(tx: Tx) -> None:
        for number, delay in enumerate(after):
            domain.plan(tx, number, after=delay)

    await database.write(work)


async def statuses(database: Database) -> list[str]:
    rows = table(Scheduled)
    found = await database.read(lambda tx: tx.all(sa.select(rows.c.status).order_by(rows.c.id)))
    return [row.status for row in found]


async def test_everything_due_fires_oldest_first_and_nothing_else(
    database: Database, clock: FakeClock
) -> None:
    ticking, fired = Clock(database, now=clock), Fired()
    minutes = [timedelta(minutes=n) for n in range(120, 0, -1)]  # more than one batch
    await planned(database, *minutes, timedelta(days=1))
    assert await ticking.fire_due(fired) == 0
    clock.advance(2 * HOUR)
    assert await ticking.fire_due(fired) == 120
    assert fired.people == [f"c_{n}" for n in range(119, -1, -1)]
    assert await ticking.fire_due(fired) == 0
    assert await statuses(database) == ["fired"] * 120 + ["pending"]


async def test_one_that_raises_leaves_nothing_stops_nobody_and_is_tried_again(
    database: Database, clock: FakeClock
) -> None:
    ticking, fired = Clock(database, now=clock), Fired(bad=frozenset({"c_0"}))
    await planned(database, *[timedelta(0)] * 3)
    assert await ticking.fire_due(fired) == 2
    assert fired.people == ["c_1", "c_2"]
    assert await database.read(lambda tx: setting(tx, "c_0")) == ""
    fired.bad = frozenset()
    assert await ticking.fire_due(fired) == 1
    assert await statuses(database) == ["fired"] * 3


async def test_a_moment_that_has_to_wait_is_asked_once_a_tick(
    database: Database, clock: FakeClock
) -> None:
    asked: list[str] = []

    def wait(tx: Tx, due: Due) -> ScheduledStatus:
        asked.append(due.person_id)
        return ScheduledStatus.PENDING

    ticking = Clock(database, now=clock)
    await planned(database, timedelta(0))
    assert await ticking.fire_due(wait) == 0
    assert await ticking.fire_due(lambda tx, due: ScheduledStatus.MISSED) == 1
    assert asked == ["c_0"]
    assert await statuses(database) == ["missed"]


async def test_two_clocks_fire_everything_once(database: Database, clock: FakeClock) -> None:
    await planned(database, *[timedelta(0)] * 130)
    first, second = Fired(), Fired()
    counts = await asyncio.gather(
        Clock(database, now=clock).fire_due(first), Clock(database, now=clock).fire_due(second)
    )
    assert sum(counts) == 130
    assert len({*first.people, *second.people}) == len(first.people) + len(second.people) == 130


async def test_repeating_work_is_done_once_a_slot_and_again_when_it_failed(
    database: Database, clock: FakeClock
) -> None:
    ticking = Clock(database, now=clock)
    done: list[str] = []

    def fails(tx: Tx) -> None:
        raise ValueError("not yet")

    with pytest.raises(ValueError, match="not yet"):
        await ticking.cron("digest", "2026-11-02", fails)
    results = await asyncio.gather(
        *[ticking.cron("digest", "2026-11-02", lambda tx: done.append("2")) for _ in range(5)]
    )
    assert sorted(results) == [False] * 4 + [True]
    assert await ticking.cron("digest", "2026-11-03", lambda tx: done.append("3"))
    assert done == ["2", "3"]


async def test_several_processes_go_by_the_servers_clock(postgres_url: str) -> None:
    wrong = FakeClock(datetime(2020, 1, 1, tzinfo=UTC))
    database, fired = open_database(postgres_url, now=wrong), Fired()

    def work(tx: Tx) -> None:
        at = datetime.now(UTC) - timedelta(minutes=1)
        scheduled.plan_at(tx, kind="survey", person_id="c_0", anchor="-", at=at)

    await database.write(work)
    assert await Clock(database).fire_due(fired) == 1
    database.close()


# --- a wall clock that jumps --------------------------------------------------------------------


class Wall:
    """A wall clock that can be set, and the uptime that cannot."""

    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.uptime = 1000.0
        self.jumps: list[Jump] = []
        self.fired = Fired()
        self._url = url
        self.start()

    def start(self) -> None:
        """Start the program, also again."""
        self.database = open_database(self._url, now=self.clock)
        guard = ClockGuard(self.jumps.append, monotonic=lambda: self.uptime)
        self.ticking = Clock(self.database, now=self.clock, guard=guard)

    def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.uptime += by.total_seconds()

    async def tick(self) -> int:
        return await self.ticking.fire_due(self.fired)

    def directions(self) -> list[Direction]:
        return [jump.direction for jump in self.jumps]


@pytest.fixture
def wall(sqlite_url: str) -> Wall:
    return Wall(sqlite_url)


async def test_time_that_passes_is_believed(wall: Wall) -> None:
    await planned(wall.database, 400 * 24 * HOUR)
    assert await wall.tick() == 0
    wall.pass_time(401 * 24 * HOUR)
    assert await wall.tick() == 1
    assert wall.jumps == []
    wall.database.close()


async def test_set_back_an_hour_nothing_fires_until_the_clock_is_right_again(wall: Wall) -> None:
    await planned(wall.database, timedelta(0), -HOUR)
    assert await wall.tick() == 2
    await planned(wall.database, timedelta(0))
    wall.clock.advance(-HOUR)

    def due_now(tx: Tx) -> None:
        domain.plan(tx, 9, after=timedelta(0))

    await wall.database.write(due_now)
    assert [await wall.tick() for _ in range(3)] == [0, 0, 0]
    assert wall.directions() == [Direction.BACK]
    wall.pass_time(HOUR)
    assert await wall.tick() == 1
    assert sorted(wall.fired.people) == ["c_0", "c_1", "c_9"]
    wall.database.close()


async def test_a_few_seconds_back_are_nobodys_business(wall: Wall) -> None:
    await wall.tick()
    wall.clock.advance(-30)
    await planned(wall.database, timedelta(0))
    assert await wall.tick() == 1
    assert wall.jumps == []
    wall.database.close()


async def test_set_ahead_a_year_nothing_fires_until_somebody_confirms(wall: Wall) -> None:
    await planned(wall.database, 90 * 24 * HOUR)
    await wall.tick()
    wall.clock.advance(365 * 24 * HOUR)
    assert [await wall.tick(), await wall.tick()] == [0, 0]
    assert wall.directions() == [Direction.AHEAD]

    wall.database.close()
    wall.start()  # a restart does not make it true
    assert await wall.tick() == 0
    assert not await wall.ticking.cron("digest", "2027-11-02", lambda tx: None)

    await wall.ticking.confirm()
    assert await wall.tick() == 1
    assert len(wall.jumps) == 1
    wall.database.close()


async def test_a_jump_ahead_that_is_put_right_is_forgotten(wall: Wall) -> None:
    await planned(wall.database, timedelta(minutes=5))
    await wall.tick()
    wall.clock.advance(365 * 24 * HOUR)
    assert await wall.tick() == 0
    wall.clock.advance(-365 * 24 * HOUR)
    wall.pass_time(timedelta(minutes=6))
    assert await wall.tick() == 1
    assert wall.directions() == [Direction.AHEAD]
    wall.database.close()


async def test_a_long_stop_is_not_a_jump(wall: Wall) -> None:
    await planned(wall.database, 3 * 24 * HOUR)
    await wall.tick()
    wall.database.close()
    wall.clock.advance(10 * 24 * HOUR)
    wall.uptime = 5.0  # another boot
    wall.start()
    assert await wall.tick() == 1
    assert wall.jumps == []
    wall.database.close()


# --- ticks --------------------------------------------------------------------------------------


async def test_ticks_come_again_after_one_that_raised_and_never_overlap(
    sqlite_url: str,
) -> None:
    database = open_database(sqlite_url)
    ticking = Clock(database)
    calls: list[str] = []
    running = most = 0

    async def fails() -> None:
        calls.append("fails")
        raise ValueError("again")

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        calls.append("slow")
        await asyncio.sleep(0.25)
        running -= 1
        calls.append("slow done")

    ticking.every(0.1, fails, name="fails", jitter=0)
    ticking.every(0.1, slow, name="slow", jitter=0)
    await ticking.start()
    await until(lambda: calls.count("fails") >= 4 and calls.count("slow") >= 2)
    await ticking.stop()
    assert (running, most) == (0, 1)
    assert calls.count("slow") == calls.count("slow done")
    before = list(calls)
    await asyncio.sleep(0.3)
    assert calls == before
    database.close()


async def test_a_tick_planned_too_far_ahead_is_brought_back(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    ticking = Clock(database)
    called = asyncio.Event()

    async def tick() -> None:
        called.set()

    ticking.every(0.2, tick, name="tick", jitter=0)
    await ticking.start()
    # What a wall clock that is set back by an hour does to APScheduler's plan.
    ticking._ticks[0].job.modify(next_run_time=datetime.now(UTC) + HOUR)
    async with asyncio.timeout(3):
        await called.wait()
    await ticking.stop()
    database.close()
