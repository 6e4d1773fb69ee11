"""Promises every engine keeps, on its own database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from scheduler.embedded import EmbeddedEngine
from scheduler.engine import CONVERSATION, DELIVERY, Engine
from scheduler.postgres import PostgresEngine, conninfo, install
from scheduler.sweep import Sweep
from storage.database import Database, Tx, open_database
from storage.errors import StorageUnavailable
from storage.queries.sweep import backlog
from tests.clock import until
from tests.integration.programs import domain
from tests.postgres import Postgres

FAR = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass
class Seen:
    """A handler that remembers its calls."""

    calls: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    now: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    together: int = 0
    takes: float = 0.0
    fails: int = 0

    async def __call__(self, key: str) -> None:
        self.calls.append(key)
        self.times.append(asyncio.get_running_loop().time())
        self.now[key] = self.now.get(key, 0) + 1
        self.most[key] = max(self.most.get(key, 0), self.now[key])
        self.together = max(self.together, sum(self.now.values()))
        try:
            await asyncio.sleep(self.takes)
            if self.fails > 0:
                self.fails -= 1
                raise ValueError("not today")
        finally:
            self.now[key] -= 1


@dataclass
class Bench:
    """An engine on its database."""

    database: Database
    make: Callable[[], Engine]
    engine: Engine
    task: asyncio.Task[None] | None = None

    def run(self) -> None:
        self.task = asyncio.create_task(self.engine.run())

    async def stop(self) -> None:
        if self.task is not None:
            await self.engine.stop()
            async with asyncio.timeout(1):
                await self.task
            self.task = None

    async def wake(self, lane: str, *keys: str, after: timedelta | None = None) -> None:
        def work(tx: Tx) -> None:
            at = tx.now + after if after is not None else None
            self.engine.wake(tx, lane, keys, not_before=at)

        await self.database.write(work)


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    database = open_database(database_url)
    first = timedelta(seconds=0.2)

    def make() -> Engine:
        if database.dialect == "sqlite":
            return EmbeddedEngine(first=first)
        return PostgresEngine(
            database_url, poll_s=0.1, heartbeat_s=0.5, stalled_s=2, sweep_s=0.3, first=first
        )

    made = Bench(database, make, make())
    yield made
    await made.stop()
    database.close()


async def test_a_wake_up_calls_the_handler_after_the_commit(bench: Bench) -> None:
    found: list[int] = []

    async def woken(key: str) -> None:
        found.append((await bench.database.read(backlog)).messages)

    bench.engine.handler(CONVERSATION, woken, concurrency=2, exclusive=True)
    bench.run()

    def work(tx: Tx) -> None:
        domain.accept(tx, bench.engine, domain.conversation(tx, "a"), "1")

    await bench.database.write(work)
    await until(lambda: bool(found))
    assert found == [1]


async def test_a_wake_up_sent_before_the_engine_runs_is_kept(bench: Bench) -> None:
    seen = Seen()
    bench.engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    await bench.wake(CONVERSATION, "a", "b")
    bench.run()
    await until(lambda: len(seen.calls) == 2)
    assert sorted(seen.calls) == ["a", "b"]


async def test_a_rolled_back_transaction_wakes_nobody_and_leaves_nothing(bench: Bench) -> None:
    seen = Seen()
    bench.engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    bench.run()

    def work(tx: Tx) -> None:
        domain.accept(tx, bench.engine, domain.conversation(tx, "a"), "1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bench.database.write(work)
    await bench.wake(CONVERSATION, "later")
    await until(lambda: bool(seen.calls))
    assert seen.calls == ["later"]
    assert (await bench.database.read(backlog)).messages == 0


async def test_an_exclusive_key_never_runs_twice_at_a_time_and_no_wake_up_is_lost(
    bench: Bench,
) -> None:
    seen = Seen(takes=0.05)
    bench.engine.handler(CONVERSATION, seen, concurrency=8, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, "a")
    await until(lambda: seen.now.get("a") == 1)
    for _ in range(4):
        await bench.wake(CONVERSATION, "a")  # all while it runs
    await until(lambda: len(seen.calls) >= 2 and not seen.now["a"])
    await asyncio.sleep(0.2)
    assert seen.most == {"a": 1}
    assert 2 <= len(seen.calls) <= 5


async def test_a_lane_runs_its_keys_side_by_side_but_never_more_than_allowed(bench: Bench) -> None:
    seen = Seen(takes=0.1)
    bench.engine.handler(CONVERSATION, seen, concurrency=3, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, *[str(n) for n in range(9)])
    await until(lambda: len(seen.calls) == 9 and not any(seen.now.values()))
    assert seen.together == 3


async def test_a_slow_lane_does_not_hold_up_another(bench: Bench) -> None:
    slow, quick = Seen(takes=1.0), Seen()
    bench.engine.handler(CONVERSATION, slow, concurrency=1, exclusive=True)
    bench.engine.handler(DELIVERY, quick, concurrency=1, exclusive=False)
    bench.run()
    await bench.wake(CONVERSATION, "a", "b")
    await until(lambda: bool(slow.calls))
    await bench.wake(DELIVERY, "fake")
    await until(lambda: bool(quick.calls), within=0.8)
    assert slow.calls == ["a"]


async def test_nobody_is_woken_before_the_time_and_nobody_else_has_to_wait_for_it(
    bench: Bench,
) -> None:
    seen = Seen()
    bench.engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    bench.run()
    begun = asyncio.get_running_loop().time()
    await bench.wake(CONVERSATION, "a", after=timedelta(seconds=1))
    await bench.wake(CONVERSATION, "a")
    await until(lambda: len(seen.calls) == 2)
    assert seen.times[0] - begun < 0.9
    assert 1.0 <= seen.times[1] - begun < 2.5


async def test_a_handler_that_raises_is_called_again_with_growing_pauses(bench: Bench) -> None:
    seen = Seen(fails=3)
    bench.engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, "a")
    await until(lambda: len(seen.calls) == 4)
    pauses = [later - sooner for sooner, later in zip(seen.times, seen.times[1:], strict=False)]
    assert pauses[0] >= 0.15
    assert pauses[2] > pauses[0]
    assert bench.engine.stats().failed == 3
    await asyncio.sleep(0.3)
    assert len(seen.calls) == 4


async def test_stats_say_what_runs_and_what_waits(bench: Bench) -> None:
    seen = Seen(takes=0.8)
    bench.engine.handler(CONVERSATION, seen, concurrency=1, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, "a", "b")
    await until(lambda: bench.engine.stats().running.get(CONVERSATION) == 1)
    await until(lambda: bench.engine.stats().waiting.get(CONVERSATION) == 1)
    await until(lambda: len(seen.calls) == 2 and not any(seen.now.values()))
    await until(lambda: bench.engine.stats().running.get(CONVERSATION) == 0)


async def test_stop_lets_what_runs_end_and_starts_nothing_more(bench: Bench) -> None:
    seen = Seen(takes=0.5)
    bench.engine.handler(CONVERSATION, seen, concurrency=1, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, "a", "b")
    await until(lambda: bool(seen.calls))
    await bench.stop()
    assert seen.calls == ["a"]
    assert seen.now == {"a": 0}


async def test_stop_takes_at_most_five_seconds_and_the_next_start_finds_the_rest(
    bench: Bench,
) -> None:
    async def never(key: str) -> None:
        await asyncio.sleep(3600)

    def work(tx: Tx) -> None:
        domain.accept(tx, bench.engine, domain.conversation(tx, "a"), "1")

    bench.engine.handler(CONVERSATION, never, concurrency=1, exclusive=True)
    bench.run()
    await bench.database.write(work)
    await until(lambda: bench.engine.stats().running.get(CONVERSATION) == 1)
    begun = asyncio.get_running_loop().time()
    await bench.stop()
    assert asyncio.get_running_loop().time() - begun < 5.0

    seen = Seen()
    bench.engine = bench.make()
    bench.engine.handler(CONVERSATION, seen, concurrency=1, exclusive=True)
    bench.run()
    await Sweep(bench.database, bench.engine).start()
    await until(lambda: "v_a" in seen.calls)


async def test_stop_before_anything_ran_returns_at_once(bench: Bench) -> None:
    bench.engine.handler(CONVERSATION, Seen(), concurrency=1, exclusive=True)
    bench.run()
    async with asyncio.timeout(2):
        await bench.stop()


async def test_when_all_wake_ups_are_lost_the_sweep_finishes_the_work(bench: Bench) -> None:
    answered: list[str] = []

    async def woken(key: str) -> None:
        if await domain.take_turn(bench.database, bench.engine, key):
            answered.append(key)

    sent = Seen()
    bench.engine.handler(CONVERSATION, woken, concurrency=2, exclusive=True)
    bench.engine.handler(DELIVERY, sent, concurrency=1, exclusive=False)

    def lose(tx: Tx) -> None:
        for n in range(3):
            # The flag says a wake-up is on its way, and there is none.
            domain.message(tx, domain.conversation(tx, str(n), wake=True), str(n))
        if tx.dialect == "postgresql":
            tx.run(sa.text("DELETE FROM procrastinate_jobs"))

    await bench.database.write(lose)
    bench.run()
    sweep = Sweep(bench.database, bench.engine, older_than=timedelta())
    assert (await sweep.run()).conversations == 3
    await until(lambda: len(answered) == 3)
    await until(lambda: "fake" in sent.calls)
    swept = await sweep.run()
    assert (swept.conversations, swept.channels) == (0, 1)  # answered, and not yet sent


async def test_the_sweep_leaves_young_messages_to_their_own_wake_up(bench: Bench) -> None:
    seen = Seen()
    bench.engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)

    def work(tx: Tx) -> None:
        domain.message(tx, domain.conversation(tx, "a"), "1")

    await bench.database.write(work)
    sweep = Sweep(bench.database, bench.engine)
    assert (await sweep.run()).conversations == 0
    assert (await sweep.start()).conversations == 1
    counted = await sweep.backlog()
    assert (counted.messages, counted.outbox) == (1, 0)


# --- each engine's own --------------------------------------------------------------------------


async def test_waiting_wake_ups_for_one_key_are_one(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    engine, seen = EmbeddedEngine(), Seen(takes=0.1)
    engine.handler(DELIVERY, seen, concurrency=1, exclusive=False)
    task = asyncio.create_task(engine.run())
    for _ in range(50):
        await database.write(lambda tx: engine.wake(tx, DELIVERY, ["fake"]))
    idle = {DELIVERY: 0}
    await until(lambda: (engine.stats().waiting, engine.stats().running) == (idle, idle))
    assert 2 <= len(seen.calls) < 25
    await engine.stop()
    await task
    database.close()


def elsewhere(url: str, statement: str, **values: object) -> list[tuple[object, ...]]:
    """Run a statement on a connection of its own."""
    with psycopg.connect(conninfo(url), autocommit=True) as conn:
        cursor = conn.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_an_engine_survives_the_loss_of_all_its_connections(postgres_url: str) -> None:
    database = open_database(postgres_url)
    engine, seen = PostgresEngine(postgres_url, poll_s=0.1, heartbeat_s=0.3, stalled_s=2), Seen()
    engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    task = asyncio.create_task(engine.run())
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["a"]))
    await until(lambda: seen.calls == ["a"])
    for _ in range(2):
        await asyncio.to_thread(elsewhere, postgres_url, CUT_OFF)
        await asyncio.sleep(0.5)
    assert not task.done()
    with contextlib.suppress(StorageUnavailable):  # our own connection was cut as well
        await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"]))
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["c"]))
    await until(lambda: "c" in seen.calls, within=10)
    await engine.stop()
    await task
    database.close()


async def test_a_job_whose_end_was_not_recorded_does_not_hold_its_key_for_ever(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    engine, seen = PostgresEngine(postgres_url, poll_s=0.1, sweep_s=0.3), Seen()
    engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    task = asyncio.create_task(engine.run())
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["a"]))
    await until(lambda: seen.calls == ["a"])
    # As after a connection lost between the handler and the record of its end.
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"], not_before=FAR))
    taken = (
        "UPDATE procrastinate_jobs SET status = 'doing', task_name = 'wake', "
        "lock = 'conversation:b', worker_id = (SELECT max(id) FROM procrastinate_workers)"
    )
    await asyncio.to_thread(elsewhere, postgres_url, taken)
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"]))
    await until(lambda: seen.calls == ["a", "b", "b"])
    await engine.stop()
    await task
    database.close()


def test_processes_that_start_at_once_install_the_engines_tables_once(postgres: Postgres) -> None:
    url = postgres.create(migrated=False)
    with ThreadPoolExecutor(4) as several:
        started = [several.submit(install, url) for _ in range(4)]
    assert [future.exception() for future in started] == [None] * 4
    assert elsewhere(url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    postgres.drop(url)


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        install(f"postgresql://nobody@/none?host={tmp_path}")
