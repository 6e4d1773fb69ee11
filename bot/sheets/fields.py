"""Single cells: a name, a number, a day, a position's numbers. Raises ``Doubtful`` as the record's
own fields do; shares their grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.profile import pay, values
from bot.profile.definition import Kind
from bot.profile.doubt import Doubtful
from bot.profile.values import Value
from bot.sheets.definition import Layout
from storage.enums import Stage
from storage.phones import normalise_phone

#: Longest texts of a position, in characters; those of its columns in the database.
LONGEST = {"title": 120, "department": 120, "city": 60, "level": 40, "requirements": 4_000}
MOST_YUAN, MOST_MONTHS, MOST_HEADS = 10_000_000, 36.0, 9_999
MAX_PHONE = 40
#: Excel keeps a month as its first day, sometimes with a time.
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2}) 00:00(:00)?")
_YUAN = re.compile(r"(\d{1,8})(?:\.0+)?\s*元?")


def is_name(text: str, most: int) -> bool:
    """One line of visible characters."""
    return 0 < len(text) <= most and text.isprintable()


def phone(text: str) -> tuple[str, str]:
    """The number, and how a masked one was shown; both empty for what is neither.

    >>> phone("138 1234 5678"), phone("138****5678"), phone("没有")
    (('+8613812345678', ''), ('', '138****5678'), ('', ''))
    """
    if re.fullmatch(r"(?:1\d\d)?\*{4}\d{4}|已隐藏", text):
        return "", text
    return (normalise_phone(text) or "" if len(text) <= MAX_PHONE else ""), ""


def stage(text: str, stages: Mapping[str, str]) -> Stage | None:
    """A stage by its word or its name."""
    for key, word in stages.items():
        if text.casefold() in (key, word.casefold()):
            return Stage(key)
    return None


def value(kind: Kind, text: str) -> Value:
    """What a cell says of a kind, in stored form. Raises ``Doubtful``."""
    at_midnight = _MIDNIGHT.fullmatch(text)
    return values.parse(kind, at_midnight[1] if at_midnight else text)


def day(kind: Kind, text: str) -> date:
    """A day. Raises ``Doubtful``."""
    return date.fromisoformat(value(kind, text))


def place(cells: Mapping[str, str], layout: Layout) -> tuple[dict[str, Any], dict[str, str]]:
    """What the cells of a position say, and what is wrong, by key."""
    told: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    if "title" not in cells:
        wrong["title"] = "没有写"
    for key, text in cells.items():
        try:
            told[key] = _of_place(key, text, layout)
        except Doubtful as doubt:
            wrong[key] = str(doubt)
    low, high = told.get("budget_low"), told.get("budget_high")
    if low is not None and high is not None and low > high:
        wrong["budget_high"] = "比下限低"
    return told, wrong


def _of_place(key: str, text: str, layout: Layout) -> Any:
    if key in ("budget_low", "budget_high"):
        return _yuan(text)
    if key == "months":
        return _months(text)
    if key == "headcount":
        if not re.fullmatch(r"\d{1,4}", text):
            raise Doubtful("请写一个整数")
        return int(text)
    if key == "culture":
        return tuple(values.parse(layout.culture, text)) if layout.culture else ()
    lines = key == "requirements"
    if len(text) > LONGEST[key]:
        raise Doubtful(f"超过 {LONGEST[key]} 个字")
    if not (text if not lines else text.replace("\n", "").replace("\t", "")).isprintable():
        raise Doubtful("有不可见的控制字符")
    return text


def _yuan(text: str) -> int:
    plain = _YUAN.fullmatch(text.replace(",", "").replace("，", ""))
    if plain and pay.LEAST <= int(plain[1]) <= MOST_YUAN:
        return int(plain[1])
    found = pay.parse(text)
    if found.high != found.low:
        raise Doubtful("请只写一个数；上限和下限各有一列")
    return found.low


def _months(text: str) -> float:
    number = re.fullmatch(r"(\d{1,2}(?:\.\d{1,3})?)\s*(?:薪|个月)?", text)
    if number is None or not 0 < float(number[1]) <= MOST_MONTHS:
        raise Doubtful(f"请写一年发几个月，最多 {MOST_MONTHS:g}")
    return float(number[1])
