"""Facts in, a score with its reasons out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.risk import definition, engine
from bot.turn import AddFactor, FactorSeen
from nlp.scheme import Condition, Intent
from storage.enums import Level
from tests.builders import NOW, a_context, evidence, heard


def rules(**when: Any) -> definition.Rules:
    """One rule, ``r``, that adds 20 and fades within ten days."""
    return definition.parse(
        {
            "r": {
                "says": "一个理由",
                "when": when,
                "adds": 20,
                "fades_after": "10d",
                "example": "一个例句",
            }
        }
    )


def factor(rule: str = "r", adds: float = 20, days_ago: float = 0) -> FactorSeen:
    """A contribution that fades within ten days."""
    return FactorSeen(rule=rule, adds=adds, fades_after_days=10, at=NOW - timedelta(days=days_ago))


@pytest.mark.parametrize(
    ("when", "reading", "fires"),
    [
        ({"signal": "salary"}, {}, True),
        ({"signal": "terms"}, {}, False),
        ({"signal": "salary", "commitment": [-3, -1]}, {"commitment": -1}, True),
        ({"signal": "salary", "commitment": [-3, -1]}, {"commitment": -3}, True),
        ({"signal": "salary", "commitment": [-3, -1]}, {"commitment": 0}, False),
        ({"signal": "salary", "confidence": 0.9}, {"scores": {Intent.SALARY: 0.9}}, True),
        ({"signal": "salary", "confidence": 0.9}, {"scores": {Intent.SALARY: 0.89}}, False),
        ({"signal": "salary", "confidence": 0.9}, {"scores": {}}, True),
        ({"condition": "hard"}, {"condition": Condition.HARD}, True),
        ({"condition": "hard"}, {"condition": Condition.SOFT}, False),
        ({"condition": "none"}, {}, True),
        ({"signal": "salary", "condition": "hard"}, {"condition": Condition.HARD}, True),
        ({"signal": "salary", "condition": "hard"}, {}, False),
        ({"signal": "salary"}, {"reported": True}, False),
    ],
)
def test_a_rule_fires_when_all_its_parts_hold(
    when: dict[str, Any], reading: dict[str, Any], fires: bool
) -> None:
    found = engine.matched(rules(**when), heard(a_context("薪资"), Intent.SALARY, **reading))
    assert [one.rule for one in found] == (["r"] if fires else [])


def test_a_rule_keeps_the_words_of_its_own_signal() -> None:
    text = "薪资低了，家里也不同意"
    context = a_context(text)
    spoken = heard(
        context,
        Intent.SALARY,
        Intent.FAMILY_LOCATION,
        evidence=(
            evidence(text, "薪资低了", Intent.SALARY),
            evidence(text, "家里也不同意", Intent.FAMILY_LOCATION),
        ),
    )
    [found] = engine.matched(rules(signal="family_location"), spoken)
    assert [(span.start, span.end) for span in found.spans] == [(5, 11)]
    [found] = engine.matched(rules(condition="none"), spoken)
    assert len(found.spans) == 2


@pytest.mark.parametrize(
    ("days", "worth"), [(0, 20.0), (2.5, 15.0), (5, 10.0), (9, 2.0), (10, 0.0), (400, 0.0)]
)
def test_risk_fades_in_a_straight_line(days: float, worth: float) -> None:
    assert engine.left(factor(days_ago=days), NOW) == pytest.approx(worth)


def test_a_contribution_of_the_future_counts_once_and_not_more() -> None:
    assert engine.left(factor(days_ago=-3), NOW) == 20.0


def test_a_good_sign_fades_as_well() -> None:
    assert engine.left(factor(adds=-20, days_ago=5), NOW) == pytest.approx(-10.0)


def test_repeating_oneself_does_not_add_up() -> None:
    assert engine.score([factor() for _ in range(10)], NOW) == 20
    assert engine.score([factor(days_ago=8), factor(), factor(days_ago=2)], NOW) == 20


def test_different_rules_add_up() -> None:
    assert engine.score([factor("a", 25), factor("b", 30), factor("c", -15)], NOW) == 40


def test_a_score_stays_between_nothing_and_a_hundred() -> None:
    assert engine.score([], NOW) == 0
    assert engine.score([factor("a", 70), factor("b", 70)], NOW) == 100
    assert engine.score([factor("a", 10), factor("b", -70)], NOW) == 0


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0, Level.LOW),
        (29, Level.LOW),
        (30, Level.MEDIUM),
        (59, Level.MEDIUM),
        (60, Level.HIGH),
        (79, Level.HIGH),
        (80, Level.CRITICAL),
        (100, Level.CRITICAL),
    ],
)
def test_levels_begin_where_they_are_said_to(score: int, level: Level) -> None:
    assert engine.level(score) is level


@given(
    st.lists(
        st.builds(
            factor,
            st.sampled_from("abc"),
            st.floats(-100, 100),
            st.floats(0, 30),
        )
    ),
    st.floats(0, 30),
)
def test_waiting_never_makes_anybody_riskier_than_their_worst_words(
    factors: list[FactorSeen], days: float
) -> None:
    later = engine.score(factors, NOW + timedelta(days=days))
    assert 0 <= later <= 100
    worries = [one for one in factors if one.adds > 0]
    assert later <= engine.score(worries, NOW)


def test_what_was_just_added_stands_at_its_full_worth() -> None:
    added = AddFactor(rule="r", adds=20, fades_after_days=10)
    [seen] = engine.as_seen((added,), NOW)
    assert seen == factor()
