"""How somebody usually answers, in working hours. Only their own rhythm counts, nobody else's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from statistics import median

from bot.workdays import Calendar

#: Working hours of a day on which people work.
OPENS, CLOSES = time(9), time(18)
#: Fewer answers than this tell no rhythm.
LEAST_REPLIES = 3
_QUESTION = re.compile(r"[?？]|吗[。！~\s]*$|(?:请|麻烦).{0,12}(?:告诉|回复|确认|答复|发我)")


@dataclass(frozen=True, slots=True)
class Beat:
    """One message: who, when, and whether it asks something."""

    ours: bool
    at: datetime  # aware
    asks: bool = False


def asks(text: str) -> bool:
    """Whether a message of ours needs an answer.

    >>> asks("体检约好了吗"), asks("好的，收到")
    (True, False)
    """
    return _QUESTION.search(text) is not None


def hours_between(
    start: datetime, end: datetime, zone: tzinfo, calendar: Calendar | None = None
) -> float:
    """Working hours between two moments; nothing for nights, nor for days off, which without a
    calendar are weekends."""
    start, end = start.astimezone(zone), end.astimezone(zone)
    total, day = timedelta(), start.date()
    while day <= end.date():
        if day.weekday() < 5 if calendar is None else calendar.is_workday(day).works:
            opens = max(start, datetime.combine(day, OPENS, zone))
            closes = min(end, datetime.combine(day, CLOSES, zone))
            total += max(timedelta(), closes - opens)
        day += timedelta(days=1)
    return total.total_seconds() / 3600


def usual_reply_h(
    beats: Sequence[Beat], zone: tzinfo, calendar: Calendar | None = None
) -> float | None:
    """The person's own median from our message to their next one; None for too few answers."""
    took, ours = [], None
    for beat in beats:
        if beat.ours:
            ours = ours or beat.at
        elif ours is not None:
            took.append(hours_between(ours, beat.at, zone, calendar))
            ours = None
    return median(took) if len(took) >= LEAST_REPLIES else None


def waiting_h(
    beats: Sequence[Beat], now: datetime, zone: tzinfo, calendar: Calendar | None = None
) -> float | None:
    """How long the first question since their last message has been waiting; None: none is."""
    asked = None
    for beat in beats:
        if not beat.ours:
            asked = None
        elif beat.asks and asked is None:
            asked = beat.at
    return None if asked is None else hours_between(asked, now, zone, calendar)
