"""What the page of the alerts' own record is given.

============================  ===========================================================
template                      besides ``shell``
============================  ===========================================================
console/alert_record.html     page: RecordPage
console/_missed_words.html    said: ReviewCard, one message of a missed case, with its labels
============================  ===========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bot.web.review_views import ReviewCard


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """How good one kind of alert was, in percent. ``few``: too few were judged to say anything.

    ``demotes``: it can lose its cards; what we owe people cannot. ``by``: who put it back by hand.
    """

    kind: str
    name: str
    hits: int
    judged: int
    share: int
    low: int
    high: int
    few: bool
    demotes: bool
    demoted_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What somebody found in a missed case: ``said`` or ``unsaid``."""

    found: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The last messages of the case that is looked at; ``wrote``: how many there are of all."""

    wrote: int
    said: tuple[ReviewCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A person who withdrew without any alert."""

    candidate_id: str
    name: str
    position: str
    outcome: str
    on_day: date
    looked: Looked | None = None
    opened: Opened | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """The page. ``below`` and ``back_at`` in percent; ``all_people``: the viewer sees everybody."""

    kinds: tuple[KindRow, ...]
    over: int
    below: int
    back_at: int
    may_restore: bool
    days: str
    spans: tuple[str, ...]
    all_people: bool
    withdrawals: int
    silent: int
    cases: tuple[Case, ...]
    left_out: int = 0  # cases that are not listed
