"""What the stand-ins for the platforms share: up and down on a thread of their own, and waiting.

A stand-in serves on a loop that is not the test's, so that blocking clients can be tested too.
"""

import abc
import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import uvicorn

T = TypeVar("T")
#: Serves, calls the first argument when it does, and ends when the second is set.
Work = Callable[[Callable[[], None], asyncio.Event], Coroutine[Any, Any, None]]
START_S = STOP_S = 10.0


class Watched(Protocol):
    """A state whose every change is told to `changed`."""

    @property
    def changed(self) -> threading.Condition: ...


class StandIn(abc.ABC):
    """One platform. What it remembers survives stop() and start()."""

    state: Watched

    @abc.abstractmethod
    def start(self) -> Self:
        """Listen on 127.0.0.1 and return when calls are answered."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Close everything; open calls and connections are cut."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    def wait(self, predicate: Callable[[], object], timeout: float = 30.0) -> None:
        """Block until the predicate is true; TimeoutError after `timeout` real seconds."""
        wait(self.state.changed, predicate, timeout)

    def until(self, predicate: Callable[[], object], timeout: float = 30.0) -> Awaitable[None]:
        """`wait` for coroutines."""
        return asyncio.to_thread(self.wait, predicate, timeout)


def wait(changed: threading.Condition, predicate: Callable[[], object], timeout: float) -> None:
    """Block until the predicate is true; TimeoutError after `timeout` real seconds."""
    deadline = time.monotonic() + timeout
    with changed:
        while not predicate():
            if time.monotonic() > deadline:
                raise TimeoutError("what was waited for did not happen")
            # Looked at again now and then: the predicate may ask about more than this.
            changed.wait(0.05)


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel until all have ended: a cancellation that meets the end of a wait may be swallowed."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.5)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at: whoever asked for the work is gone


class Background:
    """One piece of work on a thread and a loop of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    def listen(self, port: int = 0) -> socket.socket:
        """A listener on 127.0.0.1 for the work to come, on a free port for 0; else OSError.

        It names its protocol: only then does asyncio send answers without 40 ms of delay.
        """
        if self._thread is not None:
            raise RuntimeError("already running")
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", port))
        except OSError:
            made.close()
            raise
        made.listen(128)
        return made

    def start(self, work: Work) -> None:
        """Run `work(ready, over)` and return when it calls `ready`; it ends when `over` is set."""
        ready = threading.Event()

        async def run() -> None:
            self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            await work(ready.set, self._over)

        self._thread = threading.Thread(target=lambda: asyncio.run(run()), name=self._name)
        self._thread.start()
        if not ready.wait(START_S):
            raise RuntimeError(f"{self._name} did not start")

    def stop(self) -> None:
        """End the work; nothing to do when there is none."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise RuntimeError(f"{self._name} did not stop")
        self._thread = self._loop = None

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something run on the loop."""
        asyncio.run_coroutine_threadsafe(work, self._running(work))

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop and wait for it on this one."""
        loop = self._running(work)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    def _running(self, work: Coroutine[Any, Any, Any]) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            work.close()
            raise RuntimeError("the platform is not running")
        return self._loop


class Swift(uvicorn.Server):
    """Ends at once when `over` is set, and cuts what is open."""

    def __init__(self, app: Any, protocol: type[asyncio.Protocol], over: asyncio.Event) -> None:
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            proxy_headers=False,
            # As platforms do. With uvicorn's 5 s, which is also what the client libraries keep a
            # connection for, a call now and then meets one that is just being closed.
            timeout_keep_alive=75,
        )
        super().__init__(config)
        self._over = over

    async def main_loop(self) -> None:
        await self.on_tick(0)  # sets the Date header
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        tasks = list(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await ended(*tasks)
