"""Live pages: changes of the database become events for whoever listens.

One poller a process, and only while somebody listens. It reads the database, so it sees what
other processes did too. A change is heard within ``EVERY`` and one look, 0.7 s at most.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi.responses import StreamingResponse

from bot.web.errors import TooFast
from storage.database import Database, Tx
from storage.enums import Direction, MessageStatus
from storage.errors import StorageError
from storage.queries import changes, media, timeline
from storage.queries.media import Attached
from storage.queries.timeline import MessageRow
from storage.vault import Vault

log = structlog.get_logger()

EVERY = 0.4
#: The poller goes on this long without listeners: between two pages of one person.
LINGER = 10.0
#: A page opens its stream a moment after it was drawn; what happened in between is told too.
REPLAYED = 5.0
HEARTBEAT = 15.0
STREAMS = 2000
STREAMS_EACH = 6
QUEUE = 200


@dataclass(frozen=True, slots=True)
class Said:
    """A message the person of a conversation can now see, with what it carries."""

    row: MessageRow
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer of ours is on its way, or is no longer."""

    now: bool


@dataclass(frozen=True, slots=True)
class AlertsChanged:
    """Some alert was raised, joined or resolved."""


@dataclass(frozen=True, slots=True)
class ReviewChanged:
    """Something came to wait for a look, or somebody looked."""


@dataclass(frozen=True, slots=True)
class TalksChanged:
    """Something was said or delivered in these conversations."""

    conversation_ids: frozenset[str]


Event = Said | Answering | AlertsChanged | ReviewChanged | TalksChanged


@dataclass(eq=False, slots=True)
class Stream:
    """One listener. Iterate it; None means that nothing happened for a heartbeat."""

    topic: str  # a conversation's id, or the console's ""
    who: str
    queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    ended: bool = False

    def put(self, event: Event) -> None:
        """Pass an event on. A listener that does not keep up is ended, and looks again."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Let the listener go."""
        self.ended = True
        if not self.queue.full():
            self.queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Event | None]:
        while not self.ended:
            try:
                event = await asyncio.wait_for(self.queue.get(), HEARTBEAT)
            except TimeoutError:
                yield None
                continue
            if event is not None:
                yield event


