"""Calibration on voices neither trained on nor tested on: blend, probabilities, thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from nlp.corpus import Example
from nlp.encoder.decide import Logits, Settings, alert_scores, blended, doubts
from nlp.encoder.inputs import ALERT, INTENTS
from nlp.learning.prepared import targets

#: The promises an alert is held to. The threshold stands where both are exceeded by the same
#: margin, so that new voices may cost either of them as much as possible.
PRECISION, RECALL = 0.90, 0.85
#: Recall the ``unclear`` band reaches down to.
REACH = 0.93
#: A threshold found on few examples is drawn this many examples' worth towards ``USUAL``.
USUAL, DRAWN = 0.4, 30
_A, _B = len(INTENTS), ALERT

Row = npt.NDArray[np.float64]


def calibrate(network: Logits, ngrams: Logits, examples: Sequence[Example]) -> Settings:
    """Settings for two models' logits ``[messages, OUTPUTS]`` of the same labelled messages."""
    wanted = np.stack([targets(example) for example in examples]).astype(np.float64)

    def pair(columns: slice, loss: Callable[[Row, Row], float]) -> tuple[float, float]:
        return _pair(network[:, columns], ngrams[:, columns], wanted[:, columns], loss)

    settings = Settings(
        intents=pair(slice(0, _A), _yes_or_no),
        steps=pair(slice(_A, _B), _one_of),
        reported=pair(slice(_B + 1, _B + 2), _yes_or_no),
        conditions=pair(slice(_B + 2, None), _one_of),
    )
    doubt = doubts(blended(network, ngrams, settings))
    columns = np.stack([network[:, _B], ngrams[:, _B], doubt, np.ones(len(doubt))], axis=1)
    settings = replace(settings, alert=_alert(columns.astype(np.float64), wanted[:, _B]))
    logits = blended(network, ngrams, settings)
    alert_from, unclear_from = _alert_thresholds(alert_scores(logits), wanted[:, _B] > 0)
    chances = 1 / (1 + np.exp(-np.asarray(logits[:, :_A], np.float64)))
    return replace(
        settings,
        thresholds={
            str(intent): _threshold(chances[:, number], wanted[:, number] > 0)
            for number, intent in enumerate(INTENTS)
        },
        alert_from=alert_from,
        unclear_from=unclear_from,
    )


def _pair(
    network: Logits, ngrams: Logits, wanted: Row, loss: Callable[[Row, Row], float]
) -> tuple[float, float]:
    """How much each model's logits count, neither below 0; a weak pull towards an even blend."""
    first, second = network.astype(np.float64), ngrams.astype(np.float64)

    def cost(shares: Row) -> float:
        pull = 0.002 * float(((shares - 0.5) ** 2).sum())
        return loss(shares[0] * first + shares[1] * second, wanted) + pull

    found = minimize(cost, np.array([0.5, 0.5]), bounds=[(0.0, 3.0)] * 2, method="L-BFGS-B")
    return round(float(found.x[0]), 4), round(float(found.x[1]), 4)


def _alert(columns: Row, wanted: Row) -> tuple[float, float, float, float]:
    def cost(shares: Row) -> float:
        pull = 0.002 * float(((shares[:3] - 1 / 3) ** 2).sum())
        return _yes_or_no(columns @ shares, wanted) + pull

    start = np.array([1 / 3, 1 / 3, 1 / 3, 0.0])
    bounds = [(0.0, 3.0)] * 3 + [(-4.0, 4.0)]
    found = minimize(cost, start, bounds=bounds, method="L-BFGS-B").x
    first, second, third, constant = (round(float(value), 4) for value in found)
    return first, second, third, constant


def _yes_or_no(logits: Row, wanted: Row) -> float:
    """Mean negative log-likelihood of independent answers."""
    return float((np.logaddexp(0, logits) - wanted * logits).mean())


def _one_of(logits: Row, wanted: Row) -> float:
    """Mean negative log-likelihood of one choice among several."""
    right = (logits * wanted).sum(axis=1)
    return float((np.logaddexp.reduce(logits, axis=1) - right).mean())


def _threshold(chances: Row, wanted: npt.NDArray[np.bool_]) -> float:
    """The probability from which naming an intent gives the best F1, drawn towards the usual."""
    grid = np.linspace(0.15, 0.75, 61)
    scores = np.array([_f1(chances >= at, wanted) for at in grid])
    smooth = np.convolve(scores, np.ones(9) / 9, mode="valid")
    best = float(grid[4:-4][int(smooth.argmax())])
    support = int(wanted.sum())
    return round((support * best + DRAWN * USUAL) / (support + DRAWN), 3)


def _f1(found: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> float:
    both = int((found & wanted).sum())
    return 2 * both / max(1, int(found.sum()) + int(wanted.sum()))


def _alert_thresholds(scores: Row, wanted: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """From where to alert, and from where a person should look when there is time."""
    order = np.argsort(-scores)
    right = np.cumsum(wanted[order])
    precision, recall = right / np.arange(1, len(order) + 1), right / max(1, right[-1])
    margins = np.minimum(precision - PRECISION, recall - RECALL)
    best = float(scores[order[int(margins.argmax())]])
    alert = min(max(best, 0.2), 0.95)
    far = int(np.searchsorted(recall, REACH))
    unclear = float(scores[order[min(far, len(order) - 1)]])
    return round(alert, 4), round(min(unclear, alert), 4)
