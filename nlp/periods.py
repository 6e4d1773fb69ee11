"""Stretches of days as people name them (这周, 下个月, 12月, 今天), resolved in Asia/Shanghai.

A single day is what ``nlp.dates`` reads; weeks, months and what else lasts for days is read here.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from nlp.dates import SHANGHAI, dates
from nlp.numerals import numeral


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the ``first`` day to the ``last``, both counted; ``text[start:end]`` names it."""

    first: date
    last: date
    start: int
    end: int


_Days = tuple[date, date]
_N = r"(\d{1,2}|[一二两三四五六七八九十]{1,3})"


def periods(text: str, now: datetime) -> tuple[Period, ...]:
    """The stretches a normalised text names, in order of place. ``now`` must be aware."""
    today = now.astimezone(SHANGHAI).date()
    found: list[Period] = []
    for pattern, resolve in _RULES:
        for match in pattern.finditer(text):
            days = None if _taken(found, match.start(), match.end()) else resolve(match, today)
            if days is not None:
                found.append(
                    Period(first=days[0], last=days[1], start=match.start(), end=match.end())
                )
    for one in dates(text, now):
        if not _taken(found, one.start, one.end):
            found.append(Period(first=one.day, last=one.day, start=one.start, end=one.end))
    return tuple(sorted(found, key=lambda one: one.start))


def _taken(found: list[Period], start: int, end: int) -> bool:
    return any(one.start < end and start < one.end for one in found)


def _count(text: str) -> int:
    return int(numeral(text.replace("两", "二")) or 0)


def _week(match: re.Match[str], today: date) -> _Days:
    """A whole week; of this one, and of the last, all seven days as well."""
    head = match[1] or ""
    shift = 14 if head.startswith("下下") else 7 if head.startswith(("下", "next")) else 0
    shift = -14 if head.startswith("上上") else -7 if head.startswith(("上", "last")) else shift
    monday = today - timedelta(days=today.weekday()) + timedelta(days=shift)
    return monday, monday + timedelta(days=6)


def _weekend(match: re.Match[str], today: date) -> _Days:
    monday, sunday = _week(match, today)
    return monday + timedelta(days=5), sunday


def _last_weekday(match: re.Match[str], today: date) -> _Days:
    monday = today - timedelta(days=today.weekday() + 7)
    day = monday + timedelta(days="一二三四五六日".index(match[1].replace("天", "日")))
    return day, day


