"""Carries deliveries to the app, by stream or by HTTP, again where the platform would.

Runs on the server's loop. Waiting is counted on the platform's clock, so that a test that turns
the clock sees the second attempt at once.
"""

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import Any, Literal

import httpx

from tests.fakes.calling import caller
from tests.fakes.dingtalk_delivery import Ack, Delivery, Outcome, Push
from tests.fakes.dingtalk_state import State
from tests.fakes.dingtalk_stream import Stream
from tests.fakes.telegram_http import Bell

PULSE_S = 0.02  # real seconds between two looks at the clock


class Post:
    """All deliveries so far, and who still has to hear."""

    def __init__(self, state: State, stream: Stream, timeout_s: float) -> None:
        """`timeout_s` (real seconds) bounds one HTTP call to the app."""
        self._state = state
        self._stream = stream
        self._timeout_s = timeout_s
        self._tasks: set[asyncio.Task[Any]] = set()
        self.deliveries: list[Delivery] = []
        self.pushes: list[Push] = []
        self.held = False
        self.duplicates = 0
        stream.on_ack = self._acked

    def put(self, delivery: Delivery) -> Delivery:
        with self._state.lock:
            if self.duplicates:
                self.duplicates, delivery.copies = self.duplicates - 1, 2
            delivery.due = self._state.clock()
            self.deliveries.append(delivery)
            self._state.change()
            return delivery

    def again(self, delivery: Delivery, message_id: str) -> Delivery:
        """The same content once more, answered or not."""
        return self.put(replace(delivery, id=message_id, status="waiting", copies=1, sends=0))

    def release(self, order: Literal["as_sent", "reversed"]) -> None:
        with self._state.lock:
            self.held = False
            if order == "reversed":
                self.deliveries.sort(key=lambda delivery: delivery.status == "waiting")
                first = sum(delivery.status != "waiting" for delivery in self.deliveries)
                self.deliveries[first:] = reversed(self.deliveries[first:])
            self._state.change()

    async def run(self, bell: Bell) -> None:
        """Work until cancelled."""
        async with self._client() as client:
            try:
                while True:
                    ring = bell.next()
                    with self._state.lock:
                        self._turn(client)
                    # Not wait_for: in Python 3.11 that one can swallow the cancellation.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(PULSE_S):
                            await ring.wait()
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def _turn(self, client: httpx.AsyncClient) -> None:
        now = self._state.clock()
        for delivery in self.deliveries:
            if delivery.status == "waiting" and delivery.due <= now and not self.held:
                self._send(delivery, client)
            elif delivery.status == "sent":
                self._look_at_the_clock(delivery, now - delivery.sent_at)

    def _send(self, delivery: Delivery, client: httpx.AsyncClient) -> None:
        delivery.sent_at = self._state.clock()
        if delivery.pack is not None:
            push = delivery.pack()
            self._sent(delivery, "")
            self._spawn(self._call(delivery, push, client))
            return
        link = self._stream.choose(delivery)
        if link is None:
            if not self._state.unconfirmed.queued_while_away:
                self._unanswered(delivery, "lost")
            return
        self._sent(delivery, link.id)
        self._spawn(self._stream.send(link, delivery))

    def _sent(self, delivery: Delivery, connection_id: str) -> None:
        delivery.status, delivery.connection_id = "sent", connection_id
        delivery.sends += 1
        self._state.change()

    def _look_at_the_clock(self, delivery: Delivery, waited_s: float) -> None:
        if delivery.give_up_s is not None and waited_s > delivery.give_up_s:
            delivery.settle(None)
            delivery.status = "late"
            self._state.change()
        elif delivery.retry_s is not None and waited_s >= delivery.retry_s:
            self._unanswered(delivery, "failed")

    def _unanswered(self, delivery: Delivery, end: Literal["lost", "failed"]) -> None:
        """One attempt came to nothing."""
        delivery.attempts_left -= 1
        if delivery.retry_s is not None and delivery.attempts_left > 0:
            delivery.status, delivery.due = "waiting", delivery.sent_at + delivery.retry_s
        else:
            delivery.settle(None)
            delivery.status = end
        self._state.change()

    def _acked(self, ack: Ack) -> None:
        """An ack settles every delivery under its messageId that is still open."""
        for delivery in self.deliveries:
            if delivery.id == ack.message_id and delivery.status == "sent":
                self._settle(delivery, Outcome(ack.code, ack.data))

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        if not delivery.settle(outcome):
            # The platform has heard: it waits its turn, and does not time out before that.
            if delivery.retry_s is not None:
                self._unanswered(delivery, "failed")
            else:
                delivery.status = "failed"
        elif delivery.copies > 1:
            delivery.copies -= 1
            delivery.status, delivery.due = "waiting", self._state.clock()
        else:
            delivery.status = "taken"
        self._state.change()

    async def _call(self, delivery: Delivery, push: Push, client: httpx.AsyncClient) -> None:
        await self.perform(push, client)
        with self._state.lock:
            if delivery.status == "sent":
                self._settle(delivery, Outcome(push.status or 0, push.answer))

    async def perform(self, push: Push, client: httpx.AsyncClient) -> Push:
        """Make one HTTP call and note what came back."""
        with self._state.lock:
            self.pushes.append(push)
        try:
            response = await client.post(push.url, content=push.body, headers=push.headers)
        except httpx.HTTPError:
            push.status = 0
        else:
            with contextlib.suppress(ValueError):
                push.answer = json.loads(response.content)
            push.status = response.status_code
        self._state.change()
        return push

    def _client(self) -> httpx.AsyncClient:
        return caller(self._timeout_s)

    async def repeat(self, push: Push) -> Push:
        """Make a call of one's own, outside the order of deliveries."""
        async with self._client() as client:
            return await self.perform(push, client)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
