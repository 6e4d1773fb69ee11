"""A stand-in for the Telegram platform: Bot API, webhook pusher, and people with phones.

    with FakeTelegram() as telegram:
        li = telegram.user(700, "Li")
        li.start("c_8Fk2")

The server runs on its own thread and loop; every method here may be called from any thread.
From the command line: `python -m tests.fakes.telegram --port 8081`.
"""

import argparse
import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Literal, Self

from starlette.applications import Starlette

from tests.fakes.standin import Background, StandIn, Swift, ended
from tests.fakes.telegram_business import RIGHTS, FakeBusiness, connect
from tests.fakes.telegram_faults import Fault, Faults, Kind
from tests.fakes.telegram_http import Bell, BotApi, Connections, not_found
from tests.fakes.telegram_methods import set_webhook
from tests.fakes.telegram_params import Params
from tests.fakes.telegram_phone import Phone
from tests.fakes.telegram_state import Account, Call, Json, State
from tests.fakes.telegram_users import FakeUser, SeenButton, SeenMessage
from tests.fakes.telegram_webhook import Pusher

__all__ = ["Call", "FakeBusiness", "FakeTelegram", "FakeUser", "SeenButton", "SeenMessage"]

TOKEN = "12345:TEST-token-of-the-stand-in-bot-0001"


