"""Surveys, who is asked which, and what they answered. Versions and answers are only added.

Ask ``people.get_candidate`` first, or read through ``responses``: nothing else here asks who is
looking. Answers are JSON, sealed with the candidate's key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import InvitationStatus
from storage.errors import Conflict, NotFound, Stale
from storage.queries.common import insert, insert_new, table, update
from storage.queries.editions import Edition, keep
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Answer, Candidate, Invitation, Survey, SurveyVersion
from storage.vault import seal, unseal
from storage.viewer import Viewer

SURVEY, VERSION = table(Survey), table(SurveyVersion)
INVITATION, ANSWER = table(Invitation), table(Answer)
_WHERE = "answer.value_sealed"
#: How an invitation may end once it is open.
ENDS = frozenset({InvitationStatus.DONE, InvitationStatus.REFUSED, InvitationStatus.UNANSWERED})
_OPEN = INVITATION.c.status == InvitationStatus.OPEN.value


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRow:
    """A survey that can be sent. ``origin``: ``file`` or ``console``."""

    id: str
    title: str
    digest: str
    origin: str
    enabled: bool
    definition: dict[str, Any]
    changed_at: datetime
    changed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationRow:
    """One survey for one candidate. ``definition`` is what it asks: None until it opens."""

    id: str
    candidate_id: str
    survey_id: str
    title: str
    digest: str | None
    definition: dict[str, Any] | None
    anchor: str
    status: InvitationStatus
    due_on: date | None
    conversation_id: str | None
    via: str
    at_question: str
    asked_again: bool
    reminders: int
    why: str
    created_at: datetime
    created_by: str | None
    opened_at: datetime | None
    moved_at: datetime | None
    closed_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One answer, opened. ``value`` None and no ``text``: the question was skipped."""

    id: str
    question: str
    value: Any
    text: str
    source: str
    said_at: datetime
    superseded_at: datetime | None


# --- what can be sent ---------------------------------------------------------------------------


def sync(tx: Tx, editions: Iterable[Edition]) -> int:
    """Bring the surveys of the files in; the number that changed.

    One uploaded under the same id in the console goes before the file's. One that is in no file
    any more is turned off, never removed: answers still belong to it.
    """
    given = {one.id: one for one in editions}
    known = {row.id: row for row in tx.all(sa.select(SURVEY))}
    changed = 0
    for edition in given.values():
        row = known.get(edition.id)
        if row is None or (row.origin == "file" and row.digest != edition.digest):
            _put(tx, edition, origin="file", by=None)
            changed += 1
    for row in known.values():
        if row.origin == "file" and row.enabled and row.id not in given:
            update(tx, Survey, SURVEY.c.id == row.id, enabled=False, changed_at=tx.now)
            changed += 1
    return changed


def put(tx: Tx, edition: Edition, *, by: str) -> None:
    """Keep a survey somebody brought in the console: new, or a new edition of one that is there."""
    _put(tx, edition, origin="console", by=by)


def _put(tx: Tx, edition: Edition, *, origin: str, by: str | None) -> None:
    """Of several processes that start at once, whoever is second finds it there."""
    keep(tx, edition)
    values: dict[str, Any] = {
        "digest": edition.digest,
        "title": edition.title,
        "origin": origin,
        "changed_at": tx.now,
        "changed_by": by,
    }
    new = {"id": edition.id, "enabled": True, **values}
    if not insert_new(tx, Survey, [new]):
        update(tx, Survey, SURVEY.c.id == edition.id, **values)


def switch(tx: Tx, survey_id: str, enabled: bool, *, by: str) -> None:
    """Turn a survey on or off; what is under way goes on. Raises ``NotFound``."""
    values = {"enabled": enabled, "changed_at": tx.now, "changed_by": by}
    if update(tx, Survey, SURVEY.c.id == survey_id, **values) != 1:
        raise NotFound("no such survey")


def surveys(tx: Tx, *, after: str = "", limit: int = 200) -> list[SurveyRow]:
    """Surveys in the order of their ids, as they ask now."""
    query = _surveys().where(SURVEY.c.id > after).order_by(SURVEY.c.id).limit(limit)
    return [_survey(row) for row in tx.all(query)]


