"""A colleague writes to the bot."""

from __future__ import annotations

from datetime import datetime

from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply

FLOW = "staff"


def wants(context: Context, heard: Heard | None) -> bool:
    """Words of somebody known as one of ours."""
    return context.staff is not None


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Say what can be done here."""
    return Outcome(flow=FLOW, replies=(Reply(slot="help", text=rulebook.replies.staff_help),))
