"""A colleague pressed 「已打招呼」 under a nudge: it is done, once."""

from __future__ import annotations

from datetime import datetime

from bot.alerts import duties
from bot.rulebook import Rulebook
from bot.turn import Context, DoDuty, Heard, Outcome

FLOW = "duty"


def wants(context: Context, heard: Heard | None) -> bool:
    """The press of a nudge, whoever made it."""
    return context.is_press and duties.parse(context.last.text) is not None


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Note that it is done. ``context.duty`` is there when the presser may see the candidate."""
    words = rulebook.replies
    if context.duty is None or context.staff is None:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    if context.duty.done:
        return Outcome(flow=FLOW, press_note=words.press_known)
    done = DoDuty(duty=context.duty, user_id=context.staff.id)
    return Outcome(flow=FLOW, duties=(done,), press_note=words.duty_noted)
