"""The salary grammar: what is written, as a range where it is a range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.amounts import amounts, sums
from nlp.normalize import normalize
from nlp.numerals import numeral


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("18-20k", 18_000, 20_000),
        ("18k~20k", 18_000, 20_000),
        ("18到20k", 18_000, 20_000),
        ("一万到一万二", 10_000, 12_000),
        ("12000-15000元", 12_000, 15_000),
        ("一万八", 18_000, 18_000),
        ("一万八千五", 18_500, 18_500),
        ("三千五", 3_500, 3_500),
        ("两万", 20_000, 20_000),
        ("1.8w", 18_000, 18_000),
        ("1万8", 18_000, 18_000),
        ("25K", 25_000, 25_000),
        ("6千", 6_000, 6_000),
        ("十几k", 11_000, 19_000),
        ("两三万", 20_000, 30_000),
        ("七八千", 7_000, 8_000),
        ("十七八k", 17_000, 18_000),
        ("一万出头", 10_000, 11_000),
        ("九千多", 9_000, 10_000),
        ("30多万", 300_000, 400_000),
        ("2万以上", 20_000, None),
        ("多给1000", 1_000, 1_000),
        ("15000", 15_000, 15_000),
    ],
)
def test_a_sum_is_read_as_written(text: str, low: float, high: float | None) -> None:
    (found,) = sums(normalize(text).text)
    assert found.kind == "money"
    assert found.low == pytest.approx(low)
    assert found.high == (None if high is None else pytest.approx(high))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("试用期八折", 0.8, 0.8),
        ("试用期80%", 0.8, 0.8),
        ("八五折", 0.85, 0.85),
        ("涨20%", 0.2, 0.2),
        ("涨百分之三十", 0.3, 0.3),
        ("涨20-30%", 0.2, 0.3),
    ],
)
def test_a_rate_is_a_factor(text: str, low: float, high: float) -> None:
    (found,) = sums(normalize(text).text)
    assert (found.kind, found.low, found.high) == ("ratio", pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("text", "period", "months", "tax"),
    [
        ("18-20k*14薪", "month", 14, "unknown"),
        ("25k·13薪", "month", 13, "unknown"),
        ("25k 十五薪", "month", 15, "unknown"),
        ("税前一万八", "month", None, "gross"),
        ("到手9000多", "month", None, "net"),
        ("税后15k", "month", None, "net"),
        ("年薪30w", "year", None, "unknown"),
        ("总包40万", "year", None, "unknown"),
        ("时薪25元", "hour", None, "unknown"),
        ("每小时30块", "hour", None, "unknown"),
        ("日薪300元", "day", None, "unknown"),
        ("签字费2万", "once", None, "unknown"),
    ],
)
def test_period_months_and_tax_are_taken_from_beside_it(
    text: str, period: str, months: float | None, tax: str
) -> None:
    (found,) = sums(normalize(text).text)
    assert (found.period, found.months, found.tax) == (period, months, tax)


@pytest.mark.parametrize(
    "text",
    ["千万别", "万一来不了", "12月1日", "996太累", "p6", "一百个人", "3千公里", "骨折了",
     "五险一金",
     "我在12楼", "电话13812345678", "公司5000人", "十分感谢", "2026年", "打折", "明天3点"],
)  # fmt: skip
def test_what_is_no_money_is_left_alone(text: str) -> None:
    assert sums(normalize(text).text) == []


def test_an_amount_is_quoted_from_the_text_as_typed() -> None:
    source = "希望能到１８－２０Ｋ＊14薪"
    (found,) = amounts(normalize(source), source)
    assert found.text == source[found.start : found.end] == "１８－２０Ｋ＊14薪"


@pytest.mark.parametrize(
    ("text", "value"),
    [("十八", 18), ("一百零五", 105), ("一百五", 150), ("两千五", 2500), ("壹万捌仟", 18000),
     ("二十万", 200000), ("1.8万", 18000), ("三", 3), ("", None), ("好", None), ("1.2.3", None)],
)  # fmt: skip
def test_chinese_numerals(text: str, value: float | None) -> None:
    assert numeral(text) == value


@given(st.text(alphabet="0123456789一两三十百千万kw元块-~到几多.%折薪*月年不", max_size=30))
def test_sums_lie_inside_the_text_and_ranges_are_in_order(text: str) -> None:
    for found in sums(text):
        assert 0 <= found.start < found.end <= len(text)
        assert found.high is None or found.low <= found.high


@given(st.integers(min_value=1, max_value=99_999))
def test_a_sum_in_yuan_is_itself(value: int) -> None:
    (found,) = sums(f"{value}元")
    assert found.low == found.high == value
