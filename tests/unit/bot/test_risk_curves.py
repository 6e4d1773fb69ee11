"""Curves against what is known of them: the area is the AUC, the band holds the curve."""

from __future__ import annotations

import numpy as np
import pytest

from bot.risk.backtest import auc, backtest, leads, scores
from bot.risk.cases import BadCases, read
from bot.risk.curves import curves, roc
from tests.unit.bot.test_risk_outcomes import HEAD, RULES, drawn

TRUTH = {"silence": 1.5, "pay_first": 0.0, "late_step": 1.0}


def test_the_area_under_the_curve_is_the_auc() -> None:
    chance = np.random.default_rng(5)
    for _ in range(20):
        score = chance.integers(0, 12, 80).astype(float)
        broken = chance.random(80) < 0.3
        alarms, found = np.array(roc(score, broken)).T
        assert np.trapezoid(found, alarms) == pytest.approx(auc(score, broken))


def test_one_kind_of_outcome_has_no_curve() -> None:
    assert roc(np.array([1.0, 2.0]), np.array([True, True])) == ()
    assert roc(np.array([]), np.array([], dtype=bool)) == ()


def test_the_band_lies_around_the_curve_and_narrows_with_cases() -> None:
    wide = []
    for count in (150, 2000):
        cases = drawn(count, TRUTH)
        made = curves(cases, scores(cases))
        grid, low, high = np.array(made.band).T
        assert (low <= high).all()
        alarms, found = np.array(made.roc).T
        inside = (np.interp(grid, alarms, found) >= low) & (np.interp(grid, alarms, found) <= high)
        assert inside.mean() > 0.95
        wide.append(float((high - low).mean()))
    assert wide[1] < wide[0] / 2


def test_everybody_is_somewhere_in_the_distribution() -> None:
    cases = drawn(300, TRUTH)
    spread = curves(cases, scores(cases)).spread
    broken = int(cases.broken.sum())
    assert sum(one.kept for one in spread) == 300 - broken
    assert sum(one.broken for one in spread) == broken
    assert spread[-1].high == 100


def test_the_lead_is_of_the_first_signal_that_raised_the_score() -> None:
    head = "id,outcome,on_day,silence,silence@,pay_first,pay_first@\n"
    text = (
        head
        + "a,reneged,2026-03-20,20,2026-03-10,10,2026-03-15\n"  # the earlier of two: 10 days
        + "b,reneged,2026-03-20,-5,2026-03-01,10,2026-03-16\n"  # what lowers it warns of nothing
        + "c,reneged,2026-03-20,20,,,\n"  # nobody kept the day
        + "d,joined,2026-03-20,20,2026-03-19,,\n"
    )
    cases = read(text, RULES)
    assert leads(cases)[:2].tolist() == [10.0, 4.0]
    assert np.isnan(leads(cases)[2])
    found = backtest(cases)
    assert (found.broken, found.warned, found.lead_days) == (3, 2, 7.0)
    told = curves(cases, scores(cases)).leads
    assert [(one.low, one.broken) for one in told if one.broken] == [(4, 1), (8, 1)]


def test_without_days_there_is_no_lead() -> None:
    found = backtest(read("id,outcome,on_day,silence\na,reneged,2026-03-20,20\n", RULES))
    assert (found.warned, found.lead_days) == (0, None)


def test_columns_after_the_fact_are_counted() -> None:
    text = HEAD + "a,joined,2026-03-01,20,2026-03-01,\nb,joined,2026-03-01,20,2026-04-01,\n"
    with pytest.raises(BadCases) as raised:
        read(text, RULES)
    assert raised.value.late == {"silence": 2}
    kept = read(HEAD + "a,joined,2026-03-01,20,2026-02-01,10\n", RULES)
    assert kept.dated == ("silence",)
