"""The ledger of consents: links are only ever added; the last answer of an item is what stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import Keystore, new_public_id
from storage.database import Tx
from storage.enums import Author, ConsentAnswer, Direction, MessageKind, MessageStatus
from storage.queries import audit
from storage.queries.archive import is_brought
from storage.queries.common import chunks, insert_all, table, update
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Candidate, Consent, Conversation, Factor, Identity, Message, Reading
from storage.viewer import Viewer

CONSENT, MESSAGE, TALK, IDENTITY = (
    table(Consent),
    table(Message),
    table(Conversation),
    table(Identity),
)
#: In ``error`` of a message that waits to be read once more: it was answered already.
REREAD = "consent.reread"
#: Messages that are read back at most, newest first.
_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConsent:
    """A link to add. ``source``: where it was said, or who recorded it; at most 60 characters."""

    candidate_id: str
    item: str
    answer: ConsentAnswer
    notice: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """A link of somebody's consents."""

    item: str
    answer: ConsentAnswer
    notice: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last answer of an item, if there is one, and the last asking."""

    answer: ConsentRow | None = None
    asked: ConsentRow | None = None


def add(
    tx: Tx,
    keystore: Keystore,
    viewer: Viewer,
    new: Sequence[NewConsent],
    *,
    at: datetime | None = None,
) -> None:
    """Add links, each with its own in the audit chain. ``at``: when it was said; by default now."""
    put(tx, new, at=at)
    audit.append_all(tx, keystore, viewer, [deed(one) for one in new])


def put(tx: Tx, new: Sequence[NewConsent], *, at: datetime | None = None) -> None:
    """Add links; the caller notes the ``deed`` of each in the audit chain."""
    insert_all(
        tx,
        Consent,
        [
            {
                "id": new_public_id("e"),
                "candidate_id": one.candidate_id,
                "item": one.item,
                "answer": one.answer.value,
                "notice": one.notice,
                "source": one.source,
                "at": at or tx.now,
            }
            for one in new
        ],
    )


def deed(one: NewConsent) -> audit.Deed:
    """What the audit chain keeps of a link."""
    details = {"item": one.item, "notice": one.notice[:12]}
    return audit.Deed(action=f"consent.{one.answer}", object_id=one.candidate_id, details=details)


def ledger(tx: Tx, viewer: Viewer, candidate_id: str) -> list[ConsentRow]:
    """Every link of a candidate the viewer may know of, oldest first."""
    rows = tx.all(
        sa.select(CONSENT)
        .join(CANDIDATE, CANDIDATE.c.id == CONSENT.c.candidate_id)
        .where(CONSENT.c.candidate_id == candidate_id, visible(viewer))
        .order_by(CONSENT.c.at, CONSENT.c.id)
    )
    return [_row(row) for row in rows]


def last_of(tx: Tx, candidate_ids: Collection[str], item: str) -> dict[str, Last]:
    """The last answer and asking of an item, for each candidate. Ask who may know of them first."""
    found = {candidate_id: Last() for candidate_id in candidate_ids}
    for some in chunks(candidate_ids):
        rows = tx.all(
            sa.select(CONSENT)
            .where(CONSENT.c.candidate_id.in_(some), CONSENT.c.item == item)
            .order_by(CONSENT.c.at, CONSENT.c.id)
        )
        for row in rows:
            link, before = _row(row), found[row.candidate_id]
            asking = link.answer is ConsentAnswer.ASKED
            found[row.candidate_id] = Last(
                answer=before.answer if asking else link, asked=link if asking else before.asked
            )
    return found


def standing_of(tx: Tx, candidate_ids: Collection[str]) -> dict[str, list[ConsentRow]]:
    """What was given and not taken back since, the last of each item, by candidate. Whether the
    words of then still do is the caller's to say; ask who may know of them first."""
    last: dict[tuple[str, str], ConsentRow] = {}
    for some in chunks(candidate_ids):
        rows = tx.all(
            sa.select(CONSENT)
            .where(CONSENT.c.candidate_id.in_(some), CONSENT.c.answer != ConsentAnswer.ASKED.value)
            .order_by(CONSENT.c.at, CONSENT.c.id)
        )
        last.update({(row.candidate_id, row.item): _row(row) for row in rows})
    found: dict[str, list[ConsentRow]] = {candidate_id: [] for candidate_id in candidate_ids}
    for (candidate_id, _), link in sorted(last.items()):
        if link.answer is ConsentAnswer.GIVEN:
            found[candidate_id].append(link)
    return found


