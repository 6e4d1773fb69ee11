"""Micro-batches: what arrives while the loop is busy, or while a flush runs, goes together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from storage.errors import StorageUnavailable

T = TypeVar("T")
R = TypeVar("R")

CAP = 256
DEPTH = 5000
#: Turns of the event loop without a new item after which a batch is complete: a request takes
#: about two from its socket to ``submit``. An idle loop makes them in some microseconds.
QUIET_TURNS = 4
#: Seconds a batch may keep growing: the longest delay that load alone can add to one item.
GROWING_S = 0.02


class GroupCommit(Generic[T, R]):
    """Collects items and flushes them together, one flush at a time.

    A flush begins once the loop has nothing more to bring, so it shares neither the processor
    nor the interpreter's lock with the decoding of what comes next: one larger batch behind
    another is faster than two smaller ones side by side.

    ``flush`` gets items in the order of ``submit`` and returns one result for each, or raises
    when nothing at all was stored. A batch that fails is flushed again item by item, so that one
    bad item fails alone; ``StorageUnavailable`` is everybody's failure and is not tried again.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        cap: int = CAP,
        depth: int = DEPTH,
    ) -> None:
        self._flush = flush
        self._cap, self._depth = cap, depth
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False

    async def submit(self, item: T) -> R:
        """Wait until the item is stored. Raises what the flush raises for it.

        ``StorageUnavailable`` at once when too many are waiting or ``close`` was called. An
        item whose caller is cancelled before its flush began is not stored.
        """
        if self._closed:
            raise StorageUnavailable("shutting down")
        if len(self._waiting) >= self._depth:
            raise StorageUnavailable(f"{self._depth} items are waiting to be stored")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._flusher is None:
            # Its own task: a caller that goes away must not take the others' flush along.
            self._flusher = asyncio.create_task(self._work())
        return await future

    async def close(self) -> None:
        """Take nothing more and wait until everything waiting is stored or refused."""
        self._closed = True
        if self._flusher is not None:
            await self._flusher

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._gathered()
                group: list[tuple[T, asyncio.Future[R]]] = []
                while self._waiting and len(group) < self._cap:
                    entry = self._waiting.popleft()
                    if not entry[1].done():
                        group.append(entry)
                if group:
                    await self._together(group)
        except asyncio.CancelledError:
            _refuse(self._waiting, StorageUnavailable("shutting down"))
            self._waiting.clear()
            raise
        finally:
            self._flusher = None

    async def _gathered(self) -> None:
        """Wait while items keep arriving, within bounds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + GROWING_S
        quiet = 0
        while quiet < QUIET_TURNS and len(self._waiting) < self._cap and loop.time() < end:
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == before else 0

    async def _together(self, group: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._flush([item for item, _ in group])
            if len(results) != len(group):
                raise RuntimeError(f"{len(results)} results for {len(group)} items")
        except asyncio.CancelledError:
            _refuse(group, StorageUnavailable("shutting down"))
            raise
        except StorageUnavailable as error:
            _refuse(group, error)
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            if len(group) == 1:
                _refuse(group, error)
            else:
                await self._one_by_one(group)
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _one_by_one(self, group: list[tuple[T, asyncio.Future[R]]]) -> None:
        for entry in group:
            if not entry[1].done():
                await self._together([entry])


def _refuse(group: Iterable[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