class Feed:
    """The process's one ear on the database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._streams: dict[Stream, None] = {}  # in the order they came
        self._poller: asyncio.Task[None] | None = None
        self._closed = False
        self._newest: int | None = None
        self._known: dict[int, str] = {}  # status by message id, as last seen
        self._awaited: set[str] = set()  # listened to, and something awaits an answer there
        self._unfetched: frozenset[tuple[str, str, str]] | None = None
        self._alerts: changes.AlertMark | None = None
        self._review: changes.ReviewMark | None = None
        self._recent: deque[tuple[float, Event]] = deque(maxlen=QUEUE)

    @property
    def streams(self) -> int:
        """How many listen now."""
        return len(self._streams)

    def refuse_if_full(self) -> None:
        """Raises ``TooFast`` when nobody more can listen; ask before an answer begins."""
        if self._closed or len(self._streams) >= STREAMS:
            raise TooFast(5)

    def conversation(self, conversation_id: str) -> Stream:
        """Hear what the person of one conversation can see."""
        return self._open(Stream(conversation_id, conversation_id))

    def console(self, user_id: str) -> Stream:
        """Hear that alerts or talks changed, and what happened in the last seconds."""
        stream = self._open(Stream("", user_id))
        since = time.monotonic() - REPLAYED
        for at, event in self._recent:
            if at >= since:
                stream.put(event)
        return stream

    def leave(self, stream: Stream) -> None:
        """Stop listening."""
        self._streams.pop(stream, None)

    def close(self) -> None:
        """End every stream, so that the server can stop at once. Callable from the loop only."""
        self._closed = True
        for stream in self._streams:
            stream.end()
        if self._poller is not None:
            self._poller.cancel()

    def _open(self, stream: Stream) -> Stream:
        self.refuse_if_full()
        same = [other for other in self._streams if other.who == stream.who]
        for oldest in same[: len(same) - STREAMS_EACH + 1]:
            oldest.end()
            self.leave(oldest)
        self._streams[stream] = None
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name="feed")
        return stream

    async def _poll(self) -> None:
        self._newest, self._known, self._awaited = None, {}, set()
        self._alerts, self._review, self._unfetched = None, None, None
        lonely_since: float | None = None
        try:
            while lonely_since is None or time.monotonic() - lonely_since < LINGER:
                try:
                    await self._look()
                except StorageError as error:
                    log.warning("feed.later", error=type(error).__name__)
                await asyncio.sleep(EVERY)
                if self._streams:
                    lonely_since = None
                elif lonely_since is None:
                    lonely_since = time.monotonic()
        finally:
            # Whoever still listens would hear nothing more: let them come back.
            for stream in self._streams:
                stream.end()

    async def _look(self) -> None:
        first = self._newest is None
        pending = [i for i, status in self._known.items() if status == MessageStatus.QUEUED.value]
        newest = self._newest
        seen = await self._database.read(lambda tx: changes.look(tx, newest, pending))
        moved = [row for row in seen.messages if self._known.get(row.id) != row.status]
        self._remember(seen.messages, pending)
        shown = {row.uid: row.conversation_id for row in moved if _seen_by_them(row)}
        settled = self._settled(seen.unfetched)
        talks = {row.conversation_id for row in moved} | set(settled.values())
        if not first and talks:
            self._tell(TalksChanged(frozenset(talks)))
            await self._speak(shown | settled)
        await self._hint(seen.messages)
        if self._alerts is not None and seen.alerts != self._alerts:
            self._tell(AlertsChanged())
        if self._review is not None and seen.review != self._review:
            self._tell(ReviewChanged())
        self._alerts, self._review = seen.alerts, seen.review

    def _remember(self, rows: Iterable[Any], pending: list[int]) -> None:
        """Keep the statuses of the window just read, and of what still waits to be sent."""
        read = {row.id: row.status for row in rows}
        waiting = {i: self._known[i] for i in pending if i not in read}
        self._known = waiting | read
        self._newest = max([self._newest or 0, *read])

    def _tell(self, event: AlertsChanged | ReviewChanged | TalksChanged) -> None:
        self._recent.append((time.monotonic(), event))
        for stream in list(self._streams):
            if not stream.topic:
                stream.put(event)

    async def _speak(self, shown: dict[str, str]) -> None:
        """Tell people who listen of messages, given by uid with their conversations."""
        wanted = {stream.topic for stream in self._streams}
        uids = [uid for uid, talk in shown.items() if talk in wanted]
        if not uids:
            return
        rows, files = await self._database.read(lambda tx: self._opened(tx, uids))
        for message in rows:
            carried = tuple(file for file in files if file.message_uid == message.uid)
            self._put(message.conversation_id, Said(message, carried))

    def _opened(self, tx: Tx, uids: list[str]) -> tuple[list[MessageRow], list[Attached]]:
        rows = timeline.by_uids(tx, self._vault, uids)
        return rows, media.of_messages(tx, self._vault, uids)

    async def _hint(self, messages: Iterable[Any]) -> None:
        """Tell people who listen that an answer is on its way, and when it no longer is."""
        wanted = {stream.topic for stream in self._streams}
        awaited = {row.conversation_id for row in messages if changes.awaits_answer(row)} & wanted
        fresh, over = awaited - self._awaited, self._awaited - awaited
        self._awaited = awaited
        if fresh:
            fresh = await self._database.read(lambda tx: changes.answering(tx, fresh))
        for talk in fresh:
            self._put(talk, Answering(True))
        for talk in over:
            self._put(talk, Answering(False))

    def _settled(self, unfetched: frozenset[tuple[str, str, str]]) -> dict[str, str]:
        """Messages of which an attachment came in or was given up, with their conversations."""
        before, self._unfetched = self._unfetched, unfetched
        return {uid: talk for _, talk, uid in (before or frozenset()) - unfetched}

    def _put(self, conversation_id: str, event: Event) -> None:
        for stream in list(self._streams):
            if stream.topic == conversation_id:
                stream.put(event)


def _seen_by_them(row: Any) -> bool:
    return bool(row.direction == Direction.INBOUND.value or row.status == MessageStatus.SENT.value)


# --- the wire ---------------------------------------------------------------------------------


def sse(name: str, data: object, *, event_id: str = "") -> bytes:
    """One server-sent event; text goes as it is, everything else as JSON on one line."""
    body = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {body}\n\n".encode()


HEARTBEAT_LINE = b": here\n\n"
#: The same for a page that wants to notice by itself when it hears nothing any more.
HERE_LINE = b"event: here\ndata:1\n\n"
RETRY_LINE = b"retry: 2000\n\n"


def streaming(events: AsyncIterator[bytes]) -> StreamingResponse:
    """The answer that carries a stream; proxies are asked not to collect it."""
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
