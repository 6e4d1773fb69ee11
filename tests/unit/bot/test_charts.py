"""Drawings: numbers at their places, and words that stay words."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from bot.charts import draw, svg
from bot.charts.draw import Column, Curve

NASTY = "<script>alert(1)</script>\"'&\x00\x1b\ud800"


def parsed(drawn: Markup) -> ElementTree.Element:
    """As a strict parser reads it: what is not well formed fails here."""
    return ElementTree.fromstring(str(drawn))  # noqa: S314 our own


def test_words_and_attributes_are_data() -> None:
    for drawn in (
        draw.rows(NASTY, [(NASTY, (1.0,))], str),
        draw.columns(NASTY, [Column(name=NASTY, shares=(0.5,), below=NASTY)], NASTY, NASTY),
        draw.curves(NASTY, [Curve(points=((0, 0), (1, 1)))], NASTY, NASTY),
    ):
        found = parsed(drawn)
        assert {one.tag for one in found.iter()} <= {"svg", "text", "line", "rect", "polyline"}
        assert found.get("aria-label") == "<script>alert(1)</script>\"'&"


def test_bars_are_as_long_as_their_values() -> None:
    found = parsed(draw.rows("x", [("甲", (10.0, 20.0)), ("乙", (-20.0, 0.0))], "{:g}".format))
    wide = [float(one.get("width", "")) for one in found.iter("rect")]
    assert wide[1] == pytest.approx(2 * wide[0])
    assert wide[2] == pytest.approx(wide[1])
    assert wide[3] == 1  # a zero is seen
    left, right = (float(one.get("x", "")) for one in (list(found.iter("rect"))[i] for i in (2, 1)))
    assert left + wide[2] == pytest.approx(right)  # both from the same axis
    said = ["".join(one.itertext()) for one in found.iter("text")]
    assert said == ["甲", "10", "20", "乙", "-20", "0"]


def test_columns_reach_as_high_as_their_shares() -> None:
    drawn = [Column(name=str(n), shares=(share,)) for n, share in enumerate((0.2, 0.4, math.nan))]
    found = parsed(draw.columns("x", drawn, "", "", top=0.4, base=0.2))
    bars = [(float(one.get("y", "")), float(one.get("height", ""))) for one in found.iter("rect")]
    assert [high for _, high in bars] == pytest.approx([draw.HIGH / 2, draw.HIGH])
    base = next(one for one in found.iter("line") if one.get("class") == "base")
    assert float(base.get("y1", "")) == pytest.approx(bars[0][0])


@pytest.mark.parametrize(
    ("most", "ends"), [(0.03, "4%"), (0.36, "40%"), (0.61, "80%"), (1.0, "100%"), (0.0, "100%")]
)
def test_an_axis_ends_at_a_round_number(most: float, ends: str) -> None:
    drawn = draw.columns("x", [Column(name="a", shares=(most,))], "", "")
    assert ends in re.findall(r">([\d.]+%)<", drawn)


def test_nothing_to_draw_is_drawn() -> None:
    assert parsed(draw.rows("x", [], str)).tag == "svg"
    assert parsed(draw.rows("x", [("a", (math.nan,))], str)).findtext("text[2]") == "—"
    parsed(draw.columns("x", [], "", ""))
    assert not list(
        parsed(draw.columns("x", [Column(name="a", shares=(math.nan,))], "", "")).iter("rect")
    )


def test_a_long_name_is_cut() -> None:
    assert svg.fitting("很" * 40, 120) == "很" * 9 + "…"
    assert svg.fitting("short", 120) == "short"
