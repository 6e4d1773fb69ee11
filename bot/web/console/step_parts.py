"""Planned steps on the record: what a form says of one, and the part of the page put together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.profile.forbidden import names_protected
from bot.web import record_views as shapes
from bot.web.console.portrait import Sources
from bot.words import SHANGHAI
from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import StepKind
from storage.queries import steps
from storage.queries.steps import StepRow

MOST_WORDS, MOST_REASON = 60, 300
FARTHEST = timedelta(days=730)
_FIRST = date(2000, 1, 1)
_TOKEN = re.compile(r"n_[a-z2-7]{10,36}", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentStep:
    """A form that comes back: ``step`` it was about (empty: the one that plans), what it wanted to
    do, its fields, and field -> sentence of what is wrong."""

    step: str = ""
    do: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


UNTOUCHED = SentStep()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A form that holds together."""

    kind: StepKind
    words: str
    due_on: date
    token: str


def planned(sent: Mapping[str, str], today: date) -> tuple[Planned | None, dict[str, str]]:
    """What the form that plans says, or field -> key of what is wrong with it."""
    faults: dict[str, str] = {}
    kind = StepKind(sent["kind"]) if sent["kind"] in list(StepKind) else None
    own = kind is StepKind.OTHER
    words = sent["words"] if own else ""
    if kind is None:
        faults["kind"] = "step_kind_wrong"
    if own and (fault := line_fault(words, MOST_WORDS, "step_words_wrong")):
        faults["words"] = fault
    if own and not _TOKEN.fullmatch(sent["token"]):
        faults["kind"] = "step_kind_wrong"
    due_on, fault = due(sent["due_on"], today)
    if fault:
        faults["due_on"] = fault
    if faults or kind is None or due_on is None:
        return None, faults
    return Planned(kind=kind, words=words, due_on=due_on, token=sent["token"] if own else ""), {}


def due(text: str, today: date) -> tuple[date | None, str]:
    """A day something is to be done by, or what is wrong with it."""
    day = _day(text)
    if day is None:
        return None, "day_wrong"
    if day < today:
        return None, "day_past"
    return (day, "") if day <= today + FARTHEST else (None, "step_far")


def done(text: str, today: date) -> tuple[date | None, str]:
    """A day something was done, or what is wrong with it."""
    day = _day(text)
    if day is None or day < _FIRST:
        return None, "day_wrong"
    return (day, "") if day <= today else (None, "day_ahead")


def line_fault(text: str, most: int, wrong: str) -> str:
    """The key of what is wrong with one line of HR's own words; empty: nothing."""
    if not text or len(text) > most or _UNPRINTABLE.search(text):
        return wrong
    return "step_protected" if names_protected(text) else ""


def part(
    tx: Tx, key: SubjectKey, candidate_id: str, sent: SentStep, *, whole: bool, writes: bool
) -> shapes.Steps:
    """The steps of a candidate. Whoever is not shown the ``whole`` record reads kinds and days."""
    today = tx.now.astimezone(SHANGHAI).date()
    rows = steps.steps(tx, key, candidate_id)
    sources = Sources(tx, [one.source for one in rows], [one.closed_by for one in rows])
    closed = sorted(
        ((one.closed_at, one) for one in rows if one.closed_at), key=lambda at: at[0], reverse=True
    )
    plans = sent if not sent.step else UNTOUCHED
    return shapes.Steps(
        open=tuple(_open(one, sources, sent, today, whole=whole) for one in rows if one.open),
        closed=tuple(
            shapes.ClosedStep(
                kind=str(one.kind),
                words=one.words if whole else "",
                due_on=one.due_on,
                on=one.taken_on,
                dropped=one.dropped,
                reason=one.reason if whole else "",
                by=sources.name(one.closed_by),
                at=at,
            )
            for at, one in closed
        ),
        kinds=tuple(str(one) for one in StepKind) if writes else (),
        token=plans.values.get("token") or new_public_id("n"),
        today=today,
        values=plans.values,
        errors=plans.errors,
    )


def _open(
    one: StepRow, sources: Sources, sent: SentStep, today: date, *, whole: bool
) -> shapes.OpenStep:
    tried = sent if sent.step == one.id else UNTOUCHED
    return shapes.OpenStep(
        id=one.id,
        kind=str(one.kind),
        words=one.words if whole else "",
        due_on=one.due_on,
        late=max(0, (today - one.due_on).days),
        source=sources.of(one.source),
        at=one.created_at,
        tried=tried.do,
        values=tried.values,
        errors=tried.errors,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    except ValueError:
        return None
