"""Delivers events over whatever the app chose, and again when they were not taken."""

import asyncio
import contextlib

from tests.fakes.feishu_events import Attempt, Event, Outbox
from tests.fakes.feishu_socket import LongConnections
from tests.fakes.feishu_state import State
from tests.fakes.feishu_webhook import Push, Webhook
from tests.fakes.telegram_http import Bell

TICK_S = 0.02  # how often the platform clock is looked at while something waits for it


class Courier:
    """Runs on the server's loop until cancelled."""

    def __init__(
        self, state: State, outbox: Outbox, webhook: Webhook, sockets: LongConnections, bell: Bell
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._webhook = webhook
        self._sockets = sockets
        self._bell = bell
        self._firsts: dict[int, Push] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            while True:
                ring = self._bell.next()
                for event in self._outbox.take_due():
                    task = asyncio.create_task(self._deliver(event))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                waiting = any(event.status == "waiting" for event in self._outbox.open())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S if waiting else None):
                        await ring.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, event: Event) -> None:
        at, mode = self._state.clock(), self._state.app.events
        if mode == "webhook":
            push = await self._webhook.send(self._push(event))
            attempt = Attempt(at, mode, push.error, push.status)
        else:
            outcome = await self._sockets.send(event.body)
            attempt = Attempt(at, mode, outcome.error, outcome.code)
        self._outbox.settle(event, attempt)

    def _push(self, event: Event) -> Push:
        url = self._state.app.event_url
        first = self._firsts.get(id(event))
        if first is not None and not self._state.unconfirmed.fresh_retries:
            return Push(url, "event", first.headers, first.raw, first.body, self._state.clock())
        push = self._webhook.prepare(url, "event", event.body)
        self._firsts.setdefault(id(event), push)
        return push
