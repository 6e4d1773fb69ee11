"""Statements about candidates: add, correct, verify, read with their history.

A statement's value is JSON, sealed with the person's key. Nothing is overwritten: a correction is
a new row, and what it replaces stays readable, superseded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.errors import NotFound
from storage.queries.common import chunks, insert_all, table, update
from storage.tables import Fact
from storage.vault import seal, unseal

FACT = table(Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStatement:
    """One thing to keep. ``item`` is empty where the kind comes once."""

    kind: str
    value: Any  # JSON
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is to keep about one person."""

    candidate_id: str
    key: SubjectKey
    said: Sequence[NewStatement]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A kept statement, opened."""

    id: str
    kind: str
    item: str
    value: Any
    source: str
    said_at: datetime
    verified_by: str | None
    verified_at: datetime | None
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What came of a telling: ids of what is new, and all that stands now, oldest first."""

    ids: list[str]
    stands: list[StatementRow]


def state(
    tx: Tx,
    key: SubjectKey,
    candidate_id: str,
    said: Sequence[NewStatement],
    *,
    source: str,
    said_at: datetime,
) -> list[str]:
    """Keep statements; the ids of those that say something new, in order.

    Whoever says again what stands says nothing new: the standing one, and who verified it, stay.
    """
    telling = Telling(candidate_id=candidate_id, key=key, said=said)
    return state_all(tx, [telling], source=source, said_at=said_at)[candidate_id].ids


def state_all(
    tx: Tx, told: Sequence[Telling], *, source: str, said_at: datetime
) -> dict[str, Stated]:
    """``state`` for several people, each of whom is named once; what came of it, by candidate."""
    before = statements_of(tx, {one.candidate_id: one.key for one in told})
    found: dict[str, Stated] = {}
    gone: list[str] = []
    rows: list[dict[str, Any]] = []
    for one in told:
        standing = {(row.kind, row.item): row for row in before[one.candidate_id]}
        made = []
        for said in one.said:
            field = (said.kind, said.item)
            if not _differs(standing.get(field), said):
                continue
            if (old := standing.pop(field, None)) is not None:
                gone.append(old.id)
            row = _row(one.key, one.candidate_id, said, source=source, said_at=said_at)
            rows.append(row)
            made.append(_kept(row, said))
        stands = sorted((*standing.values(), *made), key=lambda row: (row.said_at, row.id))
        found[one.candidate_id] = Stated(ids=[row.id for row in made], stands=stands)
    for some in chunks(gone):
        update(tx, Fact, FACT.c.id.in_(some), superseded_at=tx.now)
    insert_all(tx, Fact, rows)
    return found


def _kept(row: Mapping[str, Any], said: NewStatement) -> StatementRow:
    """A new row as it will be read."""
    return StatementRow(
        id=row["id"],
        kind=said.kind,
        item=said.item,
        value=json.loads(json.dumps(said.value)),
        source=row["source"],
        said_at=row["said_at"],
        verified_by=None,
        verified_at=None,
        superseded_at=None,
    )


def add(
    tx: Tx,
    key: SubjectKey,
    candidate_id: str,
    said: Sequence[NewStatement],
    *,
    source: str,
    said_at: datetime,
) -> list[str]:
    """Keep statements of somebody about whom nothing of these kinds is known yet; their ids."""
    rows = [_row(key, candidate_id, one, source=source, said_at=said_at) for one in said]
    insert_all(tx, Fact, rows)
    return [row["id"] for row in rows]


def _differs(row: StatementRow | None, said: NewStatement) -> bool:
    return row is None or bool(row.value != said.value)


def _row(
    key: SubjectKey, candidate_id: str, said: NewStatement, *, source: str, said_at: datetime
) -> dict[str, Any]:
    fact_id = new_public_id("f")
    words = json.dumps(said.value, ensure_ascii=False, separators=(",", ":"))
    return {
        "id": fact_id,
        "candidate_id": candidate_id,
        "kind": said.kind,
        "item": said.item,
        "value_sealed": seal(key, words, "fact.value_sealed", fact_id, pad=True),
        "source": source,
        "said_at": said_at,
    }


