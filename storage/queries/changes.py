"""What changed lately, cheap enough to ask twice a second: pages that listen live by it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import AlertStatus, Direction, MediaState, MessageStatus
from storage.queries.common import table
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Alert, Attachment, Conversation, Identity, Message, Reading
from storage.viewer import Viewer

MESSAGE = table(Message)
#: Ids are given before commits: a message may appear this far behind the newest one.
OVERLAP = 300
MOST = 2000


@dataclass(frozen=True, slots=True)
class AlertMark:
    """Equal marks: no alert was raised, joined or resolved in between."""

    unresolved: int
    revisions: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewMark:
    """Equal marks: nothing came to wait for a look, and nobody looked."""

    waiting: int
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The newest messages (id, uid, conversation_id, direction, status) and two marks.

    ``unfetched``: attachments whose bytes are not here yet, each with its conversation and its
    message's uid.
    """

    messages: tuple[Any, ...]
    unfetched: frozenset[tuple[str, str, str]]
    alerts: AlertMark
    review: ReviewMark


def look(tx: Tx, newest: int | None, pending: Collection[int]) -> Look:
    """Messages after ``newest`` and shortly before it, and those of ``pending``.

    Without ``newest``: the last few, to begin with.
    """
    columns = (
        MESSAGE.c.id,
        MESSAGE.c.uid,
        MESSAGE.c.conversation_id,
        MESSAGE.c.direction,
        MESSAGE.c.status,
    )
    if newest is None:
        newest = tx.scalar(sa.select(sa.func.max(MESSAGE.c.id))) or 0
    floor = newest - OVERLAP
    query = sa.select(*columns).where(MESSAGE.c.id > floor).order_by(MESSAGE.c.id).limit(MOST)
    rows = tx.all(query)
    older = [number for number in pending if number <= floor]
    if older:
        rows = tx.all(sa.select(*columns).where(MESSAGE.c.id.in_(older[:MOST]))) + rows
    return Look(
        messages=tuple(rows),
        unfetched=_unfetched(tx),
        alerts=_mark(tx),
        review=_review_mark(tx),
    )


def _unfetched(tx: Tx) -> frozenset[tuple[str, str, str]]:
    """By the index of what waits, which holds nothing else."""
    attachment = table(Attachment)
    rows = tx.all(
        sa.select(attachment.c.id, MESSAGE.c.conversation_id, MESSAGE.c.uid)
        .join(MESSAGE, MESSAGE.c.uid == attachment.c.message_uid)
        .where(attachment.c.state == MediaState.NEW.value)
        .limit(MOST)
    )
    return frozenset((row.id, row.conversation_id, row.uid) for row in rows)


def awaits_answer(row: Any) -> bool:
    """Whether a message is being read, or is an answer that has not left yet."""
    unread = row.direction == Direction.INBOUND.value and row.status == MessageStatus.NEW.value
    return bool(unread or row.status == MessageStatus.QUEUED.value)


def answering(tx: Tx, conversation_ids: Collection[str]) -> set[str]:
    """The conversations in which an answer of ours is on its way, as far as anybody can tell.

    While a person has taken over, what comes in is read, but nobody may be answering it.
    """
    talk = table(Conversation)
    queued = MESSAGE.c.status == MessageStatus.QUEUED.value
    unread = sa.and_(
        MESSAGE.c.direction == Direction.INBOUND.value,
        MESSAGE.c.status == MessageStatus.NEW.value,
        talk.c.muted.is_(False),
    )
    newest = MESSAGE.alias("newest")
    latest = (
        sa.select(sa.func.max(newest.c.id))
        .where(newest.c.conversation_id == talk.c.id)
        .scalar_subquery()
    )
    rows = tx.all(
        sa.select(talk.c.id)
        .join(MESSAGE, MESSAGE.c.conversation_id == talk.c.id)
        .where(
            talk.c.id.in_(conversation_ids),
            MESSAGE.c.id > latest - OVERLAP,
            sa.or_(queued, unread),
        )
        .distinct()
    )
    return {row.id for row in rows}


def _review_mark(tx: Tx) -> ReviewMark:
    """By the index of what waits, which holds nothing else."""
    reading = table(Reading)
    row = tx.first(
        sa.select(sa.func.count(), sa.func.max(reading.c.created_at)).where(
            reading.c.unclear, reading.c.reviewed_at.is_(None)
        )
    )
    return ReviewMark(row[0], row[1])


def _mark(tx: Tx) -> AlertMark:
    """Of the unresolved alerts only: there are never many, and an index finds them."""
    alert = table(Alert)
    row = tx.first(
        sa.select(sa.func.count(), sa.func.sum(alert.c.revision), sa.func.max(alert.c.updated_at))
        .select_from(alert)
        .where(alert.c.status.in_([AlertStatus.OPEN.value, AlertStatus.ACKNOWLEDGED.value]))
    )
    return AlertMark(row[0], int(row[1] or 0), row[2])


def candidates_behind(tx: Tx, viewer: Viewer, conversation_ids: Collection[str]) -> set[str]:
    """The candidates of conversations, as far as the viewer may know of them."""
    identity, talk = table(Identity), table(Conversation)
    rows = tx.all(
        sa.select(CANDIDATE.c.id)
        .join(identity, identity.c.candidate_id == CANDIDATE.c.id)
        .join(talk, talk.c.identity_id == identity.c.id)
        .where(talk.c.id.in_(conversation_ids), visible(viewer))
    )
    return {row.id for row in rows}
