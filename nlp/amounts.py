"""Sums of money and rates as people type them: 18-20k*14薪, 一万八, 十几k, 两三万, 八折.

A range stays a range. Nothing is guessed beyond what is written, with two exceptions that the
field takes for granted: a sum without a period is a month's pay, and one no month could hold
(80,000 yuan and more) is a year's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nlp.mapped import Mapped
from nlp.numerals import numeral
from nlp.reading import Amount

_YEARLY_FROM = 80_000.0
_FACTOR = {"k": 1e3, "千": 1e3, "w": 1e4, "万": 1e4, "": 1.0, "元": 1.0, "块": 1.0}

_D = r"\d{1,7}(?:\.\d{1,4})?"
_C = r"[一二两三四五六七八九十壹贰叁肆伍陆柒捌玖拾百佰千仟万零]"
_C1 = r"[一二两三四五六七八九壹贰叁肆伍陆柒捌玖]"
_U = r"(?:k|千|w|万)"
_NOT = r"(?![a-z人米公次遍里字行家套台平名天号月年点岁期楼]|个(?:月|人|小时|工作日|字|点))"

#: Most specific first; the first alternative that fits at a place is taken.
_MONEY = re.compile(
    rf"(?P<r1>{_D}|{_C1}{_C}{{0,6}}?)(?P<ru1>{_U}?)元?\s?(?:-{{1,2}}|~{{1,2}}|—|到|至)\s?"
    rf"(?P<r2>{_D}|{_C1}{_C}{{0,6}})(?P<ru2>{_U}|元|块|(?<=[万千]{_C1})|(?=\s?[*x×·]\s?\d\d薪)){_NOT}"
    rf"|(?P<tens>[一二两三四五六七八九]?十)?(?P<p1>[一二两三四五六七八])(?P<p2>[二三四五六七八九])(?P<pu>{_U}){_NOT}"
    rf"|(?P<ft>[一二两三四五六七八九]?十)?几(?P<fz>[十百]?)(?P<fu>{_U}){_NOT}"
    rf"|(?P<dt>\d{{1,3}})(?:几|多|来)(?P<du>{_U}){_NOT}"
    rf"|(?P<ct>[一二两三四五六七八九]?十)(?:多|来)(?P<cu>{_U}){_NOT}"
    rf"|(?<![\d.a-z])(?P<d>{_D})\s?(?P<u>{_U})(?P<t>\d{{1,4}})?{_NOT}"
    rf"|(?P<cn>{_C1}{_C}{{0,8}}?(?:[万千百]{_C}{{0,6}})|{_C1}?十{_C1}?(?=[kw])|{_C1}(?=[kw]))(?P<cnu>[kw]?){_NOT}"
    rf"|(?<![\d.a-z-])(?P<b>\d{{3,7}}(?:\.\d{{1,2}})?|\d{{1,2}}(?:\.\d)?(?=元|块))(?P<bu>元|块(?!儿)|)(?![\d.a-z%人米公次年月号日天小点名楼期级个-])"
)
_RATIO = re.compile(
    r"(?P<pct>\d{1,3}(?:\.\d{1,2})?)\s?(?:-|~|到)?(?P<pct2>\d{1,3})?\s?%"
    r"|百分之(?P<cn>[零一二三四五六七八九十]{1,3}|\d{1,3})"
    r"|(?<![打不转周])(?P<zhe>[一二三四五六七八九]|\d)(?:点|\.)?(?P<zhe2>[一二三四五六七八九]|\d)?折(?![腾中磨])"
)
_MONTHS = re.compile(r"\s?[*x×·]?\s?(?P<m>1[2-9]|2\d|十[二三四五六七八])(?:薪|个月)")
_MORE = re.compile(r"(?P<open>以上|往上|起(?!来|码)|\+)|(?P<bit>出头)|(?P<many>多)|左右|上下|吧")
_PERIODS = (
    ("hour", re.compile(r"时薪|(?:每|一)(?:个)?小时|/(?:小时|h)|per hour")),
    ("day", re.compile(r"日薪|(?:每|一)[天日]|/[天日]")),
    ("year", re.compile(r"年薪|年包|总包|年总|package|全年|(?:每|一)年|/年|年收入")),
    ("once", re.compile(r"签字费|入职奖|一次性|年终奖?|搬家费|安家费|sign-?on")),
    ("month", re.compile(r"月薪|底薪|基本工资|base|(?:每|一)(?:个)?月|/月")),
)
_NET, _GROSS = re.compile(r"税后|到手|实发"), re.compile(r"税前")
_PAY = re.compile(
    r"薪|工资|待遇|底薪|base|给到|给我|多给|涨|加|少了?|差|到手|补贴|期望|预期|奖|提成|package|[¥￥$]"
)
_AROUND_BEFORE, _AROUND_AFTER = 10, 8


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount in normalised text, ``text[start:end]``."""

    start: int
    end: int
    kind: str
    low: float
    high: float | None
    period: str = "month"
    months: float | None = None
    tax: str = "unknown"


