"""Talks of candidates with people of ours, and what these thought of them.

A verdict is a person's statement, shown to HR; nothing follows from it by itself. Ask
``people.get_candidate`` first, but for whoever held the talk: they may say what they thought of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import ENDED, Duty, Opinion, Role
from storage.errors import Conflict, NotFound
from storage.queries.common import insert_new, table, update
from storage.queries.duties import Unplanned, not_planned
from storage.queries.scope import CANDIDATE, POSITION, USER, visible
from storage.tables import Interview
from storage.vault import seal, unseal
from storage.viewer import SYSTEM, Viewer

INTERVIEW = table(Interview)
#: Who can hold a talk.
_HOLDERS = (Role.HR.value, Role.HR_ADMIN.value, Role.MANAGER.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewRow:
    """One talk. ``verdict`` None with ``done_at``: they told HR by another way."""

    id: str
    candidate_id: str
    number: int
    at: datetime
    interviewer_id: str | None
    interviewer: str
    created_by: str | None
    cancelled_at: datetime | None
    verdict: Opinion | None
    feedback: str
    done_at: datetime | None
    done_by: str | None
    told_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A talk somebody may speak about, without their words."""

    id: str
    candidate_id: str
    number: int
    at: datetime
    verdict: Opinion | None
    done: bool
    done_by: str | None


def add(
    tx: Tx,
    candidate_id: str,
    interview_id: str,
    *,
    at: datetime,
    interviewer_id: str | None,
    number: int | None,
    by: str,
) -> bool:
    """Note a talk under an id of the caller's making; False: the same one again.

    ``number`` None: one more than the last. Raises ``NotFound`` for somebody who cannot hold it,
    ``Conflict`` when the id is another candidate's.
    """
    if interviewer_id is not None:
        holder = sa.select(USER.c.id).where(
            USER.c.id == interviewer_id, USER.c.disabled_at.is_(None), USER.c.role.in_(_HOLDERS)
        )
        if tx.first(holder) is None:
            raise NotFound("no such colleague")
    if number is None:
        theirs = sa.and_(
            INTERVIEW.c.candidate_id == candidate_id, INTERVIEW.c.cancelled_at.is_(None)
        )
        number = int(tx.scalar(sa.select(sa.func.max(INTERVIEW.c.number)).where(theirs)) or 0) + 1
    row = {
        "id": interview_id,
        "candidate_id": candidate_id,
        "number": number,
        "at": at,
        "interviewer_id": interviewer_id,
        "created_by": by,
        "created_at": tx.now,
    }
    if insert_new(tx, Interview, [row]):
        return True
    whose = tx.scalar(sa.select(INTERVIEW.c.candidate_id).where(INTERVIEW.c.id == interview_id))
    if whose != candidate_id:
        raise Conflict("this id is taken")
    return False


def cancel(tx: Tx, candidate_id: str, interview_id: str) -> None:
    """It does not take place. Raises ``NotFound``, ``Conflict`` when it is over or cancelled."""
    _of(tx, candidate_id, interview_id)
    open_ = sa.and_(
        INTERVIEW.c.id == interview_id,
        INTERVIEW.c.cancelled_at.is_(None),
        INTERVIEW.c.done_at.is_(None),
    )
    if not update(tx, Interview, open_, cancelled_at=tx.now):
        raise Conflict("this interview is over")


def of_candidate(tx: Tx, key: SubjectKey, candidate_id: str) -> list[InterviewRow]:
    """All talks of one candidate, the first one first."""
    teller = USER.alias("teller")
    rows = tx.all(
        sa.select(INTERVIEW, USER.c.name.label("interviewer"), teller.c.name.label("told_by"))
        .outerjoin(USER, USER.c.id == INTERVIEW.c.interviewer_id)
        .outerjoin(teller, teller.c.id == INTERVIEW.c.done_by)
        .where(INTERVIEW.c.candidate_id == candidate_id)
        .order_by(INTERVIEW.c.at, INTERVIEW.c.id)
    )
    return [_open(row, key) for row in rows]


def told_to(rows: Sequence[InterviewRow], viewer: Viewer, *, whole: bool) -> list[InterviewRow]:
    """Those a viewer is shown: HR (``whole``) all, whoever held a talk their own."""
    return [one for one in rows if whole or viewer.id in (one.interviewer_id, one.done_by)]


def asked(tx: Tx, viewer: Viewer, interview_id: str, *, candidate_id: str | None = None) -> Asked:
    """A talk the viewer may speak about: theirs, or of a candidate they may know of.

    Raises ``NotFound``.
    """
    theirs = sa.or_(INTERVIEW.c.interviewer_id == viewer.id, visible(viewer))
    row = tx.first(
        sa.select(INTERVIEW)
        .join(CANDIDATE, CANDIDATE.c.id == INTERVIEW.c.candidate_id)
        .where(INTERVIEW.c.id == interview_id, theirs, visible(SYSTEM))
    )
    if row is not None and candidate_id not in (None, row.candidate_id):
        row = None
    if row is None or viewer.role not in (Role.HR, Role.HR_ADMIN, Role.MANAGER):
        raise NotFound("no such interview")
    return Asked(
        id=row.id,
        candidate_id=row.candidate_id,
        number=row.number,
        at=row.at,
        verdict=Opinion(row.verdict) if row.verdict else None,
        done=row.done_at is not None,
        done_by=row.done_by,
    )