def _month(match: re.Match[str], today: date) -> _Days:
    head = match[1]
    shift = 2 if head.startswith("下下") else 1 if head.startswith(("下", "次", "next")) else 0
    shift = -1 if head.startswith(("上", "last")) else shift
    total = today.year * 12 + today.month - 1 + shift
    return _third(total // 12, total % 12 + 1, match[2] or "")


def _third(year: int, month: int, part: str) -> _Days:
    """A month, or its beginning, middle or end (初, 中旬, 底)."""
    end = calendar.monthrange(year, month)[1]
    first, last = 1, end
    if part.startswith(("初", "上")):
        last = 10
    elif part.startswith("中"):
        first, last = 11, 20
    elif part.startswith(("底", "末", "下")):
        first = 21
    return date(year, month, first), date(year, month, last)


def _named_month(match: re.Match[str], today: date) -> _Days | None:
    """12月: of the months around today the nearest, half a year back at most."""
    month = _count(match[2])
    if not 1 <= month <= 12:
        return None
    year = today.year + {"明": 1, "去": -1}.get((match[1] or "")[:1], 0)
    if not match[1]:
        year += 1 if month < today.month - 5 else -1 if month > today.month + 6 else 0
    return _third(year, month, match[3] or "")


def _month_part(match: re.Match[str], today: date) -> _Days:
    return _third(today.year, today.month, match[1])


def _coming(match: re.Match[str], today: date) -> _Days | None:
    """未来三天, 接下来两周, 一个月内: from today on."""
    number = match[1] or match[3]
    unit = match[2] or match[4]
    each = 7 if "周" in unit or "星期" in unit or "礼拜" in unit else 30 if "月" in unit else 1
    days = (_count(number) if number not in (None, "几") else 3) * each
    return (today, today + timedelta(days=days)) if 0 < days <= 366 else None


def _past(match: re.Match[str], today: date) -> _Days | None:
    each = 7 if "周" in match[2] or "星期" in match[2] else 30 if "月" in match[2] else 1
    days = (_count(match[1]) if match[1] != "几" else 3) * each
    return (today - timedelta(days=days), today) if 0 < days <= 366 else None


def _soon(match: re.Match[str], today: date) -> _Days:
    return today, today + timedelta(days=14)


def _back(match: re.Match[str], today: date) -> _Days:
    day = today - timedelta(days=2 if match[0].startswith("前") else 1)
    return day, day


def _now(match: re.Match[str], today: date) -> _Days:
    return today, today


def _tomorrow(match: re.Match[str], today: date) -> _Days:
    day = today + timedelta(days=1)
    return day, day


def _both(match: re.Match[str], today: date) -> _Days:
    return today, today + timedelta(days=1)


def _quarter(match: re.Match[str], today: date) -> _Days:
    shift = 1 if match[0].startswith("下") else 0
    at = today.year * 4 + (today.month - 1) // 3 + shift
    first = date(at // 4, at % 4 * 3 + 1, 1)
    end = (at + 1) // 4, (at + 1) % 4 * 3 + 1
    return first, date(*end, 1) - timedelta(days=1)


def _year(match: re.Match[str], today: date) -> _Days:
    year = today.year + (1 if match[0][0] in "明次" else 0)
    return date(year, 1, 1), date(year, 12, 31)


def _year_end(match: re.Match[str], today: date) -> _Days:
    return today, date(today.year, 12, 31)


_WEEK = "(?:周|星期|礼拜)"
_SOME = r"(\d{1,2}|[一二两三四五六七八九十]{1,3}|几)"
_UNIT = r"(天|日|周|个?星期|个?礼拜|个月)"
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], _Days | None]], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (rf"(下下个?|下个?|上上个?|上个?|这个?|本)?{_WEEK}末", _weekend),
        (rf"(?<!上)上个?{_WEEK}([一二三四五六日天])", _last_weekday),
        (rf"(下下个?|下个?|上上个?|上个?|这个?|本|当){_WEEK}(?![一二三四五六日天1-6])", _week),
        (r"(this |next |last |这|本|下|上) ?week", _week),
        (
            r"(下下个?|下个?|次|上个?|这个?|本|当|this |next |last )(?:月|month)"
            r"(?![\d一二三四五六七八九十])(上旬|中旬|下旬|初|中|底|末)?",
            _month,
        ),
        (
            rf"(明年|今年|去年)?{_N}月份?(?![\d一二三四五六七八九十])(上旬|中旬|下旬|初|中|底|末)?",
            _named_month,
        ),
        (r"(?<![\d一二三四五六七八九十个本这下上])月(初|中旬|底|末)", _month_part),
        (
            rf"(?:未来|接下来|今后|往后|后面){_SOME}{_UNIT}|{_SOME}{_UNIT}(?:之?内|以内)",
            _coming,
        ),
        (rf"(?:过去|前|最近|近){_SOME}{_UNIT}", _past),
        (r"今明两?天|今天明天", _both),
        (r"昨天|昨日|昨晚|昨儿|前天|前日|yesterday", _back),
        (r"今天|今日|今儿|今早|今晚|当天|当日|today", _now),
        (r"明天|明日|明儿|明早|tomorrow", _tomorrow),
        (r"(?:本|这个?|下个?)季度", _quarter),
        (r"(?:今|明|本)年(?![\d一二三四五六七八九十初中底末内前后])", _year),
        (r"年底前?|年前|年内", _year_end),
        (r"最近|近期|近来|近日|马上|这两天|这几天|接下来|即将|快要", _soon),
    )
)
