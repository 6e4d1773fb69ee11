"""Feishu's long connection: events without a public address. Its answers go back the same way.

Each event is answered only after it was taken; what was not comes again on Feishu's schedule.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from bot.channels import feishu_frames as frames
from bot.channels.feishu_client import Client
from bot.channels.feishu_frames import CONTROL, DATA, Frame
from bot.channels.feishu_meaning import (
    APP_CODES,
    MEND_DELAY,
    NOT_PUBLISHED,
    TOO_MANY_CONNECTIONS,
    WORDS,
    Answered,
)
from bot.errors import TryLater
from scheduler.retry import growing, jitter, where

log = structlog.get_logger()

#: What one event may weigh, in one frame or in all of them together.
MAX_BYTES = 4 * 1024 * 1024
MAX_FRAMES = 256
#: Events whose other parts are still missing, and how long they are waited for.
PARTIAL = 64
PARTIAL_S = 60.0
#: Events at work at once; the rest waits in the socket.
AT_WORK = 64
#: What a stopping connection gives the events at work to be answered.
LAST_WORDS_S = 2.0

#: A pause beyond this was not meant.
_MOST = 1e12

Take = Callable[[bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The platform's ``ClientConfig``: seconds, and tries (-1: without end)."""

    tries: int = -1
    interval: float = 120.0
    nonce: float = 30.0
    ping: float = 120.0

    def told(self, config: Any) -> Pacing:
        """The same with what the platform says now; nonsense changes nothing."""
        given = config if isinstance(config, Mapping) else {}

        def number(name: str, otherwise: float, least: float) -> float:
            value = given.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                return otherwise
            if not abs(value) <= _MOST:  # also what is no number
                return otherwise
            return min(max(float(value), least), 3_600.0)

        return Pacing(
            tries=int(number("ReconnectCount", self.tries, -1)),
            interval=number("ReconnectInterval", self.interval, 0.01),
            nonce=number("ReconnectNonce", self.nonce, 0.0),
            ping=number("PingInterval", self.ping, 0.01),
        )


