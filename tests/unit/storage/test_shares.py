"""The interval of a share, against values computed by other programs."""

from __future__ import annotations

import math

import pytest

from storage.shares import wilson


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (21, 30, 0.5212, 0.8334),  # the record at which a kind is not yet demoted
        (20, 30, 0.4878, 0.8077),
        (24, 30, 0.6269, 0.9049),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson(right: int, of: int, low: float, high: float) -> None:
    assert wilson(right, of) == pytest.approx((low, high), abs=0.00005)


def test_of_nothing_there_is_no_interval() -> None:
    assert all(map(math.isnan, wilson(0, 0)))
