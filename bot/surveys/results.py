"""What many people answered, without telling what one of them did. Pure.

Figures are of at least ``LEAST`` people. So that nobody is found by subtraction:

- a question counts its answers in whole batches of ``LEAST``, in the order they came, and a group's
  figures move only when ``LEAST`` more of it have come: the page of today less that of yesterday is
  never one person;
- what the shown groups leave over of the total is nobody, or at least ``LEAST``; else the smallest
  shown group is hidden too. Positions are told within their department by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.surveys.shape import Given, Kind, Question, Survey

LEAST = 5
#: Kinds that are counted; of a text nobody makes a figure.
_COUNTED = frozenset({Kind.CHOICE, Kind.MULTI, Kind.SCALE, Kind.RANKING})
_AVERAGED = frozenset({Kind.SCALE, Kind.NUMBER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One finished response, with what it can be grouped by; empty: unknown."""

    answers: Mapping[str, Given]
    department: str = ""
    position: str = ""
    month: str = ""  # YYYY-MM


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many chose one option, or gave one mark; of a ranking, how many put it first."""

    label: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of some people: how many they are, what they chose, the mean of their marks or numbers."""

    people: int
    counts: tuple[Count, ...] = ()
    mean: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One question. ``total`` None: too few. Groups by name; ``hidden``: some are not shown."""

    question: Question
    total: Figures | None
    departments: Mapping[str, Figures]
    positions: Mapping[tuple[str, str], Figures]
    months: Mapping[str, Figures]
    hidden: bool


def told(survey: Survey, responses: Sequence[Response]) -> tuple[Told, ...]:
    """The counted questions of a survey, of responses in the order they were finished."""
    return tuple(
        _told(question, responses)
        for question in survey.questions
        if question.kind in _COUNTED | _AVERAGED
    )


def _told(question: Question, responses: Sequence[Response]) -> Told:
    gave = [one for one in responses if _fits(question, one.answers.get(question.id))]
    base = gave[: len(gave) // LEAST * LEAST]
    departments = shown(base, lambda one: one.department)
    positions: dict[Hashable, list[Response]] = {}
    for people in departments.values():
        positions |= shown(people, lambda one: (one.department, one.position))
    months = shown(base, lambda one: one.month)
    groups = (departments, months)
    return Told(
        question=question,
        total=_figures(question, base) if base else None,
        departments={str(name): _figures(question, of) for name, of in departments.items()},
        positions={_pair(name): _figures(question, of) for name, of in positions.items()},
        months={str(name): _figures(question, of) for name, of in months.items()},
        hidden=any(sum(map(len, group.values())) < len(gave) for group in groups),
    )


def _pair(name: Hashable) -> tuple[str, str]:
    assert isinstance(name, tuple)
    return str(name[0]), str(name[1])


def shown(
    base: Sequence[Response], key: Callable[[Response], Hashable]
) -> dict[Hashable, list[Response]]:
    """The groups that may be shown of ``base``, and of each the people its figures are of."""
    seen: dict[Hashable, list[Response]] = {}
    kept: dict[Hashable, list[Response]] = {}
    for number, one in enumerate(base, start=1):
        seen.setdefault(key(one), []).append(one)
        if number % LEAST and number < len(base):
            continue
        for name, people in seen.items():
            if len(people) - len(kept.get(name, ())) >= LEAST:
                kept[name] = list(people)
    while kept and 0 < len(base) - sum(map(len, kept.values())) < LEAST:
        del kept[min(kept, key=lambda name: (len(kept[name]), str(name)))]
    return kept


def _fits(question: Question, given: Given | None) -> bool:
    """Whether an answer is one of the question as it is asked now."""
    value = given.value if given is not None else None
    if value is None:
        return False
    known = {one.value for one in question.options}
    match question.kind:
        case Kind.CHOICE:
            return isinstance(value, str) and value in known
        case Kind.MULTI | Kind.RANKING:
            named = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
            return named and bool(value) and set(value) <= known
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def _figures(question: Question, people: Sequence[Response]) -> Figures:
    values = [one.answers[question.id].value for one in people]
    mean = round(sum(values) / len(values), 2) if question.kind in _AVERAGED else None
    return Figures(people=len(people), counts=_counts(question, values), mean=mean)


def _counts(question: Question, values: Sequence[Any]) -> tuple[Count, ...]:
    match question.kind:
        case Kind.CHOICE:
            chosen = [[one] for one in values]
        case Kind.MULTI:
            chosen = [list(one) for one in values]
        case Kind.RANKING:
            chosen = [[one[0]] for one in values]
        case Kind.SCALE:
            low, high = int(question.low or 0), int(question.high or 0)
            return tuple(
                Count(label=str(mark), people=sum(one == mark for one in values))
                for mark in range(low, high + 1)
            )
        case _:
            return ()
    return tuple(
        Count(label=option.label, people=sum(option.value in one for one in chosen))
        for option in question.options
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of those who were asked finished. None: too few were asked."""

    asked: int
    finished: int

    @property
    def percent(self) -> int:
        """Of a hundred."""
        return round(100 * self.finished / self.asked)


def rate(asked: int, finished: int) -> Rate | None:
    """The response rate; in whole batches, as figures are, and None below ``LEAST``.

    >>> rate(4, 4) is None, rate(13, 9)
    (True, Rate(asked=10, finished=5))
    """
    asked = asked // LEAST * LEAST
    finished = min(finished // LEAST * LEAST, asked)
    return Rate(asked=asked, finished=finished) if asked else None