def amounts(mapped: Mapped, source: str) -> tuple[Amount, ...]:
    """The sums and rates of a message, quoted from ``source``, in order of place."""
    found = []
    for item in sums(mapped.text):
        start, end = mapped.span(item.start, item.end)
        found.append(
            Amount(
                start=start,
                end=end,
                text=source[start:end],
                kind=item.kind,
                low=item.low,
                high=item.high,
                period=item.period,
                months=item.months,
                tax=item.tax,
            )
        )
    return tuple(found)


def sums(text: str) -> list[Sum]:
    """The sums and rates of a normalised text, in order of place."""
    rates = list(_rates(text))
    money = [
        item
        for item in _money(text)
        if not any(rate.start < item.end and item.start < rate.end for rate in rates)
    ]
    return sorted(rates + money, key=lambda item: item.start)


def _rates(text: str) -> Iterator[Sum]:
    for match in _RATIO.finditer(text):
        if match["pct"]:
            low = float(match["pct"]) / 100
            high = float(match["pct2"]) / 100 if match["pct2"] else low
        elif match["cn"]:
            low = high = (numeral(match["cn"]) or 0.0) / 100
        else:
            tenths = (numeral(match["zhe"]) or 0.0) / 10
            low = high = tenths + (numeral(match["zhe2"] or "零") or 0.0) / 100
        yield Sum(*match.span(), "ratio", round(low, 4), round(max(low, high), 4))


def _money(text: str) -> Iterator[Sum]:
    for match in _MONEY.finditer(text):
        bounds = _bounds(match)
        if bounds is None or bounds[0] <= 0:
            continue
        low, high = bounds
        start, end = match.span()
        before = text[max(0, start - _AROUND_BEFORE) : start]
        if match["b"] and not match["bu"] and not _alone(text, match) and not _PAY.search(before):
            continue
        top: float | None = high
        if more := _MORE.match(text, end):
            end = more.end() if more.group() != "吧" else end
            top = _stretched(low, high, more)
        months = _MONTHS.match(text, end)
        end = months.end() if months else end
        yield Sum(
            start,
            end,
            "money",
            low,
            top,
            _period(before, text[end : end + _AROUND_AFTER], low),
            numeral(months["m"]) if months else None,
            _tax(before, text[end : end + _AROUND_AFTER]),
        )


def _alone(text: str, match: re.Match[str]) -> bool:
    """Whether a bare number of four or five digits is the whole message: an answer to 期望薪资?"""
    return len(match["b"]) in (4, 5) and match.group() == text


def _stretched(low: float, high: float, more: re.Match[str]) -> float | None:
    """The upper end after 以上 (open), 出头 (a tenth more) or 多 (up to the next round number)."""
    if more["open"]:
        return None
    if more["bit"]:
        return high * 1.1
    if more["many"]:
        step = 10.0 ** (len(str(int(low))) - 1)
        return high + step
    return high


def _bounds(match: re.Match[str]) -> tuple[float, float] | None:
    if match["r1"]:
        return _range(match)
    if match["p1"]:
        tens = (numeral(match["tens"]) or 0.0) if match["tens"] else 0.0
        unit = _FACTOR[match["pu"]]
        return (
            (tens + (numeral(match["p1"]) or 0)) * unit,
            (tens + (numeral(match["p2"]) or 0)) * unit,
        )
    if match["fu"]:
        unit = _FACTOR[match["fu"]] * {"": 1, "十": 10, "百": 100}[match["fz"]]
        tens = (numeral(match["ft"]) or 0.0) if match["ft"] else 0.0
        return ((tens + 1) * unit, (tens + 9) * unit) if tens else (2 * unit, 9 * unit)
    if match["du"] or match["cu"]:
        base = float(match["dt"]) if match["du"] else (numeral(match["ct"]) or 0.0)
        unit = _FACTOR[match["du"] or match["cu"]]
        step = 10.0 if base >= 10 and base % 10 == 0 else 1.0
        return base * unit, (base + step) * unit
    return _single(match)


def _range(match: re.Match[str]) -> tuple[float, float] | None:
    first, last = numeral(match["r1"]), numeral(match["r2"])
    if first is None or last is None:
        return None
    upper = _FACTOR[match["ru2"]] if match["ru2"] else (1e3 if last < 1000 else 1.0)
    lower = _FACTOR[match["ru1"]] if match["ru1"] else (upper if first < 1000 else 1.0)
    low, high = first * lower, last * upper
    return (low, high) if 0 < low <= high else None


def _single(match: re.Match[str]) -> tuple[float, float] | None:
    if match["d"]:
        unit = _FACTOR[match["u"]]
        value = float(match["d"]) * unit
        if tail := match["t"]:
            value += float(tail) * (unit / 10 if len(tail) == 1 else 1.0)
    elif match["cn"]:
        plain = numeral(match["cn"])
        if plain is None:
            return None
        value = plain * _FACTOR[match["cnu"]]
    else:
        value = float(match["b"])
    return value, value


def _period(before: str, after: str, low: float) -> str:
    for name, pattern in _PERIODS:
        if pattern.search(before) or pattern.match(after):
            return name
    return "year" if low >= _YEARLY_FROM else "month"


def _tax(before: str, after: str) -> str:
    if _NET.search(before) or _NET.match(after):
        return "net"
    return "gross" if _GROSS.search(before) or _GROSS.match(after) else "unknown"
