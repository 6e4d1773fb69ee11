"""Weights of rules fitted to the company's own outcomes, held near what experts wrote.

A ridge logistic regression whose prior mean is the experts' weights: with few cases it changes
little. The latest quarter of the cases is held out to judge it. A fit is a proposal, which a second
person activates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bot.risk.backtest import Backtest, Figure, auc, backtest, scores
from bot.risk.cases import Cases, Row

#: Fewer outcomes than this, or fewer of one kind, tell too little.
LEAST_CASES, LEAST_EACH = 200, 20
HELD_OUT = 0.25
#: Points of a score that stand for one unit of log-odds in the experts' weights.
POINTS = 20.0
_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_STEPS = 50


class TooFew(ValueError):
    """Not enough outcomes to fit anything honest."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A proposal: ``adds`` by rule in points, and how both sets of weights did on later cases.

    ``late`` are those cases; ``written`` and ``told`` the scores either set gave them.
    """

    adds: Mapping[str, float]
    strength: float
    trained: int
    experts: Backtest
    fitted: Backtest
    better: Figure  # difference of AUC on held-out cases, fitted minus experts
    late: Cases = field(repr=False, compare=False)
    written: Row = field(repr=False, compare=False)
    told: Row = field(repr=False, compare=False)


def fit(cases: Cases, experts: Mapping[str, float], *, seed: int = 1) -> Fitted:
    """Fit on the earlier three quarters, judge on the rest. Raises ``TooFew``."""
    broken = int(cases.broken.sum())
    if len(cases) < LEAST_CASES or min(broken, len(cases) - broken) < LEAST_EACH:
        raise TooFew(
            f"至少要 {LEAST_CASES} 个结果，其中守约和违约各 {LEAST_EACH} 个；"
            f"现有 {len(cases)} 个，违约 {broken} 个"
        )
    border = round(len(cases) * (1 - HELD_OUT))
    early, late = part(cases, slice(0, border)), part(cases, slice(border, None))
    held = (early.values != 0).astype(float)
    prior = np.array([experts[rule] / POINTS for rule in cases.rules])
    strength = _strength(held, early.broken.astype(float), prior)
    weights, _ = _weights(held, early.broken.astype(float), prior, strength)
    adds = np.clip(weights * POINTS, -100, 100)
    told = np.clip((late.values != 0).astype(float) @ adds, 0, 100)
    written = scores(late)
    return Fitted(
        adds={rule: round(float(one), 1) for rule, one in zip(cases.rules, adds, strict=True)},
        strength=strength,
        trained=border,
        experts=backtest(late, written, seed=seed),
        fitted=backtest(late, told, seed=seed),
        better=_difference(told, written, late, seed),
        late=late,
        written=written,
        told=told,
    )


def part(cases: Cases, rows: slice) -> Cases:
    """Some of the cases, in their order."""
    return Cases(
        ids=cases.ids[rows],
        rules=cases.rules,
        days=cases.days[rows],
        broken=cases.broken[rows],
        values=cases.values[rows],
        lead=cases.lead[rows],
        skipped=0,
        dated=cases.dated,
    )


def _weights(held: Row, broken: Row, prior: Row, strength: float) -> tuple[Row, float]:
    """Newton's method on the penalised likelihood: the weights and the intercept."""
    known = np.hstack([held, np.ones((len(held), 1))])
    centre = np.append(prior, 0.0)
    pull = np.append(np.full(len(prior), strength), 1e-6)
    found = np.append(prior, np.log(broken.mean() / (1 - broken.mean())))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(known @ found, -30, 30)))
        slope = known.T @ (chance - broken) + pull * (found - centre)
        bend = (known * (chance * (1 - chance))[:, None]).T @ known + np.diag(pull)
        step = np.linalg.solve(bend, slope)
        found = found - step
        if float(np.abs(step).max()) < 1e-8:
            break
    return found[:-1], float(found[-1])


def _strength(held: Row, broken: Row, prior: Row) -> float:
    """How hard to pull to the experts: what does best on the later part of the earlier cases."""
    border = round(len(held) * (1 - HELD_OUT))
    if not 0 < broken[:border].mean() < 1:
        return _STRENGTHS[-1]

    def loss(strength: float) -> float:
        weights, level = _weights(held[:border], broken[:border], prior, strength)
        odds = np.clip(held[border:] @ weights + level, -30, 30)
        return float(np.mean(np.log1p(np.exp(odds)) - broken[border:] * odds))

    return min(_STRENGTHS, key=loss)


def _difference(told: Row, written: Row, late: Cases, seed: int) -> Figure:
    chance = np.random.default_rng(seed)
    drawn = []
    for _ in range(1_000):
        rows = chance.integers(0, len(told), len(told))
        broken = late.broken[rows]
        drawn.append(auc(told[rows], broken) - auc(written[rows], broken))
    sure = np.array(drawn)[~np.isnan(drawn)]
    low, high = np.quantile(sure, [0.025, 0.975]) if len(sure) else (np.nan, np.nan)
    value = auc(told, late.broken) - auc(written, late.broken)
    return Figure(value, float(low), float(high))
