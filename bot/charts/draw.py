"""The kinds of charts, each a pure function of numbers. All are drawn 360 units wide, so that their
words can be read on a phone; classes name the colours (``one``, ``two``, ``band``, ``base``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bot.charts import svg
from bot.charts.svg import Point, Scale, bar, line, text

WIDE, LEFT, RIGHT = 360.0, 40.0, 10.0
TOP, HIGH, BELOW = 28.0, 190.0, 44.0
#: A row of ``rows``: its name, then a bar for each series.
_NAME, _BAR, _GAP = 15.0, 10.0, 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line of points in 0..1, and the lower and upper edge of its interval."""

    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = ()  # x, low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One place of a column chart: shares of 0..1 by series, and words under it.

    ``ends`` is the interval of its first series; NaN draws nothing.
    """

    name: str
    shares: tuple[float, ...]
    below: str = ""
    ends: tuple[float, float] | None = None


def curves(label: str, drawn: Sequence[Curve], across: str, up: str) -> Markup:
    """Curves in a square of 0..1 with the diagonal of chance."""
    side = 290.0
    x, y = Scale(0, 1, LEFT, LEFT + side), Scale(0, 1, TOP + side, TOP)
    parts = [*_grid(x, y, (0, 0.25, 0.5, 0.75, 1), lambda share: f"{share:g}")]
    parts += [text(x(one), TOP + side + 16, f"{one:g}") for one in (0, 0.25, 0.5, 0.75, 1)]
    parts += [line((x(0), y(0)), (x(1), y(1)), "base")]
    for place, curve in enumerate(drawn):
        upper = [(x(at), y(high)) for at, _, high in curve.band]
        lower = [(x(at), y(low)) for at, low, _ in reversed(curve.band)]
        if upper:
            parts.append(svg.path([*upper, *lower], f"band {_look(place)}", closed=True))
    for place, curve in enumerate(drawn):
        parts.append(svg.path([(x(a), y(b)) for a, b in curve.points], f"curve {_look(place)}"))
    parts += _axes(x, TOP + side + 34, across, up)
    return svg.picture(WIDE, TOP + side + 40, label, parts)


def columns(
    label: str,
    drawn: Sequence[Column],
    across: str,
    up: str,
    *,
    top: float | None = None,
    base: float | None = None,
    shown: Callable[[float], str] = lambda share: f"{100 * share:g}%",
) -> Markup:
    """Columns side by side. ``top``: where the axis ends, the next round number where it is None;
    ``base``: a dashed line right across."""
    known = [share for one in drawn for share in (*one.shares, *(one.ends or ())) if share == share]
    most = top if top is not None else _round(max(known, default=0.0))
    x, y = Scale(0, len(drawn) or 1, LEFT, WIDE - RIGHT), Scale(0, most, TOP + HIGH, TOP)
    parts = [*_grid(x, y, [most * n / 4 for n in range(5)], shown)]
    for place, one in enumerate(drawn):
        room = x(place + 1) - x(place)
        wide = room * 0.72 / len(one.shares)
        start = x(place) + room * 0.14
        for which, share in enumerate(one.shares):
            if not math.isnan(share):
                at = start + which * wide
                parts.append(bar(at, y(share), wide - 1, y(0) - y(share), _look(which)))
        if one.ends is not None and not any(map(math.isnan, one.ends)):
            middle = start + wide / 2
            parts.append(line((middle, y(one.ends[0])), (middle, y(one.ends[1])), "ends"))
        parts.append(text(x(place) + room / 2, TOP + HIGH + 15, one.name))
        if one.below:
            parts.append(text(x(place) + room / 2, TOP + HIGH + 29, one.below, "tick count"))
    if base is not None and not math.isnan(base):
        parts.append(line((x.start, y(base)), (x.end, y(base)), "base"))
    deep = BELOW + (12 if any(one.below for one in drawn) else 0)
    parts += _axes(x, TOP + HIGH + deep - 8, across, up)
    return svg.picture(WIDE, TOP + HIGH + deep, label, parts)


def rows(
    label: str,
    drawn: Sequence[tuple[str, Sequence[float]]],
    shown: Callable[[float], str],
    *,
    base: float | None = None,
) -> Markup:
    """Names with bars under them, to the left where a value is negative. NaN draws a dash."""
    values = [value for _, all_ in drawn for value in all_ if value == value]
    low, high = min([0.0, *values]), max([0.0, base or 0.0, *values])
    room = 52.0  # for the number at a bar's end, on both sides where bars go both ways
    x = Scale(low, high or 1.0, room if low < 0 else 2.0, WIDE - room)
    parts: list[Markup] = []
    down = 2.0
    for name, all_ in drawn:
        parts.append(text(0, down + 11, svg.fitting(name, WIDE), "name", "start"))
        down += _NAME
        first = down
        for place, value in enumerate(all_):
            if math.isnan(value):
                parts.append(text(x(0) + 2, down + 9, "—", "tick", "start"))
            else:
                start, end = sorted((x(0), x(value)))
                parts.append(bar(start, down, max(end - start, 1.0), _BAR - 1, _look(place)))
                outside = (start - 4, "end") if value < 0 else (end + 4, "start")
                parts.append(text(outside[0], down + 9, shown(value), "tick", outside[1]))
            down += _BAR + 1
        if low < 0:
            parts.append(line((x(0), first), (x(0), down), "axis"))
        if base is not None:
            parts.append(line((x(base), first - 1), (x(base), down), "base"))
        down += _GAP
    return svg.picture(WIDE, max(down, 20.0), label, parts)


def _round(most: float) -> float:
    """The next number that four equal steps divide well: 0.04, 0.08, 0.2, 0.4, 0.6, 0.8, 1 …"""
    if not most > 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return next(step * unit for step in (1, 2, 4, 6, 8, 10) if step * unit >= most * 0.999)


def _look(place: int) -> str:
    return ("one", "two")[place % 2]


def _grid(
    x: Scale, y: Scale, ticks: Sequence[float], shown: Callable[[float], str]
) -> list[Markup]:
    lines = [line((x.start, y(tick)), (x.end, y(tick)), "grid") for tick in ticks]
    words = [text(x.start - 5, y(tick) + 4, shown(tick), "tick", "end") for tick in ticks]
    return [*lines, *words]


def _axes(x: Scale, low: float, across: str, up: str) -> list[Markup]:
    """What the axes are; ``up`` stands above the first tick, or it would be read sideways."""
    return [
        text((x.start + x.end) / 2, low, across, "axis-name"),
        text(0, TOP - 16, up, "axis-name", "start"),
    ]
