"""Somebody we do not know writes. They are told how to become known, once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill

FLOW = "stranger"


def wants(context: Context, heard: Heard | None) -> bool:
    """Nobody is behind this identity yet."""
    return context.candidate is None and context.staff is None


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Ask for the invite link. What they said is kept sealed and is not judged.

    While a colleague talks with them in the platform's own client, nothing is asked.
    """
    if context.muted:
        return Outcome(flow=FLOW)
    told = context.state.get("told_at")
    if told is not None and now - datetime.fromisoformat(told) < timedelta(days=1):
        return Outcome(flow=FLOW)
    text = fill(rulebook.replies.greeting_stranger, company=rulebook.company)
    return Outcome(
        flow=FLOW,
        replies=(Reply(slot="stranger", text=text),),
        state={**context.state, "told_at": now.isoformat()},
    )
