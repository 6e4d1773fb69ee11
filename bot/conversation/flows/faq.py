"""Questions: answered from config/faq.yaml with the source, or handed to the owner with a time.

A negotiation is nobody's answer but a person's. What a message says besides is heard all the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from bot import known
from bot.conversation.flows import listening
from bot.known import Entry
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill
from nlp.asking import questioned
from nlp.scheme import Condition, Intent

FLOW = "faq"
#: What a question is about where a person answers it if nobody else can.
_OURS = frozenset({Intent.LOGISTICS, Intent.TERMS, Intent.COMPANY_DOUBT, Intent.FAMILY_LOCATION})
#: Questions remembered as handed on, in a conversation.
_REMEMBERED = 8


def wants(context: Context, heard: Heard | None) -> bool:
    """A question whose answer is known, or that somebody must answer."""
    if context.candidate is None or context.is_press:
        return False
    if known.questions(context.asked):
        return True
    if heard is not None:
        reading = heard.reading  # what alarms is handed on by the ear
        if reading.alert or reading.reported or not _OURS.intersection(reading.intents):
            return False
    return questioned(context.text)


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Answer, or hand on; a person who has taken over answers for themselves."""
    outcome = replace(listening.heard_of(context, heard, rulebook, now=now), flow=FLOW)
    if context.muted:
        return outcome
    answers = () if _negotiates(context, heard) else _answers(context, rulebook)
    if answers:
        text = "\n".join(answers)
        said = Outcome(flow=FLOW, replies=(Reply(slot="faq", text=text),))
        outcome = said.merged(outcome)
        if heard is None or not heard.reading.alert:
            return outcome
    return outcome.merged(_handed(context, rulebook, now))


def _answers(context: Context, rulebook: Rulebook) -> tuple[str, ...]:
    assert context.candidate is not None
    values = known.values(rulebook.replies, rulebook.company, context.candidate)
    told = []
    for name in known.questions(context.asked):
        entry: Entry = rulebook.faq.entries[name]
        answer = entry.said(values) if context.candidate.stage in entry.stages else None
        if answer is not None:
            words = rulebook.replies.faq_answer
            told.append(fill(words, answer=answer, source=entry.source))
    return tuple(told)


def _negotiates(context: Context, heard: Heard | None) -> bool:
    """Whether pay or other terms are asked for, not asked about."""
    if heard is None:
        return False
    reading = heard.reading
    about = listening.NEGOTIABLE.intersection(reading.intents)
    asks_for = reading.commitment <= -1 or reading.condition is not Condition.NONE
    sums = any(amount.kind == "money" for amount in reading.amounts)
    return bool(about) and (asks_for or sums)


def _handed(context: Context, rulebook: Rulebook, now: datetime) -> Outcome:
    """Say who answers and until when; not twice within hours for the same question."""
    every = timedelta(hours=rulebook.policy.ack_every_hours)
    handed = {
        question: at
        for question, at in (context.state.get("questions") or {}).items()
        if now - datetime.fromisoformat(at) < every
    }
    question = hashlib.sha256("".join(context.text.split()).encode("utf-8", "replace")).hexdigest()
    if question[:12] in handed:
        return Outcome(flow=FLOW)
    kept = dict(list(handed.items())[-_REMEMBERED + 1 :]) | {question[:12]: now.isoformat()}
    told = listening.handed(context, rulebook, now)
    return replace(told, flow=FLOW, state={**(told.state or {}), "questions": kept})
