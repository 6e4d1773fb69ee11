"""Dates as people type them (周五前, 下周三, 下月3号, 月底), resolved in Asia/Shanghai.

Only what the calendar settles is resolved: 年后 hangs on the lunar year and stays unread.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nlp.numerals import numeral

SHANGHAI = ZoneInfo("Asia/Shanghai")
_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_DAYS = {
    char: i
    for i, chars in enumerate(("一1", "二2", "三3", "四4", "五5", "六6", "日天7"))
    for char in chars
}
_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Found:
    """A day named in normalised text, ``text[start:end]``."""

    start: int
    end: int
    day: date


_Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]]


def dates(text: str, now: datetime) -> list[Found]:
    """The days a normalised text names, in order of place. ``now`` must be aware."""
    today = now.astimezone(SHANGHAI).date()
    found: list[Found] = []
    for pattern, resolve in _RULES:
        for match in pattern.finditer(text):
            if any(f.start < match.end() and match.start() < f.end for f in found):
                continue
            day = resolve(match, today)
            if day is not None:
                found.append(Found(*match.span(), day))
    return sorted(found, key=lambda item: item.start)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _int(text: str) -> int:
    value = numeral(text)
    return int(value) if value is not None else 0


def _full(match: re.Match[str], today: date) -> date | None:
    return _day(int(match[1]), int(match[2]), int(match[3]))


def _month_day(match: re.Match[str], today: date) -> date | None:
    day = _day(today.year, _int(match[1]), _int(match[2]))
    if day is not None and day < today - timedelta(days=60):
        day = _day(today.year + 1, day.month, day.day)
    return day


def _month_shift(today: date, months: int) -> tuple[int, int]:
    total = today.year * 12 + today.month - 1 + months
    return total // 12, total % 12 + 1


def _relative_month_day(match: re.Match[str], today: date) -> date | None:
    year, month = _month_shift(today, 1 if match[1].startswith("下") else 0)
    return _day(year, month, _int(match[2]))


def _day_of_month(match: re.Match[str], today: date) -> date | None:
    """3号: the next such day; today's own number is today."""
    wanted = _int(match[1])
    for months in range(3):
        year, month = _month_shift(today, months)
        day = _day(year, month, wanted)
        if day is not None and day >= today:
            return day
    return None


def _word(match: re.Match[str], today: date) -> date:
    head = match[0]
    shift = 3 if head.startswith("大后") else 2 if head.startswith("后") else 1
    return today + timedelta(days=0 if head.startswith(("今", "today", "tonight")) else shift)


def _weekday(match: re.Match[str], today: date) -> date:
    monday = today - timedelta(days=today.weekday())
    head, wanted = match[1] or "", _DAYS[match[2]]
    if head.startswith("下下"):
        return monday + timedelta(days=14 + wanted)
    if head.startswith("下"):
        return monday + timedelta(days=7 + wanted)
    day = monday + timedelta(days=wanted)
    return day + timedelta(days=7) if day < today and not head else day


def _week(match: re.Match[str], today: date) -> date:
    """The last day of this week or the next (周末, 这周内, 下周)."""
    sunday = today + timedelta(days=6 - today.weekday())
    return sunday + timedelta(days=7) if match[0].startswith("下") else sunday


def _month_end(match: re.Match[str], today: date) -> date:
    year, month = _month_shift(today, 1 if match[0].startswith("下") else 0)
    return date(year, month, calendar.monthrange(year, month)[1])


def _named_month_end(match: re.Match[str], today: date) -> date | None:
    month = _int(match[1])
    if not 1 <= month <= 12:
        return None
    year = today.year + (1 if month < today.month else 0)
    return date(year, month, calendar.monthrange(year, month)[1])


def _in_days(match: re.Match[str], today: date) -> date | None:
    count = _int(match[1].replace("两", "二"))
    step = {"天": 1, "日": 1, "周": 7, "个星期": 7, "星期": 7, "个礼拜": 7}[match[2]]
    return today + timedelta(days=count * step) if 0 < count * step <= 366 else None


def _english_weekday(match: re.Match[str], today: date) -> date:
    monday = today - timedelta(days=today.weekday())
    day = monday + timedelta(days=_ENGLISH.index(match[2]))
    if match[1]:
        return day + timedelta(days=7)
    return day if day >= today else day + timedelta(days=7)


def _english_month(match: re.Match[str], today: date) -> date | None:
    day = _day(today.year, _MONTHS.index(match[1]) + 1, int(match[2]))
    if day is not None and day < today - timedelta(days=60):
        day = _day(today.year + 1, day.month, day.day)
    return day


def _holiday(match: re.Match[str], today: date) -> date:
    month, day = {"元旦": (1, 1), "国庆": (10, 1), "五一": (5, 1)}[match[1]]
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _year_end(match: re.Match[str], today: date) -> date:
    return date(today.year, 12, 31)


_RULES: tuple[_Rule, ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"(?<!\d)(20\d\d)[年/.-](\d{1,2})[月/.-](\d{1,2})[日号]?", _full),
        (rf"(?<![\d.上])({_N})月份?({_N})[日号]?(?![\d.]|个月|折)", _month_day),
        (
            r"(?<![\d./-])(\d{1,2})[/.](\d{1,2})(?=[号日前]|之前|以前|入职|到岗|报到|那天)",
            _month_day,
        ),
        (rf"(下个?月|这个月|本月)({_N})[日号]", _relative_month_day),
        (rf"({_N})月(?:底|末)", _named_month_end),
        (rf"(?<![月\d.a-z])({_N})[号日](?![楼线门口院码店桌路地])", _day_of_month),
        (r"大后天|后天|明天|明早|明晚|明儿|明日|今天|今晚|今日|今儿|today|tonight|tomorrow", _word),
        (
            r"(下下个?|下个?|这个?|本)?(?:周|星期|礼拜)([一二三四五六日天1-6])(?![天个次年月])",
            _weekday,
        ),
        (r"(?:下个?|本|这个?)(?:周|星期|礼拜)(?:末|内|之内)?|周末|周内", _week),
        (r"下个?月底|这个月底|本月底|月底|月末", _month_end),
        (
            r"(?<!\d)(\d{1,2}|[一二两三四五六七八九十])(天|日|周|个星期|星期|个礼拜)"
            r"(?=之?内|以内|后|之后|以后)",
            _in_days,
        ),
        (r"(next )?(monday|tuesday|wednesday|thursday|friday|saturday|sunday)", _english_weekday),
        (r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (\d{1,2})", _english_month),
        (r"(元旦|国庆|五一)(?![^,。]{0,2}(?:节?后|之后))", _holiday),
        (r"年底", _year_end),
    )
)
