"""Readings a person looks at: those too unsure to alarm, and the labels people correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import Review, Stage
from storage.errors import NotFound
from storage.queries.common import table, update
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import Conversation, Identity, Message, Reading, User
from storage.vault import Vault, unseal
from storage.viewer import Viewer

READING = table(Reading)
MESSAGE = table(Message)
#: Spelt as the index of what waits is, so that it is used.
WAITING = sa.and_(READING.c.unclear, READING.c.reviewed_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a message says, by the reader or by a person who knows better."""

    intents: tuple[str, ...]
    commitment: int
    reported: bool
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """A reading as people see it. ``id`` is the uid of the last message it covers."""

    id: str
    read_at: datetime
    candidate_id: str
    candidate_name: str
    stage: Stage
    position_title: str
    covers: tuple[str, ...]
    evidence: tuple[dict[str, Any], ...]
    said_at: datetime
    read: Labels
    corrected: Labels | None
    corrected_by: str
    corrected_at: datetime | None
    review: Review | None
    reviewed_by: str
    reviewed_at: datetime | None

    @property
    def labels(self) -> Labels:
        """The labels that hold: a person's before the reader's."""
        return self.corrected or self.read


def seen_by(viewer: Viewer) -> sa.Select[Any]:
    """Select of the readings of people a viewer may know of."""
    talk, identity = table(Conversation), table(Identity)
    looked, mended = table(User).alias("looked"), table(User).alias("mended")
    return (
        sa.select(
            READING,
            MESSAGE.c.uid,
            MESSAGE.c.sent_at,
            MESSAGE.c.conversation_id,
            CANDIDATE.c.id.label("candidate_id"),
            CANDIDATE.c.subject_id,
            CANDIDATE.c.name_sealed,
            CANDIDATE.c.stage.label("stage_now"),
            CANDIDATE.c.version.label("candidate_version"),
            CANDIDATE.c.start_on,
            sa.func.coalesce(CANDIDATE.c.owner_id, POSITION.c.owner_id).label("owner_id"),
            POSITION.c.title.label("position_title"),
            looked.c.name.label("reviewer_name"),
            mended.c.name.label("corrector_name"),
        )
        .join(MESSAGE, MESSAGE.c.id == READING.c.message_id)
        .join(talk, talk.c.id == MESSAGE.c.conversation_id)
        .join(identity, identity.c.id == talk.c.identity_id)
        .join(CANDIDATE, CANDIDATE.c.id == identity.c.candidate_id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .outerjoin(looked, looked.c.id == READING.c.reviewed_by)
        .outerjoin(mended, mended.c.id == READING.c.corrected_by)
        .where(visible(viewer))
    )


def read_labels(row: Any) -> Labels:
    """The reader's labels of a bare row."""
    return Labels(
        intents=tuple(row.intents),
        commitment=row.commitment,
        reported=row.reported,
        condition=row.condition,
    )


def corrected_labels(row: Any) -> Labels | None:
    """A person's labels of a bare row, if there are any."""
    if row.corrected is None:
        return None
    return Labels(**{**row.corrected, "intents": tuple(row.corrected["intents"])})


def _open(row: Any, key: SubjectKey) -> ReadingRow:
    return ReadingRow(
        id=row.uid,
        read_at=row.created_at,
        candidate_id=row.candidate_id,
        candidate_name=unseal(key, row.name_sealed, "candidate.name_sealed", row.candidate_id),
        stage=Stage(row.stage_now),
        position_title=row.position_title or "",
        covers=tuple(row.covers),
        evidence=tuple(row.evidence),
        said_at=row.sent_at,
        read=read_labels(row),
        corrected=corrected_labels(row),
        corrected_by=row.corrector_name or "",
        corrected_at=row.corrected_at,
        review=Review(row.review) if row.review else None,
        reviewed_by=row.reviewer_name or "",
        reviewed_at=row.reviewed_at,
    )


def _opened(tx: Tx, vault: Vault, rows: Sequence[Any]) -> list[ReadingRow]:
    keys = vault.keys(tx, {row.subject_id for row in rows})
    return [_open(row, keys[row.subject_id]) for row in rows]


def page(
    tx: Tx,
    vault: Vault,
    viewer: Viewer,
    *,
    done: bool = False,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[ReadingRow]:
    """Unclear readings, newest first: those that wait, or those somebody looked at (``done``).

    ``after`` is (read_at, id) of the last one seen.
    """
    newest = (READING.c.created_at.desc(), MESSAGE.c.uid.desc())
    query = seen_by(viewer).order_by(*newest).limit(limit)
    looked_at = sa.and_(READING.c.unclear, READING.c.reviewed_at.is_not(None))
    query = query.where(looked_at if done else WAITING)
    if after is not None:
        query = query.where(sa.tuple_(READING.c.created_at, MESSAGE.c.uid) < sa.tuple_(*after))
    return _opened(tx, vault, tx.all(query))


def count_waiting(tx: Tx, viewer: Viewer) -> int:
    """How many unclear readings of the viewer's people nobody has looked at."""
    talk, identity = table(Conversation), table(Identity)
    # A value and no join: every page asks this, and SQLite would join from the viewer's people to
    # all they ever wrote, to look for the few that wait among them.
    whose = (
        sa.select(CANDIDATE.c.id)
        .join(identity, identity.c.candidate_id == CANDIDATE.c.id)
        .join(talk, talk.c.identity_id == identity.c.id)
        .where(talk.c.id == MESSAGE.c.conversation_id, visible(viewer))
        .correlate(MESSAGE)
        .scalar_subquery()
    )
    waiting = (
        sa.select(sa.func.count())
        .select_from(READING)
        .join(MESSAGE, MESSAGE.c.id == READING.c.message_id)
        .where(WAITING, whose.is_not(None))
    )
    return int(tx.scalar(waiting))


def get(tx: Tx, vault: Vault, viewer: Viewer, reading_id: str) -> ReadingRow:
    """One reading. Raises ``NotFound``, also for one the viewer may not know of."""
    return _opened(tx, vault, [bare(tx, viewer, reading_id)])[0]


def bare(tx: Tx, viewer: Viewer, reading_id: str) -> Any:
    """One reading's bare row with its candidate's version, for a decision. Raises ``NotFound``."""
    row = tx.first(seen_by(viewer).where(MESSAGE.c.uid == reading_id))
    if row is None:
        raise NotFound("no such reading")
    return row


def by_ids(tx: Tx, vault: Vault, viewer: Viewer, ids: Sequence[str]) -> dict[str, ReadingRow]:
    """Several readings by id; those the viewer may not know of are left out."""
    if not ids:
        return {}
    rows = tx.all(seen_by(viewer).where(MESSAGE.c.uid.in_(ids)))
    return {row.id: row for row in _opened(tx, vault, rows)}


def last_of(
    tx: Tx, vault: Vault, viewer: Viewer, candidate_id: str, *, until: datetime, limit: int
) -> list[ReadingRow]:
    """The last readings of what somebody said until a moment, oldest first."""
    theirs = sa.and_(CANDIDATE.c.id == candidate_id, MESSAGE.c.sent_at <= until)
    newest = (MESSAGE.c.sent_at.desc(), MESSAGE.c.id.desc())
    rows = tx.all(seen_by(viewer).where(theirs).order_by(*newest).limit(limit))
    return _opened(tx, vault, rows[::-1])


def answer(tx: Tx, number: int, said: Review, *, user_id: str) -> bool:
    """Keep what a person said of a reading; whether that was new.

    Harmless and corrected labels answer what nobody has looked at; worth following up may also
    come later, once. The caller has made sure that the reading may be seen.
    """
    fresh: sa.ColumnElement[bool] = READING.c.reviewed_at.is_(None)
    if said is Review.FOLLOW_UP:
        fresh = sa.or_(fresh, READING.c.review != said.value)
    where = sa.and_(READING.c.message_id == number, READING.c.unclear, fresh)
    values = {"review": said.value, "reviewed_by": user_id, "reviewed_at": tx.now}
    return update(tx, Reading, where, **values) == 1


def correct(tx: Tx, number: int, labels: Labels, *, user_id: str) -> None:
    """Keep a person's labels of a reading. The caller has made sure that it may be seen."""
    values = {"corrected": asdict(labels), "corrected_by": user_id, "corrected_at": tx.now}
    update(tx, Reading, READING.c.message_id == number, **values)
