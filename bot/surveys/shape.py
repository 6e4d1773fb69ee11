"""What a survey is made of: questions, conditions, answers. Frozen, pure, no words of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storage.enums import Stage


class Kind(StrEnum):
    """What an answer is. Values: see ``Given``."""

    CHOICE = "choice"
    MULTI = "multi"
    SCALE = "scale"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TEXT = "text"
    RANKING = "ranking"


class Event(StrEnum):
    """What the moment of asking is counted from: a day in the life of one hiring.

    ``start`` is the agreed first day, ``onboarded`` the day somebody came.
    """

    INTERVIEW = "interview"
    OFFER = "offer"
    ACCEPTED = "accepted"
    START = "start"
    ONBOARDED = "onboarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A choice. ``value`` is what is kept ([a-z0-9_]{1,30}), ``label`` what people read, ``also``
    what else they may call it.
    """

    value: str
    label: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer: what was understood, and the words it was said in.

    ``value`` is JSON-able, by kind: choice ``"v"``; multi and ranking ``["v", …]``; scale and
    number a number; money ``{"low", "high", "currency", "period", "months"}`` with ``high`` None
    for an open end; date ``"YYYY-MM-DD"``; text the text. None: skipped when ``text`` is empty,
    else words that fit no kind and are kept for HR.
    """

    value: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One test of one answer. ``op``: ``= != < > <= >= contains``."""

    question: str
    op: str
    value: str | float

    def holds(self, answers: Mapping[str, Given]) -> bool:
        """Whether it holds. A question without an answer that was understood holds nothing,
        not even ``!=``: what hangs on it is not asked.
        """
        given = answers.get(self.question)
        if given is None or given.value is None:
            return False
        return _compares(given.value, self.op, self.value)


def _compares(value: Any, op: str, wanted: str | float) -> bool:
    if isinstance(value, Mapping):
        value = monthly(value, upper=op in ("<", "<="))
        if value is None:
            return False
    if op == "contains":
        return wanted in value if isinstance(value, list | tuple | str) else False
    if isinstance(value, list | tuple):
        same = list(value) == [wanted]
        return same if op == "=" else op == "!=" and not same
    if isinstance(value, str) != isinstance(wanted, str):
        return op == "!="
    return bool(_OPS[op](value, wanted))


def monthly(money: Mapping[str, Any], *, upper: bool = False) -> float | None:
    """A sum as yuan a month: its lower end, or its upper, so that a range is above or below
    something only as a whole. None for pay that no month can be told from.
    """
    period = money["period"]
    if period not in ("month", "year"):
        return None
    end = money["high"] if upper else money["low"]
    if end is None:
        return float("inf")
    return float(end) if period == "month" else float(end) / float(money["months"] or 12)


_OPS: Mapping[str, Any] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a question is asked: one of ``either`` has to hold, each with all its comparisons."""

    either: tuple[tuple[Comparison, ...], ...]

    def holds(self, answers: Mapping[str, Given]) -> bool:
        """Whether the question is asked after these answers."""
        return any(all(one.holds(answers) for one in group) for group in self.either)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWhen:
    """An answer that a person should look at. ``test`` is about the question's own answer;
    ``topic`` is one of policy.yaml, ``severity`` one of digest, today, now.
    """

    test: Comparison
    topic: str
    severity: str = "today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. ``options`` of choice, multi and ranking; ``low``/``high`` the bounds of scale
    (whole numbers, always given) and number. ``about`` names what an answer means (a key of
    meaning.yaml); ``help`` is a line under the question.
    """

    id: str
    ask: str
    kind: Kind
    options: tuple[Option, ...] = ()
    low: float | None = None
    high: float | None = None
    low_label: str = ""
    high_label: str = ""
    required: bool = False
    when: Condition | None = None
    about: str = ""
    alerts: tuple[AlertWhen, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """When a survey goes out by itself: so many months and days after an event, or ``before``
    it, at a time of day; it makes sense for ``valid_workdays`` more.
    """

    after: Event
    days: int = 0
    months: int = 0
    before: bool = False
    at: str = "10:00"
    valid_workdays: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A whole survey. ``start`` None: sent by hand only. ``stages``: where somebody has to stand
    to be asked; empty: anywhere. ``named``: answers are shown with the name.
    """

    id: str
    title: str
    intro: str
    thanks: str
    questions: tuple[Question, ...]
    start: Start | None = None
    named: bool = True
    stages: tuple[Stage, ...] = ()
    #: Above 7 only with the reason; see config/README.md.
    max_questions: int = 7
    max_reason: str = ""

    def question(self, id_: str) -> Question | None:
        """The question of an id."""
        return next((one for one in self.questions if one.id == id_), None)
