"""A reader in a process of its own, so that reading never holds up the event loop.

``ReaderProcess`` starts ``python -m nlp.child`` at the other end of a socket pair. The child
lives as long as its socket is open: when the parent is gone, however it went, the child reads
the end of the stream and leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nlp.reading import Reading, ReaderUnavailable, Utterance
from nlp.wire import FrameError, decode, encode, receive

log = logging.getLogger(__name__)

#: At most this many utterances cross the socket in one frame.
MAX_BATCH = 16
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_START_TIMEOUT = 60.0


@dataclass(slots=True)
class _Ask:
    """One utterance waiting for its reading."""

    utterance: Utterance
    future: asyncio.Future[Reading]
    alone: bool = False  # its batch broke a child before; not to be read with neighbours


@dataclass(slots=True)
class _Child:
    process: asyncio.subprocess.Process
    inbound: asyncio.StreamReader
    outbound: asyncio.StreamWriter
    name: str
    broken: bool = field(default=False)


class ReaderProcess:
    """An ``AsyncReader`` over ``factory`` ("package.module:Class"), built in a child process.

    What waits is sent in batches of at most 16, at once when the child is free. A batch that
    breaks the child is tried once more, one utterance at a time, in a new child; what breaks
    it again gets ``ReaderUnavailable``, as does everything that waits longer than ``timeout``
    seconds for its reading.
    """

    def __init__(self, factory: str = "nlp.baseline:RuleReader", *, timeout: float = 10.0) -> None:
        self._factory = factory
        self._timeout = timeout
        self._waiting: list[_Ask] = []
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._child: _Child | None = None
        self._name: str | None = None
        self._starts = 0

    @property
    def alive(self) -> bool:
        """Whether a warm child is running now."""
        child = self._child
        return child is not None and not child.broken and child.process.returncode is None

    @property
    def restarts(self) -> int:
        """How often a new child had to be started after the first."""
        return max(0, self._starts - 1)

    @property
    def pid(self) -> int | None:
        """The child's process id while it is alive."""
        return self._child.process.pid if self.alive and self._child is not None else None

    @property
    def name(self) -> str:
        """The child reader's ``name@hash``; known once it has been warm."""
        if self._name is None:
            raise ReaderUnavailable("the reader has not been started")
        return self._name

    async def start(self) -> None:
        """Start the child; returns when it is warm. Raises ``ReaderUnavailable`` when it fails."""
        if self._runner is not None:
            return
        try:
            self._child = await self._spawn()
        except (OSError, FrameError, TimeoutError) as error:
            raise ReaderUnavailable(f"the reader did not start: {error!r}") from error
        self._ready.set()
        self._runner = asyncio.create_task(self._run(), name="reader-process")

    async def stop(self) -> None:
        """End the child; whatever still waits gets ``ReaderUnavailable``. Safe to call twice."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner
        await self._discard()
        self._fail(self._waiting, "the reader was stopped")
        self._waiting = []

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch; readings in order. Raises ``ReaderUnavailable``, then try again later."""
        if self._runner is None:
            raise ReaderUnavailable("the reader is not running")
        if not batch:
            return []
        loop = asyncio.get_running_loop()
        asks = [_Ask(utterance, loop.create_future()) for utterance in batch]
        self._waiting += asks
        self._wake.set()
        try:
            async with asyncio.timeout(self._timeout * (1 + len(batch) // MAX_BATCH)):
                return [await ask.future for ask in asks]
        except TimeoutError:
            raise ReaderUnavailable("the reader did not answer in time") from None
        finally:
            for ask in asks:
                if not ask.future.cancel() and not ask.future.cancelled():
                    ask.future.exception()  # seen: one error is enough for the whole batch

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if not self.alive:
                await self._discard()
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                try:
                    self._child = await self._spawn()
                except (OSError, FrameError, TimeoutError) as error:
                    log.warning("reader: no child", extra={"reason": repr(error)})
                    self._fail(self._waiting, "the reader could not be restarted")
                    self._waiting = []
                    continue
            if await self._next_batch():
                pause = _FIRST_PAUSE

    async def _next_batch(self) -> bool:
        """Send what waits; True when an answer came. Returns early when the child goes."""
        child = self._child
        assert child is not None
        self._waiting = [ask for ask in self._waiting if not ask.future.done()]
        if not self._waiting:
            await self._idle(child)
            return False
        first = self._waiting[0]
        take = 1 if first.alone else MAX_BATCH
        batch = [ask for ask in self._waiting[:take] if ask.alone is first.alone]
        self._waiting = self._waiting[len(batch) :] if self._prefix(batch) else [
            ask for ask in self._waiting if ask not in batch
        ]
        try:
            async with asyncio.timeout(self._timeout):
                readings = await self._exchange(child, [ask.utterance for ask in batch])
        except (OSError, FrameError, TimeoutError, asyncio.IncompleteReadError) as error:
            child.broken = True
            log.warning("reader: child lost", extra={"reason": type(error).__name__})
            self._again(batch, error)
            return False
        for ask, reading in zip(batch, readings, strict=True):
            if not ask.future.done():
                ask.future.set_result(reading)
        return True
