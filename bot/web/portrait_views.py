"""What the pages are given that say what is made of a record: match, risk, outcome.

=============================  =========================================================
template                       besides ``shell``
=============================  =========================================================
console/match.html             page: MatchPage
console/risk.html              page: RiskPage
console/outcome.html           page: OutcomePage
=============================  =========================================================

Reasons of rules and of parts are the company's own words (``config/risk``, ``config/match.yaml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.web.record_views import Head, Source
    from bot.web.views import Segment

# --- match ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPart:
    """One part of 0 to 100, and what would raise it. ``share`` is its weight in percent."""

    name: str
    score: int
    share: int
    case: Literal["fits", "near", "over"]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPart:
    """A part nobody can tell yet. ``lacks`` is a key of the words ``match.lacks``."""

    name: str
    share: int
    lacks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MotiveLine:
    """One motive. ``rank``: the place it was given, 0: only heard of. ``heard``: reason and day."""

    name: str
    rank: int
    heard: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPage:
    """How far expectations and the seat fit. ``score`` None: nothing is known.

    ``confidence`` is the percentage of weight that is known; ``warn`` and ``good`` are the two
    thresholds, ``band`` where the score stands between them. ``wanted`` is what the candidate
    values, ``offered`` what the team can give. ``position_id`` is for whoever may change it.
    """

    head: Head
    score: int | None
    band: Literal["none", "low", "fair", "good"]
    confidence: int
    warn: int
    good: int
    parts: tuple[MatchPart, ...]
    missing: tuple[MissingPart, ...]
    has_position: bool
    wanted: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    position_id: str = ""
    motives: tuple[MotiveLine, ...] = ()


# --- risk -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence a factor rests on. ``uid`` is its place in the conversation."""

    uid: str
    words: tuple[Segment, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement a factor rests on. ``stands``: it was not corrected since; ``entry`` tells which
    employment it is about, empty for kinds that come once."""

    label: str
    value: str
    source: Source
    at: datetime
    stands: bool
    entry: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One rule that counts now: ``adds`` points when it began, ``points`` of them left.

    ``measured`` is what was measured, in words; ``again`` is how many weaker contributions of the
    same rule do not count beside it; ``left`` is the percentage that has not faded.
    """

    reason: str
    adds: float
    points: float
    left: int
    at: datetime
    fades_on: date
    ask: str = ""
    measured: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    statements: tuple[Statement, ...] = ()
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A factor that counts no more: faded, or the record does not bear it out any more."""

    reason: str
    adds: float
    at: datetime
    why: Literal["faded", "ended"]
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The score day by day, as a line in a box of 600 by 100; ``days`` are its ends."""

    line: str
    days: tuple[date, date]
    highest: int
    highest_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPage:
    """The score explained. ``total`` is the sum of the factors before it is held to 0..100."""

    head: Head
    factors: tuple[Factor, ...]
    past: tuple[Past, ...]
    total: float
    course: Course | None
    thresholds: tuple[tuple[str, int], ...]


# --- outcome --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended, as somebody recorded it. ``cost`` is in yuan."""

    outcome: str
    reason: str
    note: str
    on_day: date
    cost: int | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePage:
    """The form, and what was recorded: newest first, the newest holds.

    ``values`` are the form as last sent. ``asked``: a change of stage led here and waits for it.
    """

    head: Head
    outcomes: tuple[str, ...]
    reasons: tuple[str, ...]
    endings: tuple[Ending, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False
    today: date | None = None
