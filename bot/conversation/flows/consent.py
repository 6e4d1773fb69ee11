"""Consent in the chat: asked once with choices, understood strictly, taken back by a word."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bot.consent import (
    ANALYSIS,
    PATIENCE,
    SHORT,
    ConsentSeen,
    Meant,
    SetConsent,
    agrees,
    due,
    meant,
    stands,
    withdraws,
)
from bot.known import Request, asked_for
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill
from storage.enums import ConsentAnswer, MessageKind

FLOW = "consent"
#: How the actions of our choices begin.
ACTIONS = "cs:"
_ACTION = re.compile(r"cs:([a-z0-9_]{1,24}):([0-9a-f]{12}):(yes|no|more|off|keep)", re.ASCII)


def choices(
    rulebook: Rulebook, item: str = ANALYSIS, *, more: bool = True
) -> tuple[tuple[str, str], ...]:
    """What is offered under an asking: labels and actions; ``more``: the details, too."""
    say, asked = rulebook.consents.say, _asked(rulebook, item)
    offered = ((say.agree, f"{asked}:yes"), (say.refuse, f"{asked}:no"))
    return (*offered, (say.more, f"{asked}:more")) if more else offered


def asks(offered: tuple[tuple[str, str], ...]) -> bool:
    """Whether some choices are those of our question whether we may read."""
    found = _ACTION.fullmatch(offered[0][1])
    return found is not None and found[1] == ANALYSIS and found[3] == "yes"


def _asked(rulebook: Rulebook, item: str) -> str:
    return f"{ACTIONS}{item}:{rulebook.consents.version(item)[:SHORT]}"


def asking(rulebook: Rulebook, item: str, *, source: str) -> Outcome:
    """Ask for one item, in a message of its own. ``source``: the uid of what led to it."""
    text = said(rulebook, rulebook.consents.items[item].ask)
    reply = Reply(slot=FLOW, text=text, choices=choices(rulebook, item))
    link = _link(rulebook, item, ConsentAnswer.ASKED, source)
    return Outcome(flow=FLOW, replies=(reply,), consents=(link,))


def said(rulebook: Rulebook, template: str, **more: str) -> str:
    """A sentence of the notice with what it names filled in."""
    notice = rulebook.consents.notice
    return fill(
        template,
        company=rulebook.company,
        contact=notice.contact,
        officer=notice.officer,
        link=rulebook.privacy_url,
        **more,
    )


def withdrawn(context: Context, rulebook: Rulebook) -> tuple[SetConsent, ...]:
    """The end of the reading, for whoever agreed to it; nothing for anybody else."""
    if not stands(context.consent, rulebook.analysis_version):
        return ()
    return (_link(rulebook, ANALYSIS, ConsentAnswer.WITHDRAWN, context.last.uid),)


def _link(rulebook: Rulebook, item: str, answer: ConsentAnswer, source: str) -> SetConsent:
    version = rulebook.consents.version(item)
    return SetConsent(item=item, answer=answer, notice=version, source=source)


def wants(context: Context, heard: Heard | None) -> bool:
    """A press under an asking, words that give or take back, or an answer to an open question."""
    if context.candidate is None or context.listens:
        return False
    if context.is_press:
        return _ACTION.fullmatch(context.last.text) is not None
    if context.last.kind is not MessageKind.TEXT:
        return False
    if _takes_back(context) or (len(context.said) == 1 and agrees(context.text)):
        return True
    answer = _answer(context)
    if answer is not Meant.UNCLEAR:
        return answer is not None
    return not context.muted and _clarifies(context)


def _takes_back(context: Context) -> bool:
    """Whether an utterance of one message takes the consent back, in whatever wording."""
    asked = asked_for(context.asked, Request.WITHDRAW)
    return len(context.said) == 1 and (asked or withdraws(context.text))


def _answer(context: Context) -> Meant | None:
    """What an utterance that is nothing but an answer says to our open question."""
    if context.consent is None or not context.consent.open:
        return None
    lines = {meant(one.text) for one in context.said}
    if None in lines:
        return None
    return next((one for one in (Meant.NO, Meant.YES) if one in lines), Meant.UNCLEAR)


def _clarifies(context: Context) -> bool:
    """Whether to ask back: soon after we asked, and once for each asking."""
    seen = context.consent
    if seen is None or seen.asked_at is None or seen.answer is ConsentAnswer.GIVEN:
        return False
    fresh = context.last.sent_at - seen.asked_at < PATIENCE
    return fresh and context.state.get("clarified") != seen.asked_at.isoformat()


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Keep the answer and say so, or ask back."""
    if context.is_press:
        return _pressed(context, rulebook)
    if _takes_back(context):
        return _taken_back(context, rulebook)
    if len(context.said) == 1 and agrees(context.text):
        return _given(context, rulebook, ANALYSIS)
    answer = _answer(context)
    if answer is Meant.YES:
        return _given(context, rulebook, ANALYSIS)
    if answer is Meant.NO:
        return _taken_back(context, rulebook)
    assert context.consent is not None
    assert context.consent.asked_at is not None
    ask = said(rulebook, rulebook.consents.items[ANALYSIS].ask)
    text = said(rulebook, rulebook.consents.say.clarify, ask=ask)
    return Outcome(
        flow=FLOW,
        replies=(Reply(slot=FLOW, text=text, choices=choices(rulebook)),),
        state={**context.state, "clarified": context.consent.asked_at.isoformat()},
    )


