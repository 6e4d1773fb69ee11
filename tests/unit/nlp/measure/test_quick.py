"""The few figures that pick a model, counted by hand."""

from __future__ import annotations

from nlp.measure.quick import Scores, scores
from tests.unit.nlp.measure.labelled import a_mixed_file, alerts, readings_of


def test_all_right() -> None:
    examples = a_mixed_file()
    assert scores(examples, readings_of(examples)) == Scores(
        macro_f1=1.0, alert_precision=1.0, alert_recall=1.0, false_alerts=0.0, commitment_error=0.0
    )


def test_alerts_by_hand() -> None:
    found = scores(*alerts("!!!.....", "!!.!...."))
    assert found.alert_precision == 0.6667
    assert found.alert_recall == 0.6667
    assert found.false_alerts == 200.0


def test_nothing_scores_nothing() -> None:
    assert scores([], []) == Scores(
        macro_f1=0.0, alert_precision=0.0, alert_recall=0.0, false_alerts=0.0, commitment_error=0.0
    )
