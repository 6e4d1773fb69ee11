"""Measure a reader on labelled messages. Pure: the same lists give the same report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from nlp.corpus import Example
from nlp.measure.alerts import (
    alert_figures,
    at_prevalences,
    average_precision,
    slices,
    unclear_figures,
)
from nlp.measure.arrays import CONDITIONS, INTENTS, Flags, Side, alert_scores, side
from nlp.measure.calibration import calibration_figures
from nlp.measure.figures import (
    CommitmentFigures,
    ConditionClass,
    ConditionFigures,
    IntentFigures,
    PairFigures,
    Report,
    ReportedFigures,
)
from nlp.measure.mistakes import WORST, commitment_confusion, intent_confusion, mistakes
from nlp.measure.sampling import RESAMPLES, Figure, Row, Voices, figure, mean_defined, ratio
from nlp.reading import Reading


def measure(
    examples: Sequence[Example],
    readings: Sequence[Reading],
    *,
    title: str = "",
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Report:
    """Everything about one reading for each example, in the same order.

    Intervals are 95 % percentile bootstraps over the voices. Raises ValueError when the lists
    differ in length.
    """
    if len(examples) != len(readings):
        raise ValueError(f"{len(examples)} examples, {len(readings)} readings")
    voices = Voices([example.voice for example in examples], resamples=resamples, seed=seed)
    gold, found = side(examples), side(readings)
    wrong = mistakes(examples, readings)
    return Report(
        title=title,
        model=" ".join(sorted({reading.model for reading in readings})),
        messages=len(examples),
        voices=voices.count,
        resamples=resamples,
        seed=seed,
        intents=_intents(voices, gold, found),
        macro_f1=figure(macro_f1(voices, gold, found)),
        micro_f1=_micro_f1(voices, gold, found),
        alert=alert_figures(voices, gold.alert, found.alert, np.ones(len(examples), np.bool_)),
        average_precision=average_precision(voices, gold.alert, alert_scores(readings)),
        at_prevalence=at_prevalences(voices, gold.alert, found.alert),
        slices=slices(voices, examples, gold, found),
        unclear=unclear_figures(voices, readings, gold.alert, found.alert),
        commitment=_commitment(voices, gold, found),
        reported=_reported(voices, gold, found),
        condition=_condition(voices, gold, found),
        pairs=_pairs(voices, examples, gold, found),
        calibration=calibration_figures(readings, gold.alert, gold.intents),
        confusion=intent_confusion(gold, found),
        mistakes=len(wrong),
        worst=tuple(wrong[:WORST]),
    )


def macro_f1(voices: Voices, gold: Side, found: Side) -> Row:
    """Mean F1 over the intents that a label names, ``[1 + R]``.

    In a resample only the intents that its labels name count; NaN where there is none.
    """
    hits, missed, false = _counts(voices, gold.intents, found.intents)
    f1 = ratio(2 * hits, 2 * hits + missed + false)
    return mean_defined(np.where(hits + missed > 0, f1, np.nan))


def _counts(voices: Voices, gold: Flags, found: Flags) -> tuple[Row, Row, Row]:
    """Hits, missed and false, each in the shape of ``Voices.sums``."""
    return voices.sums(gold & found), voices.sums(gold & ~found), voices.sums(~gold & found)


def _intents(voices: Voices, gold: Side, found: Side) -> tuple[IntentFigures, ...]:
    hits, missed, false = _counts(voices, gold.intents, found.intents)
    precision, recall = ratio(hits, hits + false), ratio(hits, hits + missed)
    # Without a label there is no F1, whatever was found: macro-F1 leaves such an intent out too.
    f1 = np.where(hits + missed > 0, ratio(2 * hits, 2 * hits + missed + false), np.nan)
    return tuple(
        IntentFigures(
            intent=intent,
            support=int(gold.intents[:, at].sum()),
            found=int(found.intents[:, at].sum()),
            precision=figure(precision[:, at]),
            recall=figure(recall[:, at]),
            f1=figure(f1[:, at]),
        )
        for at, intent in enumerate(INTENTS)
    )


def _micro_f1(voices: Voices, gold: Side, found: Side) -> Figure:
    hits, missed, false = (
        counts.sum(axis=1) for counts in _counts(voices, gold.intents, found.intents)
    )
    return figure(ratio(2 * hits, 2 * hits + missed + false))


def _share(voices: Voices, values: Flags | Row) -> Figure:
    return figure(ratio(voices.sums(values), voices.sums(np.ones(len(values)))))


def _commitment(voices: Voices, gold: Side, found: Side) -> CommitmentFigures:
    apart = np.abs(gold.commitment - found.commitment)
    return CommitmentFigures(
        mean_error=_share(voices, apart.astype(np.float64)),
        exact=_share(voices, apart == 0),
        far=_share(voices, apart >= 2),
        sign=_share(voices, np.sign(gold.commitment) == np.sign(found.commitment)),
        confusion=commitment_confusion(gold, found),
    )


def _reported(voices: Voices, gold: Side, found: Side) -> ReportedFigures:
    hits, missed, false = _counts(voices, gold.reported, found.reported)
    return ReportedFigures(
        support=int(gold.reported.sum()),
        precision=figure(ratio(hits, hits + false)),
        recall=figure(ratio(hits, hits + missed)),
    )


def _condition(voices: Voices, gold: Side, found: Side) -> ConditionFigures:
    classes = []
    for at, condition in enumerate(CONDITIONS):
        wanted, got = gold.condition == at, found.condition == at
        hits, missed, false = _counts(voices, wanted, got)
        f1 = np.where(hits + missed > 0, ratio(2 * hits, 2 * hits + missed + false), np.nan)
        classes.append(
            ConditionClass(condition=condition, support=int(wanted.sum()), f1=figure(f1))
        )
    return ConditionFigures(
        accuracy=_share(voices, gold.condition == found.condition), classes=tuple(classes)
    )


def _pairs(voices: Voices, examples: Sequence[Example], gold: Side, found: Side) -> PairFigures:
    """A pair belongs to the voice of its first message."""
    members: dict[str, list[int]] = defaultdict(list)
    for at, example in enumerate(examples):
        if example.pair is not None:
            members[example.pair].append(at)
    groups = [group for group in members.values() if len(group) > 1]
    alert = gold.alert == found.alert
    sign = np.sign(gold.commitment) == np.sign(found.commitment)
    columns = np.zeros((len(examples), 4), np.float64)  # all, alert, sign, both
    for group in groups:
        right, signed = alert[group].all(), sign[group].all()
        columns[group[0]] += (1, right, signed, right and signed)
    sums = voices.sums(columns)
    shares = ratio(sums[:, 1:], sums[:, :1])
    return PairFigures(
        pairs=len(groups),
        lone=len(members) - len(groups),
        alert=figure(shares[:, 0]),
        sign=figure(shares[:, 1]),
        both=figure(shares[:, 2]),
    )
