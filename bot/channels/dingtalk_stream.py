"""Holding DingTalk's stream: one POST for a ticket, one socket, and never a gap we could avoid.

The official client runs one task a frame, never acknowledges what failed, and blocks the loop
while it connects. Here a frame is acknowledged when it is stored, people are heard in order, and
a connection that is told to go is followed by the next one before it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import quote

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.channels import dingtalk_frames as frames
from bot.channels.base import Accept
from bot.channels.dingtalk_client import Client
from bot.channels.dingtalk_config import Config
from bot.channels.dingtalk_errors import Refusal, Trouble, later
from bot.channels.dingtalk_frames import Frame
from bot.channels.dingtalk_inbound import Wave
from bot.errors import Malformed, StorageUnavailable, TryLater
from bot.messages import Received
from scheduler.retry import LONGEST, growing, jitter, where

log = structlog.get_logger()

FRAME_BYTES = 1024 * 1024
#: Frames being stored at once; beyond it none is read.
UNDER_WAY = 256
#: What is being stored when we stop is given this long.
GRACE_S = 0.5
OPEN_S = 10.0


class Stream:
    """The stream of one app."""

    def __init__(
        self,
        client: Client,
        config: Config,
        accept: Accept,
        now: Callable[[], datetime],
        *,
        wave: Callable[[Wave], Awaitable[None]],
    ) -> None:
        """``wave`` shows a group that somebody was heard there; it may not raise."""
        self._client, self._config, self._now, self._wave = client, config, now, wave
        self._lanes = Lanes(accept, timedelta(seconds=config.reconnect_s))
        self._readers: set[asyncio.Task[None]] = set()
        self._taking: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(UNDER_WAY)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        failures = 0
        try:
            while True:
                began = asyncio.get_running_loop().time()
                connected = False
                delay: timedelta | None = None
                try:
                    link = await self._connect()
                    connected = True
                    await self._hold(link)
                except Exception as error:  # noqa: BLE001 - nobody is heard until we try again
                    delay = _asked_for(error)
                    log.warning("dingtalk.not_connected", error=_named(error))
                lived = asyncio.get_running_loop().time() - began
                if connected and lived >= self._config.steady_s:
                    failures = 0
                    continue  # at once: what is said while nothing is connected is lost
                failures += 1
                await self._pause(failures, delay)
        finally:
            await self._let_go()

    async def _connect(self) -> ClientConnection:
        endpoint, ticket = await self._client.gateway(list(frames.TOPICS))
        return await connect(
            f"{endpoint}?ticket={quote(ticket, safe='')}",
            ssl=await self._client.tls() if endpoint.startswith("wss:") else None,
            open_timeout=OPEN_S,
            close_timeout=1,
            ping_interval=self._config.ping_s,
            ping_timeout=self._config.ping_s,
            max_size=FRAME_BYTES,
            compression=None,
        )

    async def _hold(self, link: ClientConnection) -> None:
        """Until the connection ends, or is told to go: then it goes on being read meanwhile."""
        retired = asyncio.Event()
        reader = asyncio.create_task(self._read(link, retired), name="dingtalk-read")
        self._readers.add(reader)
        reader.add_done_callback(self._ended)
        log.info("dingtalk.connected")
        told = asyncio.create_task(retired.wait())
        try:
            await asyncio.wait({reader, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
        log.info("dingtalk.retired" if retired.is_set() else "dingtalk.disconnected")

    def _ended(self, reader: asyncio.Task[None]) -> None:
        self._readers.discard(reader)
        _report(reader)

    async def _read(self, link: ClientConnection, retired: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(None) as limit:
                while True:
                    await self._hear(link, await link.recv(), retired)
                    if retired.is_set() and limit.when() is None:
                        loop = asyncio.get_running_loop()
                        limit.reschedule(loop.time() + self._config.drain_s)
        except (ConnectionClosed, TimeoutError) as error:
            code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else 0
            log.info("dingtalk.link_ended", code=code)
        finally:
            await link.close()

    async def _hear(
        self, link: ClientConnection, text: str | bytes, retired: asyncio.Event
    ) -> None:
        try:
            frame = frames.frame_of(text)
        except Malformed:
            log.warning("dingtalk.malformed_frame")
            return
        if frame.kind == frames.SYSTEM:
            if frame.topic == frames.PING:
                await _answer(link, frames.ack(frame, frames.OK))
            elif frame.topic == frames.DISCONNECT:
                retired.set()
            return
        await self._room.acquire()
        # Tasks begin in the order they were made: people's words enter their lane in order.
        task = asyncio.create_task(self._take(link, frame))
        self._taking.add(task)
        task.add_done_callback(self._taken)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        self._room.release()
        _report(task)

    async def _take(self, link: ClientConnection, frame: Frame) -> None:
        """Store what a frame tells, and say so: yes when it is stored, no when time runs out."""
        try:
            told = frames.decode(frame, self._config, now=self._now())
        except Malformed:
            log.warning("dingtalk.malformed", topic=frame.topic[:60])
            await _answer(link, frames.ack(frame, frames.BAD))
            return
        if told is None:
            await _answer(link, frames.ack(frame, frames.UNKNOWN))
            return
        stored = self._lanes.put(told.received)
        limit = self._config.press_s if frame.is_press else self._config.ack_s
        await asyncio.wait({stored}, timeout=limit)
        if not stored.done():
            log.warning("dingtalk.stored_late", topic=frame.topic[:60])
        good = stored.done() and not stored.cancelled() and stored.result()
        await _answer(link, frames.ack(frame, frames.OK if good else frames.FAILED))
        await asyncio.wait({stored})
        if told.wave is not None and not stored.cancelled() and stored.result():
            await self._wave(told.wave)

    async def _pause(self, failures: int, delay: timedelta | None) -> None:
        first = timedelta(seconds=self._config.reconnect_s)
        pause = (delay or growing(failures, first=first)) * jitter()
        log.info("dingtalk.reconnects", again_s=round(pause.total_seconds(), 1))
        await asyncio.sleep(pause.total_seconds())

    async def _let_go(self) -> None:
        """What is under way may finish, for it would not come again: answered while the lines
        stand, stored even after that."""
        await _finished(self._taking)
        await _cancelled(self._readers)
        await _finished(self._taking)
        self._lanes.stop()
        await _cancelled(self._taking)


class Lanes:
    """Hands over what came: one after another for one person, side by side for several.

    Messages to a robot are said never to be sent again, so one that could not be stored is tried
    until it is, and whatever that person says next waits behind it.
    """

    def __init__(self, accept: Accept, first: timedelta) -> None:
        self._accept, self._first = accept, first
        self._tails: dict[str, asyncio.Task[bool]] = {}
        self._tasks: set[asyncio.Task[bool]] = set()

    def put(self, received: Received) -> asyncio.Task[bool]:
        """Done once it is stored, or will never be; whether it need not come again."""
        who = _who(received)
        task = asyncio.create_task(self._after(self._tails.get(who), received))
        self._tails[who] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._gone(who, done))
        return task

    def stop(self) -> None:
        """Forget what was not stored."""
        for task in self._tasks:
            task.cancel()

    def _gone(self, who: str, task: asyncio.Task[bool]) -> None:
        self._tasks.discard(task)
        if self._tails.get(who) is task:
            del self._tails[who]

    async def _after(self, before: asyncio.Task[bool] | None, received: Received) -> bool:
        if before is not None:
            await asyncio.wait({before})
        if not received.told:
            return True
        failures = 0
        while True:
            try:
                await self._accept(received)
            except StorageUnavailable:
                failures += 1
                log.warning("dingtalk.not_stored", failures=failures)
                pause = growing(failures, first=self._first) * jitter()
                await asyncio.sleep(pause.total_seconds())
            except Exception as error:  # noqa: BLE001 - asking again at once would fail again
                log.error("dingtalk.not_accepted", error=type(error).__name__, where=where(error))
                return False
            else:
                return True


async def _finished(tasks: set[asyncio.Task[None]]) -> None:
    """Give them a moment."""
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S)


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    """End them."""
    ending = set(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("dingtalk.fault", error=type(error).__name__, where=where(error))


def _who(received: Received) -> str:
    return received.messages[0].sender.value if received.messages else ""


def _named(error: Exception) -> str:
    return error.code if isinstance(error, Refusal) and error.code else type(error).__name__


def _asked_for(error: Exception) -> timedelta | None:
    """A pause the platform wants; never more than a minute, for nobody is heard meanwhile."""
    told = later(error) if isinstance(error, Trouble) else None
    delay = told.delay if isinstance(told, TryLater) else None
    return min(delay, LONGEST) if delay is not None else None


async def _answer(link: ClientConnection, text: str) -> None:
    try:
        await link.send(text)
    except ConnectionClosed:
        log.warning("dingtalk.answer_lost")
