"""How well plans and roles are compared: ``python -m nlp.measure.likeness [--fit]``.

Prints Spearman's rho with the labels and the area under the curve (clearly towards against the
rest) of the shipped scorer and of what it was chosen against, with intervals over plans. ``--fit``
makes ``nlp/likeness/weights.json`` again from the development part.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp import likeness as package
from nlp.likeness.features import NAMES, Numbers
from nlp.likeness.score import Weights, row_of, scored, shipped
from nlp.reading import Compared

PAIRS = Path(package.__file__).parent / "pairs.jsonl"
PARTS = ("development", "unseen", "first_sight")
RESAMPLED = 1_000
_RIDGE, _STEPS, _RATE = 1.0, 20_000, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One line of ``pairs.jsonl``. ``label``: 0 contrary or unrelated, 1 compatible, 2 towards."""

    plan_id: str
    part: str
    family: str
    pair: Compared
    label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one scorer on one part. ``low`` and ``high`` hold 95 % of resampled rhos."""

    pairs: int
    known: int
    rho: float
    low: float
    high: float
    towards: float
    not_contrary: float


Scorer = Callable[[Sequence[Labelled]], list[float | None]]


def labelled(path: Path = PAIRS) -> list[Labelled]:
    """The pairs, in their order."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        pair = Compared(plan=one["plan"], title=one["title"], role=f"{one['does']}。{one['grows']}")
        found.append(
            Labelled(
                plan_id=one["id"].partition("-")[0],
                part=one["half"],
                family=one["family"],
                pair=pair,
                label=one["label"],
            )
        )
    return found


def fit(rows: Numbers, labels: npt.NDArray[np.int64]) -> Weights:
    """Proportional odds with a ridge: two cuts over one sum. ``[pairs, NAMES], [pairs]``."""
    columns, cut, gap = np.zeros(rows.shape[1]), 0.0, 0.0
    moments = np.zeros((2, rows.shape[1] + 2))
    for step in range(1, _STEPS + 1):
        upper = cut + np.exp(gap)
        sums = rows @ columns
        first, second = _chance(sums - cut), _chance(sums - upper)
        share = np.where(labels == 0, 1 - first, np.where(labels == 1, first - second, second))
        share = np.maximum(share, 1e-9)
        d_first, d_second = first * (1 - first), second * (1 - second)
        by_first = np.where(labels == 0, -1.0, np.where(labels == 1, 1.0, 0.0)) * d_first / share
        by_second = np.where(labels == 1, -1.0, np.where(labels == 2, 1.0, 0.0)) * d_second / share
        slope = np.concatenate(
            [
                -(by_first + by_second) @ rows + 2 * _RIDGE * columns,
                [(by_first + by_second).sum(), by_second.sum() * np.exp(gap)],
            ]
        )
        moments[0] = 0.9 * moments[0] + 0.1 * slope
        moments[1] = 0.999 * moments[1] + 0.001 * slope**2
        moved = moments[0] / (1 - 0.9**step) / (np.sqrt(moments[1] / (1 - 0.999**step)) + 1e-8)
        columns = columns - _RATE * moved[:-2]
        cut, gap = cut - _RATE * float(moved[-2]), gap - _RATE * float(moved[-1])
        if float(np.abs(slope).max()) < 1e-3:
            break
    return Weights(
        columns={name: round(float(w), 3) for name, w in zip(NAMES, columns, strict=True)},
        near=round(float(cut), 3),
        fits=round(float(cut + np.exp(gap)), 3),
    )


def figures(scores: Sequence[float | None], pairs: Sequence[Labelled]) -> Figures:
    """What a scorer's numbers are worth; over the pairs it has a number for."""
    known = [(s, one) for s, one in zip(scores, pairs, strict=True) if s is not None]
    values = np.array([s for s, _ in known])
    labels = np.array([one.label for _, one in known])
    plans: dict[str, list[int]] = {}
    for place, (_, one) in enumerate(known):
        plans.setdefault(one.plan_id, []).append(place)
    groups, draw = list(plans.values()), np.random.default_rng(7)
    rhos = []
    for _ in range(RESAMPLED):
        drawn = draw.integers(0, len(groups), len(groups))
        places = np.concatenate([groups[number] for number in drawn])
        rhos.append(spearman(values[places], labels[places]))
    low, high = np.percentile(rhos, [2.5, 97.5])
    return Figures(
        pairs=len(pairs),
        known=len(known),
        rho=spearman(values, labels),
        low=float(low),
        high=float(high),
        towards=area(values, labels == 2),
        not_contrary=area(values, labels > 0),
    )


def spearman(values: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Rank correlation; ties share their rank."""
    return float(np.corrcoef(_ranks(values), _ranks(labels))[0, 1])


def area(values: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """How often a right one is above a wrong one; a tie counts half."""
    ours, theirs = values[right][:, None], values[~right]
    return float((ours > theirs).mean() + (ours == theirs).mean() / 2)


def _ranks(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    _, back, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    ranks: npt.NDArray[np.float64] = (ends - (count - 1) / 2)[back]
    return ranks


def _chance(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-values)))


def _single(column: str) -> Scorer:
    at = NAMES.index(column)
    return lambda pairs: [
        None if (row := row_of(one.pair)) is None else float(row[at]) for one in pairs
    ]


def _shipped(pairs: Sequence[Labelled]) -> list[float | None]:
    return [None if (row := row_of(p.pair)) is None else scored(row, shipped()) for p in pairs]


def main(argv: Sequence[str]) -> int:
    """Fit when asked, then measure."""
    pairs = labelled()
    if "--fit" in argv:
        kept = [
            (row, one.label)
            for one in pairs
            if one.part == "development" and (row := row_of(one.pair)) is not None
        ]
        found = fit(np.stack([row for row, _ in kept]), np.array([label for _, label in kept]))
        values = {"columns": found.columns, "near": found.near, "fits": found.fits}
        (PAIRS.parent / "weights.json").write_text(
            json.dumps(values, indent=2) + "\n", encoding="utf-8"
        )
        shipped.cache_clear()
    from nlp.measure.pooled import encoder_of

    encoder = encoder_of()
    scorers: dict[str, Scorer] = {
        "combination (ships)": _shipped,
        "rare words": _single("words"),
        "pairs of characters": _single("grams"),
        "lines of work": _single("field"),
    }
    for how in ("plain", "centred", "whitened"):
        scorers[f"encoder, {how}"] = partial(encoder, how=how)
    for part in PARTS:
        some = [one for one in pairs if one.part == part]
        sys.stdout.write(f"{part}: {len(some)} pairs\n")
        for name, scorer in scorers.items():
            f = figures(scorer(some), some)
            sys.stdout.write(
                f"  {name:22} known {f.known:3}  rho {f.rho:.2f} ({f.low:.2f} to {f.high:.2f})  "
                f"towards {f.towards:.2f}  not contrary {f.not_contrary:.2f}\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
