"""Stretches of days as people name them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.periods import periods

#: A Saturday morning in Shanghai.
NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("今天", (2026, 11, 28), (2026, 11, 28)),
        ("明天", (2026, 11, 29), (2026, 11, 29)),
        ("昨天", (2026, 11, 27), (2026, 11, 27)),
        ("这周", (2026, 11, 23), (2026, 11, 29)),
        ("本周", (2026, 11, 23), (2026, 11, 29)),
        ("下周", (2026, 11, 30), (2026, 12, 6)),
        ("下下周", (2026, 12, 7), (2026, 12, 13)),
        ("上周", (2026, 11, 16), (2026, 11, 22)),
        ("上周五", (2026, 11, 20), (2026, 11, 20)),
        ("下周一", (2026, 11, 30), (2026, 11, 30)),
        ("周末", (2026, 11, 28), (2026, 11, 29)),
        ("next week", (2026, 11, 30), (2026, 12, 6)),
        ("本月", (2026, 11, 1), (2026, 11, 30)),
        ("下个月", (2026, 12, 1), (2026, 12, 31)),
        ("下月初", (2026, 12, 1), (2026, 12, 10)),
        ("月底", (2026, 11, 21), (2026, 11, 30)),
        ("12月", (2026, 12, 1), (2026, 12, 31)),
        ("十二月中旬", (2026, 12, 11), (2026, 12, 20)),
        ("1月", (2027, 1, 1), (2027, 1, 31)),
        ("明年3月", (2027, 3, 1), (2027, 3, 31)),
        ("12月1号", (2026, 12, 1), (2026, 12, 1)),
        ("未来两周", (2026, 11, 28), (2026, 12, 12)),
        ("三天内", (2026, 11, 28), (2026, 12, 1)),
        ("过去7天", (2026, 11, 21), (2026, 11, 28)),
        ("本季度", (2026, 10, 1), (2026, 12, 31)),
        ("下季度", (2027, 1, 1), (2027, 3, 31)),
        ("年底前", (2026, 11, 28), (2026, 12, 31)),
        ("最近", (2026, 11, 28), (2026, 12, 12)),
    ],
)
def test_a_stretch_is_resolved(
    text: str, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    (found,) = periods(f"{text}谁入职", NOW)
    assert (found.first, found.last) == (date(*first), date(*last))
    assert (found.start, found.end) == (0, len(text))


@pytest.mark.parametrize(
    "text", ["谁入职", "三个月的问卷", "张三呢", "13月", "上面", "下面谁来", ""]
)
def test_what_names_no_days_is_none(text: str) -> None:
    assert periods(text, NOW) == ()


@given(
    st.text(
        st.sampled_from([*"上下这本周月一二三十0123456789天号年初底末前内未来最近next week明今昨"]),
        max_size=30,
    )
)
def test_stretches_are_in_order_and_apart(text: str) -> None:
    found = periods(text, NOW)
    assert all(one.first <= one.last for one in found)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
