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
from functools import lru_cache
from typing import Annotated, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nlp.asking import pieces
from nlp.dialect import plain
from nlp.mapped import Mapped
from nlp.names.guessing import guessed
from nlp.naming import Match
from nlp.normalize import normalize
from nlp.periods import Period, periods
from nlp.weighing import Weighed

_SOMEBODY, _SOMEBODY_ELSE, _SOME_DAY = "某某", "某人", "某天"
_HAVE_NOT = re.compile(r"(?<!有)没有(?=[\u4e00-\u9fff])")
#: What is learnt of each stands for one character, so that runs reach over it.
_ONE = {_SOMEBODY: "\ue700", _SOMEBODY_ELSE: "\ue701", _SOME_DAY: "\ue702"}
_MASK = re.compile("|".join(_ONE))
_NOTHING = "none"
#: Below this nothing is near; nothing longer is read.
_LEAST, _LONGEST = -0.25, 300
#: From here on a clause asks by itself.
_PLAIN = 0.4
_MARKS = re.compile(r"[\W_]+")


class Titled(Protocol):
    """A survey, as far as its name goes."""

    @property
    def title(self) -> str: ...


class Rules(Protocol):
    """What is needed of the rulebook."""

    @property
    def colleagues_heard(self) -> Heard: ...
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


def _lines(given: object) -> object:
    """A block of lines, as the file has it, apart."""
    return (
        tuple(filter(None, map(str.strip, given.splitlines()))) if isinstance(given, str) else given
    )


Wordings = Annotated[tuple[str, ...], BeforeValidator(_lines), Field(min_length=1)]


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


class Questions(BaseModel):
    """``config/questions.yaml``: ways to put each question, one a line; ``never`` asks nothing.
    ``surveys``: what a survey is called besides its title, by id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: dict[Ask, Wordings]
    never: Wordings
    surveys: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _complete(self) -> Questions:
        if missing := set(Ask) - set(self.questions):
            raise ValueError(f"questions lacks {sorted(missing)}")
        meant: dict[str, str] = {}
        for name, text in self.examples():
            if meant.setdefault(key(text), name) != name:
                raise ValueError(f"questions: {text} is {meant[key(text)]} and {name}")
        return self

    def examples(self) -> Iterator[tuple[str, str]]:
        """Every wording with what it asks; "none" for nothing."""
        for ask, says in self.questions.items():
            yield from ((str(ask), text) for text in says)
        yield from ((_NOTHING, text) for text in self.never)


class Heard:
    """Which question words are: word for word, else by the weights of all the wordings."""

    def __init__(self, examples: Sequence[tuple[str, str]]) -> None:
        self._exactly = {key(text): name for name, text in examples}
        self._weighed = Weighed([(name, _learnt(text)) for name, text in examples])

    def find(self, masked: str) -> tuple[Ask, str] | None:
        """The question of a text in which nobody is named any more, and the piece that asks it."""
        name = self._exactly.get(key(masked))
        if name is None:
            name, score = self._likeliest(masked)
            if name == _NOTHING and (refused := self._refused(masked)):
                name = refused
            elif score < _LEAST:
                return None
        return None if name == _NOTHING else (Ask(name), self._piece(masked, name))

    def _refused(self, masked: str) -> str:
        """What is told to nobody, where a clause asks it among words that ask nothing."""
        for piece in pieces(masked):
            name, score = self._likeliest(piece)
            if name in REFUSED and score >= _PLAIN:
                return name
        return ""

    def _likeliest(self, text: str) -> tuple[str, float]:
        scores = self._weighed.scores(_learnt(text))
        return max(scores.items(), key=lambda one: (one[1], one[0]))

    def _piece(self, masked: str, name: str) -> str:
        """The clause that asks it most; all of the text where none does by itself."""
        found = [(self._likeliest(piece), piece) for piece in pieces(masked)]
        good = [(score, -len(piece), piece) for (one, score), piece in found if one == name]
        return max(good)[2] if good else masked


@lru_cache(maxsize=4)
def _heard(examples: tuple[tuple[str, str], ...]) -> Heard:
    """Learnt once of the same wordings, however many rulebooks there are."""
    return Heard(examples)


def heard(questions: Questions) -> Heard:
    """What knows the questions of colleagues by their words."""
    return _heard(tuple(questions.examples()))


def key(text: str) -> str:
    """What two wordings share that are the same word for word."""
    return _MARKS.sub("", text.lower())


def _learnt(text: str) -> str:
    """A masked text as it is learnt and weighed."""
    return _MASK.sub(lambda found: _ONE[found.group()], plain(text.lower()))


def understood(rules: Rules, text: str, *, now: datetime, named: Sequence[Match] = ()) -> Question:
    """What a message of a colleague asks. Instructions in it are words like any others.

    ``named``: people already found in the text; names nobody bears are told by their look.
    """
    mapped = normalize(text[:_LONGEST])
    clean = mapped.text
    times = periods(clean, now)
    known = [(at, end) for one in named for at, end in _within(mapped, one)]
    ask, piece = rules.colleagues_heard.find(_masked(clean, known, times)) or (None, "")
    about, to = _halves(clean, known) if ask is Ask.TRANSFER else (clean, "")
    return Question(
        ask=ask,
        piece=piece,
        when=times[0] if times else None,
        about=about,
        to=to,
        survey=_survey(clean, rules),
    )


def masked(text: str, *, now: datetime, named: Sequence[Match] = ()) -> str:
    """A message as it is compared, and as a wording of it is written down."""
    mapped = normalize(text[:_LONGEST])
    known = [(at, end) for one in named for at, end in _within(mapped, one)]
    return _masked(mapped.text, known, periods(mapped.text, now))


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
    """The text with 某天 for times, 某某 for the first name, 某人 for others; 没有回 as 没回."""
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
    return _HAVE_NOT.sub("没", text)


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
