"""Rules over the record: every shipped rule's two examples, the stories, and what moves nothing."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from bot.profile.forbidden import names_protected
from bot.risk import definition, engine
from bot.risk.known import Known
from bot.risk.measures import MEASURES
from tests.builders import a_rulebook
from tests.known import known

RULES = a_rulebook().risk
OVER_RECORD = sorted(name for name, rule in RULES.items() if rule.when.record)

JUMPER: dict[str, Any] = {
    "jobs": [
        {"from": "2026-02", "until": "至今", "pay": "17k", "left_tag": "薪资"},
        {"from": "2025-05", "until": "2026-01", "pay": "13k", "left_tag": "薪资"},
        {"from": "2024-08", "until": "2025-04", "pay": "9.5k", "left_tag": "薪资"},
        {"from": "2023-12", "until": "2024-07", "pay": "7k", "left_tag": "薪资"},
    ],
    "expect.pay": "23k",
    "budget": "16k-18k",
}


def held(example: dict[str, Any]) -> set[str]:
    return {one.rule for one in engine.held(RULES, known(example))}


@pytest.mark.parametrize("name", OVER_RECORD)
def test_the_examples_of_a_rule_are_right(name: str) -> None:
    example = RULES[name].examples
    assert example is not None
    assert name in held(dict(example.holds))
    assert name not in held(dict(example.fails))


def test_every_measure_has_a_rule_that_uses_it() -> None:
    used = {
        limit.measure for rule in RULES.values() for limit in (*rule.when.record, *rule.when.unless)
    }
    assert used == set(MEASURES)


def test_four_jobs_in_three_years_each_left_over_pay_with_steep_rises() -> None:
    found = {one.rule: one for one in engine.held(RULES, known(JUMPER))}
    assert set(found) == {"over_expectation", "left_over_pay", "steep_rises", "many_jobs"}
    assert found["steep_rises"].words == ("历次跳槽涨薪 +31%、+37%、+36%",)
    assert found["many_jobs"].of == tuple(f"f_job.from_j{n}" for n in range(4))
    assert engine.score_of_record(found.values()) == 80


def test_what_nobody_said_moves_nothing() -> None:
    assert held({}) == set()


def test_a_rule_over_the_record_is_not_fulfilled_by_words() -> None:
    for name in OVER_RECORD:
        assert RULES[name].when.signal is None


SWAPS = ("女，28岁，已婚未育", "男，45岁，未婚", "河南人，少数民族", "乙肝携带者", "信仰佛教")


@pytest.mark.parametrize("told", SWAPS)
@pytest.mark.parametrize("kind", ["own.education", "own.skills", "expect.plan"])
def test_protected_attributes_in_somebodys_words_change_nothing(kind: str, told: str) -> None:
    plain = engine.held(RULES, known(JUMPER | {kind: "负责后端开发"}))
    swapped = engine.held(RULES, known(JUMPER | {kind: told}))
    assert plain == swapped


def test_nothing_a_rule_sees_is_named_after_a_protected_attribute() -> None:
    names = [field.name for field in fields(Known)] + list(MEASURES)
    assert not [name for name in names if names_protected(name.replace("_", " "))]


@pytest.mark.parametrize(
    "change",
    [
        {"says": "候选人年龄偏大，稳定性存疑"},
        {"ask": "问一下婚育计划"},
        {"when": {"record": [{"measure": "age", "above": 35}]}},
        {"when": {"record": [{"measure": "match"}]}},
        {"when": {"record": [{"measure": "match", "above": 1, "below": 2}]}},
        {"when": {"record": [{"measure": "match", "above": 1}], "signal": "salary"}},
        {"when": {"signal": "salary", "unless": [{"measure": "match", "above": 1}]}},
        {"example": "一句话不是记录"},
        {"examples": None},
    ],
)
def test_a_rule_that_may_not_be_is_refused(change: dict[str, Any]) -> None:
    raw = {
        "says": "匹配度偏低的规则",
        "when": {"record": [{"measure": "match", "below": 60}]},
        "adds": 5,
        "fades_after": "30d",
        "examples": {"holds": {"match": 1}, "fails": {"match": 99}},
    }
    assert definition.parse({"fine": raw})
    with pytest.raises(ValidationError):
        definition.parse({"bad": raw | change})
