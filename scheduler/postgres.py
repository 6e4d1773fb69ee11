"""The engine of several processes: procrastinate's job table in our PostgreSQL.

A wake-up is a job inserted on the connection, and so in the transaction, of whoever wakes. Facts
of procrastinate 3.10 this builds on (its source): a job with a ``lock`` waits for every earlier
job with that lock, also for one that is planned far ahead; jobs of a worker that died stay
``doing`` until somebody calls ``retry_job``; a ``queueing_lock`` collides with retries.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions, jobs

from scheduler.engine import COMPARE, CONVERSATION, FETCH, PULL, Stats, Woken
from scheduler.retry import FIRST, LONGEST, growing, jitter, pause_after, where
from storage.database import Now, Tx, normalise_url, utc_now
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)

WAKE, ALARM = "wake", "alarm"
INSTALL_LOCK = 0x59494E554F_02
GRACE_S = 4.0
#: What a database that is away looks like from here.
_AWAY = (exceptions.ProcrastinateException, psycopg.Error, OSError)


_Ring = tuple[str, str, datetime | None]  # lane, key, not before


@dataclass(frozen=True, slots=True)
class _Lane:
    woken: Woken
    concurrency: int
    exclusive: bool


class _Retry(procrastinate.BaseRetryStrategy):
    """For jobs the engine could not finish itself: back to the queue, later each time."""

    def get_retry_decision(
        self, *, exception: BaseException, job: jobs.Job
    ) -> procrastinate.RetryDecision:
        return procrastinate.RetryDecision(
            retry_at=datetime.now(UTC) + growing(job.attempts + 1) * jitter()
        )


def conninfo(url: str) -> str:
    """The URL as libpq reads it."""
    return normalise_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def install(url: str) -> None:
    """Create the engine's tables if they are not there. Processes that start at once take turns.

    Raises ``StorageUnavailable``.
    """
    try:
        with psycopg.connect(conninfo(url), connect_timeout=5) as conn:
            conn.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALL_LOCK])
            row = conn.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
            if row is None or row[0] is None:
                conn.execute(procrastinate.schema.SchemaManager.get_schema())
    except psycopg.Error as error:
        raise StorageUnavailable(type(error).__name__) from error


class PostgresEngine:
    """Wake-ups that survive the process, shared by all processes of one database.

    On an exclusive lane a key runs in one process at a time; a process whose heartbeat stops for
    ``stalled_s`` loses its keys to the others.
    """

    def __init__(
        self,
        url: str,
        *,
        now: Now = utc_now,
        poll_s: float = 0.5,
        heartbeat_s: float = 10.0,
        stalled_s: float = 30.0,
        sweep_s: float = 10.0,
        first: timedelta = FIRST,
        longest: timedelta = LONGEST,
        exclusive: Collection[str] = (CONVERSATION, PULL, FETCH, COMPARE),
    ) -> None:
        """``exclusive``: lanes that are so in other processes, for those without a handler here.

        ``now`` is the clock ``not_before`` is read by.
        """
        self._exclusive = exclusive
        self._conninfo = conninfo(url)
        self._now = now
        self._poll_s, self._heartbeat_s = poll_s, heartbeat_s
        self._stalled_s, self._sweep_s = stalled_s, sweep_s
        self._first, self._longest = first, longest
        self._lanes: dict[str, _Lane] = {}
        # Never opened: it only builds statements for a connection that is handed in.
        self._inside = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        self._app: procrastinate.App | None = None
        self._life: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._running: Counter[str] = Counter()
        self._jobs: set[int] = set()  # running here
        self._workers: set[int] = set()  # ids under which jobs ran here
        self._orphans: set[int] = set()
        self._waiting: dict[str, int] = {}
        self._again_at: dict[tuple[str, str], datetime] = {}  # planned from here, by lane and key
        self._failed = 0

    def handler(self, lane: str, woken: Woken, *, concurrency: int, exclusive: bool) -> None:
        """Register who is called for a lane; before ``run``. Lanes without a handler are left
        to other processes."""
        self._lanes[lane] = _Lane(woken, concurrency, exclusive)

    def wake(
        self, tx: Tx, lane: str, keys: Sequence[str], *, not_before: datetime | None = None
    ) -> None:
        """Wake keys with the commit of ``tx``, each once however often it was asked for.

        The transaction fails with ``StorageUnavailable`` when the jobs cannot be written.
        """
        for key in keys:
            tx.gather(self, (lane, key, not_before), lambda rings: self._insert(tx, rings))

    def _insert(self, tx: Tx, rings: list[_Ring]) -> None:
        raw = tx.conn.connection.driver_connection
        made = [self._job(lane, key, not_before=at) for lane, key, at in dict.fromkeys(rings)]
        try:
            self._inside.job_manager.batch_defer_jobs(jobs=made, connection=raw)
        except exceptions.ConnectorException as error:
            raise StorageUnavailable(type(error.__cause__ or error).__name__) from error

    def stats(self) -> Stats:
        """Jobs waiting as of the last look, keys running here, failures here since the start."""
        return Stats(
            waiting=dict(self._waiting),
            running={lane: self._running[lane] for lane in self._lanes},
            failed=self._failed,
        )

    async def run(self) -> None:
        """Work until stopped; a database that goes away is waited for, a fault begins anew."""
        loop = asyncio.get_running_loop()
        tries = 0
        while not self._stopping.is_set():
            started = loop.time()
            self._life = asyncio.create_task(self._work())
            try:
                await asyncio.wait({self._life})
            except asyncio.CancelledError:
                await self.stop()
                raise
            error = None if self._life.cancelled() else self._life.exception()
            if error is None:
                continue
            if not isinstance(error, Exception):
                raise error
            tries = 1 if loop.time() - started > LONGEST.total_seconds() else tries + 1
            if isinstance(error, _AWAY):
                log.warning("engine.database_away", error=type(error).__name__, tries=tries)
            else:  # a fault of ours, and a process that lives on and works nothing is worse
                name, at = type(error).__name__, where(error)
                log.error("engine.fault", error=name, where=at, tries=tries)
            pause = growing(tries, first=self._first, longest=self._longest) * jitter()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause.total_seconds())

    async def stop(self) -> None:
        """Fetch nothing more, let what runs end, hand back what takes longer than 4 seconds."""
        self._stopping.set()
        life = self._life
        if life is not None and not life.done():
            await asyncio.wait({life}, timeout=GRACE_S + 0.8)
            life.cancel()

    async def _work(self) -> None:
        """One life of the workers: until stopped, or until one of them fails."""
        app = self._made_app()
        try:
            await app.open_async()
            self._app, self._workers = app, set()
            tasks = [
                asyncio.create_task(self._worker(app, name, lane.concurrency))
                for name, lane in self._lanes.items()
            ]
            tasks.append(asyncio.create_task(self._look_after()))
            tasks.append(asyncio.create_task(self._until_stopping()))
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:  # to a worker this means: finish what you have
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await app.close_async()
        for result in results:
            if isinstance(result, Exception):
                raise result
        if not self._stopping.is_set():
            raise exceptions.ConnectorException("a worker ended")

    async def _until_stopping(self) -> None:
        await self._stopping.wait()

    def _made_app(self) -> procrastinate.App:
        size = sum(min(lane.concurrency, 4) for lane in self._lanes.values())
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=self._conninfo,
                min_size=1,
                max_size=max(4, size),
                timeout=5.0,
                kwargs={"connect_timeout": 5},
            )
        )
        app.task(name=WAKE, pass_context=True, retry=_Retry())(self._on_wake)
        app.task(name=ALARM, pass_context=True, retry=_Retry())(self._on_alarm)
        return app

    async def _worker(self, app: procrastinate.App, lane: str, concurrency: int) -> None:
        await app.run_worker_async(
            queues=[lane],
            name=lane,
            concurrency=concurrency,
            fetch_job_polling_interval=self._poll_s,
            shutdown_graceful_timeout=GRACE_S,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._heartbeat_s,
            stalled_worker_timeout=self._stalled_s,
        )

    def _job(
        self, lane: str, key: str, *, tries: int = 0, not_before: datetime | None = None
    ) -> jobs.Job:
        delay = (not_before - self._now()) if not_before is not None else timedelta()
        later = delay > timedelta()
        registered = self._lanes.get(lane)
        exclusive = registered.exclusive if registered is not None else lane in self._exclusive
        return jobs.Job(
            queue=lane,
            # A locked job planned ahead would hold up everything for its key until then.
            task_name=ALARM if later and exclusive else WAKE,
            lock=f"{lane}:{key}" if exclusive and not later else None,
            queueing_lock=None,
            task_kwargs={"lane": lane, "key": key, "tries": tries},
            # Our clock may be a sandbox's; the server's is not.
            scheduled_at=datetime.now(UTC) + delay if later else None,
        )

    async def _defer(self, job: jobs.Job) -> None:
        assert self._app is not None
        await self._app.job_manager.defer_job_async(job)

    @contextlib.asynccontextmanager
    async def _on_hand(self, job: jobs.Job) -> AsyncIterator[None]:
        """Remember that a job is being worked on here."""
        assert job.id is not None
        if job.worker_id is not None:
            self._workers.add(job.worker_id)
        self._jobs.add(job.id)
        try:
            yield
        finally:
            self._jobs.discard(job.id)

    async def _on_alarm(
        self, context: procrastinate.JobContext, lane: str, key: str, tries: int
    ) -> None:
        async with self._on_hand(context.job):
            await self._defer(self._job(lane, key, tries=tries))

    async def _on_wake(
        self, context: procrastinate.JobContext, lane: str, key: str, tries: int
    ) -> None:
        async with self._on_hand(context.job):
            self._running[lane] += 1
            try:
                await self._lanes[lane].woken(key)
            except Exception as error:  # noqa: BLE001 - the worker loop: nothing may end it
                await self._again(lane, key, tries + 1, error)
            finally:
                self._running[lane] -= 1

    async def _again(self, lane: str, key: str, tries: int, error: Exception) -> None:
        self._failed += 1
        pause = pause_after(error, tries, first=self._first, longest=self._longest)
        log.warning(
            "engine.retry",
            lane=lane,
            key=key,
            tries=tries,
            pause_s=round(pause.total_seconds(), 3),
            error=type(error).__name__,
            where=where(error),
        )
        # One try of a key is planned at a time, or each wake-up that fails would begin a row of
        # its own, and a platform that is down would be asked more and more often.
        now, planned = self._now(), self._again_at.get((lane, key))
        if planned is None or planned <= now:
            await self._defer(self._job(lane, key, tries=tries, not_before=now + pause))
            self._again_at[lane, key] = now + pause

    async def _look_after(self) -> None:
        """Every so often: hand back jobs nobody works on, count what waits.

        Not a job itself: one with a lock would block on what it has to free.
        """
        while True:
            await self._hand_back()
            await self._count()
            now = self._now()
            self._again_at = {one: at for one, at in self._again_at.items() if at > now}
            await asyncio.sleep(self._sweep_s)

    async def _hand_back(self) -> None:
        assert self._app is not None
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled_s):
            await self._retry_job(job)
        # Jobs of our own workers whose end could not be recorded while the database was away.
        idle: dict[int, jobs.Job] = {}
        for worker in sorted(self._workers):  # a copy: more may begin while we ask
            for job in await manager.list_jobs_async(status="doing", worker_id=worker):
                if job.id is not None and job.id not in self._jobs:
                    idle[job.id] = job
        for id_ in idle.keys() & self._orphans:  # seen idle twice: not merely between two steps
            await self._retry_job(idle[id_])
        self._orphans = idle.keys() - self._orphans

    async def _retry_job(self, job: jobs.Job) -> None:
        assert self._app is not None
        log.warning("engine.handed_back", job=job.id, lane=job.queue)
        # Another process may have been faster: then there is nothing left to hand back.
        with contextlib.suppress(exceptions.ConnectorException):
            await self._app.job_manager.retry_job(job)

    async def _count(self) -> None:
        assert self._app is not None
        queues: list[dict[str, Any]] = list(await self._app.job_manager.list_queues_async())
        self._waiting = {row["name"]: row["todo"] for row in queues}
