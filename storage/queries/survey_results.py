"""What the people a viewer may know of answered, for figures and for whoever may read answers."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import InvitationStatus
from storage.queries.common import chunks, table
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import Answer, Invitation, SurveyVersion
from storage.vault import Vault, unseal
from storage.viewer import Viewer

INVITATION, ANSWER, VERSION = table(Invitation), table(Answer), table(SurveyVersion)
#: Who was asked: what was never sent does not count.
_ASKED = (
    InvitationStatus.OPEN,
    InvitationStatus.DONE,
    InvitationStatus.REFUSED,
    InvitationStatus.UNANSWERED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One finished response. ``answers``: (value, words) by question, as they stand."""

    candidate_id: str
    subject_id: str
    closed_at: datetime
    department: str
    position: str
    answers: dict[str, tuple[Any, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response as it stands. ``digest``: the edition it answers; ``answers`` as above."""

    candidate_id: str
    subject_id: str
    status: InvitationStatus
    digest: str
    opened_at: datetime
    closed_at: datetime | None
    answers: dict[str, tuple[Any, str]] = field(default_factory=dict)


def responses(
    tx: Tx, vault: Vault, viewer: Viewer, survey_id: str, *, limit: int
) -> list[Response]:
    """The first ``limit`` responses of people the viewer may know of, in the order they were asked,
    unfinished ones included; what was never sent is none."""
    rows = tx.all(
        sa.select(INVITATION, CANDIDATE.c.subject_id)
        .join(CANDIDATE, CANDIDATE.c.id == INVITATION.c.candidate_id)
        .where(
            visible(viewer),
            INVITATION.c.survey_id == survey_id,
            INVITATION.c.status.in_([one.value for one in _ASKED]),
            INVITATION.c.digest.is_not(None),
        )
        .order_by(INVITATION.c.opened_at, INVITATION.c.id)
        .limit(limit)
    )
    found = {
        row.id: Response(
            candidate_id=row.candidate_id,
            subject_id=row.subject_id,
            status=InvitationStatus(row.status),
            digest=row.digest,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
        for row in rows
    }
    _fill(tx, vault, found)
    return list(found.values())


def editions(tx: Tx, digests: Collection[str]) -> dict[str, dict[str, Any]]:
    """Definitions by digest."""
    made: dict[str, dict[str, Any]] = {}
    for some in chunks(digests):
        rows = tx.all(sa.select(VERSION).where(VERSION.c.digest.in_(some)))
        made |= {row.digest: row.definition for row in rows}
    return made


def asked(tx: Tx, viewer: Viewer, survey_id: str) -> int:
    """How many were asked, of those the viewer may know of."""
    query = (
        sa.select(sa.func.count())
        .select_from(INVITATION.join(CANDIDATE, CANDIDATE.c.id == INVITATION.c.candidate_id))
        .where(
            visible(viewer),
            INVITATION.c.survey_id == survey_id,
            INVITATION.c.status.in_([one.value for one in _ASKED]),
        )
    )
    return int(tx.scalar(query))


def finished(
    tx: Tx, vault: Vault, viewer: Viewer, survey_id: str, *, limit: int = 5_000
) -> list[Finished]:
    """The first ``limit`` finished responses of people the viewer may know of, in the order they
    were finished."""
    rows = tx.all(
        sa.select(
            INVITATION.c.id,
            INVITATION.c.closed_at,
            CANDIDATE.c.id.label("candidate_id"),
            CANDIDATE.c.subject_id,
            POSITION.c.department,
            POSITION.c.title,
        )
        .join(CANDIDATE, CANDIDATE.c.id == INVITATION.c.candidate_id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(
            visible(viewer),
            INVITATION.c.survey_id == survey_id,
            INVITATION.c.status == InvitationStatus.DONE.value,
        )
        .order_by(INVITATION.c.closed_at, INVITATION.c.id)
        .limit(limit)
    )
    found = {
        row.id: Finished(
            candidate_id=row.candidate_id,
            subject_id=row.subject_id,
            closed_at=row.closed_at,
            department=row.department or "",
            position=row.title or "",
        )
        for row in rows
    }
    _fill(tx, vault, found)
    return list(found.values())


def _fill(tx: Tx, vault: Vault, found: Mapping[str, Finished | Response]) -> None:
    """Open the answers that stand, each for its invitation (by id)."""
    keys = vault.keys(tx, {one.subject_id for one in found.values()})
    for some in chunks(found):
        standing = sa.and_(ANSWER.c.invitation_id.in_(some), ANSWER.c.superseded_at.is_(None))
        for row in tx.all(sa.select(ANSWER).where(standing)):
            one = found[row.invitation_id]
            one.answers[row.question] = _opened(keys[one.subject_id], row)


def _opened(key: SubjectKey, row: Any) -> tuple[Any, str]:
    told = json.loads(unseal(key, row.value_sealed, "answer.value_sealed", row.id))
    return told["value"], str(told["text"])
