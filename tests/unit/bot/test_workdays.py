"""Which days are worked, and when people may be written to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.workdays import ZONE, Calendar, Source, Week
from tests.builders import a_rulebook

SHIPPED = a_rulebook().calendar
SATURDAY, SUNDAY = date(2026, 11, 7), date(2026, 11, 8)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def alternate(long_week: date) -> Calendar:
    return Calendar(week=Week.ALTERNATE, long_week=long_week)


def test_what_is_shipped_goes_by_the_official_days_and_an_ordinary_week() -> None:
    assert SHIPPED.is_workday(date(2026, 10, 1)) == (False, Source.OFFICIAL)  # National Day
    assert SHIPPED.is_workday(date(2026, 10, 10)) == (True, Source.OFFICIAL)  # made up for it
    assert SHIPPED.is_workday(SATURDAY) == (False, Source.OFFICIAL)
    assert SHIPPED.is_workday(date(2026, 11, 6)) == (True, Source.OFFICIAL)


def test_a_year_that_nobody_has_published_is_a_guess_by_the_week() -> None:
    assert SHIPPED.is_workday(date(2027, 1, 1)) == (True, Source.GUESS)
    assert SHIPPED.is_workday(date(2027, 1, 2)) == (False, Source.GUESS)
    assert SHIPPED.unknown_years(date(2026, 10, 31)) == []
    assert SHIPPED.unknown_years(date(2026, 11, 1)) == [2027]
    assert SHIPPED.unknown_years(date(2027, 3, 1)) == [2027]
    assert SHIPPED.unknown_years(date(2027, 12, 1)) == [2027, 2028]


def test_the_companys_own_days_win_and_make_a_year_known() -> None:
    own = Calendar.model_validate(
        {
            "holidays": {
                2026: {"off": ["2026-11-06"], "work": ["2026-11-07"]},
                2027: {"off": ["2027-01-01"]},
            }
        }
    )
    assert own.is_workday(date(2026, 11, 6)) == (False, Source.COMPANY)
    assert own.is_workday(SATURDAY) == (True, Source.COMPANY)
    assert own.is_workday(date(2026, 10, 1)) == (False, Source.OFFICIAL)
    assert own.is_workday(date(2027, 1, 4)) == (True, Source.COMPANY)
    assert own.unknown_years(date(2026, 11, 1)) == []


def test_a_six_day_week_works_on_saturdays_that_are_no_holiday() -> None:
    six = Calendar(week=Week.SIX)
    assert six.is_workday(SATURDAY) == (True, Source.COMPANY)
    assert not six.is_workday(SUNDAY).works
    assert not six.is_workday(date(2026, 10, 3)).works  # a Saturday of National Day


def test_every_other_saturday_is_worked_counted_from_a_long_week() -> None:
    found = [alternate(date(2026, 11, 2)).is_workday(date(2026, 11, n)).works for n in (7, 14, 21)]
    assert found == [True, False, True]
    assert alternate(SUNDAY).is_workday(SATURDAY).works  # any day of that week
    assert not alternate(date(2026, 11, 9)).is_workday(SATURDAY).works
    assert alternate(date(2026, 11, 9)).is_workday(date(2026, 10, 31)).works  # also before it


def test_working_days_are_counted_over_holidays() -> None:
    assert SHIPPED.workday_after(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert SHIPPED.workday_after(date(2026, 10, 8), 2) == date(2026, 10, 10)
    assert SHIPPED.workday_after(SATURDAY, 0) == date(2026, 11, 9)
    assert SHIPPED.workday_after(date(2026, 11, 9), 0) == date(2026, 11, 9)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (at(date(2026, 11, 6), 11), at(date(2026, 11, 6), 11)),
        (at(date(2026, 11, 6), 9, 29), at(date(2026, 11, 6), 9, 30)),
        (at(date(2026, 11, 6), 0), at(date(2026, 11, 6), 9, 30)),
        (at(date(2026, 11, 6), 17, 59), at(date(2026, 11, 6), 17, 59)),
        (at(date(2026, 11, 6), 18), at(date(2026, 11, 9), 9, 30)),  # over the weekend
        (at(SATURDAY, 11), at(date(2026, 11, 9), 9, 30)),
        (at(date(2026, 10, 10), 11), at(date(2026, 10, 10), 11)),  # a Saturday that is worked
        (at(date(2026, 9, 30), 18), at(date(2026, 10, 8), 9, 30)),
    ],
)
def test_people_are_written_to_in_working_hours(asked: datetime, allowed: datetime) -> None:
    assert SHIPPED.next_moment(asked.astimezone(UTC)) == allowed


@pytest.mark.parametrize(
    "raw",
    [
        {"week": "seven"},
        {"week": "alternate"},
        {"long_week": "2026-11-02"},
        {"send": {"opens": "18:00", "closes": "09:30"}},
        {"send": {"opens": "25:00"}},
        {"holidays": {2027: {"off": ["2026-11-02"]}}},
        {"holidays": {2027: {"off": ["2027-02-30"]}}},
        {"holidays": {2027: {"off": ["2027-01-04"], "work": ["2027-01-04"]}}},
        {"holidays": {2027: {"of": []}}},
        {"holiday": {}},
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Calendar.model_validate(raw)