def survey(tx: Tx, survey_id: str) -> SurveyRow:
    """One survey as it asks now. Raises ``NotFound``."""
    row = tx.first(_surveys().where(SURVEY.c.id == survey_id))
    if row is None:
        raise NotFound("no such survey")
    return _survey(row)


def _surveys() -> sa.Select[Any]:
    return sa.select(SURVEY, VERSION.c.definition).join(
        VERSION, VERSION.c.digest == SURVEY.c.digest
    )


def _survey(row: Any) -> SurveyRow:
    return SurveyRow(**{name: getattr(row, name) for name in SurveyRow.__dataclass_fields__})


# --- who is asked what --------------------------------------------------------------------------


def _invitations() -> sa.Select[Any]:
    return (
        sa.select(INVITATION, SURVEY.c.title, VERSION.c.definition)
        .join(SURVEY, SURVEY.c.id == INVITATION.c.survey_id)
        .outerjoin(VERSION, VERSION.c.digest == INVITATION.c.digest)
    )


def _invitation(row: Any) -> InvitationRow:
    names = InvitationRow.__dataclass_fields__
    values = {name: getattr(row, name) for name in names}
    return InvitationRow(**values | {"status": InvitationStatus(row.status)})


def open_of(tx: Tx, candidate_id: str) -> InvitationRow | None:
    """The survey a candidate is being asked now; None: no one."""
    theirs = sa.and_(INVITATION.c.candidate_id == candidate_id, _OPEN)
    row = tx.first(_invitations().where(theirs).order_by(INVITATION.c.opened_at.desc()).limit(1))
    return _invitation(row) if row is not None else None


def get(tx: Tx, candidate_id: str, invitation_id: str) -> InvitationRow:
    """One invitation of a candidate. Raises ``NotFound`` for another's as for none."""
    theirs = sa.and_(INVITATION.c.id == invitation_id, INVITATION.c.candidate_id == candidate_id)
    row = tx.first(_invitations().where(theirs))
    if row is None:
        raise NotFound("no such invitation")
    return _invitation(row)


def of_candidate(tx: Tx, candidate_id: str) -> list[InvitationRow]:
    """All invitations of a candidate, newest first."""
    newest = INVITATION.c.created_at.desc(), INVITATION.c.id.desc()
    query = _invitations().where(INVITATION.c.candidate_id == candidate_id)
    return [_invitation(row) for row in tx.all(query.order_by(*newest))]


