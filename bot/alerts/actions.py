"""What a button does. The same pure function behind a chat card and a console click."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from bot.messages import Button
from bot.turn import AlertSeen, JudgeAlert
from storage.enums import AlertStatus, Verdict

#: useful: somebody works on it, it stays in sight. The other two end it.
LEADS_TO = {
    Verdict.USEFUL: AlertStatus.ACKNOWLEDGED,
    Verdict.FALSE_ALARM: AlertStatus.RESOLVED,
    Verdict.HANDLED: AlertStatus.RESOLVED,
}
_NUMBER = re.compile(r"(?:选|选择|回复|第)?\s*([1-9])\s*(?:个|号)?[.。、)]?", re.ASCII)
_ACTION = re.compile(r"al:(a_[a-z2-7]{26}):(useful|false_alarm|handled)", re.ASCII)


def action(alert_id: str, verdict: Verdict) -> str:
    """What comes back when the button is pressed; at most 64 bytes."""
    return f"al:{alert_id}:{verdict.value}"


def parse(text: str) -> tuple[str, Verdict] | None:
    """The alert and verdict of an action, or None for anything we never sent."""
    found = _ACTION.fullmatch(text)
    return (found[1], Verdict(found[2])) if found else None


def named(text: str, buttons: Sequence[Button]) -> str | None:
    """The action whose button is called like a text, however it is typed.

    >>> named(" 确认无误！", (Button("确认无误", "y"), Button("想改一处", "n")))
    'y'
    """
    said = _bare(text)
    return next((one.action for one in buttons if said and said == _bare(one.label)), None)


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def typed(text: str, buttons: Sequence[Button]) -> str | None:
    """The action that a typed number chooses among numbered buttons, as people type numbers.

    >>> typed("选２", (Button("有用", "u"), Button("误报", "f")))
    'f'
    """
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    number = int(found[1]) if found else 0
    return buttons[number - 1].action if 0 < number <= len(buttons) else None


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
