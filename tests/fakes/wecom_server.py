"""A server on its own thread and loop, up and down in milliseconds."""

import asyncio
import contextlib
import socket
import threading

import uvicorn
from starlette.applications import Starlette

from tests.fakes.telegram_http import Bell, Connections
from tests.fakes.wecom_callbacks import Callbacks
from tests.fakes.wecom_faults import Faults
from tests.fakes.wecom_http import Api, not_found
from tests.fakes.wecom_login import Pages
from tests.fakes.wecom_state import State


class _Swift(uvicorn.Server):
    """Stops without waiting: open connections are cut."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.gone = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.gone.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if isinstance(transport, asyncio.Transport):
                transport.abort()


class Server:
    """Answers the API and posts the callbacks of one platform while it runs."""

    def __init__(self, state: State, faults: Faults, callbacks: Callbacks) -> None:
        self._state = state
        self._faults = faults
        self._callbacks = callbacks
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Swift | None = None
        self._thread: threading.Thread | None = None

    def start(self, port: int) -> int:
        """Listen on 127.0.0.1 (a free port for 0); the port, once calls are answered."""
        if self._thread is not None:
            raise RuntimeError("already running")
        # With the protocol named, asyncio turns Nagle's algorithm off: 40 ms less for each call.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            raise
        listener.listen(128)
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), name="fake-wecom"
        )
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the server did not start")
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        """Open calls are cut, callbacks under way are dropped."""
        if self._thread is None or self._loop is None or self._server is None:
            return
        self._loop.call_soon_threadsafe(self._server.gone.set)
        self._thread.join(10)
        self._thread = self._loop = self._server = None

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        bell = Bell(self._loop)
        connections = Connections()
        api = Api(self._state, self._faults, connections)
        routes = [*api.routes(), *Pages(self._state).routes()]
        config = uvicorn.Config(
            Starlette(routes=routes, exception_handlers={404: not_found}),
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            proxy_headers=False,
        )
        self._server = _Swift(config)
        self._state.listeners.append(bell.ring)
        posting = asyncio.create_task(self._callbacks.run(bell))
        ready.set()  # the socket listens already: early callers wait in its backlog
        try:
            await self._server.serve(sockets=[listener])
        finally:
            with self._state.lock:
                self._state.listeners.remove(bell.ring)
            posting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await posting
