"""Fitting text to a platform: nothing lost, nothing too long, no character torn."""

from __future__ import annotations

import doctest
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import plain_text
from bot.channels.plain_text import cut, numbered, octets, split, units

#: What people type, torn most easily: joined emoji, flags, tones, accents, paragraphs.
PIECES = st.sampled_from(
    [
        "好",
        "a",
        "，",
        "。",
        "\n",
        "\n\n",
        " ",
        "👨‍👩‍👧‍👦",
        "🇨🇳",
        "👍🏽",
        "e\u0301",
        "1\ufe0f\u20e3",
        "𠮷",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def test_the_examples_hold() -> None:
    assert doctest.testmod(plain_text).failed == 0


@given(TEXTS, st.integers(min_value=32, max_value=64))
def test_parts_fit_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(units(part) <= limit for part in parts)
    assert all(part == part.strip() != "" for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.lists(PIECES, max_size=60), st.integers(min_value=32, max_value=64))
def test_no_character_is_torn(pieces: list[str], limit: int) -> None:
    # Cut only where two pieces met: then every part is made of whole ones.
    whole = [piece for piece in pieces if not piece.isspace()]
    rest = list(whole)
    for part in split("".join(pieces), limit):
        left = "".join(part.split())
        while left:
            assert left.startswith(rest[0])
            left = left.removeprefix(rest.pop(0))
    assert rest == []


@given(st.text(), st.integers(min_value=4, max_value=40))
def test_any_text_at_all_fits_in_bytes(text: str, limit: int) -> None:
    parts = split(text, limit, octets)
    assert all(octets(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("第一段话在这里。\n\n第二段，很长很长很长", "第一段话在这里。"),
        ("第一行话在这里\n第二行，很长很长很长", "第一行话在这里"),
        ("第一句话在这里。第二句，很长很长很长很长", "第一句话在这里。"),
        ("没有句号只有逗号，后面还很长很长很长很长", "没有句号只有逗号，"),
        ("seven words are here with spaces only", "seven words"),
    ],
)
def test_a_cut_falls_where_a_reader_pauses(text: str, first: str) -> None:
    assert split(text, 14)[0] == first


def test_a_character_longer_than_the_limit_is_cut_all_the_same() -> None:
    monster = "e" + "\u0301" * 100
    assert [len(part) for part in split(monster, 40)] == [40, 40, 21]


@given(TEXTS, st.integers(min_value=0, max_value=40))
def test_a_cut_text_fits(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert units(short) <= limit
    assert short == text or short == "" or short.endswith("…")


@given(TEXTS, st.integers(min_value=33, max_value=64))
def test_what_is_kept_is_the_first_part_of_a_split(text: str, limit: int) -> None:
    short = cut(text, limit)
    if short != text:
        assert short == split(text, limit - 1)[0] + "…"


@pytest.mark.parametrize("measure", [units, octets])
@pytest.mark.parametrize(
    "text",
    [
        "很长的话。" * 40_000,
        "字" * 200_000,
        "a" + "\u0301" * 200_000,
        "。\u0301" * 100_000,
        "🇨🇳" * 100_000,
        " " * 200_000 + "x",
    ],
)
def test_what_is_dropped_costs_nothing(text: str, measure: Callable[[str], int]) -> None:
    took = []
    for _ in range(3):  # the best of some: the machine may be busy with something else
        began = time.thread_time()
        assert measure(cut(text, 1_000, measure)) <= 1_000
        took.append(time.thread_time() - began)
    assert min(took) < 0.02


def test_without_choices_nothing_is_asked() -> None:
    assert numbered([]) == ""
    assert numbered(["甲"], first=3).endswith("\n3. 甲")
