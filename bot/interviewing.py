"""Interviews as people of ours note them: planned, cancelled, told in another's place.

Each function is part of the caller's unit of work and adds its link to the audit chain in it.
"""

from __future__ import annotations

from datetime import datetime

from bot.pipeline import Road
from storage.database import Tx
from storage.enums import Duty, Opinion
from storage.errors import Conflict
from storage.queries import audit, duties, interviews, people
from storage.viewer import Viewer


def add(
    tx: Tx,
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    interview_id: str,
    *,
    at: datetime,
    interviewer_id: str | None,
    number: int | None,
) -> str:
    """Note an interview under an id of the caller's making, so that the same form twice is one.

    Raises ``NotFound`` for the candidate or whoever holds it, ``Conflict`` for an id in use.
    """
    row = people.get_candidate(tx, road.vault, viewer, candidate_id)
    made = interviews.add(
        tx, row.id, interview_id, at=at, interviewer_id=interviewer_id, number=number, by=viewer.id
    )
    if made:
        details = {"interview": interview_id, "interviewer": interviewer_id or ""}
        audit.append(tx, road.vault.keystore, viewer, "interview.add", row.id, details=details)
    return interview_id


def cancel(tx: Tx, road: Road, viewer: Viewer, candidate_id: str, interview_id: str) -> None:
    """It does not take place. Raises ``NotFound``, ``Conflict`` when it is over."""
    row = people.get_candidate(tx, road.vault, viewer, candidate_id)
    interviews.cancel(tx, row.id, interview_id)
    duties.end(tx, row.id, Duty.FEEDBACK, interview_id)
    details = {"interview": interview_id}
    audit.append(tx, road.vault.keystore, viewer, "interview.cancel", row.id, details=details)


def tell(
    tx: Tx,
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    interview_id: str,
    verdict: Opinion | None,
) -> None:
    """HR heard what they thought; None: only that. Raises ``NotFound``, ``Conflict`` when it was
    said already, or the interview was cancelled."""
    row = people.get_candidate(tx, road.vault, viewer, candidate_id)
    found = interviews.asked(tx, viewer, interview_id, candidate_id=row.id)
    if found.done or not interviews.tell(tx, interview_id, verdict, by=viewer.id):
        raise Conflict("this interview is over")
    duties.end(tx, row.id, Duty.FEEDBACK, interview_id)
    details = {"interview": interview_id, "what": "verdict", "via": "console"}
    audit.append(tx, road.vault.keystore, viewer, "interview.feedback", row.id, details=details)
