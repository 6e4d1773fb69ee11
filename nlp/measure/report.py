"""A report for people and for programs: a page, JSON, a table for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from nlp.measure import words
from nlp.measure.bars import Bar, Goals, bars
from nlp.measure.figures import Report
from nlp.measure.sampling import Figure
from nlp.measure.terminal import as_text
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN

__all__ = ["as_html", "as_json", "as_text"]

STEPS = tuple(range(COMMITMENT_MIN, COMMITMENT_MAX + 1))


def as_json(report: Report, goals: Goals | None = None) -> dict[str, Any]:
    """Every number of the report, ready for JSON; what is not known is None."""
    held = [asdict(bar) | {"verdict": bar.verdict} for bar in bars(report, goals)]
    made = _plain(asdict(report) | {"bars": held})
    assert isinstance(made, dict)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Enum) else value


def as_html(report: Report, goals: Goals | None = None) -> str:
    """One page that needs nothing else: no script, no font, no network. Every text is escaped."""
    held = bars(report, goals)
    return _template().render(
        report=report,
        bars=held,
        scales={bar.key: _scale(bar) for bar in held},
        steps=STEPS,
        words=words,
        peak=_peak(report),
        none_false=_none_false(report),
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "share": share,
        "span": span,
        "number": number,
        "percent": percent,
        "step": words.step,
    }
    return made.get_template("report.html")


def share(value: float | None, digits: int = 2) -> str:
    """A share from 0 to 1, or a dash. Never 1.00 for what is not all, nor 0.00 for a little."""
    if value is None:
        return "—"
    least = 10.0**-digits
    if 1 - least / 2 <= value < 1:
        return f"{1 - least:.{digits}f}"
    return f"<{least:.{digits}f}" if 0 < value < least / 2 else f"{value:.{digits}f}"


def number(value: float | None, digits: int = 1) -> str:
    """A number, or a dash."""
    return "—" if value is None else f"{value:.{digits}f}".replace("-", "−")


def percent(value: float | None) -> float:
    """A share as a length in percent, from 0 to 100; 0 for none."""
    return round(100 * min(1.0, max(0.0, value or 0.0)), 2)


def span(figure: Figure, digits: int = 2) -> str:
    """The interval of a figure, or nothing."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{number(figure.low, digits)}–{number(figure.high, digits)}"


def _scale(bar: Bar) -> dict[str, float]:
    """Where a bar's ends, value and goal stand between 0 and 100 percent of its width."""
    figure = bar.figure
    known = [x for x in (bar.goal, figure.value, figure.low, figure.high) if x is not None]
    low, high = (0.0, 1.0) if bar.unit == "share" else (min(0.0, *known), 1.1 * max(known))

    def at(value: float | None) -> float:
        return percent((value - low) / (high - low)) if value is not None and high > low else 0.0

    ends = (at(figure.low), at(figure.high))
    return {
        "low": ends[0],
        "width": round(max(0.6, ends[1] - ends[0]), 2) if figure.low is not None else 0.0,
        "value": at(figure.value),
        "goal": at(bar.goal),
    }


def _peak(report: Report) -> dict[str, int]:
    """The largest counts off and on the diagonals, at least 1: full colour in the heat tables."""
    found = {}
    for name, matrix in (
        ("intents", report.confusion.instead),
        ("steps", report.commitment.confusion),
    ):
        cells = [(i == j, n) for i, row in enumerate(matrix) for j, n in enumerate(row)]
        found[f"{name}_off"] = max([1, *(n for same, n in cells if not same)])
        found[f"{name}_on"] = max([1, *(n for same, n in cells if same)])
    return found


def _none_false(report: Report) -> float | None:
    """Where no false alert was seen: what a rate per 1,000 could still be (95 %), if independent.

    Resampling what never happened gives an interval of no width, which would say too much.
    """
    harmless = report.alert.messages - report.alert.wanted
    if not harmless or report.alert.raised > report.alert.hits:
        return None
    return 1000 * -math.expm1(math.log(0.05) / harmless)