def _pressed(context: Context, rulebook: Rulebook) -> Outcome:
    found = _ACTION.fullmatch(context.last.text)
    assert found is not None
    item, version, choice = found.groups()
    say = rulebook.consents.say
    if item not in rulebook.consents.items:
        return Outcome(flow=FLOW, press_note=rulebook.replies.press_refused)
    current = rulebook.consents.version(item)[:SHORT] == version
    if choice == "keep":
        return _said(rulebook, say.kept)
    if choice == "off" or (choice == "no" and item != ANALYSIS):
        return _refused(context, rulebook, item)
    if choice == "no":
        return _taken_back(context, rulebook)
    if not current:  # what is on the button is not what we would ask today
        again = asking(rulebook, item, source=context.last.uid)
        [reply] = again.replies
        text = f"{said(rulebook, say.changed)}\n{reply.text}"
        return replace(again, replies=(replace(reply, text=text),), press_note=say.changed)
    if choice == "more":
        words = rulebook.consents.items[item].model_dump(exclude={"name"})
        told = {name: said(rulebook, text) for name, text in words.items()}
        return _said(rulebook, say.details, choices(rulebook, item, more=False), **told)
    return _given(context, rulebook, item)


def _given(context: Context, rulebook: Rulebook, item: str) -> Outcome:
    say = rulebook.consents.say
    if item == ANALYSIS and stands(context.consent, rulebook.analysis_version):
        return _said(rulebook, say.known)
    link = _link(rulebook, item, ConsentAnswer.GIVEN, context.last.uid)
    return _said(rulebook, say.given).merged(Outcome(flow=FLOW, consents=(link,)))


def _taken_back(context: Context, rulebook: Rulebook) -> Outcome:
    """A no: at once where nothing was given, after one question where something was."""
    say = rulebook.consents.say
    if stands(context.consent, rulebook.analysis_version):
        at, before = context.last.sent_at, context.state.get("taking_back")
        if before is not None and at - datetime.fromisoformat(before) < PATIENCE:
            return _refused(context, rulebook, ANALYSIS)  # whoever says it twice means it
        asked = _asked(rulebook, ANALYSIS)
        offered = ((say.withdraw, f"{asked}:off"), (say.keep, f"{asked}:keep"))
        state = {**context.state, "taking_back": at.isoformat()}
        return replace(_said(rulebook, say.sure, offered), state=state)
    if _refused_before(context.consent):
        return _said(rulebook, say.nothing)
    return _refused(context, rulebook, ANALYSIS)


def _refused_before(seen: ConsentSeen | None) -> bool:
    return seen is not None and seen.answer in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN)


def _refused(context: Context, rulebook: Rulebook, item: str) -> Outcome:
    """Keep a no, or a withdrawal; whoever is responsible hears of it once."""
    assert context.candidate is not None
    say = rulebook.consents.say
    if item != ANALYSIS:
        link = _link(rulebook, item, ConsentAnswer.REFUSED, context.last.uid)
        return _said(rulebook, say.kept).merged(Outcome(flow=FLOW, consents=(link,)))
    stood = stands(context.consent, rulebook.analysis_version)
    if not stood and _refused_before(context.consent):
        return _said(rulebook, say.nothing)
    answer = ConsentAnswer.WITHDRAWN if stood else ConsentAnswer.REFUSED
    told = said(
        rulebook,
        say.told_withdrawn if stood else say.told_refused,
        name=context.candidate.name,
    )
    link = _link(rulebook, item, answer, context.last.uid)
    return _said(rulebook, say.withdrawn if stood else say.refused).merged(
        Outcome(flow=FLOW, consents=(link,), tells=(told,))
    )


def _said(
    rulebook: Rulebook, template: str, offered: tuple[tuple[str, str], ...] = (), **more: str
) -> Outcome:
    reply = Reply(slot=FLOW, text=said(rulebook, template, **more), choices=offered)
    return Outcome(flow=FLOW, replies=(reply,), press_note=rulebook.replies.press_noted)


def beside(context: Context, outcome: Outcome, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """What an outcome lacks: the answer among other words of the utterance, and the asking itself.

    The question rides on the greeting where there is one, else it comes last.
    """
    if context.listens or context.rereads or outcome.consents or outcome.flow == FLOW:
        return outcome
    among = _among(context, rulebook)
    if among is not None:
        return outcome.merged(among)
    seen = context.consent
    if outcome.bind is not None and outcome.bind.candidate_id and context.invite is not None:
        seen = context.invite.consent
    asks = seen is not None and rulebook.form is None and not context.muted
    if seen is None or not asks or outcome.muted or context.is_press:
        return outcome
    if not due(seen, rulebook.analysis_version, now):
        return outcome
    question = asking(rulebook, ANALYSIS, source=context.last.uid)
    [asked] = question.replies
    first, *others = outcome.replies or (asked,)
    if first.slot not in ("greeting", "bind"):
        return outcome.merged(question)
    text = f"{first.text}\n{asked.text}"
    greeted = replace(first, text=text, choices=asked.choices)
    return replace(outcome, replies=(greeted, *others), consents=question.consents)


def _among(context: Context, rulebook: Rulebook) -> Outcome | None:
    """The answer to our open question in an utterance that says other things as well."""
    if context.consent is None or not context.consent.open or len(context.said) == 1:
        return None
    for one in context.said:
        alone = replace(context, said=(one,))
        if meant(one.text) in (Meant.YES, Meant.NO) or withdraws(one.text):
            return step(alone, None, rulebook, now=one.sent_at)
    return None
