"""What a button does. The same pure function behind a chat card and a console click."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.messages import Button
from bot.turn import AlertSeen, JudgeAlert
from storage.enums import AlertStatus, Verdict

#: useful: somebody works on it, it stays in sight. The other two end it.
LEADS_TO = {
    Verdict.USEFUL: AlertStatus.ACKNOWLEDGED,
    Verdict.FALSE_ALARM: AlertStatus.RESOLVED,
    Verdict.HANDLED: AlertStatus.RESOLVED,
}
_ACTION = re.compile(r"al:(a_[a-z2-7]{26}):(useful|false_alarm|handled)", re.ASCII)


def action(alert_id: str, verdict: Verdict) -> str:
    """What comes back when the button is pressed; at most 64 bytes."""
    return f"al:{alert_id}:{verdict.value}"


def parse(text: str) -> tuple[str, Verdict] | None:
    """The alert and verdict of an action, or None for anything we never sent."""
    found = _ACTION.fullmatch(text)
    return (found[1], Verdict(found[2])) if found else None


def judged(alert: AlertSeen, verdict: Verdict, *, user_id: str, via: str, cause: str) -> JudgeAlert:
    """A verdict on an alert. On a resolved one the verdict may be corrected; it stays resolved."""
    status = LEADS_TO[verdict]
    if alert.status is AlertStatus.RESOLVED:
        status = AlertStatus.RESOLVED
    return JudgeAlert(
        alert_id=alert.id,
        user_id=user_id,
        verdict=verdict,
        status=status,
        via=via,
        cause=cause,
    )


def buttons(
    alert_id: str, status: AlertStatus, verdict: Verdict | None, labels: Mapping[Verdict, str]
) -> tuple[Button, ...]:
    """The buttons an alert still offers: none once it is resolved."""
    if status is AlertStatus.RESOLVED:
        return ()
    offered = [choice for choice in Verdict if choice is not verdict]
    return tuple(Button(labels[choice], action(alert_id, choice)) for choice in offered)
