"""What an experienced recruiter would answer: aims, what to leave alone, and a draft to send.

One file a topic, one entry a stage (``config/playbooks/*.yaml``). A draft is only ever a draft: a
person reads, changes and sends it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.placeholders import checked
from bot.words import fill
from storage.enums import Stage

#: What a draft may be filled with.
PLACES = frozenset({"name", "company", "hr", "position", "start"})
#: Code points of a draft as it is written; a chat message that is read whole.
LONGEST = 200
#: The stages in which a case is going on, and the file for those in which it has ended.
GOING = (Stage.INTERVIEW, Stage.OFFER, Stage.ACCEPTED, Stage.ONBOARDED, Stage.CONFIRMED)
ENDED = "ended"


class Entry(BaseModel):
    """What to write at one stage; aims and what to avoid only where they differ there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    draft: str = Field(min_length=1, max_length=LONGEST)
    aims: tuple[str, ...] = ()
    avoid: str = ""

    @field_validator("draft")
    @classmethod
    def _known_places(cls, value: str) -> str:
        return checked(value, PLACES).strip()


class Playbook(BaseModel):
    """One topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aims: tuple[str, ...] = Field(min_length=1)
    avoid: str = Field(min_length=1)
    stages: dict[Stage, Entry]


class Without(BaseModel):
    """What stands in a draft where something is not known, for example 「这个岗位」."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    company: str
    hr: str
    position: str
    start: str

    @model_validator(mode="after")
    def _said(self) -> Without:
        empty = [key for key in ("company", "hr", "position", "start") if not getattr(self, key)]
        if empty:
            raise ValueError(f"needs words for {', '.join(empty)}")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbooks:
    """All of them, by topic."""

    topics: Mapping[str, Playbook]
    without: Without


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A draft, filled and ready to send; what it aims at, and what is better left unsaid."""

    draft: str
    aims: tuple[str, ...]
    avoid: str


def suggestion(
    books: Playbooks, *, topic: str, stage: Stage, values: Mapping[str, str]
) -> Suggestion | None:
    """What to answer; None where nobody wrote anything for it.

    After a case has ended it is the stage that counts, whatever it is about.
    """
    book = books.topics.get(topic if stage in GOING else ENDED)
    entry = book.stages.get(stage) if book is not None else None
    if book is None or entry is None:
        return None
    known = {name: values.get(name, "").strip() for name in PLACES}
    filled = {name: said or getattr(books.without, name) for name, said in known.items()}
    return Suggestion(
        draft=fill(entry.draft, **filled),
        aims=entry.aims or book.aims,
        avoid=entry.avoid or book.avoid,
    )


def values_of(
    *, name: str, company: str, hr: str, position: str, start_on: date | None
) -> dict[str, str]:
    """What a draft is filled with. ``hr`` is whoever sends it.

    >>> values_of(name="陈", company="", hr="", position="", start_on=date(2026, 12, 7))["start"]
    '12月7日'
    """
    start = f"{start_on.month}月{start_on.day}日" if start_on is not None else ""
    return {"name": name, "company": company, "hr": hr, "position": position, "start": start}


def parse(name: str, raw: object, *, topics: Collection[str]) -> Playbook:
    """The playbook of one file, named for its topic or ``ended``. Raises ``ValueError``."""
    if name not in topics and name != ENDED:
        raise ValueError("there is no such topic in policy.yaml")
    book = Playbook.model_validate(raw)
    strange = [stage for stage in book.stages if (stage in GOING) is (name == ENDED)]
    if strange:
        raise ValueError(f"stages.{strange[0]} does not belong here")
    return book
