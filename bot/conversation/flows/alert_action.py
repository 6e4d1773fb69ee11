"""A colleague pressed a button of an alert card."""

from __future__ import annotations

from datetime import datetime

from bot.alerts import actions
from bot.rulebook import Rulebook
from bot.turn import AlertSeen, Context, Heard, Outcome, StaffSeen
from bot.words import fill, moment
from storage.enums import AlertStatus, Verdict

FLOW = "alert_action"


def wants(context: Context, heard: Heard | None) -> bool:
    """Presses, whoever made them."""
    return context.is_press


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Judge the alert, or say that this card cannot be acted on.

    ``context.pressed`` is only there when the presser may see that alert: a forged action, a
    stranger's press and a foreign alert all get the same answer.
    """
    words = rulebook.replies
    parsed = actions.parse(context.last.text)
    if parsed is None or context.pressed is None or context.staff is None:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    _, press = parsed
    cause = f"press:{context.last.uid}"
    if press.verdict is None:
        return _later(context, context.pressed, context.staff, rulebook, cause=cause, now=now)
    verdict = press.verdict
    judged = actions.judged(
        context.pressed,
        verdict,
        user_id=context.staff.id,
        via=context.channel,
        cause=cause,
    )
    note = {
        Verdict.USEFUL: words.press_useful,
        Verdict.FALSE_ALARM: words.press_false_alarm,
        Verdict.HANDLED: words.press_handled,
    }[verdict]
    if context.pressed.verdict is verdict:
        return Outcome(flow=FLOW, press_note=words.press_known)
    return Outcome(flow=FLOW, verdicts=(judged,), press_note=note)


def _later(
    context: Context,
    alert: AlertSeen,
    staff: StaffSeen,
    rulebook: Rulebook,
    *,
    cause: str,
    now: datetime,
) -> Outcome:
    """Put it off. What is put off already, or resolved, stays as it is, and the presser is told."""
    words = rulebook.replies
    if alert.status is AlertStatus.RESOLVED:
        return Outcome(flow=FLOW, press_note=words.press_closed)
    if alert.put_off is not None and alert.put_off > now:
        note = fill(words.press_put_off, day=moment(alert.put_off))
        return Outcome(flow=FLOW, press_note=note)
    until = actions.later(rulebook.policy.snooze, alert, rulebook.calendar, now=now)
    one = actions.snoozed(alert, until, user_id=staff.id, cause=cause)
    note = fill(words.press_later, day=moment(until))
    return Outcome(flow=FLOW, snoozes=(one,), press_note=note)
