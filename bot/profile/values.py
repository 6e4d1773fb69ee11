"""Values of statements: from what people write to the stored form, and back to what people read.

The stored form is JSON: text, number, list of texts, or a pay's parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from bot.profile import pay
from bot.profile.definition import Kind, Type
from bot.profile.doubt import Doubtful
from bot.profile.pay import Pay

Value = Any
#: Longest text of one statement, in characters.
MOST_TEXT = 2_000
_MONTH = re.compile(r"(?P<y>(?:19|20)\d{2})\s*(?:年|[-./])\s*(?P<m>\d{1,2})\s*月?")
_MONTH_BARE = re.compile(r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})")
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d{2})\s*(?:年|[-./])\s*(?P<m>\d{1,2})\s*(?:月|[-./])\s*(?P<d>\d{1,2})\s*[日号]?"
)
_NOW = frozenset({"至今", "今", "现在", "在职", "目前", "now", "present", "-"})
NOW = "now"


def parse(kind: Kind, text: str) -> Value:
    """What somebody wrote into a field, stored form. Raises ``Doubtful``, never guesses."""
    clean = text.strip()
    if not clean:
        raise Doubtful("是空的")
    return _PARSERS[kind.type](kind, clean)


def shown(kind: Kind, value: Value) -> str:
    """A stored value in words."""
    if kind.type is Type.PAY:
        return pay.shown(Pay.of_json(value))
    if kind.type is Type.CHOICE:
        return kind.options.get(value, value)
    if kind.type is Type.CHOICES:
        return "、".join(kind.options.get(one, one) for one in value)
    if kind.type is Type.MONTH_OR_NOW and value == NOW:
        return "至今"
    return str(value)


def written(kind: Kind, value: Value) -> str:
    """A stored value as ``parse`` reads it again, for spreadsheets."""
    if kind.type is not Type.PAY:
        return shown(kind, value)
    one = Pay.of_json(value)
    top = "" if one.high in (None, one.low) else f"-{one.high}"
    end = "以上" if one.high is None else ""
    # The month is said: large sums could be a year's.
    months = f"*{one.months:g}薪" if one.months else ""
    return f"{'税后' if one.net else ''}月薪{one.low}{top}元{end}{months}"


def _text(_: Kind, text: str) -> str:
    if len(text) > MOST_TEXT:
        raise Doubtful(f"超过 {MOST_TEXT} 个字")
    if any(ord(char) < 32 and char not in "\n\t" for char in text):
        raise Doubtful("有不可见的控制字符")
    return text


def _pay(_: Kind, text: str) -> dict[str, object]:
    return pay.parse(text).as_json()


def _month(_: Kind, text: str) -> str:
    found = _MONTH.fullmatch(text) or _MONTH_BARE.fullmatch(text)
    if found is None and (day := _DATE.fullmatch(text)):
        found = day
    if found is None:
        raise Doubtful("请写成 2023-05 或 2023年5月")
    year, month = int(found["y"]), int(found["m"])
    if not 1 <= month <= 12:
        raise Doubtful(f"没有 {month} 月")
    return f"{year:04d}-{month:02d}"


def _month_or_now(kind: Kind, text: str) -> str:
    return NOW if text.casefold() in _NOW else _month(kind, text)


def _date(_: Kind, text: str) -> str:
    found = _DATE.fullmatch(text)
    if found is None:
        raise Doubtful("请写成 2026-12-01 或 2026年12月1日")
    try:
        return date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
    except ValueError:
        raise Doubtful("没有这一天") from None


def _number(_: Kind, text: str) -> int:
    found = re.fullmatch(r"(\d{1,4})\s*(?:天|日|个?月)?", text)
    if found is None:
        raise Doubtful("请写一个整数")
    return int(found[1]) * (30 if "月" in text else 1)


def _choice(kind: Kind, text: str) -> str:
    for key, label in kind.options.items():
        if text.casefold() in (key.casefold(), label.casefold()):
            return key
    raise Doubtful("请从这些里选：" + "、".join(kind.options.values()))


def _choices(kind: Kind, text: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[、，,;；/]", text) if part.strip()]
    return list(dict.fromkeys(_choice(kind, part) for part in parts))


_PARSERS: dict[Type, Callable[[Kind, str], Value]] = {
    Type.TEXT: _text,
    Type.PAY: _pay,
    Type.MONTH: _month,
    Type.MONTH_OR_NOW: _month_or_now,
    Type.DATE: _date,
    Type.NUMBER: _number,
    Type.CHOICE: _choice,
    Type.CHOICES: _choices,
}
