"""A colleague pressed a button of an alert card."""

from __future__ import annotations

from datetime import datetime

from bot.alerts import actions
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome
from storage.enums import Verdict

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
    _, verdict = parsed
    judged = actions.judged(
        context.pressed,
        verdict,
        user_id=context.staff.id,
        via=context.channel,
        cause=f"press:{context.last.uid}",
    )
    note = {
        Verdict.USEFUL: words.press_useful,
        Verdict.FALSE_ALARM: words.press_false_alarm,
        Verdict.HANDLED: words.press_handled,
    }[verdict]
    if context.pressed.verdict is verdict:
        return Outcome(flow=FLOW, press_note=words.press_known)
    return Outcome(flow=FLOW, verdicts=(judged,), press_note=note)
