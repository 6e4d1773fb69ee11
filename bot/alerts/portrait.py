"""A candidate as a neutral card: who, where in the flow, what was agreed, what it hangs on, and the
one thing to do next. What the receiver may not see is not in what this is given.

Every value is short enough for each platform to show it whole (``SHORT``, ``LONG``): a fact on a
WeCom card has 60 characters, all facts of a DingTalk card together have 1,000 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, model_validator

from bot.messages import Card
from bot.words import SHANGHAI, moment
from storage.enums import Level, Stage

#: UTF-16 units of a fact, of one that may need more, and of what stands under the facts.
SHORT, LONG, BELOW = 30, 50, 110
REASONS, EVENTS, QUESTIONS = 3, 3, 2
_MORE = "…"


class Happened(StrEnum):
    """What the line of events tells."""

    STAGE = "stage"
    OFFER_SENT = "offer_sent"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_DECLINED = "offer_declined"
    PLEDGE_OURS = "pledge_ours"
    PLEDGE_THEIRS = "pledge_theirs"
    STEP_DONE = "step_done"
    TALKED = "talked"


class PortraitWords(BaseModel):
    """Labels of a candidate's card. ``sides`` are company and candidate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    position: str
    nobody: str
    stage: str
    since: str
    starts: str
    agreed: str
    offered: str
    match: str
    match_parts: str
    unknown: str
    risk: str
    risk_of: str
    no_factors: str
    past: str
    next: str
    due: str
    overdue: str
    step: str
    owed: str
    greet: str
    nothing: str
    questions: str
    more: str
    levels: dict[Level, str]
    sides: dict[str, str]
    events: dict[Happened, str]

    @model_validator(mode="after")
    def _complete(self) -> PortraitWords:
        wanted = {"levels": Level, "sides": ("company", "candidate"), "events": Happened}
        for field, known in wanted.items():
            if set(getattr(self, field)) != set(known):
                raise ValueError(f"portrait.{field} needs {sorted(map(str, known))}")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; ``what`` fills its words."""

    at: datetime
    kind: Happened
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An open alert: its topic and question as people read them, and what was said."""

    topic: str
    question: str
    quote: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """Something due by a day. ``side`` owes an answer; empty: a step of the candidate's."""

    what: str
    by: date
    side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How far expectations and the seat fit, 0 to 100; parts by name. None: nothing is known."""

    score: int | None
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The score and the reasons that count now, strongest first; ``ask`` is what to do of it."""

    score: int
    level: Level
    reasons: tuple[str, ...] = ()
    ask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What a card tells of somebody. None: the receiver may not see it.

    ``agreed`` are the values of the offer on the table, ``accepted`` whether it is agreed.
    """

    name: str
    position: str
    stage: Stage
    stage_at: datetime
    start_on: date | None
    agreed: tuple[str, ...] | None = None
    accepted: bool = False
    fit: Fit | None = None
    risk: Risk | None = None
    asked: tuple[Asked, ...] = ()
    todos: tuple[Todo, ...] = ()
    events: tuple[Event, ...] = ()


def drawn(
    words: PortraitWords,
    stages: Mapping[Stage, str],
    seen: Portrait,
    *,
    now: datetime,
    link: str,
) -> Card:
    """The card. ``link`` opens the candidate's page."""
    lines = [
        (words.position, cut(seen.position or words.nobody, SHORT)),
        (words.stage, cut(_stage(words, stages, seen), SHORT)),
    ]
    if seen.agreed:
        label = words.agreed if seen.accepted else words.offered
        lines.append((label, listed(seen.agreed, words.more, LONG)))
    if seen.fit is not None:
        lines.append((words.match, _fit(words, seen.fit)))
    if seen.risk is not None:
        lines.append((words.risk, _risk(words, seen.risk)))
    if seen.events:
        lines.append((words.past, _past(words, seen.events)))
    below = [cut(words.next.format(what=_next(words, seen, now)), BELOW)]
    if questions := [one.question for one in seen.asked[:QUESTIONS]]:
        below.append(cut(words.questions.format(questions=" ".join(questions)), BELOW))
    return Card(
        title=words.title.format(name=cut(seen.name, SHORT)),
        quote=seen.asked[0].quote if seen.asked else "",
        lines=tuple(lines),
        question="\n".join(below),
        link=link,
        quiet=True,
    )


