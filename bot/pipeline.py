"""THE ROAD: accept, handle (look, read, decide, record), deliver. Read it top to bottom.

Two hand-overs are durable: ``accept`` ends with a stored message, ``record`` with stored sends.
Whatever dies in between, the sweep wakes again, and nothing is done twice in effect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot import colleagues, consenting, copies, dealing, judging, records, rows, saying
from bot.alerts.actions import Press
from bot.appraisal import appraise
from bot.channels.base import Channel, Pulls, listens_only
from bot.consent import stands
from bot.conversation.router import decide
from bot.errors import DeliveryError, GiveUp, Stale
from bot.hearing import read_as, spans_in
from bot.messages import MAX_TEXT, Aside, Inbound, Pull, Received, kept
from bot.rows import Turned, Waiting
from bot.rulebook import Rulebook
from bot.turn import Heard, Outcome, RaiseAlert
from bot.words import fill
from nlp.reading import AsyncReader, Comparer, ReaderUnavailable, Utterance
from nlp.scheme import Severity
from scheduler.batch import GroupCommit
from scheduler.engine import CONVERSATION, DELIVERY, FETCH, PULL, Engine
from storage.database import Database, Tx
from storage.enums import MessageKind
from storage.queries import asides, intake, outbox, overheard, queues, turns
from storage.queries.asides import NewAside
from storage.queries.carried import NewMedia, NewTicket
from storage.queries.intake import NewMessage, Stored
from storage.vault import Vault
from storage.viewer import SYSTEM

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Road:
    """What the road runs on."""

    database: Database
    vault: Vault
    engine: Engine
    reader: AsyncReader
    comparer: Comparer | None = None
    channels: Mapping[str, Channel]
    rulebook: Rulebook
    now: Callable[[], datetime]
    base_url: str
    pause: timedelta
    longest: timedelta
    counts: Counts = field(default_factory=lambda: Counts())

    def listens(self, channel: str, address: str) -> bool:
        """Whether we hear what is said at a channel's address and never say anything there."""
        known = self.channels.get(channel)
        return known is not None and listens_only(known.limits, address)


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

        Of a text the beginning is kept (``KEPT_TEXT``). Raises ``StorageUnavailable`` when not all
        was stored.
        """
        received = await self._admitted(received)
        new = [self._as_new(message) for message in received.messages]
        if len(new) == 1 and not received.asides:  # nearly every call, without a task of its own
            stored = [await self._commit.submit(new[0])]
        else:
            stored = await self._in_turn(new, received.asides)
        if received.reaches or received.bounces or received.pulls:
            await self._road.database.write(lambda tx: self._told(tx, received))
        self._road.counts.accepted += sum(one.fresh for one in stored)
        self._road.counts.duplicates += sum(not one.fresh for one in stored)
        return stored

    async def _in_turn(self, new: Sequence[NewMessage], told: Sequence[Aside]) -> list[Stored]:
        """Both sides of a talk, in the order it was had in."""
        stored: list[Stored] = []
        rest, ours = deque(new), list[NewAside]()
        for aside in sorted(map(self._as_aside, told), key=lambda one: one.sent_at):
            before = []
            while rest and rest[0].sent_at <= aside.sent_at:
                before.append(rest.popleft())
            if before:
                await self._keep_asides(ours)
                ours = []
                stored += await asyncio.gather(*map(self._commit.submit, before))
            ours.append(aside)
        await self._keep_asides(ours)
        return stored + await asyncio.gather(*map(self._commit.submit, rest))

    def _as_aside(self, aside: Aside) -> NewAside:
        to = aside.to
        return NewAside(
            channel=to.channel,
            address=to.value,
            by=aside.by,
            external_id=aside.external_id,
            text=kept(aside.text),
            sent_at=aside.sent_at,
            words=aside.words,
            mutes=not self._road.listens(to.channel, to.value),
        )

    async def _keep_asides(self, ours: Sequence[NewAside]) -> None:
        def work(tx: Tx) -> None:
            for aside in ours:
                asides.put_aside(tx, self._road.vault, aside)

        if ours:
            await self._road.database.write(work)

    async def close(self) -> None:
        """Finish what is under way."""
        await self._commit.close()

    async def _admitted(self, received: Received) -> Received:
        """Without what was overheard with somebody who is not ours, or of people we do not know."""
        road = self._road
        told: tuple[Inbound | Aside, ...] = (*received.messages, *received.asides)
        places = {place for one in told if (place := _place(one)) is not None}
        if not places:
            return received
        refused = await road.database.write(
            lambda tx: {place: overheard.admit(tx, road.vault, place) for place in places}
        )
        for place, why in refused.items():
            if why is not None:
                log.info("overheard.ignored", channel=place.channel, reason=why.value)
        kept_out = {place for place, why in refused.items() if why is not None}
        return replace(
            received,
            messages=tuple(one for one in received.messages if _place(one) not in kept_out),
            asides=tuple(one for one in received.asides if _place(one) not in kept_out),
        )

    async def _flush(self, batch: Sequence[NewMessage]) -> list[Stored]:
        road = self._road

        def work(tx: Tx) -> list[Stored]:
            taken = intake.take(tx, road.vault, batch)
            if taken.urgent:
                road.engine.wake(tx, CONVERSATION, taken.urgent)
            if taken.typing:
                later = road.now() + road.pause
                road.engine.wake(tx, CONVERSATION, taken.typing, not_before=later)
            if taken.released:
                road.engine.wake(tx, DELIVERY, taken.released)
            road.engine.wake(tx, FETCH, taken.attached)
            return list(taken.stored)

        return await road.database.write(work)

    def _told(self, tx: Tx, received: Received) -> None:
        """Everything that nobody has to be answered for."""
        road = self._road
        for reach in received.reaches:
            sender = reach.sender
            intake.set_reachable(tx, sender.channel, sender.value, reach.reachable)
        for bounce in received.bounces:
            receipt = bounce.receipt.value
            outbox.bounced(tx, bounce.channel, receipt, error=bounce.reason)
        for pull in received.pulls:
            queues.hint(tx, pull.channel, pull.account, pull.token)
            road.engine.wake(tx, PULL, [f"{pull.channel}:{pull.account}"])

    def _as_new(self, message: Inbound) -> NewMessage:
        channel = self._road.channels.get(message.channel)
        return NewMessage(
            channel=message.channel,
            address=message.sender.value,
            external_id=message.external_id,
            kind=message.kind,
            text=kept(message.text),
            sent_at=message.sent_at,
            media=tuple(
                NewMedia(ref=one.id, kind=one.kind, name=one.name, size=one.size, here=one.here)
                for one in message.media
            ),
            ticket=NewTicket(value=message.ticket.value, until=message.ticket.until)
            if message.ticket
            else None,
            raw=message.raw[:MAX_TEXT],
            reopens=message.ticket is not None
            or (message.opens and channel is not None and bool(channel.limits.windows)),
            opens=message.opens,
        )


def _place(told: Inbound | Aside) -> overheard.Place | None:
    """Where something was overheard; None for what was said to us."""
    if told.overheard is None:
        return None
    where = told.sender if isinstance(told, Inbound) else told.to
    return overheard.Place(
        channel=where.channel,
        address=where.value,
        host=told.overheard.host.value,
        person=told.overheard.person.value,
    )


async def pull(road: Road, door: Door, key: str) -> None:
    """Fetch a queue to its end. The cursor moves only once what it confirms is stored.

    Raises ``TryLater`` or ``Unknown``: the engine calls again.
    """
    name, _, account = key.partition(":")
    channel = road.channels.get(name)
    more = True
    while isinstance(channel, Pulls) and more:
        try:
            more = await _page(road, door, channel, name, account)
        except DeliveryError as error:
            reason = str(error)
            await road.database.write(
                partial(queues.failed, channel=name, account=account, error=reason)
            )
            log.warning("pull.failed", channel=name, error=type(error).__name__)
            if not isinstance(error, GiveUp):
                raise
            more = False


async def _page(road: Road, door: Door, channel: Pulls, name: str, account: str) -> bool:
    """One page of a queue; whether there is more, and a way to it."""
    at = await road.database.read(lambda tx: queues.at(tx, name, account))
    page = await channel.pull(Pull(channel=name, account=account, token=at.token), at.cursor)
    await door.accept(page.received)
    await road.database.write(
        lambda tx: queues.moved(tx, name, account, before=at, cursor=page.cursor)
    )
    return page.more and page.cursor != at.cursor


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
            rules, over = road.rulebook, road.channels
            channels = records.unread(tx, road.vault, found, rules, channels=over)
            road.engine.wake(tx, DELIVERY, sorted(channels))
        channel = road.channels.get(found.talk.channel)
        few = channel is not None and channel.limits.buttons < len(Press)
        labels = road.rulebook.policy.presses if few else None
        listens = road.listens(found.talk.channel, found.talk.address)
        seen = rows.seen(tx, road.vault, found, road.rulebook, numbered=labels, listens=listens)
        if isinstance(seen, Waiting):
            road.engine.wake(tx, CONVERSATION, [conversation_id], not_before=seen.until)
            return None
        return seen

    turned = await road.database.write(work)
    return await colleagues.looked(
        road.database, road.vault, road.rulebook, turned, home=road.base_url
    )


async def read(road: Road, turned: Turned) -> Heard | None:
    """Station 4: what the words say. Presses and colleagues are not read, and nobody who has not
    consented to it."""
    context = turned.context
    if context.candidate is None or context.last.kind is not MessageKind.TEXT:
        return None
    if not stands(context.consent, road.rulebook.analysis_version):
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
        over, rules = road.channels, road.rulebook
        channels = records.write(tx, road.vault, rules, turned, heard, outcome, channels=over)
        judging.after_verdicts(tx, road.vault, rules, [one.alert_id for one in outcome.verdicts])
        if outcome.consents:
            road.engine.wake(tx, CONVERSATION, _consented(road, tx, turned, outcome))
        if turned.context.candidate is not None:
            appraise(tx, road.vault, road.rulebook, turned.context.candidate.id)
        channels |= dealing.write(
            tx,
            road.vault,
            road.rulebook,
            turned.context,
            outcome,
            channels=over,
            home=road.base_url,
        )
        if outcome.copies:
            channels |= copies.share(tx, road.vault, road.rulebook, road.base_url, turned)
        channels |= ring(road, tx, outcome.alerts)
        road.engine.wake(tx, DELIVERY, sorted(channels))
        if turned.more:
            turns.rewake(tx, turned.talk.id)
            road.engine.wake(tx, CONVERSATION, [turned.talk.id])

    await road.database.write(work)


def _consented(road: Road, tx: Tx, turned: Turned, outcome: Outcome) -> list[str]:
    """Keep what was said of consents; the conversations in which something is read back."""
    new, known = outcome.consents, turned.context.candidate
    whose = known.id if known is not None else outcome.bind and outcome.bind.candidate_id
    assert whose, "nobody unknown is asked"
    said = {one.source for one in new}
    return consenting.keep(tx, road.vault, road.rulebook, SYSTEM, whose, new, but=said)


def ring(road: Road, tx: Tx, raised: Sequence[RaiseAlert]) -> set[str]:
    """Tell the groups that something cannot wait, and nothing of what or of whom.

    The channels that have work to deliver.
    """
    if all(alert.severity is not Severity.NOW for alert in raised):
        return set()
    text = fill(road.rulebook.replies.board_now, link=f"{road.base_url}/console")
    boards = [(one.name, one.limits.board) for one in road.channels.values() if one.limits.board]
    return saying.ring(tx, road.vault, boards, text)


async def give_back(road: Road, turned: Turned) -> None:
    """Somebody decided in between: the attempt does not count, and we look again."""

    def work(tx: Tx) -> None:
        turns.give_back(tx, turned.talk.id, [said.id for said in turned.context.said])
        road.engine.wake(tx, CONVERSATION, [turned.talk.id])

    await road.database.write(work)
