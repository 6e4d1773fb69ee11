"""Writing a past: rows whose moments are given, for the sandbox company's months of history.

A unit of work lives at one moment, ``tx.now``. History is written by the very statements that
write the present, run at past moments with :func:`at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import (
    Author,
    Direction,
    MessageKind,
    MessageStatus,
    ScheduledStatus,
)
from storage.queries.common import table, update
from storage.queries.intake import open_conversation
from storage.queries.record import PAST
from storage.queries.scheduled import SCHEDULED, Due
from storage.tables import Card, Conversation, Message
from storage.vault import Vault, seal

TALK = table(Conversation)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMessage:
    """One message of a past that needs no work any more: answered, or delivered."""

    uid: str
    author: Author
    author_id: str | None
    text: str
    at: datetime


def at(tx: Tx, moment: datetime) -> Tx:
    """The same transaction at another moment. What is to follow its commit belongs on ``tx``."""
    return Tx(tx.conn, moment)


def talk(tx: Tx, vault: Vault, *, candidate_id: str, channel: str, address: str) -> Any:
    """A candidate's conversation at an address, opened when there is none; the bare row."""
    open_conversation(tx, vault, channel, address, candidate_id=candidate_id)
    return tx.first(sa.select(TALK).where(TALK.c.channel == channel, TALK.c.address == address))


def talk_by_id(tx: Tx, conversation_id: str) -> Any:
    """The bare row of a conversation."""
    return tx.first(sa.select(TALK).where(TALK.c.id == conversation_id))


def messages(tx: Tx, key: SubjectKey, talk: Any, past: Sequence[PastMessage]) -> dict[str, int]:
    """Add messages in their order, all of them finished; their numbers by uid."""
    rows = [_row(key, talk, one) for one in past]
    if rows:
        tx.run(sa.insert(table(Message)), rows)
    message = table(Message)
    found = tx.all(
        sa.select(message.c.uid, message.c.id).where(message.c.conversation_id == talk.id)
    )
    return {row.uid: row.id for row in found}


def _row(key: SubjectKey, talk: Any, one: PastMessage) -> dict[str, Any]:
    inbound = one.author is Author.CANDIDATE
    direction = Direction.INBOUND if inbound else Direction.OUTBOUND
    return {
        "uid": one.uid,
        "channel": talk.channel,
        "external_id": f"{PAST}{one.uid}",
        "conversation_id": talk.id,
        "direction": direction.value,
        "kind": MessageKind.TEXT.value,
        "author": one.author.value,
        "author_id": one.author_id,
        "body_sealed": seal(key, one.text, "message.body_sealed", one.uid),
        "sent_at": one.at,
        "received_at": one.at,
        "status": (MessageStatus.DONE if inbound else MessageStatus.SENT).value,
        "attempts": 0,
    }


def rest(
    tx: Tx, conversation_id: str, *, state: Mapping[str, Any], muted: bool, last_at: datetime
) -> None:
    """Leave a conversation as its history left it."""
    update(
        tx,
        Conversation,
        TALK.c.id == conversation_id,
        state=dict(state),
        muted=muted,
        last_at=last_at,
        version=TALK.c.version + 1,
    )


def next_due(tx: Tx, person_id: str, until: datetime) -> Due | None:
    """A person's earliest planned moment that comes by ``until``."""
    row = tx.first(
        sa.select(SCHEDULED)
        .where(
            SCHEDULED.c.person_id == person_id,
            SCHEDULED.c.status == ScheduledStatus.PENDING.value,
            SCHEDULED.c.due_at <= until,
        )
        .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
        .limit(1)
    )
    if row is None:
        return None
    return Due(
        id=row.id, kind=row.kind, person_id=row.person_id, about=row.about, due_at=row.due_at
    )


def forget_cards(tx: Tx, channel: str) -> int:
    """Forget where cards stand on a channel whose chats no longer exist; the number forgotten."""
    card = table(Card)
    there = sa.select(TALK.c.id).where(TALK.c.channel == channel)
    return tx.run(sa.delete(card).where(card.c.conversation_id.in_(there))).rowcount
