"""What is put beside the reader to be beaten.

Slow: the library that most of them are made of takes seconds to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nlp.corpus import Example
from nlp.measure import baselines
from nlp.measure.metrics import measure
from nlp.scheme import Intent
from tests.unit.nlp.measure.labelled import a_mixed_file, an_example, readings_of

pytestmark = pytest.mark.slow


def some_messages(voices: str) -> list[Example]:
    """For each voice a question about pay and a no; every reader should tell them apart."""
    question = an_example(text="请问工资几号发")
    no = an_example(
        text="抱歉我不来了", intents=frozenset({Intent.DECLINE}), commitment=-3, alert=True
    )
    return [replace(one, voice=voice) for voice in voices for one in (question, no)]


def test_every_baseline_learns_what_is_plain() -> None:
    training, examples = some_messages("abcdefgh"), some_messages("xy")

    def features(asked: Sequence[Example]) -> np.ndarray[Any, Any]:
        return np.array([[float("工资" in one.text), 1.0] for one in asked])

    rows = baselines.beside(training, examples, features=features)
    assert len({row.name for row in rows}) == 4
    for row in rows:
        assert row.alert_precision == row.alert_recall == 1.0, row.name
        assert row.false_alerts_per_1000 == 0.0
        assert row.commitment_mae == 0.0
    assert [row.macro_f1 for row in rows[1:]] == [1.0] * 3  # rules may hear more than is meant


def test_a_baseline_without_anything_to_tell_apart_says_the_same_always() -> None:
    row = baselines.words([an_example()] * 4, [an_example(), an_example()])
    assert (row.alert_precision, row.alert_recall) == (None, None)
    assert (row.macro_f1, row.commitment_mae, row.false_alerts_per_1000) == (1.0, 0.0, 0.0)
    assert baselines.beside([an_example()], []) == ()


def test_a_row_says_what_the_report_of_the_same_readings_says() -> None:
    examples = a_mixed_file()
    readings = readings_of(examples)
    row = measure(examples, readings).row()
    assert baselines.scored("同样的", examples, readings) == replace(row, name="同样的")
