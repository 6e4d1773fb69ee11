"""What stands of a candidate, for decisions and cards: alerts, and what counts in the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.alerts import duties
from bot.alerts.cards import AlertShown
from bot.conversation.flows import feedback
from bot.turn import AlertSeen, DutySeen, FactorSeen, Said, StaffSeen
from nlp.scheme import Severity
from storage.database import Tx
from storage.enums import AlertStatus, Duty, MessageKind, Verdict
from storage.errors import NotFound
from storage.queries import duties as owed
from storage.queries import interviews, people, users
from storage.queries.alerts import AlertRow
from storage.queries.snoozes import PutOff
from storage.vault import Vault
from storage.viewer import Viewer


def alert_seen(row: Any) -> AlertSeen:
    """A bare alert row as a decision sees it."""
    return AlertSeen(
        id=row.id,
        candidate_id=row.candidate_id,
        topic=row.topic,
        severity=Severity(row.severity),
        status=AlertStatus(row.status),
        verdict=Verdict(row.verdict) if row.verdict else None,
        revision=row.revision,
        put_off=row.snoozed_until,
    )


def factors_seen(tx: Tx, candidate_id: str) -> tuple[FactorSeen, ...]:
    """All contributions to a candidate's score."""
    return tuple(map(factor_seen, people.factors(tx, candidate_id)))


def duty_seen(
    tx: Tx, vault: Vault, staff: StaffSeen | None, last: Said, state: Mapping[str, Any]
) -> DutySeen | None:
    """What a colleague's press is about, or the sentence that may follow it; None: nothing, or
    nothing they may speak about."""
    if staff is None:
        return None
    named = duties.parse(last.text) if last.kind is MessageKind.PRESS else None
    if last.kind is MessageKind.TEXT and (asked := feedback.awaited(state)) is not None:
        named = DutySeen(duty=Duty.FEEDBACK, candidate_id="", ref=asked[0])
    if named is None:
        return None
    viewer = Viewer.of_user(staff.id, staff.name, staff.role)
    try:
        if named.duty is Duty.FEEDBACK:
            return _talk_seen(tx, viewer, named)
        row = people.get_candidate(tx, vault, viewer, named.candidate_id)
    except NotFound:
        return None
    key = vault.key(tx, row.subject_id)
    return replace(named, done=owed.is_done(tx, key, row.id, named.duty, named.ref))


def _talk_seen(tx: Tx, viewer: Viewer, named: DutySeen) -> DutySeen:
    """The interview it names. Raises ``NotFound``."""
    found = interviews.asked(tx, viewer, named.ref)
    other = found.done_by if found.done_by != viewer.id else None
    said = found.verdict.value if found.verdict is not None else "other"
    return replace(
        named,
        candidate_id=found.candidate_id,
        done=found.done,
        known=said if found.done else "",
        by=users.names(tx, [other]).get(other, "") if other is not None else "",
    )


def factor_seen(row: Any) -> FactorSeen:
    """One contribution."""
    return FactorSeen(
        rule=row.rule, adds=row.adds, fades_after_days=row.fades_after_days, at=row.at
    )


def alert_shown(row: AlertRow, put_off: PutOff | None = None) -> AlertShown:
    """An alert as its card shows it."""
    return AlertShown(
        id=row.id,
        candidate_name=row.candidate_name,
        position_title=row.position_title,
        stage=row.stage,
        topic=row.topic,
        severity=Severity(row.severity),
        status=row.status,
        verdict=row.verdict,
        verdict_by=row.verdict_by,
        verdict_at=row.verdict_at,
        quote=row.quote,
        question=row.question,
        due_at=row.due_at,
        put_off_by=put_off.by if put_off else "",
        put_off_until=put_off.until if put_off else None,
    )
