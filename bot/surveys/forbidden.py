"""What may not be asked, with the article that says so: surveys, the bot, HR through it. Pure.

Words and articles stand in config/forbidden.yaml. A guard by words is no lawyer: it stops what is
plainly asked, and a question asked around corners stays HR's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nlp.normalize import normalize

_SENTENCE = re.compile(r"(?<=[。!?;\n])")
#: A sentence that is only a word or two with nothing around: the label of a field, or a choice.
_LABEL = 8


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]


class Topic(BaseModel):
    """One thing nobody may be asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    law: str = Field(min_length=4)
    always: tuple[Pattern, ...] = ()
    asked: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """What was found: the topic's key and words for people, and what says so in the text."""

    topic: str
    name: str
    law: str
    quote: str


class Forbidden(BaseModel):
    """``config/forbidden.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str
    denies: Pattern
    asking: Pattern
    allowed: tuple[Pattern, ...]
    topics: Mapping[str, Topic] = Field(min_length=1)

    def hits(self, text: str) -> tuple[Hit, ...]:
        """What a text asks that may not be asked, in order, each topic once."""
        found: dict[str, Hit] = {}
        for key, topic, quote in self._found(normalize(text).text):
            found.setdefault(key, Hit(topic=key, name=topic.name, law=topic.law, quote=quote))
        return tuple(found.values())

    def why(self, text: str) -> str:
        """Why a text may not be asked, in Chinese with the article; empty when it may."""
        return "；".join(
            self.says.format(topic=hit.name, law=hit.law) + f"：「{hit.quote}」"
            for hit in self.hits(text)
        )

    def _found(self, text: str) -> Iterator[tuple[str, Topic, str]]:
        rules = self._rules
        for sentence in _SENTENCE.split(text):
            if not sentence.strip() or rules.denies.search(sentence):
                continue
            # A mark in its place keeps words from growing together over the gap.
            left = rules.allowed.sub("|", sentence)
            asks = rules.asking.search(left) or len(sentence.strip("。!?;:, \n")) <= _LABEL
            for key, topic, always, asked in rules.topics:
                match = always.search(left) if always else None
                if match is None and asks and asked:
                    match = asked.search(left)
                if match is not None:
                    yield key, topic, match.group()

    @cached_property
    def _rules(self) -> _Rules:
        return _Rules(
            denies=re.compile(self.denies),
            asking=re.compile(self.asking),
            allowed=_either(self.allowed) or re.compile(r"(?!)"),
            topics=tuple(
                (key, topic, _either(topic.always), _either(topic.asked))
                for key, topic in self.topics.items()
            ),
        )


@dataclass(frozen=True, slots=True)
class _Rules:
    denies: re.Pattern[str]
    asking: re.Pattern[str]
    allowed: re.Pattern[str]
    topics: tuple[tuple[str, Topic, re.Pattern[str] | None, re.Pattern[str] | None], ...]


def _either(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{one})" for one in patterns), re.IGNORECASE)


def parse(raw: Any) -> Forbidden:
    """The words of a file. Raises ``pydantic.ValidationError``."""
    return Forbidden.model_validate(raw)
