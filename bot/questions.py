"""What a colleague asks in their own words: which question, about when, which survey, for whom.

Only words are looked at: who is meant is found by ``nlp.naming`` among the people the asker may
see, and whether there is an answer is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from nlp.asking import Asked, Askings, Known, Shape
from nlp.mapped import Mapped
from nlp.names.guessing import guessed
from nlp.naming import Match
from nlp.normalize import normalize
from nlp.periods import Period, periods

_SOMEBODY, _SOMEBODY_ELSE, _SOME_DAY = "某某", "某人", "某天"
_SENTENCE = re.compile(r"(?<=[。!?;\n])")
#: The least nearness that counts; colleagues mostly ask when they write to the bot.
_THRESHOLD = 0.42


class Titled(Protocol):
    """A survey, as far as its name goes."""

    @property
    def title(self) -> str: ...


class Rules(Protocol):
    """What is needed of the rulebook."""

    @property
    def colleague_askings(self) -> Askings: ...
    @property
    def questions(self) -> Questions: ...
    @property
    def surveys(self) -> Mapping[str, Titled]: ...


class Ask(StrEnum):
    """What colleagues ask; see ``REFUSED`` for what is answered to nobody."""

    STATUS = "status"
    MINE = "mine"
    STARTING = "starting"
    AT_RISK = "at_risk"
    OWED = "owed"
    TODAY = "today"
    REASONS = "reasons"
    SILENT = "silent"
    SEND_SURVEY = "send_survey"
    TRANSFER = "transfer"
    COMPARE = "compare"
    PAY = "pay"
    CHAT = "chat"
    PRIVATE = "private"
    HELP = "help"


#: What nobody is told in chat, whoever is meant.
REFUSED = frozenset({Ask.COMPARE, Ask.PAY, Ask.CHAT, Ask.PRIVATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a message asks. ``about`` is where a candidate may be named, ``to`` where a colleague
    is (转给李雷): hand each to ``nlp.naming.named`` with those people. ``survey`` is an id of the
    rulebook's. ``ask`` is None where it is none of these."""

    ask: Ask | None
    piece: str = ""
    when: Period | None = None
    about: str = ""
    to: str = ""
    survey: str = ""


class QuestionDefinition(BaseModel):
    """How one question is recognised; see ``nlp.asking.Known``. ``loosely``: shapes that count
    where nothing is found, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: tuple[str, ...] = Field(min_length=1)
    shapes: tuple[str, ...] = ()
    loosely: tuple[str, ...] = ()
    only: bool = False
    question: bool = False

    @field_validator("shapes", "loosely")
    @classmethod
    def _every_shape(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        for line in lines:
            Shape.parse(line)
        return lines


class Questions(BaseModel):
    """``config/questions.yaml``. ``surveys``: what a survey is called besides its title, by id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: dict[Ask, QuestionDefinition]
    never: tuple[str, ...] = ()
    surveys: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _complete(self) -> Questions:
        if missing := set(Ask) - set(self.questions):
            raise ValueError(f"questions lacks {sorted(missing)}")
        return self

    @cached_property
    def loose(self) -> Mapping[Ask, tuple[Shape, ...]]:
        """The loose shapes, in the order in which they are tried."""
        return {ask: tuple(map(Shape.parse, one.loosely)) for ask, one in self.questions.items()}


def askings(questions: Questions) -> Askings:
    """The matcher of what colleagues ask."""
    known = [
        Known(
            name=str(name),
            says=one.says,
            shapes=tuple(map(Shape.parse, one.shapes)),
            only=one.only,
            asks=one.question,
        )
        for name, one in questions.questions.items()
    ]
    return Askings(known, questions.never)


def understood(rules: Rules, text: str, *, now: datetime, named: Sequence[Match] = ()) -> Question:
    """What a message of a colleague asks. Instructions in it are words like any others.

    ``named``: people already found in the text; names nobody bears are told by their look.
    """
    mapped = normalize(text)
    clean = mapped.text
    times = periods(clean, now)
    known = [(at, end) for one in named for at, end in _within(mapped, one)]
    masked = _masked(clean, known, times)
    found = rules.colleague_askings.find(masked, threshold=_THRESHOLD)
    found = found or _otherwise(rules.questions, masked)
    about, to = _halves(clean, known) if found and found.name == Ask.TRANSFER else (clean, "")
    return Question(
        ask=Ask(found.name) if found else None,
        piece=found.piece if found else "",
        when=times[0] if times else None,
        about=about,
        to=to,
        survey=_survey(clean, rules),
    )


def _within(mapped: Mapped, one: Match) -> Iterator[tuple[int, int]]:
    """The normalised stretch a match stands for."""
    at = [
        place
        for place, (start, end) in enumerate(zip(mapped.starts, mapped.ends, strict=True))
        if start >= one.start and end <= one.end
    ]
    if at:
        yield at[0], at[-1] + 1


def _masked(text: str, known: Sequence[tuple[int, int]], times: Sequence[Period]) -> str:
    """The text with 某天 for times, 某某 for the first name and 某人 for others."""
    spans = [(start, end, _SOMEBODY) for start, end in known]
    spans += [(one.start, one.end, _SOME_DAY) for one in times]
    spans += [(start, end, _SOMEBODY) for start, end in guessed(text)]
    kept: list[tuple[int, int, str]] = []
    for start, end, word in spans:
        if not any(start < other and one < end for one, other, _ in kept):
            kept.append((start, end, word))
    first = min((start for start, _, word in kept if word == _SOMEBODY), default=0)
    for start, end, word in sorted(kept, reverse=True):
        other = word == _SOMEBODY and start != first
        text = text[:start] + (_SOMEBODY_ELSE if other else word) + text[end:]
    return text


def _otherwise(questions: Questions, masked: str) -> Asked | None:
    """The first question of the file one of whose loose shapes a sentence fits."""
    for piece in filter(None, map(str.strip, _SENTENCE.split(masked))):
        for ask, shapes in questions.loose.items():
            if any(shape.fits({word for word in shape.words if word in piece}) for shape in shapes):
                return Asked(name=ask, nearness=_THRESHOLD, piece=piece)
    return None


_OVER = re.compile(r"(?:转|移|交)(?:交|给|到)+")


def _halves(text: str, known: Sequence[tuple[int, int]]) -> tuple[str, str]:
    """Who is handed over, and to whom: what follows 转给, else from the last name on."""
    if match := _OVER.search(text):
        return text[: match.start()], text[match.end() :]
    starts = sorted({start for start, _ in (*known, *guessed(text))})
    return (text[: starts[-1]], text[starts[-1] :]) if len(starts) > 1 else (text, "")


def _survey(text: str, rules: Rules) -> str:
    """The id of the survey whose name stands in a text, the longest name first."""
    names = {survey.title: id_ for id_, survey in rules.surveys.items()}
    for id_, also in rules.questions.surveys.items():
        names |= dict.fromkeys(also, id_) if id_ in rules.surveys else {}
    words = sorted(names, key=lambda word: (-len(word), word))
    return next((names[word] for word in words if word in text), "")
