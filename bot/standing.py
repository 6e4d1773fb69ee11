"""What stands of a candidate, for decisions and cards: alerts, and what counts in the score."""

from __future__ import annotations

from typing import Any

from bot.alerts.cards import AlertShown
from bot.turn import AlertSeen, FactorSeen
from nlp.scheme import Severity
from storage.database import Tx
from storage.enums import AlertStatus, Verdict
from storage.queries import people
from storage.queries.alerts import AlertRow
from storage.queries.snoozes import PutOff


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
