"""The match: its parts, what nobody said, and its words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.match.definition import MatchDefinition
from bot.match.match import Match, Part, Role, match
from bot.profile import pay
from bot.profile.profile import Profile
from config import files
from tests.known import known

SHIPPED = MatchDefinition.model_validate(files.read("match.yaml"))
ROLE = Role(
    budget=pay.parse("14k-16k"),
    city="杭州市",
    needed_by=date(2026, 12, 1),
    culture=frozenset({"growth", "craft"}),
)
WISH: dict[str, Any] = {
    "expect.pay": "20k",
    "expect.city": "杭州",
    "expect.start": "2026-12-11",
    "expect.values": "成长、收入",
    "expect.plan": "做后端架构",
}


def of(wish: dict[str, Any], role: Role = ROLE, likeness: float | None = 0.9) -> Match:
    profile: Profile = known(wish).profile
    return match(profile, role, SHIPPED.weights, likeness=likeness)


def parts(found: Match) -> dict[Part, int]:
    return {one.part: one.score for one in found.parts}


def test_every_part_is_shown_with_what_would_raise_it() -> None:
    found = of(WISH)
    assert parts(found) == {
        Part.PAY: 50,
        Part.PLAN: 90,
        Part.CULTURE: 50,
        Part.PLACE: 100,
        Part.START: 80,
    }
    assert (found.score, found.confidence, found.missing) == (70, 1.0, ())
    words = [SHIPPED.says(one) for one in found.parts]
    assert words[0] == "期望超出预算 25%（差 4,000 元/月）：谈固定加绩效的结构，写清达成条件"
    assert not [one for one in words if "{" in one]


def test_what_nobody_said_lowers_the_confidence_and_not_the_score() -> None:
    some = of({"expect.pay": "16k"}, likeness=None)
    assert (some.score, some.confidence) == (100, 0.35)
    assert set(some.missing) == set(Part) - {Part.PAY}
    assert of({}, likeness=None).score is None


def test_months_count_where_both_say_them() -> None:
    role = Role(budget=pay.parse("15k*14薪"))
    assert parts(of({"expect.pay": "17k*12薪"}, role)) == {Part.PAY: 100}
    assert parts(of({"expect.pay": "17k*14薪"}, role))[Part.PAY] < 80


@given(low=st.integers(5_000, 60_000), budget=st.integers(5_000, 60_000), likeness=st.floats(0, 1))
def test_a_higher_wish_never_fits_better(low: int, budget: int, likeness: float) -> None:
    role = Role(budget=pay.Pay(low=budget, high=budget))
    first, second = (of({"expect.pay": str(low + more)}, role, likeness) for more in (0, 1_000))
    assert first.score is not None
    assert second.score is not None
    assert 0 <= second.score <= first.score <= 100


@pytest.mark.parametrize(
    "change",
    [
        {"weights": {"pay": 1}},
        {"weights": dict.fromkeys(Part, 0)},
        {"thresholds": {"warn": 90, "good": 80}},
        {"words": {"pay": {"fits": "好"}}},
        {"extra": 1},
    ],
)
def test_a_file_that_cannot_be_used_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MatchDefinition.model_validate(files.read("match.yaml") | change)
