"""A 承诺卡: what both sides agreed, what is open, who answers by when.

Made from terms, confirmed by both, never changed: a new version replaces it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from itertools import chain

from pydantic import BaseModel, ConfigDict, Field

from bot.offers.terms import Per, Terms


class Side(StrEnum):
    """Who owes an answer, or asked."""

    CANDIDATE = "candidate"
    COMPANY = "company"


class Open(BaseModel):
    """A point that is not settled. ``by`` is the day an answer was promised for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str = Field(min_length=1, max_length=200)
    who: Side
    by: date


class Body(BaseModel):
    """What a card says. ``agreed`` are label and value, in the order people read them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agreed: tuple[tuple[str, str], ...]
    open: tuple[Open, ...] = Field(default=(), max_length=20)


_PER = {Per.MONTH: "每月", Per.QUARTER: "每季", Per.YEAR: "每年", Per.ONCE: "一次性"}


def agreed(terms: Terms) -> tuple[tuple[str, str], ...]:
    """The lines of an offer as both sides read them. Nothing is left out that has a number."""
    contract = "无固定期限" if terms.contract_months is None else f"{terms.contract_months} 个月"
    probation = "无试用期"
    if terms.probation_months:
        pay = terms.probation_pay or terms.base
        probation = f"{terms.probation_months} 个月，期间 {pay:,} 元/月（税前）"
    lines = [
        ("固定薪资", f"{terms.base:,} 元/月（税前） × {terms.months:g} 个月"),
        *(
            (one.name, f"{_PER[one.per]} {one.amount:,} 元，条件：{one.when}")
            for one in terms.bonuses
        ),
        ("职级", terms.level),
        ("工作地点", terms.city),
        ("入职日期", terms.start_on.isoformat() if terms.start_on else ""),
        ("合同期限", contract),
        ("试用期", probation),
        ("另行约定", terms.notes),
    ]
    return tuple((label, value) for label, value in lines if value)


_WHO = {Side.CANDIDATE: "您", Side.COMPANY: "公司"}


def written(body: Body) -> str:
    """A card as lines of a message: what is agreed, then what is open."""
    lines = [f"{label}：{value}" for label, value in body.agreed]
    lines += [
        f"待定：{one.what}（{_WHO[one.who]}在 {one.by.isoformat()} 前答复）" for one in body.open
    ]
    return "\n".join(f"· {line}" for line in lines)


def changed(old: Body, new: Body) -> tuple[tuple[str, str, str], ...]:
    """What differs: label, before, after; empty where a side has nothing.

    Lines with one label (two bonuses of one name) are compared in their order.
    """
    before, after = _numbered(old.agreed), _numbered(new.agreed)
    lines = dict.fromkeys(chain(before, after))
    return tuple(
        (line[0], before.get(line, ""), after.get(line, ""))
        for line in lines
        if before.get(line, "") != after.get(line, "")
    )


def _numbered(lines: Iterable[tuple[str, str]]) -> Mapping[tuple[str, int], str]:
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], str] = {}
    for label, value in lines:
        found[label, seen[label]] = value
        seen[label] += 1
    return found
