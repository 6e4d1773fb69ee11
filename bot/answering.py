"""Surveys between turns and rows: what is open, and what was answered. Chat and page both."""

from __future__ import annotations

from bot.asked import GiveAnswer, MoveInvitation, SurveySeen, pressed
from bot.turn import Outcome, Said
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import InvitationStatus, MessageKind
from storage.errors import NotFound
from storage.queries import surveys
from storage.queries.surveys import InvitationRow

#: ``invitation.via`` of what is answered on a phone page.
PAGE = "page"


def seen(
    tx: Tx, key: SubjectKey, candidate_id: str, conversation_id: str, said: Said
) -> SurveySeen | None:
    """The survey a press names, or else the one that is open; None: neither."""
    row = _row(tx, candidate_id, said)
    if row is None or row.definition is None:
        return None
    return SurveySeen(
        invitation_id=row.id,
        survey_id=row.survey_id,
        status=row.status,
        definition=row.definition,
        answers={
            name: (one.value, one.text) for name, one in surveys.answers(tx, key, row.id).items()
        },
        at=row.at_question,
        asked_again=row.asked_again,
        asked_at=row.moved_at or row.created_at,
        revision=row.revision,
        here=row.conversation_id == conversation_id,
        pausing=row.why if row.status is InvitationStatus.OPEN else "",
    )


def _row(tx: Tx, candidate_id: str, said: Said) -> InvitationRow | None:
    named = pressed(said.text) if said.kind is MessageKind.PRESS else None
    if named is None:
        return surveys.open_of(tx, candidate_id)
    try:
        return surveys.get(tx, candidate_id, named[0])
    except NotFound:
        return None


def write(
    tx: Tx,
    key: SubjectKey,
    candidate_id: str,
    outcome: Outcome,
    *,
    source: str,
    via: str,
    conversation_id: str | None,
) -> None:
    """Keep the answers of an outcome and move what they belong to.

    Raises ``Stale`` where somebody answered in between on another way.
    """
    for moved in outcome.surveys:
        row = surveys.get(tx, candidate_id, moved.invitation_id)
        for given in outcome.answers:
            if given.invitation_id == row.id:
                _put(tx, key, row, given, source)
        _move(tx, moved, via=via, conversation_id=conversation_id)


def _put(tx: Tx, key: SubjectKey, row: InvitationRow, given: GiveAnswer, source: str) -> None:
    surveys.put_answer(tx, key, row, given.question, given.value, given.text, source=source)


def _move(tx: Tx, moved: MoveInvitation, *, via: str, conversation_id: str | None) -> None:
    revision = surveys.move(
        tx,
        moved.invitation_id,
        moved.revision,
        at_question=moved.at,
        asked_again=moved.asked_again,
        why=moved.why,
        **({"via": via, "conversation_id": conversation_id} if moved.here else {}),
    )
    if moved.status is not InvitationStatus.OPEN:
        surveys.close(tx, moved.invitation_id, revision, moved.status, why=moved.why)
