"""What the reader is held to, and whether it gets there."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.measure.figures import Report
from nlp.measure.sampling import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """Shares from 0 to 1, alerts per 1,000 harmless messages, percentage points."""

    macro_f1: float = 0.80
    alert_precision: float = 0.90
    alert_recall: float = 0.85
    false_alerts_per_1000: float = 10.0
    pairs: float = 0.75
    evasion_points: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One number against its goal. ``unit`` is share, per_1000 or points."""

    key: str
    name: str
    english: str
    figure: Figure
    goal: float
    at_most: bool = False
    unit: str = "share"

    @property
    def verdict(self) -> str:
        """``sure`` (all of the interval is there), ``met``, ``missed`` or ``unknown``.

        Without an interval nothing is sure.
        """
        value = self.figure.value
        if value is None:
            return "unknown"
        if not self._there(value):
            return "missed"
        worst = self.figure.high if self.at_most else self.figure.low
        return "sure" if worst is not None and self._there(worst) else "met"

    def _there(self, value: float) -> bool:
        return value <= self.goal if self.at_most else value >= self.goal


def bars(report: Report, goals: Goals | None = None) -> tuple[Bar, ...]:
    """Every goal, in the order in which people ask. Pairs count when alert and sign are right."""
    goals = goals or Goals()
    evasion = report.evasion
    return (
        Bar(
            key="macro_f1",
            name="意图 macro-F1",
            english="intents",
            figure=report.macro_f1,
            goal=goals.macro_f1,
        ),
        Bar(
            key="alert_precision",
            name="预警精确率",
            english="alert precision",
            figure=report.alert.precision,
            goal=goals.alert_precision,
        ),
        Bar(
            key="alert_recall",
            name="预警召回率",
            english="alert recall",
            figure=report.alert.recall,
            goal=goals.alert_recall,
        ),
        Bar(
            key="false_alerts_per_1000",
            name="每千条无害消息的误报",
            english="false alerts per 1,000",
            figure=report.alert.false_per_1000,
            goal=goals.false_alerts_per_1000,
            at_most=True,
            unit="per_1000",
        ),
        Bar(
            key="pairs",
            name="对照组全对",
            english="contrast pairs",
            figure=report.pairs.both,
            goal=goals.pairs,
        ),
        Bar(
            key="evasion_macro_f1",
            name="规避写法：F1 损失",
            english="evasion, F1 points lost",
            figure=evasion.macro_f1.drop if evasion else Figure(),
            goal=goals.evasion_points,
            at_most=True,
            unit="points",
        ),
        Bar(
            key="evasion_alert_recall",
            name="规避写法：召回损失",
            english="evasion, recall points lost",
            figure=evasion.alert_recall.drop if evasion else Figure(),
            goal=goals.evasion_points,
            at_most=True,
            unit="points",
        ),
    )
