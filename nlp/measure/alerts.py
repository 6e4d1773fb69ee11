"""Figures of the alert: at the file's prevalence, at others, by stage and by tag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.corpus import Example
from nlp.measure.arrays import Flags, Side
from nlp.measure.figures import AlertFigures, AtPrevalence, Slice, UnclearFigures
from nlp.measure.sampling import Figure, Row, Voices, figure, ratio
from nlp.reading import Reading
from nlp.scheme import STAGES

PREVALENCES = (0.02, 0.05, 0.10)


def alert_figures(voices: Voices, gold: Flags, found: Flags, where: Flags) -> AlertFigures:
    """Alerts over the messages ``where[N]``; all arrays are ``[N]``."""
    hits, missed, false, harmless = _counts(voices, gold, found, where)
    rate = ratio(false, harmless)
    f1 = np.where(hits + missed > 0, ratio(2 * hits, 2 * hits + missed + false), np.nan)
    return AlertFigures(
        messages=int(where.sum()),
        wanted=int((gold & where).sum()),
        raised=int((found & where).sum()),
        hits=int((gold & found & where).sum()),
        precision=figure(ratio(hits, hits + false)),
        recall=figure(ratio(hits, hits + missed)),
        f1=figure(f1),
        false_rate=figure(rate),
        false_per_1000=figure(1000 * rate),
    )


def _counts(voices: Voices, gold: Flags, found: Flags, where: Flags) -> tuple[Row, Row, Row, Row]:
    """Hits, missed, false and harmless, ``[1 + R]`` each."""
    columns = (gold & found, gold & ~found, ~gold & found, ~gold)
    sums = voices.sums(np.stack([column & where for column in columns], axis=1))
    return sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3]


def at_prevalence(recall: Row, false_rate: Row, prevalence: float) -> Row:
    """Precision if a share ``prevalence`` of messages wanted an alert, by Bayes' rule.

    NaN where recall or the false-positive rate is unknown, or nothing would be raised.
    """
    right = recall * prevalence
    return ratio(right, right + false_rate * (1 - prevalence))


def at_prevalences(voices: Voices, gold: Flags, found: Flags) -> tuple[AtPrevalence, ...]:
    """Precision at 2, 5 and 10 % alerts."""
    hits, missed, false, harmless = _counts(voices, gold, found, np.ones_like(gold))
    recall, rate = ratio(hits, hits + missed), ratio(false, harmless)
    return tuple(
        AtPrevalence(prevalence=share, precision=figure(at_prevalence(recall, rate, share)))
        for share in PREVALENCES
    )


def slices(
    voices: Voices, examples: Sequence[Example], gold: Side, found: Side
) -> tuple[Slice, ...]:
    """Alerts by stage, in the order of a hiring, then by tag, the commonest first."""
    made = []
    for stage in STAGES:
        where = np.array([example.stage == stage for example in examples], np.bool_)
        if where.any():
            figures = alert_figures(voices, gold.alert, found.alert, where)
            made.append(Slice(kind="stage", name=stage, alert=figures))
    tagged = [frozenset(example.tags) for example in examples]
    tags = {tag for group in tagged for tag in group}
    ordered = sorted(tags, key=lambda tag: (-sum(tag in group for group in tagged), tag))
    for tag in ordered:
        where = np.array([tag in group for group in tagged], np.bool_)
        figures = alert_figures(voices, gold.alert, found.alert, where)
        made.append(Slice(kind="tag", name=tag, alert=figures))
    return tuple(made)


def average_precision(voices: Voices, gold: Flags, scores: Row | None) -> Figure:
    """Area under precision over recall, equal scores taken together. Empty without scores."""
    if scores is None:
        return Figure()
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    parts = []
    for block in voices.weights():
        weights = block[:, order]
        seen = np.cumsum(weights, axis=1)[:, ends]
        right = np.cumsum(weights * gold[order], axis=1)[:, ends]
        gained = np.diff(right, axis=1, prepend=0.0)
        precision = np.nan_to_num(ratio(right, seen))
        parts.append(ratio((gained * precision).sum(axis=1), right[:, -1]))
    return figure(np.concatenate(parts))


def unclear_figures(
    voices: Voices, readings: Sequence[Reading], gold: Flags, found: Flags
) -> UnclearFigures:
    """How often the reader was unsure, and what it missed without even being so."""
    unclear = np.array([reading.unclear for reading in readings], np.bool_)
    missed = gold & ~found
    return UnclearFigures(
        share=figure(ratio(voices.sums(unclear), voices.sums(np.ones(len(unclear))))),
        missed=int(missed.sum()),
        missed_unclear=int((missed & unclear).sum()),
    )
