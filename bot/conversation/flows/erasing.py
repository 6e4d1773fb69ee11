"""删除我的数据: one confirming choice, then a dated request that must be done within the limit.

The program erases nothing by itself: what must be kept, and for how long, a person decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.alerts import policy
from bot.conversation.flows import consent, listening
from bot.known import Request, asked_for
from bot.rulebook import Rulebook
from bot.turn import AskRight, Context, Heard, Outcome, Plan, Reply
from bot.words import SHANGHAI, Replies, fill, moment, owner_of
from nlp.scheme import Severity

FLOW = "erasing"
#: Until when it must be done and answered, and when HR is reminded that it is not.
LIMIT, REMINDS = timedelta(days=15), timedelta(days=12)
YES, NO = "er:yes", "er:no"
DUE = "erase_due"


def wants(context: Context, heard: Heard | None) -> bool:
    """The wish, or the press that confirms it or does not."""
    if context.candidate is None or context.listens:
        return False
    if context.is_press:
        return context.last.text in (YES, NO)
    return asked_for(context.asked, Request.ERASE)


def choices(words: Replies) -> tuple[tuple[str, str], ...]:
    """What is offered: labels and actions."""
    return ((words.erase_yes, YES), (words.erase_no, NO))


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Ask once, take the request down once. Said also while a person has taken over."""
    assert context.candidate is not None
    words = rulebook.replies
    owner = owner_of(words, context.candidate.owner_name)
    taken = context.state.get("erase_at")
    if taken is not None:
        at = datetime.fromisoformat(taken)
        text = fill(words.erase_known, day=_day(at), answer_by=_day(at + LIMIT), owner=owner)
        outcome = _said(words, text)
    elif not context.is_press:
        reply = Reply(slot="erase", text=words.erase_sure.strip(), choices=choices(words))
        outcome = Outcome(flow=FLOW, replies=(reply,))
    elif context.last.text == NO:
        outcome = _said(words, words.erase_kept)
    else:
        outcome = _taken(context, rulebook, owner, now)
    if heard is None:
        return outcome
    return outcome.merged(listening.heard_of(context, heard, rulebook, now=now))


def _taken(context: Context, rulebook: Rulebook, owner: str, now: datetime) -> Outcome:
    words = rulebook.replies
    text = fill(words.erase_told, day=_day(now), answer_by=_day(now + LIMIT), owner=owner)
    about = {"conversation": context.conversation_id, "uid": context.last.uid}
    quote = words.erase_yes
    return _said(words, text).merged(
        Outcome(
            flow=FLOW,
            state={**context.state, "erase_at": now.isoformat()},
            alerts=(policy.own(rulebook.policy, policy.ERASE, quote, Severity.TODAY, now),),
            rights=(AskRight(kind="erase"),),
            consents=consent.withdrawn(context, rulebook),  # from now on nothing is read
            plans=(Plan(kind=DUE, anchor="erase", at=now + REMINDS, about=about),),
        )
    )


def _said(words: Replies, text: str) -> Outcome:
    reply = Reply(slot="erase", text=text)
    return Outcome(flow=FLOW, replies=(reply,), press_note=words.press_noted)


def _day(at: datetime) -> str:
    return moment(at.astimezone(SHANGHAI)).partition(" ")[0]