class FakeTelegram(StandIn):
    """One platform with one bot. What it remembers survives stop() and start()."""

    state: State

    def __init__(
        self,
        token: str = TOKEN,
        bot_username: str = "yinuo_bot",
        clock: Callable[[], float] = time.time,
        *,
        limits: bool = True,
        burst: int = 5,
        pace: Callable[[], float] = time.monotonic,
        speed: float = 20.0,
        webhook_timeout_s: float = 10.0,
    ) -> None:
        """A platform on which nobody has pressed Start yet.

        `clock` (Unix seconds) dates messages and expires updates, presses and file links; `pace`
        (any seconds) meters the flood limits, of which `burst` messages per chat are spared;
        `speed` divides the waits between webhook retries.
        """
        me: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "一诺",
            "username": bot_username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": True,
            "has_main_web_app": False,
        }
        self.state = State(token, me, clock, pace, limits, burst)
        self._faults = Faults()
        self._speed = speed
        self._webhook_timeout_s = webhook_timeout_s
        self._background = Background("fake-telegram")
        self._port = 0

    # Running

    def start(self, port: int = 0) -> Self:
        """Listen on 127.0.0.1 (a free port for 0) and return when calls are answered."""
        listening = self._background.listen(port)
        self._background.start(partial(self._serve, listening))
        self._port = listening.getsockname()[1]
        return self

    def stop(self) -> None:
        """Close the server; open calls are cut."""
        self._background.stop()

    async def _serve(
        self, listening: socket.socket, ready: Callable[[], None], over: asyncio.Event
    ) -> None:
        bell = Bell(asyncio.get_running_loop())
        connections = Connections()
        api = BotApi(self.state, self._faults, connections, bell)
        routes = [*api.routes(), *Phone(self.state).routes()]
        app = Starlette(routes=routes, exception_handlers={404: not_found})
        self.state.listeners.append(bell.ring)
        pusher = Pusher(
            self.state, bell, api.perform, speed=self._speed, timeout_s=self._webhook_timeout_s
        )
        pushing = asyncio.create_task(pusher.run())
        ready()  # the socket listens already: early callers wait in its backlog
        try:
            await Swift(app, connections.protocol(), over).serve(sockets=[listening])
        finally:
            with self.state.lock:
                self.state.listeners.remove(bell.ring)
            await ended(pushing)

    @property
    def api_base(self) -> str:
        """Stands for https://api.telegram.org; no slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def token(self) -> str:
        return self.state.token

    @property
    def bot_username(self) -> str:
        return str(self.state.me["username"])

    # People

    def user(self, id: int, first_name: str = "Li", username: str | None = None) -> FakeUser:
        """The person with this id, made when new. The bot may write only after start() or say()."""
        with self.state.lock:
            account = self.state.accounts.setdefault(id, Account(id, first_name, username))
            return FakeUser(self.state, account)

    def business(self, owner: FakeUser, *rights: str) -> FakeBusiness:
        """Connect the bot to somebody's own account; without `rights`, with all of them."""
        return connect(self.state, owner, rights or RIGHTS)

    # Updates

    def raw_update(self, body: Json | None = None, **fields: Any) -> int:
        """Queue any JSON as an update; an update_id is added when there is none."""
        return self.state.add({**(body or {}), **fields}, ("raw", object()))

    def deliver_twice(self, times: int = 1) -> None:
        """Deliver each of the next `times` updates again after it was acknowledged."""
        with self.state.lock:
            self.state.duplicates += times

    def redeliver(self, update_id: int) -> None:
        """Deliver an acknowledged update once more, under its old id."""
        with self.state.lock:
            update = self.state.delivered.pop(update_id)
            update.copies, update.failures, update.delay_s = 1, 0, 1
            self.state.updates.append(update)
            self.state.change()

    def hold(self) -> None:
        """Keep updates back, as a platform in trouble does, until release()."""
        with self.state.lock:
            self.state.held = True

    def release(self, order: Literal["as_sent", "reversed", "presses_first"] = "as_sent") -> None:
        """Deliver what was held, to a webhook strictly one after the other in this order."""
        with self.state.lock:
            updates = self.state.updates
            if order == "reversed":
                updates.reverse()
            elif order == "presses_first":
                updates.sort(key=lambda update: "callback_query" not in update.body)
            for update in updates:
                update.queue = "released"
            self.state.held = False
            self.state.change()

    def next_update_id(self, id: int) -> None:
        """Number on from here: after a quiet week the platform starts anywhere, even lower."""
        with self.state.lock:
            self.state.next_update_id = id

    @property
    def pending(self) -> int:
        """Updates the bot has not acknowledged."""
        with self.state.lock:
            return len(self.state.updates)

    def set_webhook(self, url: str, secret: str = "") -> None:
        """Set the webhook as the bot would with setWebhook."""
        with self.state.lock:
            set_webhook(self.state, Params({"url": url, "secret_token": secret}))

    # Trouble

    def fail_next(
        self,
        method: str,
        status: int,
        times: int = 1,
        *,
        retry_after: int | None = None,
        description: str | None = None,
        parameters: Json | None = None,
    ) -> None:
        """Answer the next calls of a method ("*": any) with an error, doing nothing.

        `parameters` takes the place of what an answer of this status usually carries.
        """
        fault = Fault(method, "error", times, status, retry_after, description, parameters)
        self._faults.add(fault)

    def drop_after_delivery(self, method: str, times: int = 1) -> None:
        """Do what is asked, then close the connection without an answer."""
        self._drop(method, "drop_after", times)

    def drop_before_delivery(self, method: str, times: int = 1) -> None:
        """Close the connection having done nothing."""
        self._drop(method, "drop_before", times)

    def _drop(self, method: str, kind: Kind, times: int) -> None:
        self._faults.add(Fault(method, kind, times))

    def slow(self, method: str, seconds: float) -> None:
        """Let every call of a method ("*": any) wait first; 0 ends it."""
        self._faults.delays_s[method.lower()] = seconds

    def heal(self) -> None:
        """Forget all ordered trouble."""
        self._faults.clear()

    # Looking

    @property
    def calls(self) -> list[Call]:
        """Every authorised call so far, oldest first."""
        with self.state.lock:
            return list(self.state.calls)

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method.lower()]

    @property
    def commands(self) -> list[Json]:
        """What setMyCommands set."""
        return self.state.commands


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="tests.fakes.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--bot-username", default="yinuo_bot")
    parser.add_argument("--webhook", default="", help="push updates here")
    parser.add_argument("--secret", default="", help="secret of the webhook")
    parser.add_argument("--no-limits", action="store_true", help="no flood limits")
    asked = parser.parse_args()
    done = threading.Event()

    def finish(_signal: int, _frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    telegram = FakeTelegram(asked.token, asked.bot_username, limits=not asked.no_limits)
    if asked.webhook:
        telegram.set_webhook(asked.webhook, asked.secret)
    telegram.start(asked.port)
    print(json.dumps({"api_base": telegram.api_base}), flush=True)
    done.wait()
    telegram.stop()


if __name__ == "__main__":
    main()
