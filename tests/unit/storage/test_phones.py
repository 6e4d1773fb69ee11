"""One number has one form, however it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.phones import normalise_phone

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "0086 13812345678",
        "8613812345678",
        "+86(0)13812345678",
        "013812345678",
        "１３８１２３４５６７８",
        "＋８６　１３８　１２３４　５６７８",
        "138\u200b1234\u00a05678",
        "138—1234—5678",
        "١٣٨١٢٣٤٥٦٧٨",
    ],
)
def test_one_mobile_written_in_many_ways_is_one_number(text: str) -> None:
    assert normalise_phone(text) == "+8613812345678"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("85291234567", "+85291234567"),
        ("00852-9123-4567", "+85291234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+886 912 345 678", "+886912345678"),
        ("+886 0912-345-678", "+886912345678"),
        ("886912345678", "+886912345678"),
        ("010-62345678", "+861062345678"),
        ("(0571) 8888 8888", "+8657188888888"),
        ("+86 10 6234 5678", "+861062345678"),
        ("+1 (415) 555-2671", "+14155552671"),
    ],
)
def test_numbers_of_other_places_keep_their_country_code(text: str, number: str) -> None:
    assert normalise_phone(text) == number
    assert normalise_phone(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "12345678901",
        "1381234567",
        "138123456789",
        "91234567",
        "0912345678",
        "+86 91234",
        "+852 123",
        "+",
        "++8613812345678",
        "13812345678转12",
        "13812345678,13912345678",
        "1" * 65,
        "+1234567890123456",
        "²³",
        "\ud800",
    ],
)
def test_what_is_no_complete_number_is_none(text: str) -> None:
    assert normalise_phone(text) is None


@given(text=anything)
def test_normalising_never_fails_and_settles_at_once(text: str) -> None:
    number = normalise_phone(text)
    assert number is None or normalise_phone(number) == number
