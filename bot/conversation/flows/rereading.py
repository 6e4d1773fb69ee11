"""Words from before the consent: heard now, and answered long ago."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.conversation.flows import binding, listening
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome

FLOW = "rereading"


def wants(context: Context, heard: Heard | None) -> bool:
    """Whatever is read back."""
    return context.rereads


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """All that a reading leads to, and not a word: no command in it is obeyed a second time."""
    if binding.wants(context, heard):
        return Outcome(flow=FLOW)
    return replace(listening.heard_of(context, heard, rulebook, now=now), flow=FLOW)
