"""From two texts to a number: 0.6 where a plan more likely fits than not, 0.8 where it more likely
leads there than not. Pure and quick (under a millisecond once warm); any text is accepted."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nlp.likeness.features import NAMES, Numbers, counts, features
from nlp.likeness.masked import masked
from nlp.likeness.said import said
from nlp.likeness.version import MAX_PLAN, MAX_ROLE, MAX_TITLE, WEIGHTS, text
from nlp.normalize import normalize
from nlp.reading import Compared

#: Characters that count of a plan, and of what a role does; fewer say too little.
ENOUGH = 4
#: A row with nothing above this has found nothing to judge by.
EVIDENCE = 0.3
NEAR, FITS = 0.6, 0.8
_CONTENT = re.compile(r"[\u3400-\u9fff]|[a-z]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """``score = columns . NAMES``; ``near`` and ``fits`` are where the two answers are even."""

    columns: Mapping[str, float]
    near: float
    fits: float


def likeness(pairs: Sequence[Compared]) -> list[float | None]:
    """How near each plan is to its role, 0 to 1 with two decimals; None: too little is known.

    Words that name age, sex, family and the like are not looked at.
    """
    weights = shipped()
    return [None if (row := row_of(one)) is None else scored(row, weights) for one in pairs]


def row_of(pair: Compared) -> Numbers | None:
    """The features of a pair, in the order of ``NAMES``; None: there is nothing to judge by."""
    plan = _clean(pair.plan, MAX_PLAN)
    title, role = _clean(pair.title, MAX_TITLE), _clean(pair.role, MAX_ROLE)
    if _content(plan) < ENOUGH or _content(role) < ENOUGH:
        return None
    row = features(said(plan), counts(f"{title}。{role}"), counts(title))
    return row if float(np.abs(row[:-1]).max()) > EVIDENCE else None


def scored(row: Numbers, weights: Weights) -> float:
    """A row on the scale of the thresholds; it never falls where the weighted sum rises."""
    at = float(row @ np.array([weights.columns[name] for name in NAMES]))
    if at < weights.near:
        value = 2 * NEAR / (1 + math.exp(weights.near - at))
    elif at < weights.fits:
        value = NEAR + (FITS - NEAR) * (at - weights.near) / (weights.fits - weights.near)
    else:
        value = FITS + 2 * (1 - FITS) * (1 / (1 + math.exp(weights.fits - at)) - 0.5)
    return round(value, 2)


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """The weights that ship."""
    values = json.loads(text(WEIGHTS))
    return Weights(
        columns={column: float(values["columns"][column]) for column in NAMES},
        near=float(values["near"]),
        fits=float(values["fits"]),
    )


def _clean(source: str, most: int) -> str:
    return masked(normalize(source[:most]).text)


def _content(clean: str) -> int:
    """Chinese characters, and words in letters."""
    return len(_CONTENT.findall(clean))
