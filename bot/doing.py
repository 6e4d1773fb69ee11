"""What a colleague did about a duty of ours: kept once, with its link in the audit chain."""

from __future__ import annotations

from bot.turn import Context, DoDuty
from storage.database import Tx
from storage.errors import NotFound, Stale
from storage.queries import audit, duties, people
from storage.vault import Vault
from storage.viewer import Viewer


def done(tx: Tx, vault: Vault, context: Context, told: DoDuty) -> None:
    """Part of the caller's unit of work. Raises ``Stale`` where they may not know of the candidate
    any more: look again, and say so."""
    assert context.staff is not None
    owed, staff = told.duty, context.staff
    viewer = Viewer.of_user(staff.id, staff.name, staff.role)
    try:
        row = people.get_candidate(tx, vault, viewer, owed.candidate_id)
    except NotFound:
        raise Stale from None
    key = vault.key(tx, row.subject_id)
    if duties.take(tx, key, row.id, owed.duty, owed.ref, by=staff.id):
        details = {"duty": owed.duty.value, "via": context.channel}
        audit.append(tx, vault.keystore, viewer, "duty.done", row.id, details=details)