def statements(
    tx: Tx, key: SubjectKey, candidate_id: str, *, history: bool = False
) -> list[StatementRow]:
    """What stands, oldest first; with ``history`` also what was corrected."""
    return statements_of(tx, {candidate_id: key}, history=history)[candidate_id]


def statements_of(
    tx: Tx, keys: Mapping[str, SubjectKey], *, history: bool = False
) -> dict[str, list[StatementRow]]:
    """``statements`` of several people, by candidate; ``keys`` too."""
    found: dict[str, list[StatementRow]] = {candidate_id: [] for candidate_id in keys}
    for some in chunks(keys):
        query = (
            sa.select(FACT)
            .where(FACT.c.candidate_id.in_(some), FACT.c.kind.contains("."))
            .order_by(FACT.c.said_at, FACT.c.id)
        )
        if not history:
            query = query.where(FACT.c.superseded_at.is_(None))
        for row in tx.all(query):
            found[row.candidate_id].append(_opened(keys[row.candidate_id], row))
    return found


def _opened(key: SubjectKey, row: Any) -> StatementRow:
    return StatementRow(
        id=row.id,
        kind=row.kind,
        item=row.item,
        value=json.loads(unseal(key, row.value_sealed, "fact.value_sealed", row.id)),
        source=row.source,
        said_at=row.said_at,
        verified_by=row.verified_by,
        verified_at=row.verified_at,
        superseded_at=row.superseded_at,
    )


def verify(tx: Tx, candidate_id: str, fact_id: str, *, by: str) -> None:
    """Say that a standing statement was checked. Raises ``NotFound`` for any other."""
    theirs = sa.and_(
        FACT.c.id == fact_id,
        FACT.c.candidate_id == candidate_id,
        FACT.c.superseded_at.is_(None),
    )
    if update(tx, Fact, theirs, verified_by=by, verified_at=tx.now, found_sealed=None) != 1:
        raise NotFound("no such statement")


def found_otherwise(
    tx: Tx, key: SubjectKey, candidate_id: str, fact_id: str, found: str, *, by: str
) -> None:
    """Say that a check found something else: ``found``, in words. The statement stands, doubted.

    Raises ``NotFound`` for one that does not stand or is another's.
    """
    verify(tx, candidate_id, fact_id, by=by)
    sealed = seal(key, found, "fact.found_sealed", fact_id, pad=True)
    update(tx, Fact, FACT.c.id == fact_id, found_sealed=sealed)


def doubted(tx: Tx, key: SubjectKey, candidate_id: str) -> dict[str, str]:
    """Standing statements a check found otherwise: id, and what it found."""
    return doubted_of(tx, {candidate_id: key})[candidate_id]


def doubted_of(tx: Tx, keys: Mapping[str, SubjectKey]) -> dict[str, dict[str, str]]:
    """``doubted`` of several people, by candidate; ``keys`` too."""
    found: dict[str, dict[str, str]] = {candidate_id: {} for candidate_id in keys}
    for some in chunks(keys):
        query = sa.select(FACT.c.id, FACT.c.candidate_id, FACT.c.found_sealed).where(
            FACT.c.candidate_id.in_(some),
            FACT.c.superseded_at.is_(None),
            FACT.c.found_sealed.is_not(None),
        )
        for row in tx.all(query):
            key, where = keys[row.candidate_id], "fact.found_sealed"
            found[row.candidate_id][row.id] = unseal(key, row.found_sealed, where, row.id)
    return found


def take_back(tx: Tx, candidate_id: str, fact_ids: Sequence[str]) -> list[str]:
    """Statements that do not hold any more, with nothing in their place; the ids that stood."""
    theirs = sa.and_(
        FACT.c.id.in_(fact_ids),
        FACT.c.candidate_id == candidate_id,
        FACT.c.superseded_at.is_(None),
    )
    stood = [row.id for row in tx.all(sa.select(FACT.c.id).where(theirs).order_by(FACT.c.id))]
    update(tx, Fact, theirs, superseded_at=tx.now)
    return stood
