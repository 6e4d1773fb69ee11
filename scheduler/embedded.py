"""The engine inside one process: a queue in memory, no claims and no leases.

Wake-ups that die with the process are found again by the sweep at the next start, because the
tables, not this queue, say what has to be done.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from scheduler.engine import Stats, Woken
from scheduler.retry import FIRST, LONGEST, pause_after, where
from storage.database import Now, Tx, utc_now

log = structlog.get_logger(__name__)

#: A running handler gets this long to end before it is cancelled; both together stay below 5 s.
GRACE_S = 4.0
CANCEL_S = 0.8
#: Timers are looked at this often at least, because the clock they follow may be moved.
LOOK_S = 0.5

_Ring = tuple[str, str, datetime | None]  # lane, key, not before


@dataclass(slots=True)
class _Lane:
    woken: Woken
    concurrency: int
    exclusive: bool
    ready: deque[str] = field(default_factory=deque)
    queued: set[str] = field(default_factory=set)  # the keys in ``ready``
    again: set[str] = field(default_factory=set)  # woken while running
    running: Counter[str] = field(default_factory=Counter)
    tries: dict[str, int] = field(default_factory=dict)


class EmbeddedEngine:
    """Runs handlers in the event loop that called ``run``.

    Waiting wake-ups for the same key are one. On an exclusive lane a key woken while its handler
    runs is called once more afterwards.
    """

    def __init__(
        self, *, now: Now = utc_now, first: timedelta = FIRST, longest: timedelta = LONGEST
    ) -> None:
        self._now = now
        self._first, self._longest = first, longest
        self._lanes: dict[str, _Lane] = {}
        self._inbox: deque[_Ring] = deque()  # filled by any thread, emptied in the loop
        self._timers: list[tuple[datetime, str, str]] = []
        self._planned: set[tuple[datetime, str, str]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._retries: dict[tuple[str, str], asyncio.TimerHandle] = {}  # by lane and key
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._stopped = asyncio.Event()
        self._failed = 0

    def handler(self, lane: str, woken: Woken, *, concurrency: int, exclusive: bool) -> None:
        """Register who is called for a lane; before ``run``."""
        self._lanes[lane] = _Lane(woken, concurrency, exclusive)

    def wake(
        self, tx: Tx, lane: str, keys: Sequence[str], *, not_before: datetime | None = None
    ) -> None:
        """Wake keys once ``tx`` has committed. Callable from any thread."""
        rings: list[_Ring] = [(lane, key, not_before) for key in keys]
        if rings:
            tx.after_commit(lambda: self._post(rings))

    def _post(self, rings: list[_Ring]) -> None:
        self._inbox.extend(rings)
        if self._loop is not None:
            # The loop may have ended while a last commit was on its way: the next start's sweep
            # finds what it was about.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._drain)

    async def run(self) -> None:
        """Work until stopped."""
        self._loop = asyncio.get_running_loop()
        self._drain()
        try:
            await self._stopped.wait()
        finally:
            await self._end(grace=0)

    async def stop(self) -> None:
        """Start nothing more, let what runs end, cancel what takes longer than four seconds."""
        self._stopping = True
        await self._end(grace=GRACE_S)
        self._stopped.set()

    def stats(self) -> Stats:
        """Keys waiting and running per lane; failures since the start."""
        lanes = self._lanes
        return Stats(
            waiting={name: len(lane.ready) + len(lane.again) for name, lane in lanes.items()},
            running={name: lane.running.total() for name, lane in lanes.items()},
            failed=self._failed,
        )

    async def _end(self, *, grace: float) -> None:
        self._stopping = True
        for handle in (*self._retries.values(), *([self._alarm] if self._alarm else [])):
            handle.cancel()
        running = set(self._tasks)
        if running and grace:
            _, running = await asyncio.wait(running, timeout=grace)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CANCEL_S)

    def _drain(self) -> None:
        while self._inbox:
            lane, key, not_before = self._inbox.popleft()
            if lane not in self._lanes:
                log.warning("engine.no_handler", lane=lane, key=key)
            elif not_before is None or not_before <= self._now():
                self._enqueue(lane, key)
            elif (timer := (not_before, lane, key)) not in self._planned:
                self._planned.add(timer)
                heapq.heappush(self._timers, timer)
        self._arm()

    def _arm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._timers and self._loop is not None and not self._stopping:
            delay = (self._timers[0][0] - self._now()).total_seconds()
            self._alarm = self._loop.call_later(min(max(delay, 0), LOOK_S), self._ring)

    def _ring(self) -> None:
        now = self._now()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)
            self._planned.discard(timer)
            self._enqueue(timer[1], timer[2])
        self._arm()

    def _enqueue(self, name: str, key: str) -> None:
        lane = self._lanes[name]
        if lane.exclusive and lane.running[key]:
            lane.again.add(key)
        elif key not in lane.queued:
            lane.queued.add(key)
            lane.ready.append(key)
        self._dispatch(name)

    def _dispatch(self, name: str) -> None:
        lane = self._lanes[name]
        while lane.ready and lane.running.total() < lane.concurrency and not self._stopping:
            key = lane.ready.popleft()
            lane.queued.discard(key)
            lane.running[key] += 1
            task = asyncio.get_running_loop().create_task(self._call(name, key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _call(self, name: str, key: str) -> None:
        lane = self._lanes[name]
        try:
            await lane.woken(key)
        except Exception as error:  # noqa: BLE001 - the worker loop: nothing may end it
            self._retry(name, key, error)
        else:
            lane.tries.pop(key, None)
        finally:
            lane.running[key] -= 1
            if not lane.running[key]:
                del lane.running[key]
            if key in lane.again:
                lane.again.discard(key)
                self._enqueue(name, key)
            self._dispatch(name)

    def _retry(self, name: str, key: str, error: Exception) -> None:
        lane = self._lanes[name]
        self._failed += 1
        tries = lane.tries[key] = lane.tries.get(key, 0) + 1
        pause = pause_after(error, tries, first=self._first, longest=self._longest).total_seconds()
        log.warning(
            "engine.retry",
            lane=name,
            key=key,
            tries=tries,
            pause_s=round(pause, 3),
            error=type(error).__name__,
            where=where(error),
        )
        # One try of a key is planned at a time: were there one for each wake-up that failed, a
        # platform that is down would be asked more and more often.
        if self._stopping or (name, key) in self._retries:
            return

        def again() -> None:
            del self._retries[name, key]
            self._enqueue(name, key)

        self._retries[name, key] = asyncio.get_running_loop().call_later(pause, again)