def tell(tx: Tx, interview_id: str, verdict: Opinion | None, *, by: str) -> bool:
    """Keep what somebody thought, or (None) that they said it another way; False: known.

    Whoever said it may say something else; what a colleague said before stays. Not of a talk that
    was cancelled.
    """
    opinion = verdict.value if verdict is not None else None
    open_ = sa.or_(
        INTERVIEW.c.done_at.is_(None),
        sa.and_(INTERVIEW.c.done_by == by, INTERVIEW.c.verdict.is_distinct_from(opinion)),
    )
    here = sa.and_(INTERVIEW.c.id == interview_id, INTERVIEW.c.cancelled_at.is_(None), open_)
    return update(tx, Interview, here, verdict=opinion, done_at=tx.now, done_by=by) == 1


def add_words(tx: Tx, key: SubjectKey, interview_id: str, words: str, *, by: str) -> bool:
    """Keep the sentence of whoever told their verdict (empty: take it back); False: not theirs."""
    sealed = (
        seal(key, words, "interview.feedback_sealed", interview_id, pad=True) if words else None
    )
    theirs = sa.and_(INTERVIEW.c.id == interview_id, INTERVIEW.c.done_by == by)
    return update(tx, Interview, theirs, feedback_sealed=sealed) == 1


def waits(tx: Tx, candidate_id: str, interview_id: str) -> Any:
    """The bare talk whose feedback is still owed, or None: it was given, or it was cancelled."""
    return tx.first(
        sa.select(INTERVIEW).where(
            INTERVIEW.c.id == interview_id,
            INTERVIEW.c.candidate_id == candidate_id,
            INTERVIEW.c.cancelled_at.is_(None),
            INTERVIEW.c.done_at.is_(None),
        )
    )


def unplanned(tx: Tx, *, since: datetime, limit: int) -> list[Unplanned]:
    """Talks since a moment, or to come, whose feedback has no moments planned."""
    rows = tx.all(
        sa.select(INTERVIEW.c.candidate_id, INTERVIEW.c.id, INTERVIEW.c.at)
        .join(CANDIDATE, CANDIDATE.c.id == INTERVIEW.c.candidate_id)
        .where(
            INTERVIEW.c.at >= since,
            INTERVIEW.c.cancelled_at.is_(None),
            INTERVIEW.c.done_at.is_(None),
            CANDIDATE.c.erased_at.is_(None),
            CANDIDATE.c.stage.not_in([stage.value for stage in ENDED]),
            not_planned(Duty.FEEDBACK, INTERVIEW.c.id),
        )
        .order_by(INTERVIEW.c.at, INTERVIEW.c.id)
        .limit(limit)
    )
    return [Unplanned(candidate_id=r.candidate_id, ref=r.id, since=r.at) for r in rows]


def owed_by(tx: Tx, user_id: str, *, before: datetime) -> list[Asked]:
    """Feedback that a colleague owes: of talks they held, or of their positions' where nobody is
    named, that began before a moment. The oldest first."""
    managed = sa.select(POSITION.c.id).where(POSITION.c.manager_id == user_id)
    theirs = sa.or_(
        INTERVIEW.c.interviewer_id == user_id,
        sa.and_(INTERVIEW.c.interviewer_id.is_(None), CANDIDATE.c.position_id.in_(managed)),
    )
    rows = tx.all(
        sa.select(INTERVIEW)
        .join(CANDIDATE, CANDIDATE.c.id == INTERVIEW.c.candidate_id)
        .where(
            visible(SYSTEM),
            theirs,
            INTERVIEW.c.at < before,
            INTERVIEW.c.cancelled_at.is_(None),
            INTERVIEW.c.done_at.is_(None),
            CANDIDATE.c.stage.not_in([stage.value for stage in ENDED]),
        )
        .order_by(INTERVIEW.c.at, INTERVIEW.c.id)
    )
    return [
        Asked(
            id=row.id,
            candidate_id=row.candidate_id,
            number=row.number,
            at=row.at,
            verdict=None,
            done=False,
            done_by=None,
        )
        for row in rows
    ]


def _of(tx: Tx, candidate_id: str, interview_id: str) -> None:
    here = sa.and_(INTERVIEW.c.id == interview_id, INTERVIEW.c.candidate_id == candidate_id)
    if tx.first(sa.select(INTERVIEW.c.id).where(here)) is None:
        raise NotFound("no such interview")


def _open(row: Any, key: SubjectKey) -> InterviewRow:
    sealed = row.feedback_sealed
    return InterviewRow(
        id=row.id,
        candidate_id=row.candidate_id,
        number=row.number,
        at=row.at,
        interviewer_id=row.interviewer_id,
        interviewer=row.interviewer or "",
        created_by=row.created_by,
        cancelled_at=row.cancelled_at,
        verdict=Opinion(row.verdict) if row.verdict else None,
        feedback=unseal(key, sealed, "interview.feedback_sealed", row.id) if sealed else "",
        done_at=row.done_at,
        done_by=row.done_by,
        told_by=row.told_by or "",
    )
