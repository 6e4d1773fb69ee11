"""Points of a scale told in words, measured on answers that the words were not chosen by."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from bot.surveys.shape import Kind, Question
from bot.surveys.understanding import understood

NOW = datetime.fromisoformat("2026-11-28T12:00+08:00")
MOOD = Question(id="mood", ask="感觉怎么样？", kind=Kind.SCALE, low=1, high=5)
DATA = Path(__file__).parent / "data"
HELD_OUT, SECOND = DATA / "scale_held_out.txt", DATA / "scale_second.txt"


def told(path: Path) -> list[tuple[int, str]]:
    """Point and words of each line."""
    lines = (line for line in path.read_text("utf-8").splitlines() if not line.startswith("#"))
    return [(int(point), words) for point, _, words in (line.partition(" ") for line in lines)]


def heard(words: str) -> int:
    """The point the program notes; 0 when it would ask again."""
    given = understood(MOOD, words, now=NOW)
    return 0 if given is None or given.value is None else int(given.value)


@pytest.mark.parametrize(("path", "least"), [(HELD_OUT, 150), (SECOND, 60)])
def test_points_in_words_are_what_a_colleague_would_note(path: Path, least: int) -> None:
    """As measured: see CHANGELOG. Asking again costs a turn, the wrong side costs trust."""
    rows = told(path)
    assert len(rows) >= least
    counts: Counter[str] = Counter()
    for point, words in rows:
        found = heard(words)
        counts["right" if found == point else "again" if not found else "off"] += 1
        if point and found:
            counts["near"] += abs(found - point) <= 1
            counts["answered"] += 1
            counts["wrong side"] += (point - 3) * (found - 3) < 0
        if not point and found:
            counts["made up"] += 1
    assert counts["right"] / len(rows) >= RIGHT, counts
    assert counts["near"] / counts["answered"] >= NEAR, counts
    assert counts["wrong side"] <= WRONG_SIDE, counts
    assert counts["made up"] <= MADE_UP, counts


RIGHT, NEAR, WRONG_SIDE, MADE_UP = 0.93, 0.98, 0, 0


@pytest.mark.parametrize(
    ("words", "point"),
    [
        ("三分吧", 3),
        ("还行", 3),
        ("挺好的", 4),
        ("4/5", 4),
        ("五星", 5),
        ("3到4分", 3),
        ("三分半", 3),
    ],
)
def test_numbers_and_words_are_points(words: str, point: int) -> None:
    assert heard(words) == point


def test_a_scale_of_ten_is_filled_as_far() -> None:
    ten = Question(id="nps", ask="有多想推荐？", kind=Kind.SCALE, low=0, high=10)
    points = [
        understood(ten, words, now=NOW) for words in ("很差", "一般", "非常好", "十分", "8分")
    ]
    assert [given and given.value for given in points] == [0, 5, 10, 10, 8]
