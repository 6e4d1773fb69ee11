"""Pay fields: what is understood, and what is asked back instead of guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.profile.doubt import Doubtful
from bot.profile.pay import LEAST, MOST, YEARLY_FROM, Pay, parse, shown


@pytest.mark.parametrize(
    ("text", "low", "high", "months"),
    [
        ("18-20k*14薪", 18_000, 20_000, 14),
        ("15000", 15_000, 15_000, None),
        ("18,000", 18_000, 18_000, None),
        ("一万八", 18_000, 18_000, None),
        ("1.8w", 18_000, 18_000, None),
        ("１８ｋ", 18_000, 18_000, None),
        ("年薪30万", 25_000, 25_000, None),
        ("30万/年 14薪", 21_429, 21_429, 14),
        ("2万以上", 20_000, None, None),
        ("15000-18000", 15_000, 18_000, None),
        ("￥18000/月", 18_000, 18_000, None),
    ],
)
def test_what_people_write_is_understood(
    text: str, low: int, high: int | None, months: float | None
) -> None:
    assert parse(text) == Pay(low=low, high=high, months=months)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("18", "18k"),
        ("1.8", "单位"),
        ("-18000", "负数"),
        ("2000 USD", "人民币"),
        ("$3000", "人民币"),
        ("两万港币", "人民币"),
        ("20000-18000", "区间"),
        ("18k 20k", "不止一个"),
        ("面议", "看不出"),
        ("200元/天", "月薪或年薪"),
        ("180000", "年薪"),
        ("20万", "年薪"),
        ("月薪800", "不像月薪"),
        ("", "没有写"),
        ("   ", "没有写"),
    ],
)
def test_what_can_mean_two_things_is_asked_back(text: str, asks: str) -> None:
    with pytest.raises(Doubtful, match=asks):
        parse(text)


def test_net_pay_stays_marked() -> None:
    assert parse("税后18k").net
    assert "税后" in shown(parse("税后18k"))


@given(st.text(max_size=60))
def test_any_text_is_a_pay_or_a_question(text: str) -> None:
    try:
        pay = parse(text)
    except Doubtful:
        return
    assert LEAST <= pay.low <= (pay.high or pay.low) <= MOST


@given(st.integers(LEAST, YEARLY_FROM - 1), st.integers(0, 20_000))
def test_the_stored_form_comes_back(low: int, more: int) -> None:
    pay = Pay(low=low, high=low + more, months=13.0)
    assert Pay.of_json(pay.as_json()) == pay
