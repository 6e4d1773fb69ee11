"""Elements of SVG as safe markup. Every text and every attribute is escaped: names are data."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]


def element(name: str, *inside: object, **attributes: object) -> Markup:
    """One element; ``class_`` is class, other underscores are hyphens, None leaves one out.

    >>> element("text", "<b>", x=1, class_="tick")
    Markup('<text x="1" class="tick">&lt;b&gt;</text>')
    """
    drawn = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _plain(value))
        for key, value in attributes.items()
        if value is not None
    )
    body = Markup("").join(escape(_seen(one)) for one in inside)
    return Markup("<{0}{1}>{2}</{0}>").format(name, drawn, body)


def text(x: float, y: float, words: str, look: str = "tick", anchor: str = "middle") -> Markup:
    """Words at a place; ``anchor`` is start, middle or end."""
    return element("text", words, x=x, y=y, class_=look, text_anchor=anchor)


def line(start: Point, end: Point, look: str) -> Markup:
    """A straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=look)


def path(points: Iterable[Point], look: str, *, closed: bool = False) -> Markup:
    """A line through points, or the area within them."""
    places = " ".join(f"{_plain(x)},{_plain(y)}" for x, y in points)
    return element("polygon" if closed else "polyline", points=places, class_=look)


def bar(x: float, y: float, wide: float, high: float, look: str) -> Markup:
    """A bar, never thinner than nothing."""
    size = {"width": max(wide, 0.0), "height": max(high, 0.0)}
    return element("rect", x=x, y=y, rx=1.5, class_=look, **size)


def picture(wide: float, high: float, label: str, parts: Iterable[Markup]) -> Markup:
    """The whole drawing; ``label`` is what a screen reader says instead of it."""
    return element(
        "svg", *parts, viewBox=f"0 0 {_plain(wide)} {_plain(high)}", role="img", aria_label=label
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers from ``low`` to ``high`` as places from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.0
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def fitting(words: str, wide: float) -> str:
    """As much of words as fits into ``wide`` units at 12 units a full-width character.

    >>> fitting("期望薪资", 40)
    '期望…'
    """
    left = wide
    for place, one in enumerate(words):
        left -= 12.0 if unicodedata.east_asian_width(one) in "WF" else 7.0
        if left < 0:
            return words[: max(place - 1, 0)] + "…"
    return words


def _seen(inside: object) -> object:
    """Markup as it is; of words what a document may hold."""
    if isinstance(inside, Markup):
        return inside
    return "".join(one for one in str(inside) if unicodedata.category(one) not in ("Cc", "Cs"))


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(_seen(value))
