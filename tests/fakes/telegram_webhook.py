"""Pushes updates to the bot's webhook the way the official server does.

One queue per chat for messages, another per person for presses: within a queue the next update
waits for the acknowledgement of the one before, between queues nothing is ordered.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import httpx

from tests.fakes.calling import caller
from tests.fakes.telegram_errors import ApiError
from tests.fakes.telegram_http import Bell
from tests.fakes.telegram_params import Params
from tests.fakes.telegram_state import State, Update, Webhook

RESEND_LIMIT_S = 60
RETRY_AFTER_LIMIT_S = 3600
GONE_S = 23 * 3600
UNANSWERABLE = {"setwebhook", "deletewebhook", "close", "logout"}

Perform = Callable[[str, Params], Awaitable[Any]]


class Pusher:
    """Runs on the server's loop until cancelled; delays are divided by `speed`."""

    def __init__(
        self, state: State, bell: Bell, perform: Perform, *, speed: float, timeout_s: float
    ) -> None:
        self._state = state
        self._bell = bell
        self._perform = perform
        self._speed = speed
        self._timeout_s = timeout_s
        self._workers: dict[Hashable, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._hook: Webhook | None = None

    async def run(self) -> None:
        async with caller(self._timeout_s) as client:
            try:
                while True:
                    ring = self._bell.next()
                    self._staff(client)
                    await ring.wait()
            finally:
                self._dismiss()
                await asyncio.gather(*self._leaving, return_exceptions=True)

    def _dismiss(self) -> None:
        for task in self._workers.values():
            task.cancel()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self._workers.clear()

    def _staff(self, client: httpx.AsyncClient) -> None:
        """One worker for each queue that waits, as many as the bot allows connections."""
        hook = self._state.webhook
        if hook is not self._hook:
            self._dismiss()
            self._hook = hook
        if hook is None:
            return
        self._workers = {key: task for key, task in self._workers.items() if not task.done()}
        for queue in self._state.waiting():
            if queue not in self._workers and len(self._workers) < hook.max_connections:
                self._workers[queue] = asyncio.create_task(self._drain(queue, hook, client))

    async def _drain(self, queue: Hashable, hook: Webhook, client: httpx.AsyncClient) -> None:
        while (update := self._state.head(queue)) is not None and self._state.webhook is hook:
            error, retry_after = await self._post(update, hook, client)
            if error is None:
                self._state.taken(update)
            else:
                hook.last_error, hook.last_error_at = error, self._state.now()
                self._state.change()
                await self._put_off(update, retry_after)
        self._workers.pop(queue, None)
        self._bell.ring()  # a place is free, and something may have come meanwhile

    async def _put_off(self, update: Update, retry_after: int) -> None:
        """Wait before the next try: at once after the first failure, then doubling."""
        wait = min(max(retry_after, 0), RETRY_AFTER_LIMIT_S)
        if wait == 0 and update.failures > 0:
            limit = random.randint(RESEND_LIMIT_S, 2 * RESEND_LIMIT_S)
            wait = update.delay_s = min(limit, update.delay_s * 2)
        update.failures += 1
        if self._state.clock() + wait > update.expires_at:
            self._state.forget(update)
            return
        await asyncio.sleep(wait / self._speed)

    async def _post(
        self, update: Update, hook: Webhook, client: httpx.AsyncClient
    ) -> tuple[str | None, int]:
        """Error text (None when taken) and the seconds the bot asked to be left alone."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        try:
            response = await client.post(hook.url, json=update.body, headers=headers)
        except httpx.TimeoutException:
            return "Read timeout expired", 0
        except httpx.ConnectError:
            return "Connection refused", 0
        except httpx.TransportError:
            return "Webhook connection closed", 0
        if response.is_success:
            hook.gone_since = None
            await self._obey(response)
            return None, 0
        self._notice_gone(hook, response.status_code)
        text = response.headers.get("retry-after", "")
        phrase = f"{response.status_code} {response.reason_phrase}".strip()
        return f"Wrong response from the webhook: {phrase}", int(text) if text.isdigit() else 0

    def _notice_gone(self, hook: Webhook, status: int) -> None:
        """A webhook that answers 410 for 23 hours is closed."""
        if status != 410:
            hook.gone_since = None
        elif hook.gone_since is None:
            hook.gone_since = self._state.clock()
        elif self._state.clock() > hook.gone_since + GONE_S:
            self._state.webhook = None
            self._state.change()

    async def _obey(self, response: httpx.Response) -> None:
        """Carry out a method call in the answer; its result, good or bad, is never told."""
        if not response.headers.get("content-type", "").startswith("application/json"):
            return
        try:
            body = response.json()
        except ValueError:
            return
        method = str(body.get("method", "")).lower() if isinstance(body, dict) else ""
        if method and method not in UNANSWERABLE and not method.startswith("get"):
            try:
                await self._perform(method, Params({**body}))
            except ApiError:
                return
