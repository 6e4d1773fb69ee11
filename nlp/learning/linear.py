"""Fitting the linear model over n-grams with scikit-learn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlp.encoder.inputs import CONDITIONS, INTENTS, OUTPUTS, STEPS
from nlp.encoder.ngrams import SHARE_BEFORE, Ngrams, Rows, counted, rest_row, weighed
from nlp.encoder.reader import Prepared
from nlp.learning.prepared import Targets

#: An n-gram is learnt from when this many messages hold it.
SEEN = 3
STRENGTH = 8.0  # inverse of the L2 penalty


def fit(prepared: Sequence[Prepared], targets: Targets, *, seen: int = SEEN) -> Ngrams:
    """Fit on prepared messages and ``targets [messages, OUTPUTS]``."""
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
    bias = np.zeros(OUTPUTS, np.float32)
    at = len(INTENTS)
    groups = [
        *(range(number, number + 1) for number in range(at)),
        range(at, at + len(STEPS)),
        range(at + len(STEPS), at + len(STEPS) + 1),
        range(at + len(STEPS) + 1, at + len(STEPS) + 2),
        range(OUTPUTS - len(CONDITIONS), OUTPUTS),
    ]
    for columns in groups:
        _fit_group(matrix, targets[:, columns.start : columns.stop], columns, weights, bias)
    size = len(grams)
    weights[-1] += bias
    return Ngrams(vocabulary, rarity, weights[:size], weights[size:])


def _fit_group(matrix: Any, wanted: Targets, columns: range, weights: Rows, bias: Rows) -> None:
    """One yes-or-no output, or one choice among several, into its columns of the table."""
    classes = wanted[:, 0].astype(int) if len(columns) == 1 else wanted.argmax(axis=1)
    present = np.unique(classes)
    if len(present) < 2:  # nothing to tell apart: the answer is always the same
        bias[columns.start : columns.stop] = -6.0
        if len(columns) > 1 or present[0] == 1:
            bias[columns.start + (int(present[0]) if len(columns) > 1 else 0)] = 6.0
        return
    found = LogisticRegression(C=STRENGTH, max_iter=1000).fit(matrix, classes)
    if len(columns) == 1:
        weights[:, columns.start] = found.coef_[0]
        bias[columns.start] = found.intercept_[0]
    elif len(present) == 2:
        weights[:, columns.start + int(present[1])] = found.coef_[0]
        bias[columns.start : columns.stop] = -6.0
        bias[columns.start + int(present[0])] = 0.0
        bias[columns.start + int(present[1])] = found.intercept_[0]
    else:
        bias[columns.start : columns.stop] = -6.0
        for row, number in enumerate(present):
            weights[:, columns.start + int(number)] = found.coef_[row]
            bias[columns.start + int(number)] = found.intercept_[row]


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
