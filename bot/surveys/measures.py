"""Numbers, sums and days in an answer: the value, or a code for why there is none. Pure.

Codes: ``range`` (several numbers where one is asked, or one outside the bounds), ``date`` (a day
that no calendar has), ``several`` (several days), ``unsure`` (they say they do not know yet);
empty where nothing of the kind is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.surveys import scale_words
from bot.surveys.shape import Question
from nlp.amounts import Sum, sums
from nlp.dates import dates
from nlp.numerals import NUMERAL, numeral


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why there is no value."""

    why: str


_N = rf"(?:\d{{1,9}}(?:\.\d{{1,4}})?|[{NUMERAL}]{{1,8}})"
_UNSURE = re.compile(
    r"(?:还|都|也|暂时?|目前|现在|一时|我|真|,|嗯|额|这个|日期|时间|具体)*(?:没|未|不)(?:有)?(?:确定|定|想好|"
    r"想过|想|知道|清楚|了解|谈|考虑|商量|好说|敢说)(?:好|过)?"
    r"|说不准|说不好|不好说|待定|再说|看情况|再看|面议|面谈|看着给|都行|都可以|随意|随便|无所谓|没概念|没要求|看公司|按公司|市场价|等通知"
)
_RANGE = re.compile(rf"({_N})\s*(?:到|至|-|~|—|、|,|或者?)\s*({_N})")


def unsure(said: str) -> bool:
    """Whether somebody says that they cannot say yet."""
    return len(said) <= 40 and _UNSURE.search(said) is not None


# --- scale and number ---------------------------------------------------------------------------

#: A number with its unit, anywhere; and a number alone, or before what explains it.
_POINTS = re.compile(
    rf"(?P<n>-?{_N})\s*(?P<half>半)?(?P<unit>分(?![之钟手别享析配工公]|不清)|颗?星(?!期)|/\s*\d+)"
    rf"(?P<half2>半)?"
)
_BARE_POINT = re.compile(
    rf"(?:我|给|打|就|大概|差不多|算|选|个|必须|应该|嗯|,| )*(?P<n>-?{_N})\s*(?P<half>半)?"
    rf"(?:个|左右|吧|啊|呀|哈|了|~|!|。| )*(?:[,。;、!\n].*)?",
    re.DOTALL,
)
_SPAN = re.compile(
    rf"({_N})\s*(?:到|至|-|~|—|、|或者?)\s*({_N})\s*分|([一二三四五六七八九])([二三四五六七八九])分"
)
_OUT_OF = re.compile(r"/\s*(\d+)")
_DECIMAL = re.compile(r"([零一二两三四五六七八九\d])点([零一二三四五六七八九\d])(?=分)")
#: 十分满意 is very satisfied.
_VERY = re.compile(r"十分(?=[\u4e00-\u9fff])")


def scale(question: Question, said: str) -> float | Doubt:
    """A point of a scale: by number or by words. A range counts as its lower end, and half a
    point falls: what worries should not be rounded away.
    """
    low, high = question.low or 0.0, question.high or 0.0
    found = _points(said)
    if isinstance(found, Doubt):
        return found
    if found is not None:
        point, top = found
        if top is not None and top != high:
            return Doubt("range")
        return float(int(point)) if low <= int(point) <= high else Doubt("range")
    if question.high_label and said.strip("。!~ ") == question.high_label:
        return high
    if question.low_label and said.strip("。!~ ") == question.low_label:
        return low
    level = scale_words.level(said)
    if level is not None:
        return scale_words.on_scale(level, low, high)
    return Doubt("unsure") if unsure(said) else Doubt("")


def _points(said: str) -> tuple[float, float | None] | Doubt | None:
    """The point that is said in figures, and out of how many if that is said."""
    said = _DECIMAL.sub(_with_point, _VERY.sub("\0\0", said))
    if match := _SPAN.search(said):
        ends = [numeral(one) for one in match.groups() if one]
        return min(one for one in ends if one is not None), None
    bare = _BARE_POINT.fullmatch(said)
    found = [*_POINTS.finditer(said)] or ([bare] if bare else [])
    points = {value for one in found if (value := _point(one)) is not None}
    if len(points) > 1:
        return Doubt("range")
    if not points:
        return None
    top = _OUT_OF.match(found[0].groupdict().get("unit") or "")
    return points.pop(), float(top[1]) if top else None


def _with_point(match: re.Match[str]) -> str:
    return f"{numeral(match[1]):g}.{numeral(match[2]):g}"


def _point(match: re.Match[str]) -> float | None:
    value = numeral(match["n"].lstrip("-"))
    if value is None:
        return None
    value += 0.5 if match["half"] or match.groupdict().get("half2") else 0.0
    return -value if match["n"].startswith("-") else value


_COUNT = re.compile(rf"(?P<minus>-|负)?(?P<n>{_N})(?P<half>[^\d,。]{{0,2}}半)?")


def number(question: Question, said: str) -> float | Doubt:
    """One number. Nothing is rounded, and of a range none of the ends is picked."""
    if _RANGE.search(said) or re.search(
        r"[一二三四五六七八九][两二三四五六七八九][天个年月次人家]", said
    ):
        return Doubt("range")
    if re.fullmatch(r"(?:一个)?(?:都|也|还|我)?(?:没有?|无|零)(?:了|的|啊)?", said.strip("。,!~ ")):
        return _within(question, 0.0)
    money = [one for one in sums(said) if one.kind == "money"]
    if len(money) == 1 and re.search(r"[万千kw]", said):
        return _within(question, money[0].low)
    found = []
    for match in _COUNT.finditer(said):
        value = numeral(match["n"])
        if value is not None:
            value += 0.5 if match["half"] else 0.0
            found.append(-value if match["minus"] else value)
    if len(set(found)) == 1:
        return _within(question, found[0])
    if found:
        return Doubt("range")
    return Doubt("unsure") if unsure(said) else Doubt("")


