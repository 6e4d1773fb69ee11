"""A reader in a process of its own, so that reading never holds up the event loop.

``ReaderProcess`` runs ``python -m nlp.child`` at the other end of a socket pair. The child lives
as long as its socket is open: when the parent is gone, however it went, the child reads the end
of the stream and leaves.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from nlp.link import Link, LinkLost
from nlp.reading import Compared, ReaderUnavailable, Reading, Utterance

log = logging.getLogger(__name__)

#: At most this many utterances are read in one go, and pairs compared.
MAX_BATCH, MAX_COMPARED = 16, 32
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds before a new child


@dataclass(slots=True, eq=False)
class _Ask:
    """One utterance waiting for its reading, or one pair waiting to be compared."""

    asked: Utterance | Compared
    answer: asyncio.Future[Any]
    alone: bool = False  # was in a batch that lost its child: read without neighbours now


class ReaderProcess:
    """An ``AsyncReader`` over ``factory`` ("package.module:Class", or with "?argument" after it),
    built in a child process.

    Whatever waits when the child is free is sent at once, at most 16 utterances together, from
    any number of ``read`` calls. A batch that loses its child is read once more, one utterance
    at a time, by a new child; a lone utterance that loses its child gets ``ReaderUnavailable``.
    Pairs to compare are dealt with the same way, whenever nothing waits to be read.
    ``timeout`` (seconds) bounds one batch, and the wait of a ``read`` that finds no queue.
    """

    def __init__(self, factory: str = "nlp.baseline:RuleReader", *, timeout: float = 10.0) -> None:
        self._factory = factory
        self._timeout = timeout
        self._waiting: deque[_Ask] = deque()
        self._comparing: deque[_Ask] = deque()  # behind whatever waits to be read
        self._wake = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._name: str | None = None
        self._starts = 0

    @property
    def alive(self) -> bool:
        """Whether a warm child is running now."""
        return self._link is not None and self._link.open

    @property
    def restarts(self) -> int:
        """How many children were started after the first."""
        return max(0, self._starts - 1)

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is no child."""
        return self._link.pid if self._link is not None and self._link.open else None

    @property
    def name(self) -> str:
        """The child reader's ``name@hash``. Raises ``ReaderUnavailable`` before ``start``."""
        if self._name is None:
            raise ReaderUnavailable("the reader was never started")
        return self._name

    async def start(self) -> None:
        """Start the child; returns when it is warm. Raises ``ReaderUnavailable`` if it fails."""
        if self._runner is not None:
            return
        try:
            await self._connect()
        except LinkLost as error:
            raise ReaderUnavailable(f"the reader did not start: {error}") from error
        self._runner = asyncio.create_task(self._run(), name="reader-process")

    async def stop(self) -> None:
        """End the child; what still waits gets ``ReaderUnavailable``. Safe to call twice."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.wait([runner])
        await self._disconnect()
        self._fail_waiting("the reader was stopped")

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch; readings in order. Raises ``ReaderUnavailable``: try again later."""
        return await self._answers(self._waiting, batch, MAX_BATCH)

    async def compare(self, pairs: Sequence[Compared]) -> list[float | None]:
        """Compare plans with roles, in order; None: too little is known.

        Raises ``ReaderUnavailable``: try again later. Messages are read first, however many pairs
        wait.
        """
        return await self._answers(self._comparing, pairs, MAX_COMPARED)

    async def _answers(
        self, queue: deque[_Ask], batch: Sequence[Utterance | Compared], most: int
    ) -> list[Any]:
        if self._runner is None or self._runner.done():
            raise ReaderUnavailable("the reader is not running")
        loop = asyncio.get_running_loop()
        asks = [_Ask(one, loop.create_future()) for one in batch]
        queue.extend(asks)
        self._wake.set()
        queued = len(queue) // most
        try:
            async with asyncio.timeout(self._timeout * (1 + queued)):
                return [await ask.answer for ask in asks]
        except TimeoutError:
            raise ReaderUnavailable("the reader did not answer in time") from None
        finally:
            for ask in asks:
                _let_go(ask.answer)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if self.alive:
                if await self._exchange():
                    pause = _FIRST_PAUSE
                continue
            await self._disconnect()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._connect()
            except LinkLost as error:
                log.warning("reader child does not start: %s", error)
                self._fail_waiting("the reader does not start")

    async def _exchange(self) -> bool:
        """Have one batch read; True when it was answered. False: nothing to do, or a lost child."""
        link = self._link
        assert link is not None
        batch = _taken(self._waiting, MAX_BATCH)
        compares = not batch
        if compares:
            batch = _taken(self._comparing, MAX_COMPARED)
        queue = self._comparing if compares else self._waiting
        if not batch:
            self._wake.clear()
            await link.until(self._wake)
            return False
        try:
            async with asyncio.timeout(self._timeout):
                answers: Sequence[Reading | float | None]
                if compares:
                    answers = await link.compare([cast(Compared, ask.asked) for ask in batch])
                else:
                    answers = await link.read([cast(Utterance, ask.asked) for ask in batch])
        except (LinkLost, TimeoutError) as error:
            log.warning("reader child lost with %d to read: %r", len(batch), error)
            link.lost()
            _again(queue, batch)
            return False
        except asyncio.CancelledError:
            queue.extendleft(reversed(batch))
            raise
        for ask, answer in zip(batch, answers, strict=True):
            if not ask.answer.done():
                ask.answer.set_result(answer)
        return True

    def _fail_waiting(self, reason: str) -> None:
        for queue in (self._waiting, self._comparing):
            while queue:
                _fail(queue.popleft().answer, reason)

    async def _connect(self) -> None:
        self._link = await Link.open_to(self._factory, seconds=math.ceil(self._timeout) + 1)
        self._name = self._link.name
        self._starts += 1

    async def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


def _taken(queue: deque[_Ask], most: int) -> list[_Ask]:
    """The next batch: the first that waits and its followers, or one that must be alone."""
    batch: list[_Ask] = []
    while queue and len(batch) < most:
        ask = queue[0]
        if ask.alone and batch:
            break
        queue.popleft()
        if ask.answer.done():
            continue  # its caller went away
        batch.append(ask)
        if ask.alone:
            break
    return batch


def _again(queue: deque[_Ask], batch: list[_Ask]) -> None:
    if len(batch) == 1:
        _fail(batch[0].answer, "the reader's process was lost")
        return
    for ask in reversed(batch):
        ask.alone = True
        queue.appendleft(ask)


def _fail(answer: asyncio.Future[Any], reason: str) -> None:
    if not answer.done():
        answer.set_exception(ReaderUnavailable(reason))


def _let_go(answer: asyncio.Future[Any]) -> None:
    """Nobody waits for this any more; an error in it has been told by another of the batch."""
    if not answer.cancel() and not answer.cancelled():
        answer.exception()
