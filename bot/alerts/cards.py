"""An alert as a neutral card; each channel draws it as richly as it can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.alerts import actions
from bot.alerts.policy import Policy
from bot.alerts.portrait import LONG, SHORT, cut, listed
from bot.messages import Card
from bot.words import moment
from nlp.scheme import Severity
from storage.enums import AlertStatus, Stage, Verdict

#: UTF-16 units of what was said before the quote: enough to know what it answers.
TURN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A turn before the quoted words; ``ours``: of our side."""

    ours: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertShown:
    """What a card tells of an alert. What its reader may not see is not in it.

    ``agreed`` are the values of the offer on the table, ``accepted`` whether it is agreed.
    """

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
    answered_by: str = ""
    answered_at: datetime | None = None
    said_at: datetime | None = None
    before: tuple[Before, ...] = ()
    start_on: date | None = None
    agreed: tuple[str, ...] = ()
    accepted: bool = False
    budget: str = ""
    draft: str = ""


def drawn(policy: Policy, alert: AlertShown, *, link: str) -> Card:
    """The card of an alert as it stands. ``link`` opens the alert's page.

    What helps to answer it is on it only while there is something to answer.
    """
    words, waits = policy.card, alert.status is not AlertStatus.RESOLVED
    return Card(
        title=words.title.format(
            severity=policy.severities[alert.severity], topic=policy.names[alert.topic]
        ),
        quote=alert.quote,
        said=_said(policy, alert),
        lines=tuple(_lines(policy, alert)),
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
        advice=words.advice.format(draft=alert.draft) if alert.draft and waits else "",
        before=_before(policy, alert.before) if waits else "",
    )


def gone(policy: Policy, alert: AlertShown) -> Card:
    """What is left of a card whose reader may not know of the alert any more: nobody's words."""
    return Card(
        title=policy.card.title.format(
            severity=policy.severities[alert.severity], topic=policy.names[alert.topic]
        ),
        quote="",
        lines=(),
        question="",
        note=policy.card.gone,
        quiet=True,
    )


def _lines(policy: Policy, alert: AlertShown) -> list[tuple[str, str]]:
    """What is known, the most telling first: a platform with little room shows the first."""
    words, labels = policy.card, policy.portrait
    stage = policy.stages[alert.stage]
    if alert.start_on is not None:
        stage = f"{stage}；{labels.starts.format(day=alert.start_on.isoformat())}"
    lines = [(words.candidate, alert.candidate_name)]
    if alert.position_title:
        lines.append((words.position, alert.position_title))
    lines += [(words.stage, cut(stage, SHORT)), (words.due, moment(alert.due_at))]
    if alert.agreed:
        label = labels.agreed if alert.accepted else labels.offered
        lines.append((label, listed(alert.agreed, labels.more, LONG)))
    if alert.budget:
        lines.append((words.budget, cut(alert.budget, LONG)))
    return lines


def _said(policy: Policy, alert: AlertShown) -> str:
    if alert.said_at is None:
        return ""
    name = cut(alert.candidate_name, SHORT)
    return policy.card.said.format(name=name, at=moment(alert.said_at))


def _before(policy: Policy, turns: Sequence[Before]) -> str:
    if not turns:
        return ""
    sides = policy.portrait.sides
    told = [
        f"{sides['company' if one.ours else 'candidate']}：{cut(one.text, TURN)}" for one in turns
    ]
    return "\n".join([f"{policy.card.before}：", *told])


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
    if alert.answered_at is not None:
        said.append(
            policy.card.answered.format(name=alert.answered_by, at=moment(alert.answered_at))
        )
    if alert.put_off_until is not None:
        said.append(
            policy.card.put_off.format(name=alert.put_off_by, until=moment(alert.put_off_until))
        )
    return "；".join(said)
