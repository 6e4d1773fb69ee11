"""What a score was made of on a day before the outcome: the lines of ``bot.risk.cases``.

Nothing that was recorded from that moment on counts, neither what came nor what was taken back;
so a case is judged by what HR could have read while it was open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.risk import engine
from bot.turn import FactorSeen
from bot.words import SHANGHAI

#: A cell: a number, a text, or nothing.
Cell = str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """One contribution as it was recorded: from ``factor.at`` until ``ended_at``."""

    factor: FactorSeen
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One person whose case ended on a day."""

    id: str
    outcome: str
    on_day: date
    since: datetime
    history: Sequence[Stood]


def before(on_day: date, days: int) -> datetime:
    """The moment from which nothing counts: the beginning of the day, ``days`` - 1 days earlier.

    >>> before(date(2026, 11, 20), 1).isoformat(), before(date(2026, 11, 20), 8).isoformat()
    ('2026-11-20T00:00:00+08:00', '2026-11-13T00:00:00+08:00')
    """
    return datetime.combine(on_day - timedelta(days=days - 1), time(), SHANGHAI)


def stood(history: Iterable[Stood], moment: datetime) -> dict[str, FactorSeen]:
    """By rule, the contribution that counted just before a moment: the strongest one."""
    found: dict[str, FactorSeen] = {}
    for one in history:
        if one.factor.at >= moment or (one.ended_at is not None and one.ended_at < moment):
            continue
        worth, best = engine.left(one.factor, moment), found.get(one.factor.rule)
        if best is None or abs(worth) > abs(engine.left(best, moment)):
            found[one.factor.rule] = one.factor
    return found


def columns(rules: Iterable[str]) -> tuple[str, ...]:
    """The heads: who, how, when, then each rule with the day it began to hold."""
    return ("id", "outcome", "on_day", *(name for rule in rules for name in (rule, f"{rule}@")))


def line(case: Case, rules: Mapping[str, object], days: int) -> tuple[Cell, ...] | None:
    """One case; None for somebody we did not know yet at that moment."""
    moment = before(case.on_day, days)
    if case.since >= moment:
        return None
    held = stood(case.history, moment)
    cells: list[Cell] = [case.id, case.outcome, case.on_day.isoformat()]
    for rule in rules:
        factor = held.get(rule)
        worth = round(engine.left(factor, moment), 2) if factor else 0.0
        if factor is None or not worth:  # never there, or faded to nothing
            cells += [None, None]
        else:
            cells += [worth, factor.at.astimezone(SHANGHAI).date().isoformat()]
    return tuple(cells)
