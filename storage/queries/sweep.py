"""What was forgotten, and how much waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import MessageStatus
from storage.queries.common import table
from storage.queries.outbox import GIVEN_UP, UNFINISHED, claimable
from storage.tables import Message, Outbox

MESSAGE = table(Message)
OUTBOX = table(Outbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Work that waits. Ages count from acceptance, zero when nothing waits."""

    messages: int
    oldest_message: timedelta
    outbox: int
    oldest_outbox: timedelta
    given_up: int


def waiting_conversations(tx: Tx, *, older_than: timedelta, limit: int) -> list[str]:
    """Conversations with a message nobody has handled, whose oldest is older; oldest first.

    The wake flag is not asked: one left up by a lost wake-up must not hold anybody up for ever.
    """
    oldest = sa.func.min(MESSAGE.c.received_at)
    rows = tx.all(
        sa.select(MESSAGE.c.conversation_id)
        .where(MESSAGE.c.status == MessageStatus.NEW.value)
        .group_by(MESSAGE.c.conversation_id)
        .having(oldest <= tx.now - older_than)
        .order_by(oldest)
        .limit(limit)
    )
    return [row.conversation_id for row in rows]


def due_channels(tx: Tx) -> list[str]:
    """Channels with a row that can be sent now, or whose sender's lease has run out."""
    rows = tx.all(
        sa.select(OUTBOX.c.channel)
        .where(OUTBOX.c.status.in_(UNFINISHED), claimable(tx.now))
        .distinct()
    )
    return sorted(row.channel for row in rows)


def backlog(tx: Tx) -> Backlog:
    """How much waits now."""
    new = tx.first(
        sa.select(
            sa.func.count().label("n"), sa.func.min(MESSAGE.c.received_at).label("oldest")
        ).where(MESSAGE.c.status == MessageStatus.NEW.value)
    )
    unsent = tx.first(
        sa.select(
            sa.func.count().label("n"), sa.func.min(OUTBOX.c.created_at).label("oldest")
        ).where(OUTBOX.c.status.in_(UNFINISHED))
    )
    given_up = tx.scalar(
        sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.status.in_(GIVEN_UP))
    )
    return Backlog(
        messages=new.n,
        oldest_message=_age(tx.now, new.oldest),
        outbox=unsent.n,
        oldest_outbox=_age(tx.now, unsent.oldest),
        given_up=given_up,
    )


def _age(now: datetime, moment: datetime | None) -> timedelta:
    return max(now - moment, timedelta()) if moment is not None else timedelta()
