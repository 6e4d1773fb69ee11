"""The clock: ticks, due moments, repeating work. APScheduler ticks and remembers nothing.

Every process ticks. What is due is a row, claimed and finished in one transaction, so that it
happens once however many processes look.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from scheduler.guard import ClockGuard
from scheduler.retry import where
from storage.database import Database, Now, Tx, utc_now
from storage.enums import ScheduledStatus
from storage.queries import scheduled
from storage.queries.scheduled import Due

log = structlog.get_logger(__name__)

Tick = Callable[[], Awaitable[Any]]
#: What becomes of a due moment, decided inside the transaction that claimed it. ``PENDING``: it
#: was moved or has to wait, and is asked again at the next tick if it is still due.
Fire = Callable[[Tx, Due], ScheduledStatus]

BATCH = 50
GRACE_S = 3.0


@dataclass(slots=True)
class _Ticking:
    name: str
    seconds: float
    jitter: float
    call: Tick
    task: asyncio.Task[Any] | None = None  # set while it runs
    last: float = 0.0
    job: Any = None


class Clock:
    """Calls registered coroutines every so often, and fires what is due in the database.

    ``now`` is the database's clock. Left at the wall clock, PostgreSQL's own is used instead, so
    that all processes agree. ``guard`` (SQLite only) stops firing while the clock is not believed.
    """

    def __init__(
        self, database: Database, *, now: Now = utc_now, guard: ClockGuard | None = None
    ) -> None:
        self._database = database
        self._server_time = database.dialect == "postgresql" and now is utc_now
        self._guard = guard if database.dialect == "sqlite" else None
        self._ticks: list[_Ticking] = []
        self._scheduler: Any = None
        self._watch: asyncio.Task[None] | None = None

    def every(self, seconds: float, tick: Tick, *, name: str, jitter: float | None = None) -> None:
        """Call ``tick`` every ``seconds`` plus up to ``jitter`` (a tenth); before ``start``.

        Never two of one name at a time; one that raises is logged and called again next time.
        """
        self._ticks.append(
            _Ticking(name, seconds, seconds / 10 if jitter is None else jitter, tick)
        )

    async def start(self) -> None:
        """Begin to tick. The first tick of each comes after its interval."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for tick in self._ticks:
            tick.last = time.monotonic()
            tick.job = self._scheduler.add_job(
                self._tick, "interval", seconds=tick.seconds, jitter=tick.jitter, args=[tick]
            )
        self._scheduler.start()
        self._watch = asyncio.create_task(self._keep_ticking())

    async def stop(self) -> None:
        """Tick no more; what runs gets three seconds to end."""
        if self._scheduler is None:
            return
        self._scheduler.pause()
        assert self._watch is not None
        self._watch.cancel()
        running = [tick.task for tick in self._ticks if tick.task is not None]
        if running:
            await asyncio.wait(running, timeout=GRACE_S)
        self._scheduler.shutdown(wait=False)
        self._scheduler = None
        await asyncio.sleep(0)  # the scheduler's shutdown is a callback of this loop

    async def fire_due(self, fire: Fire) -> int:
        """Fire everything that is due, in batches; how many are no longer pending.

        A moment whose ``fire`` raises stays pending and is tried again at the next tick; its
        neighbours go on. Raises ``StorageUnavailable``.
        """
        skip: set[int] = set()
        finished = 0
        while True:
            claimed, done = await self._database.write(lambda tx: self._batch(tx, fire, skip))
            finished += done
            if not claimed:
                return finished

    async def cron(self, name: str, slot: str, work: Callable[[Tx], None]) -> bool:
        """Do ``work`` once per slot (for example a date) over all processes; whether it was us."""

        def once(tx: Tx) -> bool:
            if not self._set_time(tx) or not scheduled.claim_slot(tx, name, slot):
                return False
            work(tx)
            return True

        return await self._database.write(once)

    async def confirm(self) -> None:
        """A person says the clock is right: fire again."""
        guard = self._guard
        if guard is not None:
            await self._database.write(guard.confirm)

    def _set_time(self, tx: Tx) -> bool:
        """Settle what time it is; False when nothing may fire."""
        if self._server_time:
            tx.now = scheduled.server_time(tx)
        return self._guard is None or self._guard.believe(tx)

    def _batch(self, tx: Tx, fire: Fire, skip: set[int]) -> tuple[int, int]:
        if not self._set_time(tx):
            return 0, 0
        rows = scheduled.claim_due(tx, limit=BATCH, skip=skip)
        return len(rows), sum(self._fire(tx, fire, due, skip) for due in rows)

    def _fire(self, tx: Tx, fire: Fire, due: Due, skip: set[int]) -> bool:
        try:
            with tx.conn.begin_nested():
                status = fire(tx, due)
                if status is not ScheduledStatus.PENDING:
                    scheduled.finish(tx, due, status)
                    return True
        except (sa.exc.OperationalError, sa.exc.InternalError):
            raise  # the database's failure, not this row's
        except Exception as error:  # noqa: BLE001 - one bad row must not stop the others
            name = type(error).__name__
            log.error("clock.fire_failed", scheduled=due.id, error=name, where=where(error))
        skip.add(due.id)
        return False

    async def _tick(self, tick: _Ticking) -> None:
        tick.task = asyncio.current_task()
        try:
            await tick.call()
        except Exception as error:  # noqa: BLE001 - the loop that ticks: nothing may end it
            log.error(
                "clock.tick_failed", tick=tick.name, error=type(error).__name__, where=where(error)
            )
        finally:
            tick.task = None
            tick.last = time.monotonic()

    async def _keep_ticking(self) -> None:
        """Bring back ticks that a wall clock set back would keep waiting.

        APScheduler plans in wall time: after a step back of an hour it would wait an hour.
        """
        if not self._ticks:
            return
        shortest = min(tick.seconds for tick in self._ticks)
        while True:
            await asyncio.sleep(shortest)
            for tick in self._ticks:
                late = time.monotonic() - tick.last > 2 * (tick.seconds + tick.jitter)
                if late and tick.task is None:
                    tick.last = time.monotonic()
                    with contextlib.suppress(LookupError):
                        tick.job.modify(next_run_time=datetime.now(UTC))
