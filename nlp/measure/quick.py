"""The handful of numbers that decide between two models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.corpus import Example
from nlp.measure.metrics import measure
from nlp.measure.sampling import Figure
from nlp.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Shares between 0 and 1, rounded to four digits; ``false_alerts`` per 1,000 harmless.

    A figure that nothing can be said of is 0.
    """

    macro_f1: float
    alert_precision: float
    alert_recall: float
    false_alerts: float
    commitment_error: float  # mean absolute distance in steps


def scores(examples: Sequence[Example], readings: Sequence[Reading]) -> Scores:
    """Labels against readings, in the same order: the report's figures without intervals."""
    report = measure(examples, readings, resamples=0)
    return Scores(
        macro_f1=_value(report.macro_f1),
        alert_precision=_value(report.alert.precision),
        alert_recall=_value(report.alert.recall),
        false_alerts=round(_value(report.alert.false_per_1000), 1),
        commitment_error=_value(report.commitment.mean_error),
    )


def _value(figure: Figure) -> float:
    return round(figure.value or 0.0, 4)
