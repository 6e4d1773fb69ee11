"""The handful of numbers that decide between two models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.corpus import Example
from nlp.reading import Reading
from nlp.scheme import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Shares between 0 and 1, rounded to four digits; ``false_alerts`` per 1,000 harmless."""

    macro_f1: float
    alert_precision: float
    alert_recall: float
    false_alerts: float
    commitment_error: float  # mean absolute distance in steps


def scores(examples: Sequence[Example], readings: Sequence[Reading]) -> Scores:
    """Labels against readings, in the same order. An empty list scores 0 everywhere."""
    rows = list(zip(examples, readings, strict=True))
    both = sum(one.alert and found.alert for one, found in rows)
    raised = sum(found.alert for _, found in rows)
    wanted = sum(one.alert for one, _ in rows)
    harmless = len(rows) - wanted
    present = [intent for intent in Intent if any(intent in one.intents for one, _ in rows)]
    return Scores(
        macro_f1=_share(sum(_f1(rows, intent) for intent in present), len(present)),
        alert_precision=_share(both, raised),
        alert_recall=_share(both, wanted),
        false_alerts=round(1000 * _share(raised - both, harmless), 1),
        commitment_error=_share(
            sum(abs(one.commitment - found.commitment) for one, found in rows), len(rows)
        ),
    )


def _f1(rows: Sequence[tuple[Example, Reading]], intent: Intent) -> float:
    both = sum(intent in one.intents and intent in found.intents for one, found in rows)
    either = sum((intent in one.intents) + (intent in found.intents) for one, found in rows)
    return 2 * both / either if either else 0.0


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
