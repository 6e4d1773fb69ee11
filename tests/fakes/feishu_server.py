"""The thread everything runs on: HTTP on one port, long connections on another."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import uvicorn

from tests.fakes.feishu_delivery import Courier
from tests.fakes.feishu_events import Outbox
from tests.fakes.feishu_faults import Faults
from tests.fakes.feishu_http import OpenApi
from tests.fakes.feishu_request import Endpoint
from tests.fakes.feishu_socket import LongConnections
from tests.fakes.feishu_state import State
from tests.fakes.feishu_webhook import Webhook
from tests.fakes.telegram_http import Bell, Connections

T = TypeVar("T")


class _Http(uvicorn.Server):
    """Ends at once when it is told to, and cuts what is open."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)  # sets the Date header
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        tasks = list(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Server:
    """Both servers and the courier, on a thread and a loop of their own."""

    def __init__(
        self,
        state: State,
        faults: Faults,
        outbox: Outbox,
        webhook: Webhook,
        sockets: LongConnections,
    ) -> None:
        self.endpoints: Sequence[Endpoint] = ()
        self._state = state
        self._faults = faults
        self._outbox = outbox
        self._webhook = webhook
        self._sockets = sockets
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._http: _Http | None = None
        self.port = 0

    def start(self) -> None:
        """Listen on two free ports of 127.0.0.1 and return when calls are answered."""
        if self._thread is not None:
            raise RuntimeError("already running")
        http, sockets = _listener(), _listener()
        self.port = http.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(http, sockets, ready)), name="fake-feishu"
        )
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the server did not start")

    def stop(self) -> None:
        """Close everything; open calls and connections are cut."""
        if self._thread is None or self._loop is None or self._http is None:
            return
        self._loop.call_soon_threadsafe(self._http.ended.set)
        self._thread.join(10)
        self._thread = self._loop = self._http = None

    async def _serve(
        self, http: socket.socket, sockets: socket.socket, ready: threading.Event
    ) -> None:
        self._loop = asyncio.get_running_loop()
        bell, connections = Bell(self._loop), Connections()
        config = uvicorn.Config(
            OpenApi(self._state, self.endpoints, self._faults, connections).app,
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            proxy_headers=False,
        )
        self._http = _Http(config)
        self._state.listeners.append(bell.ring)
        courier = Courier(self._state, self._outbox, self._webhook, self._sockets, bell)
        carrying = asyncio.create_task(courier.run())
        try:
            async with self._sockets.serve(sockets):
                ready.set()  # the socket listens already: early callers wait in its backlog
                await self._http.serve(sockets=[http])
        finally:
            with self._state.lock:
                self._state.listeners.remove(bell.ring)
            carrying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await carrying
            await self._webhook.close()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something run on the server's loop."""
        asyncio.run_coroutine_threadsafe(work, self._running(work))

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop and wait for it on this one."""
        loop = self._running(work)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    def _running(self, work: Coroutine[Any, Any, Any]) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            work.close()
            raise RuntimeError("the platform is not running")
        return self._loop


def _listener() -> socket.socket:
    """A socket that names its protocol: only then does asyncio send answers without delay."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener
