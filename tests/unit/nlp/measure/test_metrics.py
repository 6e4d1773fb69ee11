"""Figures, worked out by hand."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nlp.corpus import Example
from nlp.measure.alerts import at_prevalence
from nlp.measure.calibration import calibration
from nlp.measure.evasion import evasion
from nlp.measure.metrics import measure
from nlp.measure.mistakes import mistakes
from nlp.measure.report import as_json
from nlp.measure.sampling import Figure, Voices, figure, ratio
from nlp.reading import Reading
from nlp.scheme import Condition, Intent
from tests.unit.nlp.measure.labelled import (
    a_mixed_file,
    a_reading,
    alerts,
    an_example,
    readings_of,
    right,
)

PAY, NO, HELLO = Intent.SALARY, Intent.DECLINE, Intent.SOCIAL


def figures_in(value: Any) -> list[dict[str, float | None]]:
    """Every figure of a report as JSON."""
    if isinstance(value, dict):
        if value.keys() == {"value", "low", "high"}:
            return [value]
        value = list(value.values())
    return [one for inner in value for one in figures_in(inner)] if isinstance(value, list) else []


# --- intervals --------------------------------------------------------------------------------


def test_whole_voices_are_drawn_again_not_messages() -> None:
    labels = [1.0] * 10 + [0.0] * 10
    ones = np.ones(20)
    two, many = Voices(["a"] * 10 + ["b"] * 10), Voices([f"v{at}" for at in range(20)])
    wide = figure(ratio(two.sums(labels), two.sums(ones)))
    narrow = figure(ratio(many.sums(labels), many.sums(ones)))
    assert (wide.value, wide.low, wide.high) == (0.5, 0.0, 1.0)
    assert narrow.value == 0.5
    assert narrow.low is not None
    assert narrow.high is not None
    assert 0.2 < narrow.low < 0.35
    assert 0.65 < narrow.high < 0.8


def test_an_interval_holds_its_number_and_the_same_seed_gives_the_same() -> None:
    chance = random.Random(3)
    examples = [replace(one, voice=f"a-{at}") for at, one in enumerate(a_mixed_file() * 4)]
    readings = readings_of(examples)
    for at in chance.sample(range(len(readings)), 60):
        readings[at] = replace(readings[(at + 1) % len(readings)], model="test@1")
    report = measure(examples, readings, resamples=300)
    known = [one for one in figures_in(as_json(report)) if one["low"] is not None]
    assert len(known) > 100
    for one in known:
        assert one["low"] <= one["value"] <= one["high"], one  # type: ignore[operator]
    assert measure(examples, readings, resamples=300) == report
    other = measure(examples, readings, resamples=300, seed=2)
    assert other.alert.recall != report.alert.recall


def test_one_voice_has_no_interval_and_messages_without_a_voice_count_alone() -> None:
    examples = [an_example(), an_example()]
    assert measure(examples, readings_of(examples)).commitment.exact == Figure(value=1.0)
    unnamed = [replace(example, voice="") for example in examples]
    report = measure(unnamed, readings_of(unnamed))
    assert report.voices == 2
    assert report.commitment.exact == Figure(value=1.0, low=1.0, high=1.0)


def test_more_voices_than_bundles_still_add_up() -> None:
    voices = Voices([f"v{at}" for at in range(5000)], resamples=3)
    assert voices.count == 5000
    assert voices.sums(np.ones(5000)).tolist() == [5000.0, *voices.sums(np.ones(5000))[1:]]
    assert voices.sums(np.ones(5000))[1:] == pytest.approx(5000, rel=0.05)


def test_two_thousand_messages_take_less_than_three_seconds() -> None:
    examples = [replace(one, voice=f"a-{at % 300}") for at, one in enumerate(a_mixed_file() * 50)]
    readings = [right(one, alert_score=at % 97 / 97) for at, one in enumerate(examples)]
    before = time.process_time()
    measure(examples, readings, resamples=1000)
    assert time.process_time() - before < 3


# --- intents ----------------------------------------------------------------------------------


def test_an_all_right_file_scores_one_everywhere() -> None:
    examples = a_mixed_file()
    report = measure(examples, readings_of(examples))
    full = Figure(value=1.0, low=1.0, high=1.0)
    assert report.macro_f1 == report.micro_f1 == full
    assert [row.f1 for row in report.intents] == [full] * 16
    assert report.alert.precision == report.alert.recall == report.alert.f1 == full
    assert report.alert.false_per_1000.value == 0
    assert report.commitment.exact == report.commitment.sign == full
    assert report.commitment.mean_error.value == report.commitment.far.value == 0
    assert report.reported.precision == report.reported.recall == full
    assert report.condition.accuracy == full
    assert report.pairs.both == full
    assert [row.precision for row in report.at_prevalence] == [full] * 3
    assert report.mistakes == 0
    assert report.worst == ()


def test_precision_recall_and_f1_of_an_intent() -> None:
    # salary: found in 1, 2 and 4, meant in 1, 2 and 3: two hits, one missed, one false.
    meant = ({PAY}, {PAY, NO}, {PAY}, {HELLO})
    found = ((PAY,), (PAY, NO), (NO,), (PAY,))
    examples = [an_example(intents=frozenset(one), voice=str(at)) for at, one in enumerate(meant)]
    report = measure(examples, [a_reading(intents=one) for one in found])
    rows = {row.intent: row for row in report.intents}
    pay, no, hello = rows[PAY], rows[NO], rows[HELLO]
    assert (pay.support, pay.found) == (3, 3)
    assert pay.precision.value == pay.recall.value == pay.f1.value == pytest.approx(2 / 3)
    assert (no.precision.value, no.recall.value) == (0.5, 1.0)
    assert (hello.precision.value, hello.recall.value, hello.f1.value) == (None, 0.0, 0.0)
    assert report.macro_f1.value == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert report.micro_f1.value == pytest.approx(2 * 3 / (5 + 5))  # 3 hits, 5 meant, 5 found


def test_an_intent_without_a_label_is_left_out_of_the_mean() -> None:
    examples = [an_example(voice="a"), an_example(voice="b")]
    report = measure(examples, [a_reading(), a_reading(intents=(PAY, NO))])
    no = next(row for row in report.intents if row.intent is NO)
    assert (no.support, no.found, no.precision.value) == (0, 1, 0.0)
    assert no.recall == no.f1 == Figure()
    assert report.macro_f1.value == 1.0


# --- alerts -----------------------------------------------------------------------------------


def test_alert_figures_and_false_alerts_per_thousand() -> None:
    report = measure(*alerts("!!!.....", "!!..!..."))
    alert = report.alert
    assert (alert.messages, alert.wanted, alert.raised, alert.hits) == (8, 3, 3, 2)
    assert alert.precision.value == alert.recall.value == alert.f1.value == pytest.approx(2 / 3)
    assert alert.false_rate.value == pytest.approx(0.2)
    assert alert.false_per_1000.value == pytest.approx(200)


def test_precision_at_another_prevalence() -> None:
    # 0.02 x 0.8 = 0.016 right ones beside 0.98 x 0.1 = 0.098 false ones.
    found = at_prevalence(np.array([0.8]), np.array([0.1]), 0.02)
    assert found[0] == pytest.approx(0.016 / 0.114)
    report = measure(*alerts("!!!.....", "!!..!..."))
    shares = [row.prevalence for row in report.at_prevalence]
    assert shares == [0.02, 0.05, 0.10]
    tenth = report.at_prevalence[2].precision.value
    assert tenth == pytest.approx((0.1 * 2 / 3) / (0.1 * 2 / 3 + 0.9 * 0.2))
    own = at_prevalence(np.array([2 / 3]), np.array([0.2]), 3 / 8)
    assert own[0] == pytest.approx(report.alert.precision.value)


def test_stages_and_tags_are_measured_apart() -> None:
    examples, readings = alerts("!!..", "!.!.")
    where = (("offer", ("nk",)), ("offer", ()), ("accepted", ("hs", "nk")), ("accepted", ("hs",)))
    examples = [
        replace(one, stage=stage, tags=tags)
        for one, (stage, tags) in zip(examples, where, strict=True)
    ]
    parts = {part.name: part for part in measure(examples, readings).slices}
    assert list(parts) == ["offer", "accepted", "hs", "nk"]
    assert parts["offer"].alert.recall.value == 0.5
    assert parts["offer"].alert.false_per_1000 == Figure()  # nothing harmless there
    assert parts["hs"].alert.recall == parts["hs"].alert.f1 == Figure()
    assert parts["hs"].alert.false_per_1000.value == 500
    assert (parts["nk"].kind, parts["nk"].alert.messages) == ("tag", 2)


def test_average_precision_by_hand_and_with_equal_scores() -> None:
    examples, _ = alerts("!.!", "...")
    scored = [a_reading(alert_score=score) for score in (0.9, 0.8, 0.7)]
    report = measure(examples, scored)
    assert report.average_precision.value == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    level = [a_reading(alert_score=0.5) for _ in examples]
    assert measure(examples, level).average_precision.value == pytest.approx(2 / 3)


@pytest.mark.slow  # for the seconds that the other library takes to load
def test_average_precision_is_what_another_library_says() -> None:
    from sklearn.metrics import average_precision_score

    chance = random.Random(5)
    examples, _ = alerts("".join(chance.choice("!..") for _ in range(200)), "." * 200)
    scores = [round(chance.random(), 1) for _ in examples]
    found = measure(examples, [a_reading(alert_score=score) for score in scores])
    wanted = average_precision_score([one.alert for one in examples], scores)
    assert found.average_precision.value == pytest.approx(wanted)
    assert found.average_precision.low is not None


def test_without_scores_there_is_no_average_precision_and_no_calibration() -> None:
    examples, readings = alerts("!.", "!.")
    for some in (readings, [replace(readings[0], alert_score=0.9), readings[1]]):
        report = measure(examples, some)
        assert report.average_precision == Figure()
        assert report.calibration.alert.error is None


def test_a_missed_alert_may_at_least_be_unclear() -> None:
    examples, readings = alerts("!!!.", "!...")
    readings[1] = replace(readings[1], unclear=True)
    readings[3] = replace(readings[3], unclear=True)
    unclear = measure(examples, readings).unclear
    assert (unclear.share.value, unclear.missed, unclear.missed_unclear) == (0.5, 2, 1)


# --- the other labels -------------------------------------------------------------------------


def test_commitment_error_sign_and_confusion() -> None:
    steps = ((-3, -3), (-2, 0), (0, 1), (3, 2))
    examples = [an_example(commitment=gold, voice=str(at)) for at, (gold, _) in enumerate(steps)]
    made = measure(examples, [a_reading(commitment=found) for _, found in steps]).commitment
    assert made.mean_error.value == pytest.approx((0 + 2 + 1 + 1) / 4)
    assert (made.exact.value, made.far.value, made.sign.value) == (0.25, 0.25, 0.5)
    assert (made.confusion[0][0], made.confusion[1][3]) == (1, 1)
    assert (made.confusion[3][4], made.confusion[6][5]) == (1, 1)
    assert sum(map(sum, made.confusion)) == 4


def test_reported_words_and_conditions() -> None:
    hard, soft, none = Condition.HARD, Condition.SOFT, Condition.NONE
    rows = ((True, True, hard, hard), (True, False, hard, soft), (False, True, none, none))
    examples = [
        an_example(reported=gold, condition=bound, voice=str(at))
        for at, (gold, _, bound, _) in enumerate(rows)
    ]
    readings = [a_reading(reported=found, condition=bound) for _, found, _, bound in rows]
    report = measure(examples, readings)
    assert (report.reported.support, report.reported.precision.value) == (2, 0.5)
    assert report.reported.recall.value == 0.5
    assert report.condition.accuracy.value == pytest.approx(2 / 3)
    f1 = {row.condition: row.f1.value for row in report.condition.classes}
    assert f1 == {none: 1.0, soft: None, hard: pytest.approx(2 / 3)}


def test_a_pair_counts_when_every_member_is_right() -> None:
    names = ("p1", "p1", "p2", "p2", "p2", "p3", "p3", "p4", None)
    examples, readings = alerts("!.!..!.!.", "!.!..!!..")  # wrong: the second of p3, and p4
    examples = [replace(one, pair=name) for one, name in zip(examples, names, strict=True)]
    readings[3] = replace(readings[3], commitment=1)  # a sign of p2
    pairs = measure(examples, readings).pairs
    assert (pairs.pairs, pairs.lone) == (3, 1)
    assert pairs.alert.value == pytest.approx(2 / 3)
    assert pairs.sign.value == pytest.approx(2 / 3)
    assert pairs.both.value == pytest.approx(1 / 3)


# --- calibration ------------------------------------------------------------------------------


def test_calibration_error_by_hand() -> None:
    scores = np.full(20, 0.8)
    assert calibration(scores, np.arange(20) < 16).error == pytest.approx(0)
    first, last = np.arange(20) < 10, np.arange(20) >= 10
    assert calibration(scores, first).error == pytest.approx(0.3)
    assert calibration(scores, last).error == pytest.approx(0.3)  # the order changes nothing
    spread = calibration(np.array([0.1] * 10 + [0.9] * 10), np.arange(20) >= 8)
    assert [one.count for one in spread.bins] == [2] * 10
    assert spread.error == pytest.approx(0.5 * abs(0.1 - 0.2) + 0.5 * abs(0.9 - 1))


def test_intents_are_calibrated_where_a_score_is_given() -> None:
    examples = [an_example(), an_example(intents=frozenset({NO}))]
    readings = [a_reading(scores={PAY: 0.9, NO: 0.2}), a_reading(scores={PAY: 0.7})]
    made = measure(examples, readings).calibration
    assert made.intents.answers == 3
    assert made.intents.error == pytest.approx((0.1 + 0.2 + 0.7) / 3)
    assert made.by_intent[PAY].error == pytest.approx((0.1 + 0.7) / 2)
    assert (made.by_intent[HELLO].answers, made.by_intent[HELLO].error) == (0, None)


# --- mistakes ---------------------------------------------------------------------------------


def test_confusion_says_what_was_found_instead() -> None:
    meant = ({PAY}, {PAY, NO}, {NO}, {PAY})
    found = ((NO,), (PAY,), (NO, HELLO), (PAY,))
    examples = [an_example(intents=frozenset(one)) for one in meant]
    made = measure(examples, [a_reading(intents=one) for one in found]).confusion
    at = made.intents.index
    assert made.instead[at(PAY)][at(NO)] == 1
    assert (made.instead[at(PAY)][at(PAY)], made.instead[at(NO)][at(NO)]) == (2, 1)
    assert made.nothing[at(NO)] == 1
    assert made.added[at(HELLO)] == 1
    assert sum(map(sum, made.instead)) == 4
    assert sum(made.nothing) == sum(made.added) == 1


def test_the_costliest_mistakes_come_first() -> None:
    cases = (
        ("intents", an_example(), a_reading(intents=(PAY, NO))),
        ("near", an_example(), a_reading(commitment=1)),
        ("far", an_example(), a_reading(commitment=3)),
        ("minor", an_example(alert=True, commitment=-1), a_reading()),
        ("false", an_example(), a_reading(alert=True)),
        ("two unclear", an_example(alert=True, commitment=-2), a_reading(unclear=True)),
        ("two", an_example(alert=True, commitment=-2), a_reading()),
        ("three", an_example(alert=True, commitment=-3), a_reading(commitment=-3)),
        ("right", an_example(), a_reading()),
    )
    examples = [replace(example, id=name) for name, example, _ in cases]
    found = mistakes(examples, [reading for _, _, reading in cases])
    order = ["three", "two", "two unclear", "false", "minor", "far", "near", "intents"]
    assert [one.id for one in found] == order
    assert [one.kind for one in found][:2] == ["missed_-3", "missed_-2"]
    report = measure(examples * 8, [reading for _, _, reading in cases] * 8)
    assert (report.mistakes, len(report.worst)) == (64, 50)


# --- evasion ----------------------------------------------------------------------------------


def test_what_is_lost_when_words_are_hidden() -> None:
    asked: list[Example] = []

    def read(batch: list[Example]) -> list[Reading]:
        asked.extend(batch)
        return [right(one, alert=one.alert and "offer" in one.text) for one in batch]

    alarming = [
        an_example(id=str(at), voice=f"a-{at}", text="another offer", alert=True, commitment=-1)
        for at in range(12)
    ]
    declined = an_example(text="no other offer", intents=frozenset({NO}), commitment=2)
    examples = [*alarming, declined, an_example()]
    made = evasion(examples, read(examples), read)
    hidden = asked[len(examples) :]
    still = sum("offer" in one.text for one in hidden if one.alert)
    assert (made.messages, len(hidden)) == (13, 13)
    assert [one.alert for one in hidden] == [True] * 12 + [False]
    assert made.changed == sum("offer" not in one.text for one in hidden) > 0
    assert made.alert_recall.before.value == 1.0
    assert made.alert_recall.after.value == pytest.approx(still / 12)
    assert made.alert_recall.drop.value == pytest.approx(100 * (1 - still / 12))
    assert made.macro_f1.drop == Figure(value=0.0, low=0.0, high=0.0)
    again = evasion(examples[::-1], read(examples[::-1]), read)
    assert again.alert_recall.after.value == made.alert_recall.after.value


# --- edges ------------------------------------------------------------------------------------


def test_no_messages_give_a_report_that_says_nothing() -> None:
    report = measure([], [])
    assert (report.messages, report.voices, report.mistakes) == (0, 0, 0)
    empty = evasion([], [], lambda batch: readings_of(batch))
    found = figures_in(as_json(replace(report, evasion=empty)))
    assert len(found) > 60
    assert all(one == {"value": None, "low": None, "high": None} for one in found)
    json.dumps(as_json(report), allow_nan=False)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="1 examples, 0 readings"):
        measure([an_example()], [])
