"""What has to leave: enqueue, claim under a budget, settle.

A row is claimed in one transaction and settled in another; the sending lies between them. A
process that dies in between leaves a lease that runs out, and the row is sent again under the
same key. Rows of one conversation leave in order: only its oldest unfinished row can be claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import MessageStatus, OutboxKind, OutboxStatus
from storage.queries.cards import keep_card
from storage.queries.common import insert_new, table, update
from storage.tables import Budget, Conversation, Message, Outbox

OUTBOX = table(Outbox)
UNFINISHED = (OutboxStatus.NEW.value, OutboxStatus.SENDING.value)
#: What a person has to look at; what is held may also be sent at once, at one's own risk.
GIVEN_UP = (OutboxStatus.DEAD.value, OutboxStatus.AMBIGUOUS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSend:
    """One thing to send. ``idem`` comes from its cause: the same cause is sent once."""

    idem: str
    channel: str
    conversation_id: str
    kind: OutboxKind
    payload: str
    message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row this process may send until its lease runs out. ``again``: it was claimed before.

    ``doubtful``: an attempt before this one may have arrived, its sender died or got no answer.
    """

    id: int
    idem: str
    channel: str
    conversation_id: str
    address: str
    subject_id: str
    kind: OutboxKind
    payload: str
    attempts: int
    message_id: int | None
    again: bool = False
    doubtful_since: datetime | None = None  # the first try whose answer never came
    doubtful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What was claimed, and when it is worth asking again (None: nothing is waiting)."""

    rows: tuple[Claimed, ...]
    again_at: datetime | None


def enqueue(tx: Tx, sends: list[NewSend]) -> set[str]:
    """Add rows; a key that exists is left as it is. The channels that have new work."""
    woken: set[str] = set()
    for send in sends:
        row = {
            "idem": send.idem,
            "channel": send.channel,
            "conversation_id": send.conversation_id,
            "kind": send.kind.value,
            "payload": send.payload,
            "message_id": send.message_id,
            "status": OutboxStatus.NEW.value,
            "attempts": 0,
            "next_at": tx.now,
            "created_at": tx.now,
        }
        if insert_new(tx, Outbox, [row]):
            woken.add(send.channel)
    return woken


def claim(
    tx: Tx,
    channel: str,
    *,
    owner: str,
    limit: int,
    lease: timedelta,
    rate: float,
    burst: float,
) -> Claim:
    """Claim at most ``limit`` due rows, one token of the channel's budget each.

    ``rate`` is tokens a second, ``burst`` the most that can be saved up. Tokens count attempts,
    so that retries stay under the limit too.
    """
    tokens = _refill(tx, channel, rate=rate, burst=burst)
    allowed = min(limit, int(tokens))
    rows = _heads(tx, channel, allowed) if allowed else []
    if rows:
        tx.run(
            sa.update(OUTBOX)
            .where(OUTBOX.c.id.in_([row.id for row in rows]))
            .values(
                status=OutboxStatus.SENDING.value,
                owner=owner,
                lease_until=tx.now + lease,
                attempts=OUTBOX.c.attempts + 1,
                doubtful=sa.or_(OUTBOX.c.doubtful, OUTBOX.c.status == OutboxStatus.SENDING.value),
            )
        )
    tokens -= len(rows)
    update(tx, Budget, table(Budget).c.channel == channel, tokens=tokens, at=tx.now)
    again_at = _next_due(tx, channel)
    if again_at is not None and tokens < 1:
        again_at = max(again_at, tx.now + timedelta(seconds=(1 - tokens) / rate))
    return Claim(rows=tuple(_claimed(row) for row in rows), again_at=again_at)


def _refill(tx: Tx, channel: str, *, rate: float, burst: float) -> float:
    insert_new(tx, Budget, [{"channel": channel, "tokens": burst, "at": tx.now}])
    budget = table(Budget)
    row = tx.first(sa.select(budget).where(budget.c.channel == channel).with_for_update())
    elapsed = max(0.0, (tx.now - row.at).total_seconds())
    return float(min(burst, row.tokens + elapsed * rate))


def claimable(now: datetime) -> sa.ColumnElement[bool]:
    """Due, or left behind by a sender whose lease has run out."""
    return sa.or_(
        sa.and_(OUTBOX.c.status == OutboxStatus.NEW.value, OUTBOX.c.next_at <= now),
        sa.and_(OUTBOX.c.status == OutboxStatus.SENDING.value, OUTBOX.c.lease_until <= now),
    )


def _is_head() -> sa.ColumnElement[bool]:
    earlier = OUTBOX.alias("earlier")
    return ~sa.exists(
        sa.select(earlier.c.id).where(
            earlier.c.conversation_id == OUTBOX.c.conversation_id,
            earlier.c.id < OUTBOX.c.id,
            earlier.c.status.in_(UNFINISHED),
        )
    )


def _heads(tx: Tx, channel: str, limit: int) -> list[Any]:
    talk = table(Conversation)
    return tx.all(
        sa.select(OUTBOX, talk.c.address, talk.c.subject_id)
        .join(talk, talk.c.id == OUTBOX.c.conversation_id)
        .where(
            OUTBOX.c.channel == channel,
            OUTBOX.c.status.in_(UNFINISHED),
            claimable(tx.now),
            _is_head(),
        )
        .order_by(OUTBOX.c.next_at, OUTBOX.c.id)
        .limit(limit)
        .with_for_update(of=OUTBOX, skip_locked=True)
    )


def _next_due(tx: Tx, channel: str) -> datetime | None:
    """When the next unfinished head of this channel can be claimed, as far as is known now."""
    due = sa.case(
        (OUTBOX.c.status == OutboxStatus.NEW.value, OUTBOX.c.next_at), else_=OUTBOX.c.lease_until
    )
    row = tx.first(
        sa.select(due.label("due"))
        .where(OUTBOX.c.channel == channel, OUTBOX.c.status.in_(UNFINISHED), _is_head())
        .order_by(due)
        .limit(1)
    )
    return row.due if row is not None else None


def _claimed(row: Any) -> Claimed:
    return Claimed(
        id=row.id,
        idem=row.idem,
        channel=row.channel,
        conversation_id=row.conversation_id,
        address=row.address,
        subject_id=row.subject_id,
        kind=OutboxKind(row.kind),
        payload=row.payload,
        attempts=row.attempts + 1,
        message_id=row.message_id,
        again=row.owner is not None,
        doubtful_since=row.sent_at,
        doubtful=row.doubtful or row.status == OutboxStatus.SENDING.value,
    )


def _settle(tx: Tx, claimed: Claimed, owner: str, **values: Any) -> bool:
    mine = sa.and_(
        OUTBOX.c.id == claimed.id,
        OUTBOX.c.owner == owner,
        OUTBOX.c.status == OutboxStatus.SENDING.value,
    )
    return update(tx, Outbox, mine, lease_until=None, **values) == 1


def sent(
    tx: Tx,
    claimed: Claimed,
    owner: str,
    *,
    receipt: str | None,
    revision: int | None = None,
    parts: int = 1,
    repeats: bool = False,
) -> bool:
    """Mark as delivered. False: the lease had run out and somebody else has the row.

    ``revision`` says which state of an alert's card now stands at the receiver, ``parts`` how
    many messages of the platform it took; ``repeats``: the platform shows a second send under
    the same key, so a row that was in doubt stays marked.
    """
    values = {"receipt": receipt, "error": None, "sent_at": tx.now, "parts": parts}
    twice = claimed.doubtful and repeats
    if not _settle(tx, claimed, owner, status=OutboxStatus.SENT.value, doubtful=twice, **values):
        return False
    _mark_message(tx, claimed, MessageStatus.SENT)
    if claimed.kind is OutboxKind.CARD and receipt is not None and revision is not None:
        keep_card(tx, claimed.payload, claimed.conversation_id, receipt, revision)
    return True


def later(
    tx: Tx,
    claimed: Claimed,
    owner: str,
    *,
    at: datetime,
    error: str,
    unanswered: bool = False,
    partly: bool = False,
) -> bool:
    """Give back, to be tried again at a moment. ``unanswered``: this try may have arrived, and its
    platform has begun to forget the key; ``partly``: some of its parts have.
    """
    since = claimed.doubtful_since or (tx.now if unanswered else None)
    new = {
        "status": OutboxStatus.NEW.value,
        "sent_at": since,
        "doubtful": claimed.doubtful or unanswered or partly,
    }
    return _settle(tx, claimed, owner, next_at=at, error=error[:200], **new)


def held(tx: Tx, claimed: Claimed, owner: str, *, reason: str, partly: bool = False) -> bool:
    """Keep until the person writes: ``release`` frees it. The attempt does not count.

    ``partly``: some of its parts have arrived.
    """
    if not _settle(
        tx,
        claimed,
        owner,
        status=OutboxStatus.HELD.value,
        error=reason[:200],
        attempts=claimed.attempts - 1,
        doubtful=claimed.doubtful or partly,
    ):
        return False
    _mark_message(tx, claimed, MessageStatus.HELD)
    return True


def release(tx: Tx, conversation_ids: Sequence[str], *, since: datetime) -> set[str]:
    """What was held in these conversations and is not older than ``since`` may leave.

    The channels to wake. Older words stay held: whoever reads them now would not understand why.
    """
    where = sa.and_(
        OUTBOX.c.status == OutboxStatus.HELD.value,
        OUTBOX.c.conversation_id.in_(conversation_ids),
        OUTBOX.c.created_at >= since,
    )
    rows = tx.all(sa.select(OUTBOX.c.id, OUTBOX.c.channel, OUTBOX.c.message_id).where(where))
    if rows:
        ids = [row.id for row in rows]
        free = {"status": OutboxStatus.NEW.value, "next_at": tx.now, "error": None}
        update(tx, Outbox, OUTBOX.c.id.in_(ids), **free)
        message = table(Message)
        said = [row.message_id for row in rows if row.message_id is not None]
        update(tx, Message, message.c.id.in_(said), status=MessageStatus.QUEUED.value)
    return {row.channel for row in rows}


def bounced(tx: Tx, channel: str, receipt: str, *, error: str) -> str | None:
    """The platform took this and says now that it did not arrive. Its conversation, if ours."""
    row = tx.first(
        sa.select(OUTBOX.c.id, OUTBOX.c.conversation_id, OUTBOX.c.message_id).where(
            OUTBOX.c.channel == channel,
            OUTBOX.c.receipt == receipt,
            OUTBOX.c.status == OutboxStatus.SENT.value,
        )
    )
    if row is None:
        return None
    dead = {"status": OutboxStatus.DEAD.value, "error": error[:200]}
    update(tx, Outbox, OUTBOX.c.id == row.id, **dead)
    if row.message_id is not None:
        message = table(Message)
        update(tx, Message, message.c.id == row.message_id, status=MessageStatus.DEAD.value)
    return str(row.conversation_id)


def given_up(tx: Tx, claimed: Claimed, owner: str, *, error: str, ambiguous: bool = False) -> bool:
    """Park for a person to look at: refused for good, or nobody knows whether it arrived."""
    status = OutboxStatus.AMBIGUOUS if ambiguous else OutboxStatus.DEAD
    if not _settle(tx, claimed, owner, status=status.value, error=error[:200]):
        return False
    _mark_message(tx, claimed, MessageStatus(status.value))
    return True


def replay(tx: Tx, outbox_id: int) -> str | None:
    """Send a parked row again under its old key. The channel to wake, or None."""
    row = tx.first(
        sa.select(OUTBOX.c.channel, OUTBOX.c.message_id)
        .where(OUTBOX.c.id == outbox_id, OUTBOX.c.status.in_(GIVEN_UP))
        .with_for_update()
    )
    if row is None:
        return None
    update(
        tx,
        Outbox,
        OUTBOX.c.id == outbox_id,
        status=OutboxStatus.NEW.value,
        attempts=0,
        next_at=tx.now,
        error=None,
        sent_at=None,  # whoever asks for it knows that it may have arrived
        doubtful=sa.or_(OUTBOX.c.doubtful, OUTBOX.c.status == OutboxStatus.AMBIGUOUS.value),
    )
    if row.message_id is not None:
        message = table(Message)
        update(tx, Message, message.c.id == row.message_id, status=MessageStatus.QUEUED.value)
    return str(row.channel)


def dead_letters(tx: Tx, *, limit: int = 100) -> list[Any]:
    """Parked rows, newest first: id, channel, conversation_id, kind, status, error, created_at."""
    return tx.all(
        sa.select(
            OUTBOX.c.id,
            OUTBOX.c.channel,
            OUTBOX.c.conversation_id,
            OUTBOX.c.kind,
            OUTBOX.c.status,
            OUTBOX.c.error,
            OUTBOX.c.created_at,
        )
        .where(OUTBOX.c.status.in_(GIVEN_UP))
        .order_by(OUTBOX.c.id.desc())
        .limit(limit)
    )


def channels_with_work(tx: Tx) -> list[str]:
    """Channels that have an unfinished row, due or not."""
    found = tx.all(sa.select(OUTBOX.c.channel).where(OUTBOX.c.status.in_(UNFINISHED)).distinct())
    return [row.channel for row in found]


def waits(tx: Tx, conversation_id: str) -> bool:
    """Whether something has still to leave in a conversation."""
    where = sa.and_(OUTBOX.c.conversation_id == conversation_id, OUTBOX.c.status.in_(UNFINISHED))
    return tx.first(sa.select(OUTBOX.c.id).where(where).limit(1)) is not None


def _mark_message(tx: Tx, claimed: Claimed, status: MessageStatus) -> None:
    if claimed.message_id is not None:
        message = table(Message)
        update(tx, Message, message.c.id == claimed.message_id, status=status.value)
