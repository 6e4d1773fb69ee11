"""THE ROAD: accept, handle (look, read, decide, record), deliver. Read it top to bottom.

Two hand-overs are durable: ``accept`` ends with a stored message, ``record`` with stored sends.
Whatever dies in between, the sweep wakes again, and nothing is done twice in effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot import records, rows
from bot.channels.base import Channel
from bot.conversation.router import decide
from bot.errors import Stale, TooLong
from bot.messages import MAX_TEXT, Inbound, Reach, Received, kept
from bot.rows import Turned, Waiting
from bot.rulebook import Rulebook
from bot.turn import Heard, Outcome, read_as, spans_in
from nlp.reading import AsyncReader, ReaderUnavailable, Utterance
from scheduler.batch import GroupCommit
from scheduler.engine import CONVERSATION, DELIVERY, Engine
from storage.database import Database, Tx
from storage.enums import MessageKind
from storage.queries import intake, turns
from storage.queries.intake import NewMessage, Stored
from storage.vault import Vault

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Road:
    """What the road runs on."""

    database: Database
    vault: Vault
    engine: Engine
    reader: AsyncReader
    channels: Mapping[str, Channel]
    rulebook: Rulebook
    now: Callable[[], datetime]
    base_url: str
    pause: timedelta
    longest: timedelta
    counts: Counts = field(default_factory=lambda: Counts())


@dataclass(slots=True)
class Counts:
    """Numbers for /metrics, since this process started."""

    accepted: int = 0
    duplicates: int = 0
    handled: int = 0
    stale: int = 0
    unread: int = 0


class Door:
    """Station 1 and 2: what came in becomes rows, many at once, before it is acknowledged."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self._commit: GroupCommit[NewMessage, Stored] = GroupCommit(self._flush)

    async def accept(self, received: Received) -> list[Stored]:
        """Store what a platform told us. When this returns, nothing of it can be lost.

        Raises ``TooLong`` before anything is stored, ``StorageUnavailable`` when nothing was.
        """
        new = [_as_new(message) for message in received.messages]
        if len(new) == 1:  # nearly every call; a task of its own would cost more than the wait
            stored = [await self._commit.submit(new[0])]
        else:
            stored = await asyncio.gather(*(self._commit.submit(one) for one in new))
        for reach in received.reaches:
            await self._road.database.write(_reachable(reach))
        self._road.counts.accepted += sum(one.fresh for one in stored)
        self._road.counts.duplicates += sum(not one.fresh for one in stored)
        return stored

    async def close(self) -> None:
        """Finish what is under way."""
        await self._commit.close()

    async def _flush(self, batch: Sequence[NewMessage]) -> list[Stored]:
        road = self._road

        def work(tx: Tx) -> list[Stored]:
            taken = intake.take(tx, road.vault, batch)
            if taken.urgent:
                road.engine.wake(tx, CONVERSATION, taken.urgent)
            if taken.typing:
                later = road.now() + road.pause
                road.engine.wake(tx, CONVERSATION, taken.typing, not_before=later)
            return list(taken.stored)

        return await road.database.write(work)


def _reachable(reach: Reach) -> Callable[[Tx], None]:
    return lambda tx: intake.set_reachable(
        tx, reach.sender.channel, reach.sender.value, reach.reachable
    )


def _as_new(message: Inbound) -> NewMessage:
    if len(message.text) > MAX_TEXT:
        raise TooLong
    return NewMessage(
        channel=message.channel,
        address=message.sender.value,
        external_id=message.external_id,
        kind=message.kind,
        text=kept(message.text),
        sent_at=message.sent_at,
    )


async def handle(road: Road, conversation_id: str) -> None:
    """Answer the next utterance of a woken conversation. Safe to run again: only record writes."""
    turned = await look(road, conversation_id)
    if turned is None:
        return
    heard = await read(road, turned)
    outcome = decide(turned.context, heard, road.rulebook, now=road.now())
    try:
        await record(road, turned, heard, outcome)
    except Stale:
        road.counts.stale += 1
        await give_back(road, turned)
        return
    road.counts.handled += 1
    log.info(
        "message.handled",
        message=turned.context.last.uid,
        channel=turned.context.channel,
        flow=outcome.flow,
        replies=len(outcome.replies),
        alerts=len(outcome.alerts),
    )


async def look(road: Road, conversation_id: str) -> Turned | None:
    """Station 3: the next utterance, once the person has stopped typing."""

    def work(tx: Tx) -> Turned | None:
        found = turns.look(tx, conversation_id, pause=road.pause, longest=road.longest)
        if found is None:
            return None
        if found.died:
            channels = records.unread(tx, road.vault, found, road.rulebook.policy)
            road.engine.wake(tx, DELIVERY, sorted(channels))
        seen = rows.seen(tx, road.vault, found)
        if isinstance(seen, Waiting):
            road.engine.wake(tx, CONVERSATION, [conversation_id], not_before=seen.until)
            return None
        return seen

    return await road.database.write(work)


async def read(road: Road, turned: Turned) -> Heard | None:
    """Station 4: what the words say. Presses, commands and colleagues are not read."""
    context = turned.context
    if context.candidate is None or context.last.kind is not MessageKind.TEXT:
        return None
    utterance = Utterance(
        text=context.text,
        stage=read_as(context.candidate.stage),
        context=context.before,
        now=context.last.sent_at,
    )
    try:
        [reading] = await road.reader.read([utterance])
    except ReaderUnavailable:
        road.counts.unread += 1
        raise
    return Heard(reading=reading, spans=spans_in(context.said, reading), stage=utterance.stage)


async def record(road: Road, turned: Turned, heard: Heard | None, outcome: Outcome) -> None:
    """Station 5: every consequence of one utterance in one commit, or ``Stale``."""

    def work(tx: Tx) -> None:
        channels = records.write(tx, road.vault, turned, heard, outcome)
        road.engine.wake(tx, DELIVERY, sorted(channels))
        if turned.more:
            turns.rewake(tx, turned.talk.id)
            road.engine.wake(tx, CONVERSATION, [turned.talk.id])

    await road.database.write(work)


async def give_back(road: Road, turned: Turned) -> None:
    """Somebody decided in between: the attempt does not count, and we look again."""

    def work(tx: Tx) -> None:
        turns.give_back(tx, turned.talk.id, [said.id for said in turned.context.said])
        road.engine.wake(tx, CONVERSATION, [turned.talk.id])

    await road.database.write(work)
