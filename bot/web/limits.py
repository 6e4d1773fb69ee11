"""How much at once: paces by name, and a bound on password hashing."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from bot.web.errors import TooFast

T = TypeVar("T")


class Buckets:
    """Token buckets by key, in this process's memory; the longest unused are forgotten."""

    def __init__(
        self,
        *,
        rate: float,
        burst: float,
        most: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._most, self._clock = rate, burst, most, clock
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Use one token up. Raises ``TooFast`` when there is none."""
        now = self._clock()
        tokens, at = self._filled.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        enough = tokens >= 1
        self._filled[key] = (tokens - 1 if enough else tokens, now)
        if len(self._filled) > self._most:
            self._filled.popitem(last=False)
        if not enough:
            raise TooFast((1 - tokens) / self._rate)


class Slots:
    """Work that holds much memory: few at once over all, and one at a time by name."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[str] = set()

    @contextmanager
    def one(self, key: str) -> Iterator[None]:
        """Hold a place. Raises ``TooFast`` when there is none, or this name has one."""
        if key in self._taken or len(self._taken) >= self._most:
            raise TooFast(3)
        self._taken.add(key)
        try:
            yield
        finally:
            self._taken.discard(key)


class Remembered(Generic[T]):
    """A value that is dear to compute and may be this many seconds old. Thread-safe enough: at
    worst two threads compute it at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._found: tuple[float, T] | None = None

    def get(self, compute: Callable[[], T]) -> T:
        """The remembered value, or a new one."""
        found, now = self._found, time.monotonic()
        if found is None or now - found[0] > self._seconds:
            found = self._found = (now, compute())
        return found[1]


class Hashing:
    """Runs password hashes outside the event loop, few at once: each takes 64 MiB."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="hash")
        self._most = at_once + waiting
        self._busy = 0

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``. Raises ``TooFast`` when too many wait already."""
        if self._busy >= self._most:
            raise TooFast(10)
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
