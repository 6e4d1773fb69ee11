"""Until when an alert may be put off: moments of a working day, on the calendar's word."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot.alerts.later import Later, moments
from bot.workdays import ZONE, Calendar

CALENDAR = Calendar()


def at(text: str) -> datetime:
    """A moment in Shanghai, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "today", "morning"),
    [
        ("2026-11-24T14:30", "2026-11-24T17:00", "2026-11-25T09:30"),  # a Tuesday
        ("2026-11-24T07:00", "2026-11-24T17:00", "2026-11-25T09:30"),
        ("2026-11-24T15:59", "2026-11-24T17:00", "2026-11-25T09:30"),
        ("2026-11-24T16:00", None, "2026-11-25T09:30"),  # an hour later is the same moment
        ("2026-11-24T20:00", None, "2026-11-25T09:30"),
        ("2026-11-27T15:00", "2026-11-27T17:00", "2026-11-30T09:30"),  # over the weekend
        ("2026-11-28T10:00", None, "2026-11-30T09:30"),  # a Saturday
        ("2026-09-30T15:00", "2026-09-30T17:00", "2026-10-08T09:30"),  # over National Day
        ("2026-11-24T00:10", "2026-11-24T17:00", "2026-11-25T09:30"),  # still yesterday in UTC
    ],
)
def test_it_is_put_off_to_moments_of_work(now: str, today: str | None, morning: str) -> None:
    found = moments(CALENDAR, at(now))
    assert found.pop(Later.HOUR) - at(now) == at("2026-11-24T01:00") - at("2026-11-24T00:00")
    expected = {Later.TODAY: at(today)} if today else {}
    assert found == {**expected, Later.MORNING: at(morning)}


def test_every_choice_lies_ahead_and_they_rise() -> None:
    for day in range(1, 29):
        for hour in range(24):
            now = datetime.combine(date(2026, 11, day), datetime.min.time(), ZONE).replace(
                hour=hour, minute=13
            )
            found = list(moments(CALENDAR, now).values())
            assert found == sorted(found)
            assert all(moment > now for moment in found)
