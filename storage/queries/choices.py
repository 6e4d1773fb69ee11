"""Choices under what we said: what was offered last, and what a press was called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Author, Direction, MessageKind, MessageStatus
from storage.queries.common import table
from storage.tables import Message, Outbox

MESSAGE = table(Message)
#: Messages with choices that are looked through for the name of a press.
LOOKED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The choices (label, action) that were offered last, and since when they are there.

    ``newest``: nothing was said since, so that a bare number can only mean one of them.
    ``alone``: no person of ours has said anything since.
    """

    choices: tuple[tuple[str, str], ...]
    at: datetime
    newest: bool
    alone: bool


def offered(tx: Tx, conversation_id: str) -> Offered | None:
    """What a person can choose from at the end of a conversation; None: nothing."""
    outbox = table(Outbox)
    ours = sa.and_(
        MESSAGE.c.conversation_id == conversation_id,
        MESSAGE.c.direction == Direction.OUTBOUND.value,
        MESSAGE.c.status == MessageStatus.SENT.value,
    )
    row = tx.first(
        sa.select(MESSAGE.c.id, MESSAGE.c.choices, outbox.c.sent_at)
        .join(outbox, outbox.c.message_id == MESSAGE.c.id)
        .where(ours, MESSAGE.c.choices.is_not(None), outbox.c.sent_at.is_not(None))
        .order_by(MESSAGE.c.id.desc())
        .limit(1)
    )
    if row is None:
        return None
    newest: int = tx.scalar(sa.select(sa.func.max(MESSAGE.c.id)).where(ours))
    spoken = sa.select(MESSAGE.c.id).where(
        MESSAGE.c.conversation_id == conversation_id,
        MESSAGE.c.direction == Direction.OUTBOUND.value,
        MESSAGE.c.author.in_([Author.HR.value, Author.STAFF.value]),
        MESSAGE.c.id > row.id,
    )
    return Offered(
        choices=_pairs(row.choices),
        at=row.sent_at,
        newest=newest == row.id,
        alone=tx.first(spoken.limit(1)) is None,
    )


def names(tx: Tx, rows: Sequence[Any]) -> dict[tuple[str, str], str]:
    """What the presses among message rows were called: label by conversation and action."""
    talks = {row.conversation_id for row in rows if row.kind == MessageKind.PRESS.value}
    found: dict[tuple[str, str], str] = {}
    for talk in talks:
        query = (
            sa.select(MESSAGE.c.choices)
            .where(MESSAGE.c.conversation_id == talk, MESSAGE.c.choices.is_not(None))
            .order_by(MESSAGE.c.id.desc())
            .limit(LOOKED)
        )
        for row in tx.all(query):
            for label, action in _pairs(row.choices):
                found.setdefault((talk, action), label)
    return found


def _pairs(stored: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((label, action) for label, action in stored)
