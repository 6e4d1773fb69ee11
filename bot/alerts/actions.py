"""What a button does. The same pure function behind a chat card and a console click."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from bot.messages import Button
from bot.turn import AlertSeen, JudgeAlert, SnoozeAlert
from bot.workdays import Calendar
from nlp.scheme import Severity
from storage.enums import AlertStatus, Verdict


class Press(StrEnum):
    """The buttons of an alert, in their order. All but ``later`` are a verdict."""

    USEFUL = "useful"
    FALSE_ALARM = "false_alarm"
    HANDLED = "handled"
    LATER = "later"

    @property
    def verdict(self) -> Verdict | None:
        """What it says the alert was worth; None: it only puts it off."""
        return None if self is Press.LATER else Verdict(self.value)


#: useful: somebody works on it, it stays in sight. The other two end it.
LEADS_TO = {
    Verdict.USEFUL: AlertStatus.ACKNOWLEDGED,
    Verdict.FALSE_ALARM: AlertStatus.RESOLVED,
    Verdict.HANDLED: AlertStatus.RESOLVED,
}
_NUMBER = re.compile(r"(?:选|选择|回复|第)?\s*([1-9])\s*(?:个|号)?[.。、)]?", re.ASCII)
_ACTION = re.compile(rf"al:(a_[a-z2-7]{{26}}):({'|'.join(Press)})", re.ASCII)
#: Nothing is put off for longer.
LONGEST = timedelta(days=14)


def action(alert_id: str, press: Press) -> str:
    """What comes back when the button is pressed; at most 64 bytes."""
    return f"al:{alert_id}:{press.value}"


def parse(text: str) -> tuple[str, Press] | None:
    """The alert and button of an action, or None for anything we never sent."""
    found = _ACTION.fullmatch(text)
    return (found[1], Press(found[2])) if found else None


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


def snoozed(alert: AlertSeen, until: datetime, *, user_id: str, cause: str) -> SnoozeAlert:
    """An alert put off."""
    return SnoozeAlert(alert_id=alert.id, user_id=user_id, until=until, cause=cause)


def later(
    hours: Mapping[Severity, float], alert: AlertSeen, calendar: Calendar, *, now: datetime
) -> datetime:
    """Until when 稍后 puts an alert off: out of the night and of days on which nobody works. What
    is for now waits for no Monday: only for the next morning."""
    wanted = now + timedelta(hours=hours[alert.severity])
    if alert.severity is Severity.NOW:
        return calendar.next_daytime(wanted)
    return calendar.next_moment(wanted)


def buttons(
    alert_id: str,
    status: AlertStatus,
    verdict: Verdict | None,
    labels: Mapping[Press, str],
    *,
    put_off: bool = False,
) -> tuple[Button, ...]:
    """The buttons an alert still offers: none once it is resolved, only those that change
    something."""
    if status is AlertStatus.RESOLVED:
        return ()
    idle = {Press.LATER} if put_off else set()
    offered = [
        one for one in Press if one not in idle and (one.verdict is None or one.verdict != verdict)
    ]
    return tuple(Button(labels[one], action(alert_id, one)) for one in offered)
