"""A server on its own thread and loop, up and down in milliseconds."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette

from tests.fakes.standin import Background, Swift, ended
from tests.fakes.telegram_http import Bell, Connections
from tests.fakes.wecom_callbacks import Callbacks
from tests.fakes.wecom_faults import Faults
from tests.fakes.wecom_http import Api, not_found
from tests.fakes.wecom_login import Pages
from tests.fakes.wecom_state import State


class Server:
    """Answers the API and posts the callbacks of one platform while it runs."""

    def __init__(self, state: State, faults: Faults, callbacks: Callbacks) -> None:
        self._state = state
        self._faults = faults
        self._callbacks = callbacks
        self._background = Background("fake-wecom")

    def start(self, port: int) -> int:
        """Listen on 127.0.0.1 (a free port for 0); the port, once calls are answered."""
        listening = self._background.listen(port)
        self._background.start(partial(self._serve, listening))
        return int(listening.getsockname()[1])

    def stop(self) -> None:
        """Open calls are cut, callbacks under way are dropped."""
        self._background.stop()

    async def _serve(
        self, listening: socket.socket, ready: Callable[[], None], over: asyncio.Event
    ) -> None:
        bell = Bell(asyncio.get_running_loop())
        connections = Connections()
        api = Api(self._state, self._faults, connections)
        routes = [*api.routes(), *Pages(self._state).routes()]
        app = Starlette(routes=routes, exception_handlers={404: not_found})
        self._state.listeners.append(bell.ring)
        posting = asyncio.create_task(self._callbacks.run(bell))
        ready()  # the socket listens already: early callers wait in its backlog
        try:
            await Swift(app, connections.protocol(), over).serve(sockets=[listening])
        finally:
            with self._state.lock:
                self._state.listeners.remove(bell.ring)
            await ended(posting)
