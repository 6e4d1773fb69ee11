"""An alert as a neutral card; each channel draws it as richly as it can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.alerts import actions
from bot.alerts.policy import Policy
from bot.messages import Card
from bot.words import moment
from nlp.scheme import Severity
from storage.enums import AlertStatus, Stage, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertShown:
    """What a card needs to know of an alert."""

    id: str
    candidate_name: str
    position_title: str
    stage: Stage
    topic: str
    severity: Severity
    status: AlertStatus
    verdict: Verdict | None
    verdict_by: str
    verdict_at: datetime | None
    quote: str
    question: str
    due_at: datetime
    put_off_by: str = ""
    put_off_until: datetime | None = None


def drawn(policy: Policy, alert: AlertShown, *, link: str) -> Card:
    """The card of an alert as it stands. ``link`` opens the candidate's page."""
    words = policy.card
    lines = [
        (words.candidate, alert.candidate_name),
        (words.stage, policy.stages[alert.stage]),
        (words.due, moment(alert.due_at)),
    ]
    if alert.position_title:
        lines.insert(1, (words.position, alert.position_title))
    return Card(
        title=words.title.format(
            severity=policy.severities[alert.severity], topic=policy.names[alert.topic]
        ),
        quote=alert.quote,
        lines=tuple(lines),
        question=policy.questions[alert.question],
        buttons=actions.buttons(
            alert.id,
            alert.status,
            alert.verdict,
            policy.presses,
            put_off=alert.put_off_until is not None,
        ),
        note=_note(policy, alert),
        link=link,
        quiet=alert.severity is Severity.DIGEST,
    )


def _note(policy: Policy, alert: AlertShown) -> str:
    said = []
    if alert.verdict is not None and alert.verdict_at is not None:
        said.append(
            policy.card.judged.format(
                name=alert.verdict_by,
                verdict=policy.verdicts[alert.verdict],
                at=moment(alert.verdict_at),
            )
        )
    if alert.put_off_until is not None:
        said.append(
            policy.card.put_off.format(name=alert.put_off_by, until=moment(alert.put_off_until))
        )
    return "；".join(said)
