"""A candidate writes to a colleague of ours in the colleague's own chat: heard, never answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.conversation.flows import listening
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome

FLOW = "overhearing"


def wants(context: Context, heard: Heard | None) -> bool:
    """Whatever is said there: no word in it is meant for the program, not even its commands."""
    return context.listens


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """All that a reading leads to. No reply, and no promise of one that nobody made."""
    return replace(listening.heard_of(context, heard, rulebook, now=now), flow=FLOW)
