"""What a spreadsheet says, understood: positions, people, and what could not be understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.profile.values import Value
from storage.enums import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a file cannot be imported, by place. ``line`` is 0 for the whole file or sheet."""

    says: str
    line: int = 0
    column: str = ""
    sheet: str = ""

    def __str__(self) -> str:
        """As people read it.

        >>> str(Fault(line=7, column="期望薪资", says="没有写数字"))
        '第 7 行「期望薪资」：没有写数字'
        """
        return f"{self.place}：{self.says}" if self.place else self.says

    @property
    def place(self) -> str:
        """Where it is, in words; empty for the whole file."""
        sheet = f"「{self.sheet}」表" if self.sheet else ""
        line = f"第 {self.line} 行" if self.line else ""
        column = f"「{self.column}」" if self.column else ""
        return f"{sheet}{line}{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position as a file tells it. ``culture`` are keys, budgets yuan a month."""

    sheet: str
    line: int
    title: str
    department: str = ""
    city: str = ""
    budget_low: int | None = None
    budget_high: int | None = None
    months: float | None = None
    level: str = ""
    headcount: int | None = None
    requirements: str = ""
    culture: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One employment: what was told of it, by kind, in stored form."""

    line: int
    told: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A candidate as a file tells them. ``phone`` is E.164 or empty; ``masked`` as it was shown.

    ``told`` holds the kinds that come once.
    """

    sheet: str
    line: int
    name: str
    id: str = ""
    phone: str = ""
    masked: str = ""
    position: str = ""
    stage: Stage | None = None
    start_on: date | None = None
    told: Mapping[str, Value] = field(default_factory=dict)
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """All of a file. With ``faults`` nothing of it may be imported; ``notes`` only tell."""

    places: tuple[Place, ...] = ()
    people: tuple[Person, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()
