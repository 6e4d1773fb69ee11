"""One child process and the socket to it: started, asked, lost, closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from nlp import wire
from nlp.reading import Compared, Reading, Utterance

T = TypeVar("T")
#: Seconds a child may take until it is warm, and to leave once its socket is closed.
START_SECONDS, LEAVE_SECONDS = 60.0, 2.0


class LinkLost(ConnectionError):
    """The child is gone, or what it sent makes no sense."""


class Link:
    """A warm child. One question at a time."""

    def __init__(
        self,
        process: Process,
        inbound: asyncio.StreamReader,
        outbound: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._inbound = inbound
        self._outbound = outbound
        self._exit = asyncio.create_task(process.wait(), name="reader-child-exit")
        self._lost = False
        self.name = ""

    @classmethod
    async def open_to(cls, factory: str, *, seconds: int) -> Link:
        """Start a child with ``factory``; returns when it is warm. Raises ``LinkLost``.

        ``seconds`` is how long the child may read one batch before it ends itself.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "nlp.child"),
                    *(str(theirs.fileno()), factory, str(seconds)),
                    pass_fds=[theirs.fileno()],
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    env=_environment(),
                    start_new_session=True,  # a terminal's Ctrl-C is for the parent alone
                )
            inbound, outbound = await asyncio.open_connection(sock=ours)
        except OSError as error:
            ours.close()
            raise LinkLost(str(error)) from error
        except asyncio.CancelledError:
            ours.close()
            raise
        link = cls(process, inbound, outbound)
        try:
            async with asyncio.timeout(START_SECONDS):
                link.name = str((await link._received())["name"])
        except (LinkLost, TimeoutError, KeyError, TypeError) as error:
            await link.close()
            raise LinkLost(f"the child was not ready: {error!r}") from error
        except asyncio.CancelledError:
            await link.close()
            raise
        return link

    @property
    def open(self) -> bool:
        """Whether the child runs and has not been given up."""
        return not self._lost and not self._exit.done()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def lost(self) -> None:
        """Give the child up."""
        self._lost = True

    async def until(self, event: asyncio.Event) -> None:
        """Wait for the event or the child's end, whichever is first."""
        waiter = asyncio.create_task(event.wait())
        try:
            await asyncio.wait([waiter, self._exit], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Have the batch read. Raises ``LinkLost``; after that only ``close`` is of use."""
        return await self._asked(wire.utterances_out(batch), wire.readings_in, len(batch))

    async def compare(self, pairs: Sequence[Compared]) -> list[float | None]:
        """Have pairs compared. Raises ``LinkLost`` as ``read`` does."""
        return await self._asked(wire.pairs_out(pairs), wire.scores_in, len(pairs))

    async def _asked(self, value: Any, opened: Callable[[Any], list[T]], count: int) -> list[T]:
        try:
            self._outbound.write(wire.frame(value))
            await self._outbound.drain()
            answers = opened(await self._received())
        except (OSError, wire.FrameError) as error:
            raise LinkLost(repr(error)) from error
        if len(answers) != count:
            raise LinkLost("an answer of another length")
        return answers

    async def close(self) -> None:
        """Close the socket, wait for the child to leave, kill it if it does not."""
        self._outbound.close()
        with contextlib.suppress(OSError):
            await self._outbound.wait_closed()
        if self._lost and not self._exit.done():
            self._kill()
        done, _ = await asyncio.wait([self._exit], timeout=LEAVE_SECONDS)
        if not done:
            self._kill()
            await asyncio.wait([self._exit])

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _received(self) -> dict[str, object]:
        try:
            header = await self._inbound.readexactly(wire.HEADER.size)
            body = await self._inbound.readexactly(wire.size_of(header))
            return wire.value_of(body)  # type: ignore[no-any-return]
        except (OSError, EOFError, wire.FrameError) as error:
            raise LinkLost(repr(error)) from error


def _environment() -> dict[str, str]:
    """Ours, one thread per numeric library, and our import path."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *(path for path in sys.path if path)]
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
    }