def cut(text: str, most: int) -> str:
    """At most ``most`` UTF-16 units of a text on one line.

    >>> cut("后端\\n工程师", 4)
    '后端 …'
    """
    flat = " ".join(text.split())
    if _units(flat) <= most:
        return flat
    kept = ""
    for one in flat:
        if _units(kept + one) > most - 1:
            break
        kept += one
    return kept + _MORE


def listed(parts: Sequence[str], more: str, most: int) -> str:
    """As many of the parts as fit whole; how many there are where some do not.

    >>> listed(("甲" * 4, "乙" * 4), "{first} 等 {count} 项", 12), listed(("甲", "乙"), "", 12)
    ('甲甲甲甲 等 2 项', '甲；乙')
    """
    whole = "；".join(" ".join(one.split()) for one in parts)
    if _units(whole) <= most:
        return whole
    room = most - _units(more.format(first="", count=len(parts)))
    kept = parts[0]
    for one in parts[1:]:
        if _units(f"{kept}；{one}") > room:
            break
        kept = f"{kept}；{one}"
    return (
        more.format(first=cut(kept, room), count=len(parts)) if len(parts) > 1 else cut(kept, most)
    )


def _stage(words: PortraitWords, stages: Mapping[Stage, str], seen: Portrait) -> str:
    told = words.since.format(stage=stages[seen.stage], day=_day(seen.stage_at))
    if seen.start_on is None:
        return told
    return f"{stages[seen.stage]}；{words.starts.format(day=seen.start_on.isoformat())}"


def _fit(words: PortraitWords, fit: Fit) -> str:
    if fit.score is None:
        return words.unknown
    parts = " ".join(f"{name} {score}" for name, score in fit.parts)
    return cut(words.match_parts.format(score=fit.score, parts=parts), LONG)


def _risk(words: PortraitWords, risk: Risk) -> str:
    head = words.risk_of.format(level=words.levels[risk.level], score=risk.score, reasons="")
    room = LONG - _units(head)
    reasons = listed(risk.reasons[:REASONS], words.more, room) if risk.reasons else words.no_factors
    return head + cut(reasons, room)


def _past(words: PortraitWords, events: Sequence[Event]) -> str:
    """The latest first; what does not fit is older."""
    newest = sorted(events, key=lambda one: one.at, reverse=True)[:EVENTS]
    told = [f"{_day(one.at)} {words.events[one.kind].format(what=one.what)}" for one in newest]
    while len(told) > 1 and _units("；".join(told)) > LONG:
        told.pop()
    return cut("；".join(told), LONG)


def _next(words: PortraitWords, seen: Portrait, now: datetime) -> str:
    """One thing: what somebody waits for goes before what is due, that before what may help."""
    if seen.asked:
        first = min(seen.asked, key=lambda one: one.due_at)
        if first.due_at <= now:
            return words.overdue.format(topic=first.topic)
        return words.due.format(at=moment(first.due_at), topic=first.topic)
    if seen.todos:
        todo = min(seen.todos, key=lambda one: one.by)
        if todo.side:
            side = words.sides[todo.side]
            return words.owed.format(side=side, what=todo.what, day=todo.by.isoformat())
        return words.step.format(name=todo.what, day=todo.by.isoformat())
    if seen.risk is not None and seen.risk.ask:
        return seen.risk.ask
    if seen.start_on is not None and seen.start_on >= now.astimezone(SHANGHAI).date():
        return words.greet.format(day=seen.start_on.isoformat())
    return words.nothing


def _day(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
