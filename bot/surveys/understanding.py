"""What an answer in one's own words says, in the kind that was asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.surveys import choosing, measures
from bot.surveys.commands import Command, command
from bot.surveys.measures import Doubt
from bot.surveys.shape import Given, Kind, Option, Question

__all__ = ["Command", "Given", "command", "doubted", "precise", "shown", "understood"]

#: Longer is no answer to a question that asks for one thing; it is kept as words.
LONGEST = 500
_PERIODS = {"month": "月", "year": "年", "day": "天", "hour": "小时", "once": "次"}


def understood(question: Question, text: str, *, now: datetime) -> Given | None:
    """The answer to one question. ``now`` is aware. None: it fits no kind. Somebody who says that
    they cannot tell yet (还没定) has answered: the value is None, and the words are kept.
    """
    value = _value(question, text, now)
    if isinstance(value, Doubt):
        return Given(value=None, text=text) if value.why == "unsure" else None
    return Given(value=value, text=text)


def doubted(question: Question, text: str, *, now: datetime) -> str:
    """Why an answer fits no kind, by code: ``date`` (no such day), ``range`` (one number is asked,
    or it is out of bounds), ``several``; empty when there is no more to say.
    """
    value = _value(question, text, now)
    return value.why if isinstance(value, Doubt) and value.why != "unsure" else ""


def _value(question: Question, text: str, now: datetime) -> Any | Doubt:
    if not text.strip():
        return Doubt("")
    if question.kind is Kind.TEXT:
        return text.strip()
    if len(text) > LONGEST:
        return Doubt("")
    said = choosing.clean(text)
    match question.kind:
        case Kind.CHOICE:
            option = choosing.one(question.options, said)
            return Doubt("") if option is None else option.value
        case Kind.MULTI:
            chosen = choosing.several(question.options, said)
            return Doubt("") if chosen is None else [one.value for one in chosen]
        case Kind.RANKING:
            ranked = choosing.ranked(question.options, said)
            return [one.value for one in ranked] if ranked else Doubt("")
        case Kind.SCALE:
            return _whole(measures.scale(question, said))
        case Kind.NUMBER:
            return _whole(measures.number(question, said))
        case Kind.MONEY:
            return measures.money(said)
    return measures.day(said, now)


def _whole(value: float | Doubt) -> int | float | Doubt:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def precise(question: Question, text: str, *, now: datetime) -> Given | None:
    """An answer that can be nothing else: the words of an option, a number with its unit, a sum, a
    day. What stands beside another answer in one message has to be so plain.
    """
    said = choosing.clean(text)
    if len(said) > 30 or question.kind is Kind.TEXT:
        return None
    if question.kind is Kind.CHOICE:
        option = choosing.exact(question.options, said)
        return Given(value=option.value, text=text) if option is not None else None
    if question.kind is Kind.SCALE and not any(char in said for char in "分星"):
        return None
    if question.kind is Kind.NUMBER and not any(char.isdigit() for char in said):
        return None
    given = understood(question, text, now=now)
    return given if given is not None and given.value is not None else None


def shown(question: Question, given: Given) -> str:
    """An answer for people: labels, not values. Empty when it was skipped."""
    value = given.value
    if value is None:
        return given.text
    match question.kind:
        case Kind.CHOICE:
            return _label(question.options, value)
        case Kind.MULTI:
            return "、".join(_label(question.options, one) for one in value) or "都没有"
        case Kind.RANKING:
            return " > ".join(_label(question.options, one) for one in value)
        case Kind.SCALE:
            return f"{value:g} 分（{question.low:g} 到 {question.high:g}）"
        case Kind.NUMBER:
            return f"{value:,.10g}"
        case Kind.MONEY:
            return _money(value)
    return str(value)


def _label(options: tuple[Option, ...], value: str) -> str:
    return next((one.label for one in options if one.value == value), value)


def _money(value: Mapping[str, Any]) -> str:
    low, high = value["low"], value["high"]
    told = f"{low:,.0f}"
    if high is None:
        told += " 以上"
    elif high != low:
        told += f"–{high:,.0f}"
    unit = "元" if value["currency"] == "CNY" else value["currency"]
    months = f" × {value['months']:g}" if value["months"] else ""
    return f"{told} {unit}/{_PERIODS[value['period']]}{months}"
