"""Offers against the law and the budget, and the card both sides confirm."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.offers.law import Region, objections
from bot.offers.pledge import Body, Open, Side, agreed, changed
from bot.offers.terms import Bonus, Per, Terms
from bot.profile import pay
from config import files

CHINA = Region.model_validate(files.read("regions/cn.yaml"))
GOOD: dict[str, Any] = {
    "base": 16_000,
    "city": "杭州",
    "level": "P6",
    "start_on": date(2026, 12, 1),
    "probation_months": 6,
    "probation_pay": 12_800,
}
QUARTERLY = Bonus(name="绩效奖", amount=12_000, per=Per.QUARTER, when="季度考核达到 B")


def kinds(change: dict[str, Any], budget: str | None = None, region: Region = CHINA) -> list[str]:
    terms = Terms.model_validate(GOOD | change)
    limit = pay.parse(budget) if budget else None
    return [one.kind for one in objections(terms, region, limit)]


@pytest.mark.parametrize(
    ("contract", "most"),
    [(2, 0), (3, 1), (11, 1), (12, 2), (35, 2), (36, 6), (120, 6), (None, 6)],
)
def test_the_length_of_a_probation_follows_the_contract(contract: int | None, most: int) -> None:
    """《劳动合同法》第十九条, at each of its borders."""
    fits = {"contract_months": contract, "probation_months": most}
    assert kinds(fits) == []
    assert kinds(fits | {"probation_months": most + 1}) == ["probation"]


def test_probation_pay_is_eighty_percent_at_least() -> None:
    assert kinds({"probation_pay": 12_800}) == []
    assert kinds({"probation_pay": 12_799}) == ["probation_pay"]
    assert kinds({"probation_pay": 1, "probation_months": 0}) == []


def test_an_objection_of_the_law_stops_and_names_its_article() -> None:
    terms = Terms.model_validate(GOOD | {"probation_pay": 10_000, "probation_months": 7})
    found = objections(terms, CHINA, pay.parse("15k"))
    assert [(one.stops, one.article) for one in found] == [
        (True, "《劳动合同法》第十九条"),
        (True, "《劳动合同法》第二十条"),
        (False, ""),
    ]


def test_the_local_minimum_is_checked_where_the_company_filled_it_in() -> None:
    filled = CHINA.model_dump()
    filled["minimum_pay"]["by_city"] = {"杭州": 2_490}
    low = {"base": 2_400, "probation_pay": 2_400}
    assert kinds(low) == []
    assert kinds(low | {"city": "杭州市"}, region=Region.model_validate(filled)) == ["minimum_pay"]


def test_the_budget_is_held_by_base_and_by_year() -> None:
    assert kinds({}, "14k-16k") == []
    assert kinds({"base": 16_001, "probation_pay": 14_000}, "14k-16k") == ["budget"]
    assert kinds({"bonuses": [QUARTERLY]}, "14k-16k") == ["budget"]
    assert kinds({"bonuses": [QUARTERLY]}, "14k-16k*15薪") == []


@given(base=st.integers(3_000, 90_000), months=st.integers(12, 20), amount=st.integers(1, 90_000))
def test_a_year_is_the_sum_of_what_is_written(base: int, months: int, amount: int) -> None:
    once = Bonus(name="签字费", amount=amount, per=Per.ONCE, when="入职满一个月")
    terms = Terms(base=base, months=months, bonuses=(QUARTERLY, once))
    assert terms.yearly == base * months + 48_000


@pytest.mark.parametrize(
    "change",
    [
        {"base": 0},
        {"base": -1},
        {"months": 11},
        {"base": "一万"},
        {"probation_months": -1},
        {"x": 1},
    ],
)
def test_terms_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate(GOOD | change)


def test_a_bonus_needs_its_condition() -> None:
    with pytest.raises(ValidationError):
        Bonus.model_validate({"name": "奖", "amount": 1, "per": "year", "when": ""})


def test_a_card_says_every_number_and_what_changed() -> None:
    first = Body(agreed=agreed(Terms.model_validate(GOOD)))
    words = "\n".join(f"{label}：{value}" for label, value in first.agreed)
    for said in ("16,000", "12,800", "6 个月", "2026-12-01", "P6", "杭州"):
        assert said in words
    more = Terms.model_validate(GOOD | {"bonuses": [QUARTERLY], "start_on": date(2026, 12, 8)})
    second = Body(
        agreed=agreed(more), open=(Open(what="签字费", who=Side.COMPANY, by=date(2026, 11, 6)),)
    )
    assert changed(first, second) == (
        ("入职日期", "2026-12-01", "2026-12-08"),
        ("绩效奖", "", "每季 12,000 元，条件：季度考核达到 B"),
    )
