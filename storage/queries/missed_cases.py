"""Withdrawals that came without any alert, looked through by people of ours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Direction, MessageKind
from storage.queries.common import chunks, insert, table
from storage.queries.review import MESSAGE, READING
from storage.tables import Conversation, Identity, MissedCase, User

CASE = table(MissedCase)


class Found(StrEnum):
    """What somebody found in the last messages of a missed case: words that should have been heard,
    which were labelled, or none."""

    SAID = "said"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A missed case as the last person who looked left it."""

    found: Found
    by: str
    at: datetime


def looked_through(tx: Tx, candidate_ids: Collection[str]) -> dict[str, Looked]:
    """Those of several cases that somebody looked through, by candidate."""
    user, made = table(User), dict[str, Looked]()
    for some in chunks(candidate_ids):
        rows = tx.all(
            sa.select(CASE, user.c.name.label("by_name"))
            .join(user, user.c.id == CASE.c.reviewed_by)
            .where(CASE.c.candidate_id.in_(some))
            .order_by(CASE.c.reviewed_at, CASE.c.id)
        )
        for row in rows:
            made[row.candidate_id] = Looked(
                found=Found(row.found), by=row.by_name, at=row.reviewed_at
            )
    return made


def look_through(tx: Tx, candidate_id: str, found: Found, *, user_id: str) -> bool:
    """Keep what somebody found; whether that was new. The caller has made sure that they may know
    of the candidate, and holds the audit chain: two at once are one after the other."""
    known = looked_through(tx, [candidate_id]).get(candidate_id)
    if known is not None and known.found is found:
        return False
    row = {
        "id": new_public_id("mc"),
        "candidate_id": candidate_id,
        "found": found.value,
        "reviewed_by": user_id,
        "reviewed_at": tx.now,
    }
    insert(tx, MissedCase, row)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """What there is of a candidate's own words: how many messages, and how many a person of ours
    labelled."""

    messages: int
    labelled: int


def wrote(tx: Tx, candidate_id: str) -> Wrote:
    """How much a candidate wrote to us, and how much of it was labelled by hand."""
    talk, identity = table(Conversation), table(Identity)
    row = tx.first(
        sa.select(
            sa.func.count().label("messages"),
            sa.func.count(READING.c.corrected_at).label("labelled"),
        )
        .select_from(MESSAGE)
        .join(talk, talk.c.id == MESSAGE.c.conversation_id)
        .join(identity, identity.c.id == talk.c.identity_id)
        .outerjoin(READING, READING.c.message_id == MESSAGE.c.id)
        .where(
            identity.c.candidate_id == candidate_id,
            MESSAGE.c.direction == Direction.INBOUND.value,
            MESSAGE.c.kind == MessageKind.TEXT.value,
        )
    )
    return Wrote(messages=int(row.messages), labelled=int(row.labelled))
