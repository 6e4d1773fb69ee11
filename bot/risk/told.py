"""Figures as people read them: the same on the command line and on the page of a report."""

from __future__ import annotations

import math

from bot.risk.backtest import Backtest, Figure


def number(value: float, *, sign: bool = False) -> str:
    """Three places, or a dash for what cannot be told."""
    if math.isnan(value):
        return "—"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def figure(told: Figure, *, sign: bool = False) -> str:
    """A figure with its interval."""
    return f"{number(told.value, sign=sign)}（{interval(told, sign=sign)}）"


def interval(told: Figure, *, sign: bool = False) -> str:
    """The interval alone."""
    return f"95% 区间 {number(told.low, sign=sign)} 到 {number(told.high, sign=sign)}"


def days(value: float | None) -> str:
    """A median of days, or a dash."""
    return "—" if value is None else f"{value:g}"


def lead(found: Backtest) -> str:
    """How early the first signal was.

    Only of those who broke a promise: of the others nothing came that it could be early for.
    """
    return (
        f"最早的信号提前 {days(found.lead_days)} 天（中位数；违约的 {found.broken} 个里 "
        f"{found.warned} 个有记下日期的信号）"
    )


def cases(found: Backtest) -> str:
    """How many cases, of when, and what does not count."""
    return (
        f"{found.cases} 个案例（{found.first} 到 {found.last}），违约 {found.broken} 个；"
        f"我方撤回的 {found.skipped} 个不算"
    )