class LongConnection:
    """One connection, opened again whenever it ends."""

    def __init__(self, client: Client, *, plain: bool, first_pause: timedelta) -> None:
        """``plain``: the stand-in speaks without TLS; the platform never does."""
        self._client, self._plain, self._first = client, plain, first_pause
        self._pacing = Pacing()
        self._halt = asyncio.Event()
        self._alive = False
        self._partial: OrderedDict[str, tuple[float, list[bytes | None]]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_WORK)

    def halt(self) -> None:
        """Make ``run`` return soon."""
        self._halt.set()

    async def run(self, take: Take) -> None:
        """Hold the connection until halted or cancelled. ``take`` answers one event."""
        self._halt.clear()
        failures = 0
        try:
            while not self._halt.is_set():
                reason, least = await self._once(take)
                if self._halt.is_set():
                    return
                failures = 0 if self._alive else failures + 1
                pause = max(self._pause(failures), least)
                log.warning(
                    "feishu.disconnected", error=reason, failures=failures, again_s=round(pause, 1)
                )
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._halt.wait(), pause)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _pause(self, failures: int) -> float:
        """After a loss somewhere within the nonce, so that not all return together; after a
        failure longer and longer."""
        pacing = self._pacing
        if not failures:
            return secrets.randbelow(1_000) / 1_000 * pacing.nonce
        if 0 <= pacing.tries < failures:
            return pacing.interval
        longest = timedelta(seconds=pacing.interval)
        pause = growing(failures, first=self._first, longest=longest) * jitter()
        return pause.total_seconds()

    async def _once(self, take: Take) -> tuple[str, float]:
        """One connection from beginning to end: why it ended, and the least to wait now."""
        self._alive = False
        try:
            url, service = await self._place()
            async with connect(url, max_size=MAX_BYTES, open_timeout=10, close_timeout=1) as socket:
                log.info("feishu.connected")
                self._partial.clear()  # what broke off comes again from its beginning
                await self._hold(socket, service, take)
        except Answered as error:
            return _refused(error, self._pacing.interval)
        except InvalidStatus as error:
            answered = _handshake(error.response.headers)
            return _refused(answered, self._pacing.interval)
        except (httpx.HTTPError, TryLater, WebSocketException, OSError, ValueError) as error:
            return type(error).__name__, 0.0
        return "closed", 0.0

    async def _place(self) -> tuple[str, int]:
        """Where to connect, and the number of the service there."""
        data = await self._client.endpoint()
        self._pacing = self._pacing.told(data.get("ClientConfig"))
        url = data.get("URL")
        if not isinstance(url, str) or urlsplit(url).scheme not in self._schemes():
            raise ValueError("no address for a long connection")
        [service, *_] = parse_qs(urlsplit(url).query).get("service_id", ["0"])
        return url, int(service)

    def _schemes(self) -> tuple[str, ...]:
        return ("wss", "ws") if self._plain else ("wss",)

    async def _hold(self, socket: ClientConnection, service: int, take: Take) -> None:
        pinging = asyncio.create_task(self._ping(socket, service), name="feishu-ping")
        halting = asyncio.create_task(self._close_on_halt(socket), name="feishu-halt")
        try:
            async for data in socket:
                self._alive = True
                if isinstance(data, bytes):
                    await self._heard(socket, data, take)
        finally:
            for task in (pinging, halting):
                task.cancel()
            await asyncio.gather(pinging, halting, return_exceptions=True)

    async def _close_on_halt(self, socket: ClientConnection) -> None:
        await self._halt.wait()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WORDS_S)
        await socket.close()

    async def _ping(self, socket: ClientConnection, service: int) -> None:
        ping = frames.encode(Frame(service=service, method=CONTROL, headers=(("type", "ping"),)))
        with suppress(ConnectionClosed):
            while True:
                await socket.send(ping)
                await asyncio.sleep(self._pacing.ping)

    async def _heard(self, socket: ClientConnection, data: bytes, take: Take) -> None:
        try:
            frame = frames.decode(data)
            if frame.method == CONTROL and frame.header("type") == "pong" and frame.payload:
                self._pacing = self._pacing.told(json.loads(frame.payload))
            if frame.method != DATA or frame.header("type") != "event":
                return
            payload = self._joined(frame)
        except (ValueError, RecursionError):
            log.warning("feishu.bad_frame")
            return
        if payload is None:
            return
        await self._room.acquire()
        task = asyncio.create_task(self._answer(socket, frame, payload, take))
        self._tasks.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    def _joined(self, frame: Frame) -> bytes | None:
        """The whole event, once its last part is here. Raises ``ValueError`` for nonsense."""
        parts, at = int(frame.header("sum") or 1), int(frame.header("seq") or 0)
        if parts <= 1:
            return frame.payload
        if parts > MAX_FRAMES or not 0 <= at < parts:
            raise ValueError("an event of so many parts")
        now, key = time.monotonic(), frame.header("message_id")
        self._forget_old(now)
        _, held = self._partial.setdefault(key, (now, [None] * parts))
        if len(held) != parts:  # another try, cut differently
            held = [None] * parts
            self._partial[key] = now, held
        held[at] = frame.payload
        whole = [part for part in held if part is not None]
        if sum(map(len, whole)) > MAX_BYTES:
            del self._partial[key]
            raise ValueError("the event is too large")
        if len(whole) < parts:
            return None
        del self._partial[key]
        return b"".join(whole)

    def _forget_old(self, now: float) -> None:
        while self._partial:
            key, (since, _) = next(iter(self._partial.items()))
            if now - since <= PARTIAL_S and len(self._partial) < PARTIAL:
                return
            del self._partial[key]

    async def _answer(
        self, socket: ClientConnection, frame: Frame, payload: bytes, take: Take
    ) -> None:
        started = time.monotonic()
        # Gathered, so that whatever is wrong with one event is a no to that one alone.
        [outcome] = await asyncio.gather(take(payload), return_exceptions=True)
        answer: dict[str, Any] = {"code": 200}
        if isinstance(outcome, BaseException):
            answer = {"code": 500}
            name = type(outcome).__name__
            log.error("feishu.not_accepted", error=name, where=where(outcome))
        elif outcome:
            answer["data"] = base64.b64encode(outcome).decode()
        took = str(int((time.monotonic() - started) * 1000))
        answered = replace(
            frame,
            headers=(*frame.headers, ("biz_rt", took)),
            payload=json.dumps(answer).encode(),
        )
        with suppress(ConnectionClosed):  # then it comes again, and is known
            await socket.send(frames.encode(answered))


def _handshake(headers: Mapping[str, str]) -> Answered:
    """A handshake that was refused says why in three headers."""
    for name in ("handshake-autherrcode", "handshake-status"):
        code = headers.get(name, "")
        if code.isascii() and code.isdigit() and len(code) < 16:
            return Answered(403, int(code))
    return Answered(403, None)


def _refused(error: Answered, interval: float) -> tuple[str, float]:
    """Why there is no connection, for the log, and how long asking again is of no use."""
    if error.code in APP_CODES or error.code == NOT_PUBLISHED:
        remedy = WORDS["bot" if error.code == NOT_PUBLISHED else "app"]
        log.error("feishu.not_admitted", code=error.code, remedy=remedy)
        return "not admitted", MEND_DELAY.total_seconds()
    if error.code == TOO_MANY_CONNECTIONS:
        return "too many connections", interval
    return f"status {error.status}, code {error.code}", 0.0
