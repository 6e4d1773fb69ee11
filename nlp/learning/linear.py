"""Fitting the linear model over n-grams with scikit-learn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlp.encoder.inputs import OUTPUTS
from nlp.encoder.ngrams import SHARE_BEFORE, Ngrams, Rows, counted, rest_row, weighed
from nlp.encoder.reader import Prepared
from nlp.learning.prepared import Targets

#: An n-gram is learnt from when this many messages hold it.
SEEN = 3
STRENGTH = 8.0  # inverse of the L2 penalty
SURE = 6.0  # log-odds of an answer that was always the same


def fit(prepared: Sequence[Prepared], targets: Targets, *, seen: int = SEEN) -> Ngrams:
    """Fit on prepared messages and ``targets [messages, OUTPUTS]``, each output by itself."""
    counts = [counted(one.text, one.before) for one in prepared]
    spread: Counter[str] = Counter()
    for own, turn in counts:
        spread.update(own.keys())
        spread.update(turn.keys())
    grams = sorted(gram for gram, messages in spread.items() if messages >= seen)
    vocabulary = {gram: number for number, gram in enumerate(grams)}
    total = len(prepared)
    rarity = np.array(
        [math.log((1 + total) / (1 + spread[gram])) + 1 for gram in grams], np.float32
    )
    matrix = _matrix(prepared, counts, vocabulary, rarity)
    weights = np.zeros((matrix.shape[1], OUTPUTS), np.float32)
    for column in range(OUTPUTS):
        wanted = targets[:, column] > 0.5
        if wanted.all() or not wanted.any():  # nothing to tell apart: always the same answer
            weights[-1, column] = SURE if wanted.all() else -SURE
            continue
        found = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=1)
        found.fit(matrix, wanted)
        weights[:, column] = found.coef_[0]
        weights[-1, column] += found.intercept_[0]
    size = len(grams)
    return Ngrams(vocabulary, rarity, weights[:size], weights[size:])


def _matrix(
    prepared: Sequence[Prepared],
    counts: Iterable[tuple[Counter[str], Counter[str]]],
    vocabulary: dict[str, int],
    rarity: Rows,
) -> Any:
    """``[messages, n-grams + stages + RULES + 1]``, sparse. The last column is the bias's: 0."""
    data, numbers, ends = [], [], [0]
    for one, (own, turn) in zip(prepared, counts, strict=True):
        for grams, share in ((own, 1.0), (turn, SHARE_BEFORE)):
            found, weights = weighed(grams, vocabulary, rarity)
            numbers.append(found)
            data.append(weights * share)
        rest = rest_row(one.source.stage, one.rules)
        rest[-1] = 0
        there = np.flatnonzero(rest)
        numbers.append(there + len(vocabulary))
        data.append(rest[there])
        ends.append(ends[-1] + sum(len(part) for part in numbers[-3:]))
    width = len(vocabulary) + len(rest_row("", prepared[0].rules))
    return sparse.csr_matrix(
        (np.concatenate(data), np.concatenate(numbers), ends), shape=(len(prepared), width)
    )
