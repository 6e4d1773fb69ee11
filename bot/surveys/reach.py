"""Whether anybody can ever meet a condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise, product
from typing import Any

from bot.surveys.shape import Comparison, Condition, Given, Kind, Question

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Beyond this many ways to arrive, a question counts as reachable without trying them all.
_MOST_WAYS = 200

Group = tuple[Comparison, ...]
Ways = tuple[Group, ...]
#: How one arrives at a question without a condition.
ANYHOW: Ways = ((),)


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar as ``YYYY-MM-DD``."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def ways(condition: Condition, known: Mapping[str, Question], before: Mapping[str, Ways]) -> Ways:
    """How somebody can arrive at a question: what answers to the questions before have to hold,
    those that these hang on themselves included. Empty: nobody ever does.
    """
    made: dict[Group, None] = {}
    for group in condition.either:
        inner = [before[id_] for id_ in dict.fromkeys(one.question for one in group)]
        for number, chosen in enumerate(product(*inner)):
            if number >= _MOST_WAYS or len(made) >= _MOST_WAYS:
                return ANYHOW  # too many to try, and surely not all of them closed
            way = tuple(dict.fromkeys(group + tuple(one for part in chosen for one in part)))
            if satisfiable(way, known):
                made[way] = None
    return tuple(made)


def satisfiable(group: Group, known: Mapping[str, Question]) -> bool:
    """Whether one set of answers can hold all comparisons."""
    by: dict[str, list[Comparison]] = {}
    for one in group:
        by.setdefault(one.question, []).append(one)
    return all(
        any(
            all(test.holds({id_: Given(value=value, text="")}) for test in tests)
            for value in _candidates(known[id_], tests)
        )
        for id_, tests in by.items()
    )


def _candidates(question: Question, tests: list[Comparison]) -> Iterable[Any]:
    """Answers that are enough to try: each side of every value somebody compares with."""
    values = [option.value for option in question.options]
    match question.kind:
        case Kind.CHOICE:
            return values
        case Kind.MULTI:
            named = [str(one.value) for one in tests if one.op == "contains"]
            return [[value] for value in values] + [values, list(dict.fromkeys(named))]
        case Kind.RANKING:
            return [values]
        case Kind.SCALE:
            return [float(n) for n in range(int(question.low or 0), int(question.high or 0) + 1)]
        case Kind.NUMBER | Kind.MONEY:
            low = float("-inf") if question.low is None else question.low
            high = float("inf") if question.high is None else question.high
            if question.kind is Kind.MONEY:
                low = 0.0
            points = _around([float(one.value) for one in tests if not isinstance(one.value, str)])
            return [value for value in [*points, low, high] if low <= value <= high]
        case Kind.DATE:
            days = sorted({str(one.value) for one in tests})
            # Days compare as texts; a little before and after each is enough.
            return ["0001-01-01", *days, *(f"{day}~" for day in days)]
        case Kind.TEXT:
            texts = [str(one.value) for one in tests]
            return [*texts, "".join(texts), "\0"]


def _around(values: list[float]) -> list[float]:
    values = sorted(set(values))
    between = [(a + b) / 2 for a, b in pairwise(values)]
    return [*values, *between, *(value + side for value in values for side in (-1.0, 1.0))]
