"""Until when somebody may put an alert off, in the words of a working day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.workdays import ZONE, Calendar

#: So long before the day ends there is still time to do something.
BEFORE_CLOSING = timedelta(hours=1)


class Later(StrEnum):
    """An hour from now, before this working day ends, or the morning of the next one."""

    HOUR = "hour"
    TODAY = "today"
    MORNING = "morning"


def moments(calendar: Calendar, now: datetime) -> dict[Later, datetime]:
    """When each would be, in UTC and in this order. ``TODAY`` is left out where the day is not
    worked, or ends within about an hour."""
    local = now.astimezone(ZONE)
    today = local.date()
    found = {Later.HOUR: now + timedelta(hours=1)}
    closing = datetime.combine(today, calendar.send.closes, ZONE) - BEFORE_CLOSING
    if calendar.is_workday(today).works and closing > local + timedelta(hours=1):
        found[Later.TODAY] = closing.astimezone(UTC)
    following = calendar.workday_after(today + timedelta(days=1), 0)
    opening = datetime.combine(following, calendar.send.opens, ZONE)
    found[Later.MORNING] = opening.astimezone(UTC)
    return found
