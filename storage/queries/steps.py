"""Steps on the way to the first day: planned, moved, taken, dropped.

Ask ``people.get_candidate`` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import StepKind
from storage.errors import NotFound
from storage.queries.common import chunks, insert_new, table, update
from storage.tables import Step
from storage.vault import seal, unseal

STEP = table(Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """Something to do by a day, opened. ``words`` are of a step of kind ``other`` only.

    Open, or ``taken_on`` a day, or ``dropped`` for a ``reason``; ``closed_at`` is when that was
    said, ``closed_by`` whose word it is.
    """

    id: str
    kind: StepKind
    words: str
    due_on: date
    source: str
    created_at: datetime
    taken_on: date | None
    dropped: bool
    reason: str
    closed_at: datetime | None
    closed_by: str | None

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.closed_at is None


def plan(
    tx: Tx,
    key: SubjectKey,
    candidate_id: str,
    kind: StepKind,
    due_on: date,
    *,
    source: str,
    words: str = "",
    token: str = "",
) -> str:
    """Note something to do by a day; its id.

    Another day for a kind that is open moves it. Of kind ``other`` there may be many: ``token``
    tells them apart, and the same token again is the same step.
    """
    name = f"{kind}:{token}" if token else str(kind)
    step_id = new_public_id("st")
    row = {
        "id": step_id,
        "candidate_id": candidate_id,
        "name": name,
        "kind": str(kind),
        "words_sealed": _sealed(key, words, "step.words_sealed", step_id),
        "due_on": due_on,
        "source": source,
        "created_at": tx.now,
    }
    if insert_new(tx, Step, [row]) == 1:
        return step_id
    theirs = sa.and_(STEP.c.candidate_id == candidate_id, STEP.c.name == name)
    stands = tx.first(sa.select(STEP.c.id).where(theirs))
    if stands is None:  # somebody closed it in between
        return plan(tx, key, candidate_id, kind, due_on, source=source, words=words, token=token)
    sealed = _sealed(key, words, "step.words_sealed", stands.id)
    update(tx, Step, theirs, due_on=due_on, source=source, words_sealed=sealed)
    return str(stands.id)


def move(tx: Tx, candidate_id: str, step_id: str, due_on: date) -> None:
    """It is due another day. Raises ``NotFound`` for another candidate's or one that is closed."""
    _change(tx, candidate_id, step_id, due_on=due_on)


def take(tx: Tx, candidate_id: str, step_id: str, *, on: date, by: str) -> None:
    """It was done that day. Raises ``NotFound`` as ``move`` does."""
    _change(tx, candidate_id, step_id, name=step_id, done_at=tx.now, taken_on=on, closed_by=by)


def drop(tx: Tx, key: SubjectKey, candidate_id: str, step_id: str, *, reason: str, by: str) -> None:
    """It is not to be done any more. Raises ``NotFound`` as ``move`` does."""
    sealed = _sealed(key, reason, "step.reason_sealed", step_id)
    how = {"dropped_at": tx.now, "reason_sealed": sealed, "closed_by": by}
    _change(tx, candidate_id, step_id, name=step_id, **how)


def steps(tx: Tx, key: SubjectKey, candidate_id: str) -> list[StepRow]:
    """All there ever were, by the day they are due."""
    return steps_of(tx, {candidate_id: key})[candidate_id]


def steps_of(tx: Tx, keys: Mapping[str, SubjectKey]) -> dict[str, list[StepRow]]:
    """``steps`` of several people, by candidate; ``keys`` too."""
    found: dict[str, list[StepRow]] = {candidate_id: [] for candidate_id in keys}
    for some in chunks(keys):
        query = sa.select(STEP).where(STEP.c.candidate_id.in_(some))
        for row in tx.all(query.order_by(STEP.c.due_on, STEP.c.id)):
            found[row.candidate_id].append(_opened(keys[row.candidate_id], row))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """An open step, without its words."""

    id: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """A candidate's steps by kind: the open one of each that is due first, and kinds of which one
    was taken or dropped."""

    open: Mapping[StepKind, OpenStep]
    closed: frozenset[StepKind]


def kinds(tx: Tx, candidate_id: str) -> Kinds:
    """Which kinds of steps a candidate has, without opening anybody's words."""
    rows = tx.all(
        sa.select(STEP.c.id, STEP.c.kind, STEP.c.due_on, STEP.c.done_at, STEP.c.dropped_at)
        .where(STEP.c.candidate_id == candidate_id)
        .order_by(STEP.c.due_on.desc(), STEP.c.id.desc())
    )
    standing = [row for row in rows if row.done_at is None and row.dropped_at is None]
    return Kinds(
        open={StepKind(row.kind): OpenStep(id=row.id, due_on=row.due_on) for row in standing},
        closed=frozenset(StepKind(row.kind) for row in rows if row not in standing),
    )


def next_open(tx: Tx, key: SubjectKey, candidate_id: str, *, limit: int) -> list[StepRow]:
    """The open steps that are due first."""
    rows = tx.all(
        sa.select(STEP)
        .where(STEP.c.candidate_id == candidate_id, _OPEN)
        .order_by(STEP.c.due_on, STEP.c.id)
        .limit(limit)
    )
    return [_opened(key, row) for row in rows]


_OPEN = sa.and_(STEP.c.done_at.is_(None), STEP.c.dropped_at.is_(None))


def _change(tx: Tx, candidate_id: str, step_id: str, **how: Any) -> None:
    theirs = sa.and_(STEP.c.id == step_id, STEP.c.candidate_id == candidate_id, _OPEN)
    if update(tx, Step, theirs, **how) != 1:
        raise NotFound("no such open step")


def _opened(key: SubjectKey, row: Any) -> StepRow:
    words = _unsealed(key, row.words_sealed, "step.words_sealed", row.id)
    if not words and row.kind == StepKind.OTHER:  # planned by the release before, by its name
        words = row.name
    return StepRow(
        id=row.id,
        kind=StepKind(row.kind),
        words=words,
        due_on=row.due_on,
        source=row.source,
        created_at=row.created_at,
        taken_on=row.taken_on,
        dropped=row.dropped_at is not None,
        reason=_unsealed(key, row.reason_sealed, "step.reason_sealed", row.id),
        closed_at=row.done_at or row.dropped_at,
        closed_by=row.closed_by,
    )


def _sealed(key: SubjectKey, text: str, where: str, step_id: str) -> str | None:
    return seal(key, text, where, step_id, pad=True) if text else None


def _unsealed(key: SubjectKey, token: str | None, where: str, step_id: str) -> str:
    return "" if token is None else unseal(key, token, where, step_id)
