"""What figures alone do not show: the ROC curve with its band, scores by outcome, lead times."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from bot.risk.backtest import ROUNDS, Flags, leads
from bot.risk.cases import Cases, Row

#: Where the band is told, and how wide a place of the distribution is.
GRID = 50
TENTHS = 10
#: Days before the outcome, each place up to and without the next.
DAYS = (0, 4, 8, 15, 31, 61)


@dataclass(frozen=True, slots=True)
class Place:
    """Scores from ``low`` to ``high``, or days: how many of those who kept, and who broke."""

    low: int
    high: int | None
    kept: int
    broken: int


@dataclass(frozen=True, slots=True)
class Curves:
    """``roc`` is (false alarms, found) in 0..1; ``band`` (false alarms, low, high) of 95 %.

    Empty where there are not both kinds of outcomes.
    """

    roc: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float, float], ...]
    spread: tuple[Place, ...]
    leads: tuple[Place, ...]


def curves(cases: Cases, score: Row, *, seed: int = 1) -> Curves:
    """All of a set of cases and the scores they had."""
    return Curves(
        roc=roc(score, cases.broken),
        band=_band(score, cases.broken, seed),
        spread=tuple(_spread(score, cases.broken)),
        leads=tuple(_leads(cases)),
    )


def roc(score: Row, broken: Flags) -> tuple[tuple[float, float], ...]:
    """One point a distinct score, from (0, 0) to (1, 1); the area under it is the AUC."""
    worse, better = int(broken.sum()), int((~broken).sum())
    if not worse or not better:
        return ()
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    found = np.cumsum(broken[order])[ends] / worse
    alarms = np.cumsum(~broken[order])[ends] / better
    return ((0.0, 0.0), *zip(alarms.tolist(), found.tolist(), strict=True))


def _band(score: Row, broken: Flags, seed: int) -> tuple[tuple[float, float, float], ...]:
    """What share is found at each share of false alarms, in cases drawn again and again."""
    if not roc(score, broken):
        return ()
    chance, grid = np.random.default_rng(seed), np.linspace(0, 1, GRID + 1)
    drawn = []
    for _ in range(ROUNDS):
        rows = chance.integers(0, len(score), len(score))
        points = roc(score[rows], broken[rows])
        if points:
            alarms, found = np.array(points).T
            drawn.append(np.interp(grid, alarms, found))
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    return tuple(zip(grid.tolist(), low.tolist(), high.tolist(), strict=True))


def _spread(score: Row, broken: Flags) -> list[Place]:
    edges = range(0, 101, 100 // TENTHS)
    found = []
    for low, high in itertools.pairwise(edges):
        inside = (score >= low) & ((score < high) | (high == 100))
        kept = int((inside & ~broken).sum())
        found.append(Place(low, high, kept, int((inside & broken).sum())))
    return found


def _leads(cases: Cases) -> list[Place]:
    days = leads(cases)
    told = days[cases.broken & ~np.isnan(days)]
    return [
        Place(low, high, 0, int(((told >= low) & (told < (high or math.inf))).sum()))
        for low, high in zip(DAYS, (*DAYS[1:], None), strict=True)
    ]
