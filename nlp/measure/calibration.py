"""Whether a score of 0.8 is right eight times of ten."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.measure.arrays import INTENTS, Flags, alert_scores
from nlp.measure.figures import Bin, Calibration, CalibrationFigures
from nlp.measure.sampling import Row
from nlp.reading import Reading

BINS = 10


def calibration(scores: Row | None, right: Flags) -> Calibration:
    """Calibration of ``scores[N]`` (0 to 1) against ``right[N]``, in ten bins of equal count.

    Where equal scores fall into two bins, both get the share right of all of them: the order of
    the messages changes nothing.
    """
    if scores is None or not len(scores):
        return Calibration(answers=0, error=None)
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    shares = (np.bincount(group, weights=right) / sizes)[group]
    order = np.argsort(scores, kind="stable")
    bins = [
        Bin(count=len(part), score=float(scores[part].mean()), share=float(shares[part].mean()))
        for part in np.array_split(order, min(BINS, len(order)))
    ]
    off = sum(one.count * abs(one.score - one.share) for one in bins)
    return Calibration(answers=len(scores), error=off / len(scores), bins=tuple(bins))


def calibration_figures(
    readings: Sequence[Reading], alert: Flags, intents: Flags
) -> CalibrationFigures:
    """Calibration of the alert against ``alert[N]`` and of the intents against ``[N, intents]``.

    An intent that a reading gives no score for is not counted: nothing was claimed about it.
    """
    every: list[tuple[float, bool]] = []
    by_intent = {}
    for number, intent in enumerate(INTENTS):
        given = [
            (float(reading.scores[intent]), bool(intents[at, number]))
            for at, reading in enumerate(readings)
            if intent in reading.scores
        ]
        every += given
        by_intent[intent] = _of(given)
    return CalibrationFigures(
        alert=calibration(alert_scores(readings), alert),
        intents=_of(every),
        by_intent=by_intent,
    )


def _of(given: Sequence[tuple[float, bool]]) -> Calibration:
    scores = np.array([score for score, _ in given], np.float64)
    return calibration(scores, np.array([right for _, right in given], np.bool_))