def _within(question: Question, value: float) -> float | Doubt:
    low = question.low is None or value >= question.low
    return value if low and (question.high is None or value <= question.high) else Doubt("range")


# --- money --------------------------------------------------------------------------------------

#: 20 and 20-25 alone are thousands a month, to anybody who is asked for their pay here.
_BARE = re.compile(
    r"(?P<low>\d{1,2}(?:\.\d)?)(?:(?P<to>\s*[-~到至]\s*)(?P<high>\d{1,2}(?:\.\d)?))?(?P<rest>\s*(?:[*x×]?\s*1\d薪|"
    r""
    r"左右|以上|吧)*)"
)
_PAYS = r"(1[2-9]|2[0-4]|十[二三四五六七八])"
_PAID = re.compile(rf"{_PAYS}\s?薪|(?:一年|每年|发|拿)\s?{_PAYS}\s?个月")
_NOT_WANTED = re.compile(
    r"现在|目前|原来|上家|之前|以前|现公司|目前的?|当前|手里|别家|另一家|同事|对方"
)
_WANTED = re.compile(r"期望|希望|想要|最低|至少|理想|底线|预期|目标|能给|要")
_CURRENCIES = (
    ("USD", re.compile(r"美元|美金|usd|us\$|\$")),
    ("HKD", re.compile(r"港币|港元|港纸|hkd|hk\$")),
    ("EUR", re.compile(r"欧元|eur|€")),
    ("JPY", re.compile(r"日元|jpy")),
    ("SGD", re.compile(r"新币|新元|sgd")),
)


def money(said: str) -> dict[str, Any] | Doubt:
    """A sum or a range of it. What is said of today's pay or of another offer is left out when
    something else is named.
    """
    plain = said.strip("。,!~ ")
    if (bare := _BARE.fullmatch(plain)) and float(bare["low"]) >= 2:
        high = f"-{bare['high']}k" if bare["high"] else "k"
        said = f"{bare['low']}{high}{bare['rest'].strip()}"
    currency, said = _currency(said)
    found = [one for one in sums(said) if one.kind == "money"]
    named = [one for one in found if not _of_another(said, one, found)] or found
    if not named:
        return Doubt("unsure") if unsure(said) else Doubt("")
    if len({one.period for one in named}) > 1:
        return Doubt("several")
    ends = [one.high for one in named]
    return {
        "low": min(one.low for one in named),
        "high": None if None in ends else max(end for end in ends if end is not None),
        "currency": currency,
        "period": named[0].period,
        "months": next((one.months for one in named if one.months is not None), _paid(said)),
    }


def _paid(said: str) -> float | None:
    """The months a year is paid, where they are named apart from the sum: 「18k，14薪」."""
    found = _PAID.search(said)
    return numeral(found[1] or found[2]) if found is not None else None


def _currency(said: str) -> tuple[str, str]:
    for code, pattern in _CURRENCIES:
        if pattern.search(said):
            return code, pattern.sub("元", said)
    return "CNY", said


def _of_another(said: str, one: Sum, found: list[Sum]) -> bool:
    """Whether a sum is what somebody has, and not what they want."""
    start = max((other.end for other in found if other.end <= one.start), default=0)
    before = said[start : one.start]
    clause = re.split(r"[,。;!\n]", before)[-1]
    return bool(_NOT_WANTED.search(clause)) and not _WANTED.search(clause)


# --- date ---------------------------------------------------------------------------------------

_MONTH_DAY = re.compile(
    rf"({_N})\s*月\s*份?({_N})\s*[日号]?|(?:下个?|这个?|本)月({_N})[日号]|"
    rf"20\d\d[年/.-](\d{{1,2}})[月/.-](\d{{1,2}})"
)
_BARE_DAY = re.compile(r"(\d{1,2})")
_A_DAY = re.compile(r"\d{1,2}[号日]?")
_BARE_MONTH_DAY = re.compile(r"(\d{1,2})[-/.](\d{1,2})")
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)")


def day(said: str, now: datetime) -> str | Doubt:
    """One day as ``YYYY-MM-DD``."""
    plain = said.strip("。,!~ ")
    if match := _BARE_MONTH_DAY.fullmatch(plain):
        said = f"{match[1]}月{match[2]}日"
    elif match := _COMPACT.fullmatch(plain):
        said = f"{match[1]}-{match[2]}-{match[3]}"
    elif match := _BARE_DAY.fullmatch(plain):
        said = f"{match[1]}号"
    elif match := re.fullmatch(r"(\d{1,2})月(\d{1,2})", plain):
        said = f"{said}日"
    found = dates(said, now)
    covered = [(one.start, one.end) for one in found]
    lost = [
        match
        for match in _MONTH_DAY.finditer(said)
        if not any(start < match.end() and match.start() < end for start, end in covered)
    ]
    if lost or (not found and _A_DAY.fullmatch(plain)):
        return Doubt("date")
    days = {one.day for one in found}
    if len(days) == 1:
        return days.pop().isoformat()
    if days:
        return Doubt("several")
    return Doubt("unsure") if unsure(said) else Doubt("")
