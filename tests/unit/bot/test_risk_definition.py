"""The type of a risk rule."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.risk import definition
from nlp.scheme import Condition, Intent

RULE: dict[str, Any] = {
    "says": "候选人提到其他机会",
    "when": {"signal": "competing_offer"},
    "adds": 25,
    "fades_after": "14d",
    "example": "手上还有一家的offer",
}


def test_a_rule_is_read_as_written() -> None:
    [rule] = definition.parse({"competing_offer": RULE}).values()
    assert rule.when.signal is Intent.COMPETING_OFFER
    assert rule.when.commitment == (-3, 3)
    assert rule.when.confidence == 0.5
    assert rule.fades_after == 14.0
    assert rule.stage == "offer"


def test_a_condition_alone_is_enough() -> None:
    rule = definition.RuleDefinition.model_validate(RULE | {"when": {"condition": "hard"}})
    assert rule.when.condition is Condition.HARD


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"says": "短"}, "says"),
        ({"when": {}}, "when"),
        ({"when": {"commitment": [-3, -1]}}, "when"),
        ({"when": {"signal": "salery"}}, "when.signal"),
        ({"when": {"signal": "salary", "confidence": 1.2}}, "when.confidence"),
        ({"when": {"signal": "salary", "commitment": [-1, -3]}}, "when"),
        ({"when": {"signal": "salary", "commitment": [-4, 0]}}, "when"),
        ({"when": {"signal": "salary", "mood": "sad"}}, "when.mood"),
        ({"adds": 101}, "adds"),
        ({"adds": "many"}, "adds"),
        ({"fades_after": 14}, "fades_after"),
        ({"fades_after": "14 days"}, "fades_after"),
        ({"fades_after": "0d"}, "fades_after"),
        ({"fades_after": "-3d"}, "fades_after"),
        ({"example": ""}, "example"),
        ({"weight": 3}, "weight"),
    ],
)
def test_a_mistake_is_refused_where_it_stands(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        definition.RuleDefinition.model_validate(RULE | change)
    places = {".".join(map(str, error["loc"])) for error in refused.value.errors()}
    assert places == {place}


@pytest.mark.parametrize("missing", ["says", "when", "adds", "fades_after", "example"])
def test_a_rule_without_a_reason_or_an_example_is_refused(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        definition.RuleDefinition.model_validate({k: v for k, v in RULE.items() if k != missing})


@pytest.mark.parametrize(
    "reason",
    [
        "候选人年龄偏大",
        "超过三十五岁不稳定",
        "女性，可能休产假",
        "已婚未育",
        "刚怀孕的候选人",
        "孩子要上学",
        "外地户籍，可能返乡",
        "少数民族候选人",
        "有宗教信仰",
        "健康状况不好",
        "乙肝携带者",
        "身有残疾",
        "血型和星座不合",
        "政治面貌不符",
        "their age is a risk",
        "Gender: female",
        "planning MARRIAGE soon",
    ],
)
def test_a_protected_attribute_never_moves_a_score(reason: str) -> None:
    with pytest.raises(ValidationError, match="protected attribute"):
        definition.RuleDefinition.model_validate(RULE | {"says": reason})


@pytest.mark.parametrize("reason", ["家里有顾虑", "wage and package pressure", "原公司在挽留"])
def test_an_ordinary_reason_is_not_taken_for_one(reason: str) -> None:
    assert definition.RuleDefinition.model_validate(RULE | {"says": reason}).says == reason
