"""How well scores told who would break a promise: on the company's own outcomes, with intervals.

Nothing here changes a rule. Intervals are 95 % bootstrap intervals over cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.risk.cases import Cases, Row

Flags = npt.NDArray[np.bool_]
ROUNDS = 1_000
BINS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its 95 % interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Of the cases with scores from ``low`` to ``high``: how many there are, how many broke."""

    low: float
    high: float
    cases: int
    broken: float


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule: how often it held, how often it was right then, how early."""

    rule: str
    cases: int
    precision: float
    lift: float
    lead_days: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """Everything told about a set of cases."""

    cases: int
    broken: int
    skipped: int
    first: str
    last: str
    auc: Figure
    top_tenth: Figure
    base_rate: float
    warned: int  # of the broken, those with a signal whose first day is known
    lead_days: float | None  # their median days from the first signal to the outcome
    calibration: tuple[Bin, ...]
    rules: tuple[RuleFigures, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def scores(cases: Cases) -> Row:
    """The score each case had: what its rules added, 0 to 100."""
    return np.asarray(np.clip(cases.values.sum(axis=1), 0, 100), dtype=float)


def backtest(cases: Cases, score: Row | None = None, *, seed: int = 1) -> Backtest:
    """Judge scores (by default the rules' own) against outcomes."""
    found = scores(cases) if score is None else score
    resample = np.random.default_rng(seed)
    lead = leads(cases)[cases.broken]
    lead = lead[~np.isnan(lead)]
    return Backtest(
        cases=len(cases),
        broken=int(cases.broken.sum()),
        skipped=cases.skipped,
        first=cases.days[0].isoformat() if len(cases) else "",
        last=cases.days[-1].isoformat() if len(cases) else "",
        auc=figure(auc, found, cases.broken, resample),
        top_tenth=figure(top_tenth, found, cases.broken, resample),
        base_rate=float(cases.broken.mean()) if len(cases) else float("nan"),
        warned=len(lead),
        lead_days=float(np.median(lead)) if len(lead) else None,
        calibration=_bins(found, cases.broken),
        rules=tuple(_of_rule(cases, place) for place in range(len(cases.rules))),
    )


def auc(score: Row, broken: Flags) -> float:
    """The chance that one who broke scored above one who kept; ties count half."""
    worse, better = int(broken.sum()), int((~broken).sum())
    if not worse or not better:
        return float("nan")
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    values, which = np.unique(score, return_inverse=True)
    mean = np.bincount(which, ranks) / np.bincount(which)
    assert len(mean) == len(values)
    return float((mean[which][broken].sum() - worse * (worse + 1) / 2) / (worse * better))


def top_tenth(score: Row, broken: Flags) -> float:
    """Of the tenth with the highest scores, the share that broke; ties share what is left."""
    if not len(score):
        return float("nan")
    places = max(1, round(len(score) / 10))
    limit = np.sort(score)[-places]
    above, tied = score > limit, score == limit
    left = places - int(above.sum())
    return float((broken[above].sum() + left * broken[tied].mean()) / places)


def figure(
    of: Callable[[Row, Flags], float], score: Row, broken: Flags, chance: np.random.Generator
) -> Figure:
    """A figure with its bootstrap interval."""
    if not len(score):
        return Figure(float("nan"), float("nan"), float("nan"))
    drawn = []
    for _ in range(ROUNDS):
        rows = chance.integers(0, len(score), len(score))
        drawn.append(of(score[rows], broken[rows]))
    told = np.array(drawn)[~np.isnan(drawn)]
    if not len(told):
        return Figure(of(score, broken), float("nan"), float("nan"))
    low, high = np.quantile(told, [0.025, 0.975])
    return Figure(of(score, broken), float(low), float(high))


def leads(cases: Cases) -> Row:
    """Days from the first signal of each case to its outcome: of the rules that added to the score,
    the one that held first. NaN where none did, or nobody kept its day."""
    told = np.where(cases.values > 0, cases.lead, np.nan)
    none = np.isnan(told).all(axis=1)
    return np.where(
        none, np.nan, np.where(np.isnan(told), -np.inf, told).max(axis=1, initial=-np.inf)
    )


def _bins(score: Row, broken: Flags) -> tuple[Bin, ...]:
    edges = np.linspace(0, 100, BINS + 1)
    found = []
    for low, high in itertools.pairwise(edges):
        inside = (score >= low) & ((score < high) | (high == 100) & (score == 100))
        share = float(broken[inside].mean()) if inside.any() else float("nan")
        found.append(Bin(float(low), float(high), int(inside.sum()), share))
    return tuple(found)


def _of_rule(cases: Cases, place: int) -> RuleFigures:
    held = cases.values[:, place] != 0
    right = cases.broken[held]
    base = float(cases.broken.mean()) if len(cases) else float("nan")
    precision = float(right.mean()) if held.any() else float("nan")
    lead = cases.lead[held & cases.broken, place]
    lead = lead[~np.isnan(lead)]
    return RuleFigures(
        rule=cases.rules[place],
        cases=int(held.sum()),
        precision=precision,
        lift=precision / base if base else float("nan"),
        lead_days=float(np.median(lead)) if len(lead) else None,
    )
