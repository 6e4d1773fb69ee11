"""What a candidate may ask that the program itself answers: ``config/requests.yaml`` (words that
always work) and ``config/faq.yaml`` (questions with a known answer).
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.placeholders import checked
from bot.turn import CandidateSeen
from bot.words import Replies, fill, owner_of
from nlp.asking import Asked, Askings, Known, Shape
from storage.enums import Stage

#: What the names of questions begin with, beside those of requests.
FAQ = "faq."


class Request(StrEnum):
    """Words that always work."""

    PROGRESS = "progress"
    DATA = "data"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    PERSON = "person"
    HELP = "help"


class _Phrased(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @staticmethod
    def _shaped(line: str) -> str:
        Shape.parse(line)
        return line


class RequestDefinition(_Phrased):
    """How one request is recognised; see ``nlp.asking.Known``."""

    says: tuple[str, ...] = Field(min_length=1)
    shapes: tuple[str, ...] = ()
    only: bool = False
    question: bool = False

    _every_shape = field_validator("shapes")(
        lambda lines: tuple(_Phrased._shaped(line) for line in lines)
    )


class Requests(BaseModel):
    """``config/requests.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: dict[Request, RequestDefinition]
    never: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Requests:
        if missing := set(Request) - set(self.requests):
            raise ValueError(f"requests lacks {sorted(missing)}")
        return self


PLACEHOLDERS = frozenset({"name", "company", "owner", "position", "start", "city"})


class Entry(_Phrased):
    """A question with a known answer. ``otherwise`` is said where a placeholder of ``answer`` has
    no value. ``pay``: it may be about when pay comes, never about how much."""

    shape: str
    asks: tuple[str, ...] = Field(min_length=1)
    answer: str
    source: str = Field(min_length=1)
    otherwise: str = ""
    stages: tuple[Stage, ...] = tuple(Stage)
    pay: bool = False

    _known_shape = field_validator("shape")(_Phrased._shaped)

    @field_validator("answer", "otherwise")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        return checked(value, PLACEHOLDERS)

    def said(self, values: Mapping[str, str]) -> str | None:
        """The answer; None where it cannot be given without a value that is not known."""
        for text in filter(None, (self.answer, self.otherwise)):
            if all(values.get(name) for name in _names(text)):
                return fill(text, **values)
        return None


class Faq(BaseModel):
    """``config/faq.yaml``. ``never_answered``: words that make it a negotiation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    never_answered: tuple[str, ...] = ()
    entries: dict[str, Entry]


def askings(requests: Requests, faq: Faq) -> Askings:
    """The one matcher of both: a message is one of them, or none."""
    known = [
        Known(
            name=str(name),
            says=one.says,
            shapes=tuple(map(Shape.parse, one.shapes)),
            only=one.only,
            asks=one.question,
        )
        for name, one in requests.requests.items()
    ]
    lacks = "|".join(faq.never_answered)
    for name, entry in faq.entries.items():
        line = entry.shape if entry.pay or not lacks else f"{entry.shape} & !{lacks}"
        shapes = (Shape.parse(line),)
        known.append(Known(name=FAQ + name, says=entry.asks, shapes=shapes, only=True, asks=True))
    return Askings(known, requests.never)


def asked_for(asked: Sequence[Asked], *requests: Request) -> bool:
    """Whether one of these requests is among what was asked."""
    return any(one.name in requests for one in asked)


def questions(asked: Sequence[Asked]) -> tuple[str, ...]:
    """The keys of the entries that were asked for."""
    return tuple(one.name.removeprefix(FAQ) for one in asked if one.name.startswith(FAQ))


def values(words: Replies, company: str, candidate: CandidateSeen) -> dict[str, str]:
    """What may stand in an answer to this candidate; empty where it is not known."""
    start = candidate.start_on
    return {
        "name": candidate.name,
        "company": company,
        "owner": owner_of(words, candidate.owner_name),
        "position": candidate.position_title,
        "city": candidate.city,
        "start": f"{start.year}年{start.month}月{start.day}日" if start else "",
    }


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
