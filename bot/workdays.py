"""Which days are worked, and when people may be written to. Pure: config/holidays.yaml."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

import chinese_calendar
from pydantic import BaseModel, ConfigDict, Field, model_validator

ZONE = ZoneInfo("Asia/Shanghai")
#: From this month on the coming year should be known: it is published about then.
PUBLISHED_IN = 11
_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6


class Week(StrEnum):
    """The company's week: Monday to Friday, also Saturday (单休), or every other (大小周)."""

    FIVE = "five"
    SIX = "six"
    ALTERNATE = "alternate"


class Source(StrEnum):
    """Whose word it is that a day is worked or not. ``guess``: nobody has said; by the week."""

    OFFICIAL = "official"
    COMPANY = "company"
    GUESS = "guess"


class Day(NamedTuple):
    """What a day is."""

    works: bool
    source: Source


class Year(BaseModel):
    """What differs in a year: days off, and days that are worked all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()


class Sending(BaseModel):
    """Between which times of a working day somebody is written to first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: time = time(9, 30)
    closes: time = time(18)

    @model_validator(mode="after")
    def _opens_first(self) -> Sending:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self


class Calendar(BaseModel):
    """``config/holidays.yaml``: the company's own days win, then the official ones, then the week.

    >>> Calendar().is_workday(date(2026, 10, 10))  # a Saturday that makes up for National Day
    Day(works=True, source=<Source.OFFICIAL: 'official'>)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    week: Week = Week.FIVE
    #: Of ``alternate``: any day of a week whose Saturday is worked.
    long_week: date | None = None
    send: Sending = Sending()
    holidays: dict[int, Year] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _makes_sense(self) -> Calendar:
        if (self.week is Week.ALTERNATE) != (self.long_week is not None):
            raise ValueError("long_week belongs to week: alternate, and that needs it")
        for number, year in self.holidays.items():
            strange = sorted(day for day in year.off | year.work if day.year != number)
            if strange:
                raise ValueError(f"holidays.{number}: {strange[0]} is of another year")
            if both := year.off & year.work:
                raise ValueError(f"holidays.{number}: {min(both)} is both off and work")
        return self

    def is_workday(self, day: date) -> Day:
        """Whether a day is worked, and whose word that is."""
        own = self.holidays.get(day.year)
        if own is not None and day in own.off | own.work:
            return Day(day in own.work, Source.COMPANY)
        try:
            rests, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:  # a year that is not published, or not in this release
            return Day(self._by_week(day), Source.GUESS if own is None else Source.COMPANY)
        if name is not None:  # a holiday, or a day that makes up for one
            return Day(not rests, Source.OFFICIAL)
        works = self._by_week(day)
        return Day(works, Source.OFFICIAL if works is not rests else Source.COMPANY)

    def known(self, year: int) -> bool:
        """Whether somebody has said which days of a year are holidays."""
        return self.is_workday(date(year, 1, 1)).source is not Source.GUESS

    def unknown_years(self, today: date) -> list[int]:
        """Years that should be known by now and are only guessed."""
        years = [today.year, *([today.year + 1] if today.month >= PUBLISHED_IN else [])]
        return [year for year in years if not self.known(year)]

    def workday_after(self, day: date, count: int) -> date:
        """The day ``count`` working days later; for 0 the day itself or the next that is worked."""
        while not self.is_workday(day).works:
            day += _DAY
        for _ in range(count):
            day += _DAY
            while not self.is_workday(day).works:
                day += _DAY
        return day

    def next_moment(self, at: datetime) -> datetime:
        """The moment itself where somebody may be written to, else the next such one. UTC."""
        local = at.astimezone(ZONE)
        day = local.date()
        if self.is_workday(day).works and local.time() < self.send.closes:
            opening = datetime.combine(day, self.send.opens, ZONE)
            return max(local, opening).astimezone(UTC)
        opens_on = self.workday_after(day + _DAY, 0)
        return datetime.combine(opens_on, self.send.opens, ZONE).astimezone(UTC)

    def next_daytime(self, at: datetime) -> datetime:
        """The moment itself between the sending times of any day, worked or not, else the next
        morning. UTC."""
        local = at.astimezone(ZONE)
        day = local.date() + (_DAY if local.time() >= self.send.closes else timedelta())
        opening = datetime.combine(day, self.send.opens, ZONE)
        return max(local, opening).astimezone(UTC)

    def _by_week(self, day: date) -> bool:
        weekday = day.weekday()
        if weekday != _SATURDAY or self.week is Week.FIVE:
            return weekday < _SATURDAY
        if self.long_week is None:
            return True
        monday, other = (one - timedelta(days=one.weekday()) for one in (day, self.long_week))
        return (monday - other).days % 14 == 0
