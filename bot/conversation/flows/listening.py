"""The ear: what a candidate says becomes facts, risk, alerts and timers.

The bot never negotiates. Where an answer is owed, it says who will answer and until when.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.alerts import policy
from bot.profile.forbidden import tells_protected
from bot.risk import engine
from bot.rulebook import Rulebook
from bot.turn import AddFact, AddFactor, AskChange, Context, Heard, Outcome, Plan, Reply, Span
from bot.words import SHANGHAI, answer_by, fill, moment, owner_of
from nlp.scheme import Condition, Intent
from storage.enums import Stage

FLOW = "listening"
#: Intents at commitment 0 that still wait for somebody's answer.
NEGOTIABLE = frozenset({Intent.SALARY, Intent.TERMS, Intent.ONBOARD_DATE})
_EVENING = 18
_SENTENCE = re.compile(r"[。！？!?；;\n]+")
#: What is kept of the words of a request, in characters.
_REQUEST = 400


def wants(context: Context, heard: Heard | None) -> bool:
    """Whatever nobody else wanted."""
    return True


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Hear, and say who will answer."""
    outcome = heard_of(context, heard, rulebook, now=now)
    owed = heard is not None and _answer_owed(heard)
    if not owed or context.muted or _told_lately(context, rulebook, now):
        return outcome
    return outcome.merged(handed(context, rulebook, now))


def heard_of(
    context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime
) -> Outcome:
    """Everything a reading leads to, without a word to the candidate."""
    if heard is None or context.candidate is None:
        return Outcome(flow=FLOW)
    factors = _counted(context, engine.matched(rulebook.risk, heard))
    score = engine.score((*context.factors, *engine.as_seen(factors, now)), now)
    return Outcome(
        flow=FLOW,
        alerts=policy.raised(rulebook.policy, context, heard, now),
        factors=factors,
        facts=_facts(heard),
        requests=_requests(context, heard),
        plans=_deadline(context, heard, now),
        # Whoever writes has kept their word; the reminder of an earlier promise is void.
        cancel_plans=("deadline",),
        score=score,
        level=str(engine.level(score)),
    )


def _counted(context: Context, factors: tuple[AddFactor, ...]) -> tuple[AddFactor, ...]:
    """Without what stands in one sentence with something protected they told of themselves: it is
    kept where it was said and answered by a person, and moves no score."""
    texts = {said.uid: said.text for said in context.said}

    def protected(span: Span) -> bool:
        return tells_protected(_sentence(texts.get(span.uid, ""), span))

    return tuple(
        one
        for one in factors
        if not (any(map(protected, one.spans)) if one.spans else tells_protected(context.text))
    )


def _sentence(text: str, span: Span) -> str:
    ends = [0, *(match.end() for match in _SENTENCE.finditer(text)), len(text)]
    start = max(end for end in ends if end <= span.start)
    return text[start : min((end for end in ends if end >= span.end), default=len(text))]


def _facts(heard: Heard) -> tuple[AddFact, ...]:
    if heard.reading.reported or Intent.SALARY not in heard.reading.intents:
        return ()
    return tuple(
        AddFact(kind="pay_mentioned", value=amount.text)
        for amount in heard.reading.amounts
        if amount.kind == "money"
    )[:1]


def _requests(context: Context, heard: Heard) -> tuple[AskChange, ...]:
    """After the yes, other terms are a request to change what was agreed, in their own words."""
    reading = heard.reading
    assert context.candidate is not None
    agreed = context.candidate.stage in (Stage.ACCEPTED, Stage.OFFER)
    asks = bool(NEGOTIABLE.intersection(reading.intents)) and (
        reading.condition is not Condition.NONE or reading.commitment <= -1
    )
    if reading.reported or not agreed or not asks:
        return ()
    return (AskChange(what=context.text[:_REQUEST]),)


def _deadline(context: Context, heard: Heard, now: datetime) -> tuple[Plan, ...]:
    """「周五前答复」 is a plan: nothing until that evening, then a question to HR."""
    day = heard.reading.deadline
    if day is None:
        return ()
    evening = datetime(day.year, day.month, day.day, _EVENING, tzinfo=SHANGHAI)
    if evening <= now:
        return ()
    about = {"conversation": context.conversation_id, "uid": context.last.uid}
    return (Plan(kind="deadline", anchor=context.last.uid, at=evening, about=about),)


def _answer_owed(heard: Heard) -> bool:
    reading = heard.reading
    return reading.alert or (
        reading.commitment == 0
        and not reading.reported
        and bool(NEGOTIABLE.intersection(reading.intents))
    )


def _told_lately(context: Context, rulebook: Rulebook, now: datetime) -> bool:
    told = context.state.get("handed_at")
    every = timedelta(hours=rulebook.policy.ack_every_hours)
    return told is not None and now - datetime.fromisoformat(told) < every


def handed(context: Context, rulebook: Rulebook, now: datetime) -> Outcome:
    """Say who answers and until when, and plan for when that is over."""
    assert context.candidate is not None
    words = rulebook.replies
    until = answer_by(now, rulebook.policy.answer_hours, rulebook.calendar)
    text = fill(
        words.handed,
        owner=owner_of(words, context.candidate.owner_name),
        answer_by=moment(until),
    )
    about = {"uid": context.last.uid, "conversation": context.conversation_id}
    return Outcome(
        flow=FLOW,
        replies=(Reply(slot="handed", text=text),),
        state={**context.state, "handed_at": now.isoformat()},
        plans=(Plan(kind="answer_due", anchor=context.last.uid, at=until, about=about),),
    )
