"""The console's alert inbox: sorted by what has to be done first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import AlertStatus, MessageKind
from storage.queries.alerts import ALERT, UNRESOLVED, AlertRow, opened, seen_by
from storage.queries.common import table
from storage.queries.scope import CANDIDATE, POSITION, acts_for, visible, worked
from storage.tables import Message
from storage.vault import Vault
from storage.viewer import Viewer

#: The most graver first: open alerts are read by (severity, due, id).
OpenAfter = tuple[int, datetime, str]
HandledAfter = tuple[datetime, str]


class Show(StrEnum):
    """Which alerts."""

    OPEN = "open"
    MINE = "mine"
    HANDLED = "handled"


def _mine(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Whose case it is: theirs, of whoever they stand in for, or nobody's but their team's."""
    owned = sa.select(POSITION.c.id).where(acts_for(viewer.id, POSITION.c.owner_id))
    shared = worked(viewer.id).where(POSITION.c.owner_id.is_(None))
    return sa.or_(
        acts_for(viewer.id, CANDIDATE.c.owner_id),
        sa.and_(
            CANDIDATE.c.owner_id.is_(None),
            sa.or_(CANDIDATE.c.position_id.in_(owned), CANDIDATE.c.position_id.in_(shared)),
        ),
    )


def unresolved(
    tx: Tx,
    vault: Vault,
    viewer: Viewer,
    *,
    mine: bool,
    after: OpenAfter | None = None,
    limit: int = 50,
) -> list[tuple[AlertRow, int]]:
    """Open alerts with their rank: gravest first, then earliest due."""
    rank = -ALERT.c.severity_rank
    query = (
        seen_by(viewer)
        .where(ALERT.c.status.in_(UNRESOLVED))
        .order_by(rank, ALERT.c.due_at, ALERT.c.id)
        .limit(limit)
    )
    if mine:
        query = query.where(_mine(viewer))
    if after is not None:
        query = query.where(
            sa.tuple_(rank, ALERT.c.due_at, ALERT.c.id) > sa.tuple_(-after[0], after[1], after[2])
        )
    rows = tx.all(query)
    shown = opened(tx, vault, rows)
    return [(alert, row.severity_rank) for alert, row in zip(shown, rows, strict=True)]


def resolved(
    tx: Tx, vault: Vault, viewer: Viewer, *, after: HandledAfter | None = None, limit: int = 50
) -> list[AlertRow]:
    """Handled alerts, the last raised first; ``after`` is (raised_at, id)."""
    query = (
        seen_by(viewer)
        .where(ALERT.c.status == AlertStatus.RESOLVED.value)
        .order_by(ALERT.c.raised_at.desc(), ALERT.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(ALERT.c.raised_at, ALERT.c.id) < sa.tuple_(*after))
    return opened(tx, vault, tx.all(query))


def count_unresolved(tx: Tx, viewer: Viewer, *, mine: bool = False) -> int:
    """How many open alerts the viewer may see."""
    query = (
        sa.select(sa.func.count())
        .select_from(ALERT)
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .where(visible(viewer), ALERT.c.status.in_(UNRESOLVED))
    )
    if mine:
        query = query.where(_mine(viewer))
    return int(tx.scalar(query))


def said_before(tx: Tx, uid: str, *, limit: int = 3) -> list[str]:
    """Ids of the messages just before one in its conversation, oldest first."""
    message = table(Message)
    at: Any = tx.first(
        sa.select(message.c.id, message.c.conversation_id).where(message.c.uid == uid)
    )
    if at is None:
        return []
    rows: Sequence[Any] = tx.all(
        sa.select(message.c.uid)
        .where(
            message.c.conversation_id == at.conversation_id,
            message.c.id < at.id,
            message.c.kind == MessageKind.TEXT.value,
        )
        .order_by(message.c.id.desc())
        .limit(limit)
    )
    return [row.uid for row in rows][::-1]
