"""The 承诺卡 in the chat: the candidate confirms it, or says what to change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.alerts import policy
from bot.conversation.flows import erasing, handover, listening, status_words
from bot.rulebook import Rulebook
from bot.turn import AskChange, ConfirmPledge, Context, Heard, Outcome, Reply, Said
from bot.words import Replies, answer_by, fill, moment, owner_of
from nlp.scheme import Severity
from storage.enums import MessageKind

FLOW = "pledge"
#: How long we take the next words for the answer to our question, and what is kept of them.
WAITS, KEPT = timedelta(hours=24), 400
_ACTION = re.compile(r"pl:(l_[a-z2-7]{26}):(yes|change)", re.ASCII)
_NEVER_MIND = re.compile(r"(算了|不用了?|没有了?|没事了?|不改了?|先不改了?)[吧啊呀，,。.！!~～ ]*")


def choices(words: Replies, pledge_id: str) -> tuple[tuple[str, str], ...]:
    """What is offered under a card: labels and actions."""
    return (
        (words.pledge_yes, f"pl:{pledge_id}:yes"),
        (words.pledge_change, f"pl:{pledge_id}:change"),
    )


def about(said: Said, state: Mapping[str, Any]) -> str | None:
    """The card that a press names, or that we asked about; None: neither.

    An action somebody typed out is words like any others.
    """
    if said.kind is MessageKind.PRESS:
        found = _ACTION.fullmatch(said.text)
        return found[1] if found else None
    asking = _asking(state)
    return asking["card"] if asking else None


def told(words: Replies, name: str, position: str) -> str:
    """What the colleague reads once the candidate has confirmed, wherever they did."""
    return fill(words.pledge_told, name=name, position=position or "—")


def _asking(state: Mapping[str, Any]) -> dict[str, str] | None:
    """The question of ours that is open: the card, and when we asked."""
    asking = state.get("asking")
    return asking if asking and asking["flow"] == FLOW else None


def wants(context: Context, heard: Heard | None) -> bool:
    """A press under a card, or the words we asked for."""
    if context.candidate is None or context.listens:
        return False
    if context.is_press:
        return _ACTION.fullmatch(context.last.text) is not None
    asking = _asking(context.state)
    if context.last.kind is not MessageKind.TEXT or asking is None:
        return False
    asked = datetime.fromisoformat(asking["at"])
    elsewhere = (handover, status_words, erasing)
    return context.last.sent_at - asked < WAITS and not any(
        flow.wants(context, heard) for flow in elsewhere
    )


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Confirm, ask what to change, or keep what they want changed. A card that does not stand
    any more is neither confirmed nor changed."""
    assert context.candidate is not None
    words = rulebook.replies
    if not context.is_press:
        return _change(context, heard, rulebook, now=now)
    found = _ACTION.fullmatch(context.last.text)
    assert found is not None
    worth = context.pledge.worth if context.pledge is not None else None
    if worth is None:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    if worth == "gone":
        owner = owner_of(words, context.candidate.owner_name)
        return _said(words, fill(words.pledge_gone, owner=owner))
    if found[2] == "change":
        asking = {"flow": FLOW, "card": found[1], "at": now.isoformat()}
        text = fill(words.pledge_what, owner=owner_of(words, context.candidate.owner_name))
        return _said(words, text).merged(
            Outcome(flow=FLOW, state={**context.state, "asking": asking})
        )
    if worth == "confirmed":
        return _said(words, words.pledge_known)
    tells = (told(words, context.candidate.name, context.candidate.position_title),)
    return _said(words, words.pledge_confirmed).merged(
        Outcome(flow=FLOW, confirms=(ConfirmPledge(pledge_id=found[1]),), tells=tells)
    )


def _said(words: Replies, text: str) -> Outcome:
    reply = Reply(slot="pledge", text=text.strip())
    return Outcome(flow=FLOW, replies=(reply,), press_note=words.press_noted)


def _change(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Their wish in their own words: a dated request, and an alert that HR answers."""
    assert context.candidate is not None
    words, done = rulebook.replies, {**context.state, "asking": None}
    if _NEVER_MIND.fullmatch(context.text.strip()):
        reply = Reply(slot="pledge", text=words.pledge_kept)
        return Outcome(flow=FLOW, replies=(reply,), state=done)
    owner = owner_of(words, context.candidate.owner_name)
    if context.pledge is None or context.pledge.worth == "gone":  # while they were thinking
        text = fill(words.pledge_gone, owner=owner)
        ended = Outcome(flow=FLOW, replies=(Reply(slot="pledge", text=text),), state=done)
        return ended.merged(listening.heard_of(context, heard, rulebook, now=now))
    until = answer_by(now, rulebook.policy.answer_hours, rulebook.calendar)
    text = fill(words.pledge_asked, owner=owner, answer_by=moment(until))
    wish = context.text[:KEPT]
    asked = Outcome(
        flow=FLOW,
        replies=(Reply(slot="pledge", text=text),),
        state=done,
        alerts=(policy.own(rulebook.policy, policy.CHANGE, wish[:200], Severity.TODAY, now),),
        requests=(AskChange(what=wish),),
        plans=(handover.answer_due(context, until),),
    )
    return asked.merged(listening.heard_of(context, heard, rulebook, now=now))
