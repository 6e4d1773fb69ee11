"""From logits to labels that never contradict each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from nlp.encoder.decide import (
    Decision,
    Logits,
    Settings,
    alert_scores,
    blended,
    decide,
    doubts,
)
from nlp.encoder.inputs import CONDITIONS, INTENTS, OUTPUTS, STEPS
from nlp.encoder.reader import SETTINGS, SHIPPED
from nlp.encoder.weights import BadArtefact
from nlp.scheme import SIGNAL_INTENTS, STAGES, Condition, Intent, needs_alert

A, B = len(INTENTS), len(INTENTS) + len(STEPS)
AFTER_JOINING = {Intent.TEAM_FIT, Intent.WORKLOAD, Intent.POSITIVE, Intent.LEAVE_SIGNAL}
PLAIN = Settings()


def a_row(
    *intents: Intent,
    commitment: int = 0,
    alert: float = -4,
    reported: float = -4,
    condition: Condition = Condition.NONE,
    **scores: float,
) -> Logits:
    """Logits that are sure of these labels and of nothing else."""
    row = np.full(OUTPUTS, -4, np.float32)
    for intent in intents:
        row[INTENTS.index(intent)] = 4
    for name, score in scores.items():
        row[INTENTS.index(Intent(name))] = score
    row[A + STEPS.index(commitment)] = 8
    row[B], row[B + 1] = alert, reported
    row[B + 2 + CONDITIONS.index(condition)] = 4
    return row


def decided(row: Logits, settings: Settings = PLAIN, *, stage: str = "offer") -> Decision:
    """The decision on one row."""
    return decide(row, settings, stage=stage)


# --- whatever the network says ----------------------------------------------------------------

_LOGIT = st.one_of(st.floats(-60, 60, width=32), st.sampled_from([-4.0, 0.0, 4.0]))
_SHARE = st.floats(0.05, 0.95)
_ROWS = st.lists(_LOGIT, min_size=OUTPUTS, max_size=OUTPUTS).map(
    lambda values: np.array(values, np.float32)
)
_SETTINGS = st.builds(
    Settings,
    thresholds=st.dictionaries(st.sampled_from([str(intent) for intent in INTENTS]), _SHARE),
    alert_from=_SHARE,
    unclear_from=_SHARE,
    reported_from=_SHARE,
)
_STAGE = st.sampled_from([*STAGES, "later"])


@pytest.mark.slow
@given(row=_ROWS, settings=_SETTINGS, stage=_STAGE)
@runs(max_examples=600, deadline=None)
def test_labels_agree_with_each_other_whatever_the_logits(
    row: Logits, settings: Settings, stage: str
) -> None:
    found = decided(row, settings, stage=stage)
    assert found.alert == needs_alert(
        found.intents, found.commitment, reported=found.reported, condition=found.condition
    )
    assert found.alert == (found.alert_score >= settings.alert_from)
    assert not (found.unclear and found.alert)
    assert found.intents
    assert len(set(found.intents)) == len(found.intents)
    assert Intent.SOCIAL not in found.intents or len(found.intents) == 1
    forbidden = {Intent.DECLINE} if stage == "onboarded" else AFTER_JOINING
    assert not forbidden & set(found.intents)
    assert all(found.scores[intent] == 0 for intent in forbidden)
    assert set(found.scores) == set(INTENTS)
    assert all(0 <= score <= 1 for score in found.scores.values())
    order = [found.scores[intent] for intent in found.intents]
    assert order == sorted(order, reverse=True)
    assert found.commitment in STEPS


@given(row=_ROWS, settings=_SETTINGS, stage=_STAGE)
@runs(max_examples=100, deadline=None)
def test_the_same_logits_are_decided_the_same_and_stay_as_they_are(
    row: Logits, settings: Settings, stage: str
) -> None:
    before = row.copy()
    assert decided(row, settings, stage=stage) == decided(row, settings, stage=stage)
    np.testing.assert_array_equal(row, before)


# --- sure logits ------------------------------------------------------------------------------


@pytest.mark.parametrize("intent", sorted(AFTER_JOINING))
def test_what_belongs_after_joining_is_only_said_there(intent: Intent) -> None:
    row = a_row(intent, salary=1)
    for stage in ("interview", "offer", "accepted"):
        assert decided(row, stage=stage).intents == (Intent.SALARY,)
    settings = Settings(alert_from=0.001 if intent in SIGNAL_INTENTS else 0.5)
    assert intent in decided(row, settings, stage="onboarded").intents


def test_nobody_declines_an_offer_after_joining() -> None:
    row = a_row(Intent.DECLINE, commitment=-3, alert=4, leave_signal=1)
    assert decided(row).intents == (Intent.DECLINE,)
    assert decided(row, stage="onboarded").intents == (Intent.LEAVE_SIGNAL,)


def test_plain_labels_are_said_as_they_are() -> None:
    row = a_row(
        Intent.SALARY, Intent.CONSIDER, commitment=-1, alert=4, condition=Condition.HARD, salary=5
    )
    found = decided(row)
    assert found.intents == (Intent.SALARY, Intent.CONSIDER)
    assert (found.commitment, found.condition) == (-1, Condition.HARD)
    assert found.alert
    assert found.alert_score == pytest.approx(1 / (1 + np.exp(-4)))
    assert not found.reported


def test_an_alert_without_a_reason_gets_the_likelier_one() -> None:
    doubt = a_row(Intent.SALARY, alert=4)
    doubt[A + STEPS.index(-2)] = 6
    found = decided(doubt)
    assert (found.commitment, found.intents) == (-2, (Intent.SALARY,))
    another_way = a_row(Intent.SALARY, alert=4, competing_offer=-0.5)
    found = decided(another_way)
    assert set(found.intents) == {Intent.SALARY, Intent.COMPETING_OFFER}
    assert found.commitment == 0


def test_an_alert_about_nothing_is_no_small_talk() -> None:
    found = decided(a_row(Intent.SOCIAL, alert=4, counter_offer=-0.5))
    assert found.intents == (Intent.COUNTER_OFFER,)


def test_without_an_alert_nothing_calls_for_one() -> None:
    row = a_row(Intent.COMPETING_OFFER, commitment=-1, condition=Condition.HARD, salary=-0.5)
    row[A + STEPS.index(1)] = 3
    found = decided(row)
    assert (found.intents, found.commitment) == ((Intent.SALARY,), 1)
    assert found.condition is Condition.NONE
    assert not found.alert


def test_another_way_that_is_closed_stays_named() -> None:
    found = decided(a_row(Intent.COMPETING_OFFER, commitment=3))
    assert (found.intents, found.commitment, found.alert) == ((Intent.COMPETING_OFFER,), 3, False)


def test_reported_words_alert_nobody_and_keep_their_labels() -> None:
    found = decided(a_row(Intent.DECLINE, commitment=-3, reported=4))
    assert (found.reported, found.alert) == (True, False)
    assert (found.intents, found.commitment) == ((Intent.DECLINE,), -3)
    sure = decided(a_row(Intent.DECLINE, commitment=-3, reported=4, alert=4))
    assert (sure.reported, sure.alert) == (False, True)


def test_commitment_is_the_median() -> None:
    row = a_row(Intent.ACCEPT)
    row[A:B] = np.log([0.1, 0.1, 0.1, 0.1, 0.15, 0.2, 0.25])
    assert decided(row).commitment == 1


def test_small_talk_beside_anything_is_not_named() -> None:
    assert decided(a_row(Intent.SOCIAL, Intent.SALARY)).intents == (Intent.SALARY,)
    assert decided(a_row(Intent.SOCIAL)).intents == (Intent.SOCIAL,)


def test_a_threshold_decides_what_is_named_and_the_nearest_when_nothing_reaches_it() -> None:
    row = a_row(Intent.LOGISTICS, salary=0, terms=-1)
    assert set(decided(row, Settings(thresholds={"salary": 0.51})).intents) == {Intent.LOGISTICS}
    assert Intent.SALARY in decided(row, Settings(thresholds={"salary": 0.49})).intents
    none = a_row(salary=-1, terms=-1.1)
    assert decided(none).intents == (Intent.SALARY,)
    assert decided(none, Settings(thresholds={"salary": 0.9})).intents == (Intent.TERMS,)


@pytest.mark.parametrize(
    ("share", "alert", "unclear"),
    [(0.29, False, False), (0.31, False, True), (0.69, False, True), (0.71, True, False)],
)
def test_between_two_thresholds_a_message_is_unclear(
    share: float, alert: bool, unclear: bool
) -> None:
    settings = Settings(alert_from=0.7, unclear_from=0.3)
    found = decided(a_row(Intent.SALARY, alert=float(np.log(share / (1 - share)))), settings)
    assert (found.alert, found.unclear) == (alert, unclear)
    assert found.alert_score == pytest.approx(share, abs=1e-6)


# --- blending ---------------------------------------------------------------------------------


def test_both_models_count_as_much_as_the_settings_say() -> None:
    chance = np.random.default_rng(1)
    network, ngrams = chance.normal(size=(2, 5, OUTPUTS)).astype(np.float32)
    settings = Settings(
        intents=(2, 3), steps=(5, 7), reported=(11, 13), conditions=(17, 19), alert=(0.5, 2, 3, -1)
    )
    made = blended(network, ngrams, settings)
    for columns, first, second in (
        (slice(0, A), 2, 3),
        (slice(A, B), 5, 7),
        (slice(B + 1, B + 2), 11, 13),
        (slice(B + 2, OUTPUTS), 17, 19),
    ):
        wanted = first * network[:, columns] + second * ngrams[:, columns]
        np.testing.assert_allclose(made[:, columns], wanted, rtol=1e-5)
    odds = np.exp(made[:, A:B].astype(np.float64))
    doubt = np.log(odds[:, :3].sum(1) / odds[:, 3:].sum(1))
    np.testing.assert_allclose(doubts(made), doubt, rtol=1e-5)
    wanted = 0.5 * network[:, B] + 2 * ngrams[:, B] + 3 * doubt - 1
    np.testing.assert_allclose(made[:, B], wanted, rtol=1e-4)
    np.testing.assert_allclose(alert_scores(made), 1 / (1 + np.exp(-wanted)), rtol=1e-4)


def test_without_settings_the_network_decides_alone() -> None:
    network, ngrams = np.random.default_rng(2).normal(size=(2, 3, OUTPUTS)).astype(np.float32)
    np.testing.assert_allclose(blended(network, ngrams, PLAIN), network, rtol=1e-6)


# --- on disk ----------------------------------------------------------------------------------


def test_settings_come_back_from_json(tmp_path: Path) -> None:
    kept = Settings(
        intents=(0.25, 0.5), alert=(1, 2, 3, -4), thresholds={"salary": 0.375}, alert_from=0.625
    )
    path = tmp_path / SETTINGS
    path.write_text(json.dumps(kept.dump()), encoding="utf-8")
    back = Settings.load(path)
    assert json.dumps(back.dump()) == json.dumps(kept.dump())
    row = a_row(Intent.TERMS, salary=-0.45, alert=0.5)
    assert decided(row, back) == decided(row, kept)


def test_the_shipped_settings_name_every_intent_and_are_shares() -> None:
    shipped = Settings.load(SHIPPED / SETTINGS)
    assert set(shipped.thresholds) == {str(intent) for intent in INTENTS}
    assert all(0 < share < 1 for share in shipped.thresholds.values())
    assert 0 < shipped.unclear_from <= shipped.alert_from < 1


@pytest.mark.parametrize("data", [None, "", "[", "[]", "3", '{"odd": 1}', b"\xff"])
def test_settings_that_are_none_are_named(data: Any, tmp_path: Path) -> None:
    path = tmp_path / SETTINGS
    if data is not None:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(BadArtefact, match=r"settings\.json"):
        Settings.load(path)
