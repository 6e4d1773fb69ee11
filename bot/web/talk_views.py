"""A talk over all channels, as the page of a candidate is given it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.web import views
    from bot.web.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineFile:
    """Something a message carries. ``state``: new (on its way), kept, or gone (with ``reason``).

    ``size`` is in bytes, 0 when nobody said. ``picture``: a browser can probably show it.
    """

    id: str
    kind: Literal["image", "voice", "video", "file"]
    name: str
    size: int
    state: Literal["new", "kept", "gone"]
    reason: Reason | None = None
    picture: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened. ``kind`` press: the candidate pressed a button of that text.

    ``state`` matters for outbound only: queued, held, sent, dead or ambiguous; with ``reason``
    where HR has to know why. ``late``: held for so long that it no longer leaves by itself.
    ``author_name`` names the person of ours; it may be empty for candidate and bot. ``aside``: it
    was said in the platform's own client; as an event, when there are no words.
    """

    id: str
    kind: Literal["text", "press", "unsupported", "note", "event"]
    author: Literal["candidate", "bot", "hr", "staff"]
    segments: tuple[views.Segment, ...]
    at: datetime
    outbound: bool = False
    author_name: str = ""
    channel: str = ""
    intents: tuple[str, ...] = ()
    state: str = ""
    reason: Reason | None = None
    late: bool = False
    aside: bool = False
    edited: bool = False
    files: tuple[TimelineFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineDay:
    """The entries of one local day, oldest first."""

    day: date
    entries: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A stretch of the talk. ``older_url`` leads to the stretch before; ``live``: the newest."""

    days: tuple[TimelineDay, ...]
    older_url: str | None = None
    live: bool = True


def by_day(entries: Sequence[TimelineEntry], zone: tzinfo) -> tuple[TimelineDay, ...]:
    """Group entries, oldest first, by their day in ``zone``."""
    return tuple(
        TimelineDay(day=day, entries=tuple(group))
        for day, group in groupby(entries, key=lambda entry: entry.at.astimezone(zone).date())
    )
