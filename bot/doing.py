"""What a colleague did about a duty of ours: kept once, with its link in the audit chain."""

from __future__ import annotations

from bot.turn import Context, DoDuty
from storage.database import Tx
from storage.enums import Duty, Opinion
from storage.errors import NotFound, Stale
from storage.queries import audit, duties, interviews, people
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer


def done(tx: Tx, vault: Vault, context: Context, told: DoDuty) -> None:
    """Part of the caller's unit of work. Raises ``Stale`` where they may not know of the candidate
    any more: look again, and say so."""
    assert context.staff is not None
    owed, staff = told.duty, context.staff
    viewer = Viewer.of_user(staff.id, staff.name, staff.role)
    if owed.duty is Duty.FEEDBACK:
        _told(tx, vault, viewer, told, via=context.channel)
        return
    try:
        row = people.get_candidate(tx, vault, viewer, owed.candidate_id)
    except NotFound:
        raise Stale from None
    key = vault.key(tx, row.subject_id)
    if duties.take(tx, key, row.id, owed.duty, owed.ref, by=staff.id):
        details = {"duty": owed.duty.value, "via": context.channel}
        audit.append(tx, vault.keystore, viewer, "duty.done", row.id, details=details)


def _told(tx: Tx, vault: Vault, viewer: Viewer, told: DoDuty, *, via: str) -> None:
    """What they thought after an interview, or their sentence about it. Raises ``Stale``."""
    ref, words = told.duty.ref, told.words
    try:
        found = interviews.asked(tx, viewer, ref)
    except NotFound:
        raise Stale from None
    row = people.get_candidate(tx, vault, SYSTEM, found.candidate_id)
    if words is None:
        opinion = Opinion(told.duty.choice) if told.duty.choice != "other" else None
        kept = interviews.tell(tx, ref, opinion, by=viewer.id)
    else:
        key = vault.key(tx, row.subject_id)
        kept = interviews.add_words(tx, key, ref, words, by=viewer.id)
    if kept:
        duties.end(tx, row.id, Duty.FEEDBACK, ref)
        what = "verdict" if words is None else "words" if words else "words_back"
        details = {"interview": ref, "what": what, "via": via}
        audit.append(tx, vault.keystore, viewer, "interview.feedback", row.id, details=details)
