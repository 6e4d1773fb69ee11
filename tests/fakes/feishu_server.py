"""The thread everything runs on: HTTP on one port, long connections on another."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from tests.fakes.feishu_delivery import Courier
from tests.fakes.feishu_events import Outbox
from tests.fakes.feishu_faults import Faults
from tests.fakes.feishu_http import OpenApi
from tests.fakes.feishu_request import Endpoint
from tests.fakes.feishu_socket import LongConnections
from tests.fakes.feishu_state import State
from tests.fakes.feishu_webhook import Webhook
from tests.fakes.standin import Background, Swift, ended
from tests.fakes.telegram_http import Bell, Connections

T = TypeVar("T")


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
        self._background = Background("fake-feishu")
        self.port = 0

    def start(self) -> None:
        """Listen on two free ports of 127.0.0.1 and return when calls are answered."""
        http, sockets = self._background.listen(), self._background.listen()
        self.port = http.getsockname()[1]
        self._background.start(partial(self._serve, http, sockets))

    def stop(self) -> None:
        """Close everything; open calls and connections are cut."""
        self._background.stop()

    async def _serve(
        self,
        http: socket.socket,
        sockets: socket.socket,
        ready: Callable[[], None],
        over: asyncio.Event,
    ) -> None:
        bell, connections = Bell(asyncio.get_running_loop()), Connections()
        app = OpenApi(self._state, self.endpoints, self._faults, connections).app
        self._state.listeners.append(bell.ring)
        courier = Courier(self._state, self._outbox, self._webhook, self._sockets, bell)
        carrying = asyncio.create_task(courier.run())
        try:
            async with self._sockets.serve(sockets):
                ready()  # the socket listens already: early callers wait in its backlog
                await Swift(app, connections.protocol(), over).serve(sockets=[http])
        finally:
            with self._state.lock:
                self._state.listeners.remove(bell.ring)
            await ended(carrying)
            await self._webhook.close()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something run on the server's loop."""
        self._background.spawn(work)

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop and wait for it on this one."""
        return await self._background.there(work)
