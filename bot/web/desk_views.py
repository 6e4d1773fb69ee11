"""Shapes of who is away, who works a position together, and interviews, for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """A form that comes back as it was sent."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


UNTOUCHED = SentForm()


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """One of ours to choose. ``chosen``: they are it already."""

    id: str
    name: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRow:
    """Somebody is away. ``now``: the deputy stands in; ``own``: it is the viewer."""

    id: str
    name: str
    deputy: str
    from_on: date
    until_on: date
    now: bool
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """The settings' section. ``who``: whom the viewer speaks for besides themselves (admins);
    ``standing_in``: names of those the viewer stands in for just now."""

    rows: tuple[AbsenceRow, ...]
    deputies: tuple[Colleague, ...]
    who: tuple[Colleague, ...] = ()
    standing_in: tuple[str, ...] = ()
    me: str = ""
    today: date | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewRow:
    """One talk. ``state``: ahead, waiting (for feedback), told, other_way or cancelled."""

    id: str
    number: int
    at: datetime
    interviewer: str
    state: str
    verdict: str = ""
    feedback: str = ""
    done_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interviews:
    """The section of a candidate's record. ``writes``: HR may add one."""

    rows: tuple[InterviewRow, ...] = ()
    writes: bool = False
    colleagues: tuple[Colleague, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
