"""Judged by outcomes: the file, the figures against known answers, the fit and its limits."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from bot.risk.backtest import auc, backtest, top_tenth
from bot.risk.cases import BadCases, Cases, read
from bot.risk.fit import TooFew, fit

RULES = ("silence", "pay_first", "late_step")
EXPERTS = {"silence": 20.0, "pay_first": 10.0, "late_step": 25.0}
HEAD = "id,outcome,on_day,silence,silence@,pay_first\n"


def drawn(count: int, truth: dict[str, float], *, seed: int = 7, level: float = -2.0) -> Cases:
    """Cases whose outcomes follow ``truth`` (log-odds of each rule) and nothing else."""
    chance = np.random.default_rng(seed)
    held = chance.random((count, len(RULES))) < 0.3
    odds = level + held @ np.array([truth[rule] for rule in RULES])
    return Cases(
        ids=tuple(f"c{n}" for n in range(count)),
        rules=RULES,
        days=tuple(date(2026, 1, 1) + timedelta(days=n // 5) for n in range(count)),
        broken=chance.random(count) < 1 / (1 + np.exp(-odds)),
        values=held * np.array([EXPERTS[rule] for rule in RULES]),
        lead=np.where(held, 5.0, np.nan),
        skipped=0,
    )


def test_a_file_is_read_in_the_order_of_its_days() -> None:
    text = (
        HEAD
        + "b,reneged,2026-03-02,20,2026-02-20,\n"
        + "a,joined,2026-03-01,,,10\nc,rescinded,2026-03-01,,,\n"
    )
    cases = read(text, RULES)
    assert (cases.ids, cases.rules, cases.skipped) == (("a", "b"), ("silence", "pay_first"), 1)
    assert cases.broken.tolist() == [False, True]
    assert cases.lead[1].tolist()[0] == 10.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,outcome,silence\n", "缺少列 on_day"),
        ("id,outcome,on_day\n", "没有任何规则"),
        ("id,outcome,on_day,mood\n", "不认识的列 mood"),
        ("id,outcome,on_day,silence,silence\n", "重名"),
        ("id,outcome,on_day,silence@,pay_first\n", "没有对应的 silence"),
        (HEAD + "a,gone,2026-03-01,,,\n", "第 2 行 outcome"),
        (HEAD + "a,joined,3月1日,,,\n", "第 2 行 on_day"),
        (HEAD + "a,joined,2026-03-01,很高,,\n", "第 2 行 silence"),
        (HEAD + "a,joined,2026-03-01,200,,\n", "第 2 行 silence"),
        (HEAD + "a,joined,2026-03-01,,,\na,joined,2026-03-01,,,\n", "重复"),
        (HEAD + "a,joined,2026-03-01,20,2026-03-01,\n", "不能用来预测"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, says: str) -> None:
    with pytest.raises(BadCases, match=says):
        read(text, RULES)


def test_the_auc_is_the_share_of_pairs_in_order() -> None:
    score, broken = np.array([1.0, 2, 2, 3]), np.array([False, True, False, True])
    assert auc(score, broken) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert auc(-score, broken) == pytest.approx(1 - 3.5 / 4)
    assert np.isnan(auc(score, np.array([True] * 4)))


def test_the_top_tenth_shares_its_ties() -> None:
    score = np.array([5.0] * 10)
    broken = np.array([True] * 3 + [False] * 7)
    assert top_tenth(score, broken) == pytest.approx(0.3)
    assert top_tenth(np.arange(10.0), broken[::-1]) == 1.0


@pytest.mark.slow
def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """95 % intervals over 40 draws of cases where scores say nothing: 0.5 is inside in most."""
    nothing = dict.fromkeys(RULES, 0.0)
    inside = 0
    for seed in range(40):
        found = backtest(drawn(200, nothing, seed=seed, level=-0.5)).auc
        inside += found.low <= 0.5 <= found.high
    assert inside >= 34


def test_figures_of_cases_where_one_rule_tells_everything() -> None:
    truth = {"silence": 6.0, "pay_first": 0.0, "late_step": 0.0}
    found = backtest(drawn(2_000, truth, level=-3))
    by_rule = {one.rule: one for one in found.rules}
    assert found.auc.value > 0.75
    assert by_rule["silence"].lift > 2
    assert by_rule["pay_first"].lift == pytest.approx(1, abs=0.15)
    assert by_rule["silence"].lead_days == 5.0
    assert sum(one.cases for one in found.calibration) == found.cases


def test_many_cases_move_the_weights_to_what_happened() -> None:
    truth = {"silence": 3.0, "pay_first": 0.0, "late_step": 0.0}
    found = fit(drawn(4_000, truth), EXPERTS)
    assert found.adds["silence"] > 45
    assert abs(found.adds["pay_first"]) < 8
    assert abs(found.adds["late_step"]) < 8
    assert found.better.low > 0


def test_few_cases_leave_the_experts_nearly_alone() -> None:
    right = {rule: adds / 20 for rule, adds in EXPERTS.items()}
    found = fit(drawn(220, right), EXPERTS)
    assert all(abs(found.adds[rule] - EXPERTS[rule]) < 15 for rule in RULES)


def test_the_later_quarter_is_never_trained_on() -> None:
    cases = drawn(400, dict.fromkeys(RULES, 1.0))
    flipped = Cases(
        **{
            name: getattr(cases, name)
            for name in ("ids", "rules", "days", "values", "lead", "skipped")
        },
        broken=np.where(np.arange(400) < 300, cases.broken, ~cases.broken),
    )
    assert fit(cases, EXPERTS).adds == fit(flipped, EXPERTS).adds


@pytest.mark.parametrize(("count", "level"), [(199, -1.0), (400, -9.0)])
def test_too_few_outcomes_fit_nothing(count: int, level: float) -> None:
    with pytest.raises(TooFew, match="至少要 200"):
        fit(drawn(count, dict.fromkeys(RULES, 0.0), level=level), EXPERTS)