def responses(
    tx: Tx,
    viewer: Viewer,
    *,
    survey_id: str | None = None,
    candidate_id: str | None = None,
    status: InvitationStatus | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[InvitationRow]:
    """Invitations of people the viewer may know of, newest first; ``after`` is (made, id)."""
    query = _invitations().join(CANDIDATE, CANDIDATE.c.id == INVITATION.c.candidate_id)
    query = query.where(visible(viewer))
    if survey_id is not None:
        query = query.where(INVITATION.c.survey_id == survey_id)
    if candidate_id is not None:
        query = query.where(INVITATION.c.candidate_id == candidate_id)
    if status is not None:
        query = query.where(INVITATION.c.status == status.value)
    if after is not None:
        made, last = INVITATION.c.created_at, INVITATION.c.id
        query = query.where(sa.or_(made < after[0], sa.and_(made == after[0], last < after[1])))
    newest = INVITATION.c.created_at.desc(), INVITATION.c.id.desc()
    return [_invitation(row) for row in tx.all(query.order_by(*newest).limit(limit))]


def response(tx: Tx, viewer: Viewer, invitation_id: str) -> InvitationRow:
    """One invitation of somebody the viewer may know of. Raises ``NotFound``."""
    query = _invitations().join(CANDIDATE, CANDIDATE.c.id == INVITATION.c.candidate_id)
    row = tx.first(query.where(visible(viewer), INVITATION.c.id == invitation_id))
    if row is None:
        raise NotFound("no such response")
    return _invitation(row)


def begin(
    tx: Tx, invitation_id: str, digest: str, *, via: str, conversation_id: str | None = None
) -> None:
    """Open a planned invitation: from now on its questions stand.

    Raises ``NotFound``, and ``Conflict`` where it is not planned any more or the candidate is
    being asked something else: one survey at a time.
    """
    row = tx.first(sa.select(INVITATION.c.candidate_id).where(INVITATION.c.id == invitation_id))
    if row is None:
        raise NotFound("no such invitation")
    # A turn under way is decided again, and a second one that opens waits here until we are done.
    theirs = CANDIDATE.c.id == row.candidate_id
    update(tx, Candidate, theirs, version=CANDIDATE.c.version + 1)
    if open_of(tx, row.candidate_id) is not None:
        raise Conflict("another survey is open")
    planned = sa.and_(
        INVITATION.c.id == invitation_id, INVITATION.c.status == InvitationStatus.PLANNED.value
    )
    opened = update(
        tx,
        Invitation,
        planned,
        status=InvitationStatus.OPEN.value,
        digest=digest,
        via=via,
        conversation_id=conversation_id,
        opened_at=tx.now,
        moved_at=tx.now,
        revision=INVITATION.c.revision + 1,
    )
    if opened != 1:
        raise Conflict("this invitation is not planned any more")


def move(tx: Tx, invitation_id: str, revision: int, **values: Any) -> int:
    """Move an open invitation on from the revision it was seen at; the new one.

    ``values`` are columns: ``at_question``, ``asked_again``, ``via``, ``conversation_id``. Raises
    ``Stale`` when somebody answered in between, in the chat or on the page, or it ended.
    """
    seen = sa.and_(INVITATION.c.id == invitation_id, INVITATION.c.revision == revision, _OPEN)
    if update(tx, Invitation, seen, revision=revision + 1, moved_at=tx.now, **values) != 1:
        raise Stale
    return revision + 1


def close(
    tx: Tx, invitation_id: str, revision: int, status: InvitationStatus, *, why: str = ""
) -> None:
    """End an open invitation: answered, refused, or left. Raises ``Stale`` as ``move`` does."""
    assert status in ENDS
    move(tx, invitation_id, revision, status=status.value, why=why, closed_at=tx.now)


# --- what they said -----------------------------------------------------------------------------


def put_answer(
    tx: Tx,
    key: SubjectKey,
    row: InvitationRow,
    question: str,
    value: Any,
    text: str,
    *,
    source: str,
) -> str | None:
    """Keep an answer; one before it stays, superseded. Its id, or None where nothing is new.

    The caller moves the invitation in the same transaction, so that two never answer at once.
    """
    standing = answers(tx, key, row.id).get(question)
    if standing is not None and (standing.value, standing.text) == (value, text):
        return None
    same = sa.and_(
        ANSWER.c.invitation_id == row.id,
        ANSWER.c.question == question,
        ANSWER.c.superseded_at.is_(None),
    )
    update(tx, Answer, same, superseded_at=tx.now)
    answer_id = new_public_id("an")
    words = json.dumps({"value": value, "text": text}, ensure_ascii=False)
    insert(
        tx,
        Answer,
        {
            "id": answer_id,
            "candidate_id": row.candidate_id,
            "invitation_id": row.id,
            "question": question,
            "value_sealed": seal(key, words, _WHERE, answer_id, pad=True),
            "source": source,
            "said_at": tx.now,
        },
    )
    return answer_id


def answers(tx: Tx, key: SubjectKey, invitation_id: str) -> dict[str, AnswerRow]:
    """The answers that stand, by question."""
    return {one.question: one for one in history(tx, key, invitation_id) if not one.superseded_at}


def history(tx: Tx, key: SubjectKey, invitation_id: str) -> list[AnswerRow]:
    """All answers, those that were changed included, oldest first."""
    query = sa.select(ANSWER).where(ANSWER.c.invitation_id == invitation_id)
    return [_answer(row, key) for row in tx.all(query.order_by(ANSWER.c.said_at, ANSWER.c.id))]


def _answer(row: Any, key: SubjectKey) -> AnswerRow:
    told = json.loads(unseal(key, row.value_sealed, _WHERE, row.id))
    return AnswerRow(
        id=row.id,
        question=row.question,
        value=told["value"],
        text=told["text"],
        source=row.source,
        said_at=row.said_at,
        superseded_at=row.superseded_at,
    )
