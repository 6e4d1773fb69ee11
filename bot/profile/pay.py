"""A pay as the record keeps it: yuan a month, a range stays a range, months a year if said.

Whatever could mean two things is not guessed: ``parse`` raises ``Doubtful`` and says what to ask.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.profile.doubt import Doubtful
from nlp.amounts import sums
from nlp.normalize import normalize
from nlp.numerals import numeral

#: What no month's pay is: outside of it a number was written in another unit.
LEAST, MOST = 1_000, 500_000
#: Months a year where nobody said how many.
USUAL_MONTHS = 12.0
#: A sum from here on may be a year's.
YEARLY_FROM = 80_000
_YEARLY = "{} 元是月薪还是年薪？请写明"
_YEAR = re.compile(r"年|package|总包")
_FOREIGN = re.compile(
    r"\$|€|£|usd|eur|gbp|hkd|sgd|美元|美金|欧元|英镑|港币|港元|日元|新币|台币", re.I
)
_MINUS = re.compile(r"^\s*[-−－]\s*\d|负\s*\d")
_BARE = re.compile(r"\d{1,7}(?:\.\d+)?(?:\s*[-~至到]\s*\d{1,7}(?:\.\d+)?)?")
_MONTHS_ONLY = re.compile(r"(?P<m>1[2-9]|2\d)\s*薪")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """``low`` to ``high`` yuan a month, ``high`` None for an open end; ``months`` a year."""

    low: int
    high: int | None
    months: float | None = None
    net: bool = False

    @property
    def middle(self) -> float:
        """The middle of the range, yuan a month; the lower end of an open one."""
        return (self.low + self.high) / 2 if self.high is not None else float(self.low)

    @property
    def yearly(self) -> float:
        """Yuan a year, with twelve months where nobody said how many."""
        return self.middle * (self.months or USUAL_MONTHS)

    def as_json(self) -> dict[str, object]:
        """The stored form."""
        return {"low": self.low, "high": self.high, "months": self.months, "net": self.net}

    @classmethod
    def of_json(cls, raw: dict[str, object]) -> Pay:
        """The inverse of ``as_json``. Raises KeyError, TypeError or ValueError."""
        high, months = raw["high"], raw["months"]
        return cls(
            low=int(str(raw["low"])),
            high=None if high is None else int(str(high)),
            months=None if months is None else float(str(months)),
            net=bool(raw["net"]),
        )


def parse(text: str) -> Pay:
    """What somebody wrote into a pay field. Raises ``Doubtful``.

    >>> parse("18-20k*14薪")
    Pay(low=18000, high=20000, months=14.0, net=False)
    >>> parse("15000")
    Pay(low=15000, high=15000, months=None, net=False)
    """
    clean = normalize(text).text.strip().replace(",", "")
    if not clean:
        raise Doubtful("没有写数字")
    if _FOREIGN.search(text):
        raise Doubtful("只收人民币，请换算后再填")
    if _MINUS.search(text):
        raise Doubtful("薪资不能是负数")
    if _BARE.fullmatch(clean):
        return _bare(clean)
    found = [one for one in sums(clean) if one.kind == "money"]
    if len(found) != 1:
        raise Doubtful(
            "看不出一个薪资，请写成 18k、18-20k*14薪 或 15000"
            if not found
            else "写了不止一个薪资，请只留一个"
        )
    [one] = found
    if one.period not in ("month", "year"):
        raise Doubtful("请写月薪或年薪")
    if one.period == "year" and not _YEAR.search(clean):
        raise Doubtful(_YEARLY.format(round(one.low)))
    months = one.months
    if months is None and (said := _MONTHS_ONLY.search(clean)):
        months = numeral(said["m"])
    share = (months or USUAL_MONTHS) if one.period == "year" else 1.0
    high = None if one.high is None else round(one.high / share)
    return _checked(Pay(low=round(one.low / share), high=high, months=months, net=one.tax == "net"))


def _bare(clean: str) -> Pay:
    ends = [float(part) for part in re.findall(r"\d+(?:\.\d+)?", clean)]
    if max(ends) < LEAST:
        guess = f"{ends[0]:g}k" if ends[0] < 100 else f"{ends[0]:g} 元一天"
        raise Doubtful(f"单位不清：{clean} 是 {guess} 吗？请写成 18k 或 18000")
    if ends[0] > ends[-1]:
        raise Doubtful("区间的前一个数比后一个大")
    if max(ends) >= YEARLY_FROM:
        raise Doubtful(_YEARLY.format(round(ends[0])))
    return _checked(Pay(low=round(ends[0]), high=round(ends[-1])))


def _checked(pay: Pay) -> Pay:
    top = pay.low if pay.high is None else pay.high
    if pay.low < LEAST or top > MOST:
        raise Doubtful(f"每月 {pay.low} 元不像月薪，请写清单位（k、万）和月薪还是年薪")
    if pay.high is not None and pay.high < pay.low:
        raise Doubtful("区间的前一个数比后一个大")
    return pay


def shown(pay: Pay) -> str:
    """As HR reads it.

    >>> shown(Pay(low=18000, high=20000, months=14.0))
    '18,000–20,000 元/月 × 14'
    """
    if pay.high is None:
        amount = f"{pay.low:,} 元/月以上"
    elif pay.high == pay.low:
        amount = f"{pay.low:,} 元/月"
    else:
        amount = f"{pay.low:,}–{pay.high:,} 元/月"
    months = f" × {pay.months:g}" if pay.months else ""
    return amount + months + ("（税后）" if pay.net else "")