def made_at(tx: Tx, candidate_id: str) -> datetime | None:
    """When a candidate's record was made; None for one that is not there."""
    candidate = table(Candidate)
    found: datetime | None = tx.scalar(
        sa.select(candidate.c.created_at).where(candidate.c.id == candidate_id)
    )
    return found


def _row(row: Any) -> ConsentRow:
    return ConsentRow(
        item=row.item,
        answer=ConsentAnswer(row.answer),
        notice=row.notice,
        source=row.source,
        at=row.at,
    )


def read_back(
    tx: Tx, candidate_id: str, *, since: datetime, but: Collection[str] = ()
) -> list[str]:
    """Let what a candidate said since then and was never read be read; their conversations.

    They wait like new messages, marked ``REREAD``: they were answered already. ``but``: uids that
    stay as they are. Those a reading covers, and what was said before we knew who it is, stay too.
    """
    known = sa.or_(IDENTITY.c.linked_at.is_(None), MESSAGE.c.received_at >= IDENTITY.c.linked_at)
    rows = tx.all(
        sa.select(MESSAGE.c.id, MESSAGE.c.uid, MESSAGE.c.conversation_id)
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .join(IDENTITY, IDENTITY.c.id == TALK.c.identity_id)
        .where(
            IDENTITY.c.candidate_id == candidate_id,
            known,
            MESSAGE.c.direction == Direction.INBOUND.value,
            MESSAGE.c.author == Author.CANDIDATE.value,
            MESSAGE.c.kind == MessageKind.TEXT.value,
            MESSAGE.c.status == MessageStatus.DONE.value,
            MESSAGE.c.sent_at >= since,
            ~is_brought(MESSAGE.c.external_id),
        )
        .order_by(MESSAGE.c.id.desc())
        .limit(_MOST)
    )
    covered = _covered(tx, candidate_id, since) | set(but)
    again = [row for row in rows if row.uid not in covered]
    for some in chunks([row.id for row in again]):
        values = {"status": MessageStatus.NEW.value, "attempts": 0, "error": REREAD}
        update(tx, Message, MESSAGE.c.id.in_(some), **values)
    talks = sorted({row.conversation_id for row in again})
    if talks:
        update(tx, Conversation, TALK.c.id.in_(talks), wake=True)
    return talks


def _covered(tx: Tx, candidate_id: str, since: datetime) -> set[str]:
    """Uids of what was read since a moment."""
    reading = table(Reading)
    rows = tx.all(
        sa.select(reading.c.covers)
        .join(MESSAGE, MESSAGE.c.id == reading.c.message_id)
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .join(IDENTITY, IDENTITY.c.id == TALK.c.identity_id)
        .where(IDENTITY.c.candidate_id == candidate_id, MESSAGE.c.sent_at >= since)
    )
    return {uid for row in rows for uid in row.covers}


def end_heard(tx: Tx, candidate_id: str) -> int:
    """End what was made of a candidate's words in the score; how much it was. The rows stay."""
    factor = table(Factor)
    theirs = sa.and_(
        factor.c.candidate_id == candidate_id,
        factor.c.facts.is_(None),
        factor.c.ended_at.is_(None),
    )
    return update(tx, Factor, theirs, ended_at=tx.now)
