"""Promises every engine keeps, on its own database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.embedded import EmbeddedEngine
from scheduler.engine import CONVERSATION, DELIVERY, FETCH, Engine
from scheduler.errors import TryLater
from scheduler.postgres import PostgresEngine
from scheduler.sweep import Sweep
from storage.database import Database, Tx, open_database
from storage.queries.sweep import backlog
from tests.clock import until
from tests.contract.seen import Seen
from tests.integration.programs import domain


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


async def test_a_planned_wake_up_waits_for_its_key_too(bench: Bench) -> None:
    seen = Seen(takes=0.8)
    bench.engine.handler(CONVERSATION, seen, concurrency=8, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, "a", after=timedelta(seconds=0.3))
    await bench.wake(CONVERSATION, "a")
    await until(lambda: len(seen.calls) == 2)
    assert seen.most == {"a": 1}


async def test_a_platform_that_asks_for_a_pause_gets_it(bench: Bench) -> None:
    times: list[float] = []

    async def woken(key: str) -> None:
        times.append(asyncio.get_running_loop().time())
        if len(times) == 1:
            raise TryLater("busy", timedelta(seconds=0.7))

    bench.engine.handler(CONVERSATION, woken, concurrency=1, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, "a")
    await until(lambda: len(times) == 2)
    assert times[1] - times[0] >= 0.7


async def test_a_lane_runs_its_keys_side_by_side_but_never_more_than_allowed(bench: Bench) -> None:
    seen = Seen(takes=0.1)
    bench.engine.handler(CONVERSATION, seen, concurrency=3, exclusive=True)
    bench.run()
    await bench.wake(CONVERSATION, *[str(n) for n in range(9)])
    await until(lambda: len(seen.calls) == 9 and not any(seen.now.values()))
    assert seen.together == 3


async def test_a_slow_lane_does_not_hold_up_another(bench: Bench) -> None:
    slow, quick = Seen(takes=3.0), Seen()
    bench.engine.handler(CONVERSATION, slow, concurrency=1, exclusive=True)
    bench.engine.handler(DELIVERY, quick, concurrency=1, exclusive=False)
    bench.run()
    await bench.wake(CONVERSATION, "a", "b")
    await until(lambda: bool(slow.calls))
    await bench.wake(DELIVERY, "fake")
    await until(lambda: bool(quick.calls), within=2.5)
    assert slow.calls == ["a"]


async def test_nobody_is_woken_before_the_time_and_nobody_else_has_to_wait_for_it(
    bench: Bench,
) -> None:
    seen = Seen()
    bench.engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    bench.run()
    begun = asyncio.get_running_loop().time()
    await bench.wake(CONVERSATION, "a", after=timedelta(seconds=3))
    await bench.wake(CONVERSATION, "a")
    await until(lambda: len(seen.calls) == 2)
    assert seen.times[0] - begun < 2.9
    assert 3.0 <= seen.times[1] - begun < 8


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
    seen = Seen(takes=0.5)
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


async def test_many_wake_ups_that_fail_are_not_tried_again_many_times(bench: Bench) -> None:
    """The clock wakes what is waiting again and again, also while its platform is down."""
    pause = timedelta(seconds=0.2)
    if bench.database.dialect == "sqlite":
        bench.engine = EmbeddedEngine(first=pause, longest=pause)
    else:
        url = bench.database.url.render_as_string(hide_password=False)
        bench.engine = PostgresEngine(url, poll_s=0.02, first=pause, longest=pause)
    calls: list[str] = []

    async def woken(key: str) -> None:
        calls.append(key)
        raise OSError

    bench.engine.handler(FETCH, woken, concurrency=4, exclusive=True)
    bench.run()
    for number in range(8):
        await bench.wake(FETCH, "a")
        await until(lambda number=number: len(calls) > number)  # type: ignore[misc]
    before, started = len(calls), time.monotonic()
    await until(lambda: len(calls) >= before + 8)
    assert time.monotonic() - started > 8 * 0.1  # one row of tries, at least 0.15 s apart
