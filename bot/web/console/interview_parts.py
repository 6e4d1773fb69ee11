"""Interviews on the record, put together: HR see all of them, whoever held one their own."""

from __future__ import annotations

from bot.web import desk_views as shapes
from bot.web.desk_views import SentForm
from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Role
from storage.queries import interviews, users
from storage.queries.interviews import InterviewRow
from storage.viewer import Viewer

_HOLDERS = (Role.HR.value, Role.HR_ADMIN.value, Role.MANAGER.value)


def part(
    tx: Tx,
    key: SubjectKey,
    viewer: Viewer,
    candidate_id: str,
    sent: SentForm,
    *,
    whole: bool,
    writes: bool,
) -> shapes.Interviews:
    """The section of a candidate's record, for whoever looks."""
    rows = interviews.told_to(interviews.of_candidate(tx, key, candidate_id), viewer, whole=whole)
    return shapes.Interviews(
        rows=tuple(_row(tx, one) for one in rows),
        writes=writes,
        colleagues=tuple(
            shapes.Colleague(id=row.id, name=row.name)
            for row in users.all_users(tx)
            if row.role in _HOLDERS
        )
        if writes
        else (),
        values=sent.values,
        errors=sent.errors,
        token=(sent.values.get("token") or new_public_id("vw")) if writes else "",
    )


def _row(tx: Tx, one: InterviewRow) -> shapes.InterviewRow:
    if one.cancelled_at is not None:
        state = "cancelled"
    elif one.done_at is not None:
        state = "told" if one.verdict is not None else "other_way"
    else:
        state = "ahead" if one.at > tx.now else "waiting"
    return shapes.InterviewRow(
        id=one.id,
        number=one.number,
        at=one.at,
        interviewer=one.interviewer,
        state=state,
        verdict=one.verdict.value if one.verdict is not None else "",
        feedback=one.feedback,
        done_at=one.done_at,
        by=one.told_by if one.done_by != one.interviewer_id else "",
    )
