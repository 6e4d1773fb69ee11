"""Somebody opened an invite link, or typed a code: tie this chat to who the invite names."""

from __future__ import annotations

from datetime import datetime

from bot.rulebook import Rulebook
from bot.turn import Bind, Context, Heard, Outcome, Reply
from bot.words import fill

FLOW = "binding"
COMMAND = "/start"


def wants(context: Context, heard: Heard | None) -> bool:
    """``/start`` with something behind it, or a one-time code of somebody we do not know."""
    return context.code_typed or (len(context.said) == 1 and context.text.startswith(f"{COMMAND} "))


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Bind, or say that the link is used up. A bound chat is never bound to somebody else.

    Whoever comes in again by their own link (WeCom says so at every entering) is greeted.
    """
    words, invite = rulebook.replies, context.invite
    if context.code_typed and invite is None:  # one answer, whatever is wrong with it
        reply = Reply(slot="bind", text=words.code_bad)
        return Outcome(flow=FLOW, replies=(reply,), wrong_code=True)
    if context.returned:
        return Outcome(flow=FLOW, replies=(Reply(slot="bind", text=words.invite_known),))
    taken = context.candidate is not None or context.staff is not None
    if invite is None or taken:
        return Outcome(flow=FLOW, replies=(Reply(slot="bind", text=words.invite_bad),))
    bind = Bind(invite_id=invite.id, candidate_id=invite.candidate_id, user_id=invite.user_id)
    if invite.user_id is not None:
        text = fill(words.bound_staff, name=invite.name)
        return Outcome(flow=FLOW, replies=(Reply(slot="bind", text=text),), bind=bind)
    position = f"（{invite.position_title}）" if invite.position_title else ""
    hello = fill(
        words.greeting,
        name=invite.name,
        company=rulebook.company,
        owner=words.owner_unknown,
    )
    text = f"{hello}\n{fill(words.bound, position=position)}"
    return Outcome(
        flow=FLOW,
        replies=(Reply(slot="bind", text=text),),
        state={**context.state, "greeted": True},
        bind=bind,
    )
