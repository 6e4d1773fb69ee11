"""First contact: say that this is a program, what is kept, and how to reach a person."""

from __future__ import annotations

from datetime import datetime

from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill, owner_of

FLOW = "greeting"


def wants(context: Context, heard: Heard | None) -> bool:
    """The first words of a known candidate on this channel."""
    known = context.candidate is not None and not (context.listens or context.rereads)
    return known and not context.is_press and not context.state.get("greeted")


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Greet, before whatever else is said."""
    assert context.candidate is not None
    words = rulebook.replies
    text = fill(
        words.greeting,
        name=context.candidate.name,
        company=rulebook.company,
        owner=owner_of(words, context.candidate.owner_name),
    )
    return Outcome(
        flow=FLOW,
        replies=() if context.muted else (Reply(slot="greeting", text=text),),
        state={**context.state, "greeted": True},
    )
