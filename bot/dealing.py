"""What a colleague asked for in their own chat is done, and whoever was told is kept."""

from __future__ import annotations

from collections.abc import Mapping

from bot import noticing, saying
from bot.channels.base import Channel
from bot.inquiry import BY_HAND, Deed
from bot.noticing import Means
from bot.rulebook import Rulebook
from bot.turn import Context, Outcome
from bot.words import SHANGHAI, fill
from storage.database import Tx
from storage.enums import InvitationStatus
from storage.errors import NotFound, Stale
from storage.queries import accesses, alerts, audit, colleagues, invitations, people
from storage.vault import Vault
from storage.viewer import Viewer


def write(
    tx: Tx,
    vault: Vault,
    rules: Rulebook,
    context: Context,
    outcome: Outcome,
    *,
    channels: Mapping[str, Channel],
    home: str,
) -> set[str]:
    """Part of the turn's commit; the channels that have work. Raises ``Stale`` where the colleague
    may not know of the candidate any more: look again, and say so."""
    if context.staff is None:
        return set()
    staff, via = context.staff, context.channel
    viewer = Viewer.of_user(staff.id, staff.name, staff.role)
    told = [(one.candidate_id, one.what) for one in outcome.told]
    # The answer was read a moment ago: nobody is told of who is not theirs to know of any more.
    ids = {candidate_id for candidate_id, _ in told}
    if len(people.among(tx, vault, viewer, ids=ids)) != len(ids):
        raise Stale
    accesses.note(tx, vault.keystore, viewer, told, via=via)
    if outcome.deed is None:
        return set()
    cause = context.last.uid
    try:
        if outcome.deed.kind == "survey":
            return _send(tx, vault, viewer, outcome.deed, via=via, cause=cause)
        return _transfer(tx, vault, rules, viewer, outcome.deed, cause, channels, home, via=via)
    except NotFound:
        raise Stale from None


def _send(tx: Tx, vault: Vault, viewer: Viewer, deed: Deed, *, via: str, cause: str) -> set[str]:
    """Plan a survey for now: the clock asks it when it may, and tells what keeps it from that."""
    people.get_candidate(tx, vault, viewer, deed.candidate_id)
    now, who = tx.now.astimezone(SHANGHAI), deed.candidate_id
    day, clock = now.date(), f"{now:%H:%M}"
    known = [row for row in invitations.of(tx, who) if row.survey_id == deed.what]
    waits = next((row for row in known if row.status == InvitationStatus.PLANNED), None)
    if waits is not None:  # an event planned it for later: once is enough
        invitations.replan(tx, who, waits.id, anchor=waits.anchor, due_on=day, clock=clock)
        made: str | None = waits.id
    else:
        anchor = f"{BY_HAND}{cause}"
        made = invitations.plan(
            tx, candidate_id=who, survey_id=deed.what, anchor=anchor, due_on=day, clock=clock,
            by=viewer.id,
        )  # fmt: skip
    details = {"survey": deed.what, "invitation": made or "", "via": via}
    audit.append(tx, vault.keystore, viewer, "survey.send", deed.candidate_id, details=details)
    return set()


def _transfer(
    tx: Tx,
    vault: Vault,
    rules: Rulebook,
    viewer: Viewer,
    deed: Deed,
    cause: str,
    channels: Mapping[str, Channel],
    home: str,
    *,
    via: str,
) -> set[str]:
    """Another colleague goes on with it, and is told in their own chat."""
    row = people.get_candidate(tx, vault, viewer, deed.candidate_id)
    waiting = len(alerts.unresolved(tx, row.id))
    colleagues.transfer(tx, viewer, row.id, deed.what)
    details = {"to": deed.what, "from": row.owner_id or "", "via": via}
    audit.append(tx, vault.keystore, viewer, "candidate.transfer", row.id, details=details)
    text = fill(
        rules.answers.transfer_told,
        owner=viewer.name,
        name=row.name,
        position=row.position_title or rules.answers.no_position,
        stage=rules.policy.stages[row.stage],
        count=str(waiting),
        link=f"{home}/console/candidates/{row.id}",
    )
    woken = saying.tell(tx, vault, deed.what, text, idem=f"transfer:{cause}", channels=channels)
    means = Means(tx=tx, vault=vault, rules=rules, channels=channels)
    return woken | noticing.passed_on(means, row.id)
