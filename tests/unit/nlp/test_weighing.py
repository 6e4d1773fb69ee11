"""Weights learnt from examples: what the examples share counts, and learning gives one answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.dialect import DialectError, parse, plain
from nlp.weighing import Weighed, runs

EXAMPLES = [
    ("fruit", "a ripe apple"),
    ("fruit", "ripe apple pie"),
    ("fruit", "一个苹果"),
    ("fruit", "苹果熟了"),
    ("tool", "a sharp saw"),
    ("tool", "sharp saw blade"),
    ("tool", "一把锯子"),
    ("tool", "锯子钝了"),
]


def likeliest(text: str) -> str:
    scores = Weighed(EXAMPLES).scores(text)
    return max(scores, key=lambda kind: scores[kind])


@pytest.mark.parametrize(
    ("text", "kind"),
    [("apple", "fruit"), ("那个苹果呢", "fruit"), ("blade of a saw", "tool"), ("锯子", "tool")],
)
def test_what_the_examples_share_tells_a_new_text(text: str, kind: str) -> None:
    assert likeliest(text) == kind


def test_learning_twice_gives_the_same() -> None:
    assert Weighed(EXAMPLES).scores("苹果") == Weighed(EXAMPLES).scores("苹果")


def test_a_text_of_nothing_known_has_what_the_kinds_have_by_their_number() -> None:
    scores = Weighed([*EXAMPLES, ("fruit", "苹果")]).scores("\u20ac")
    assert scores["fruit"] > scores["tool"]


def test_nothing_cannot_be_learnt_from() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Weighed([])


def test_words_of_one_sense_are_one_run() -> None:
    assert set(runs("报到")) & set(runs("到岗")) >= {
        run for run in runs("报到") if run.startswith("=")
    }


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=60))
def test_any_text_is_weighed(text: str) -> None:
    assert set(Weighed(EXAMPLES).scores(plain(text))) == {"fruit", "tool"}


@pytest.mark.parametrize(
    ("dialect", "mandarin"),
    [
        ("某某嗰边点呀", "某某那边怎么样"),
        ("边个几时返工", "谁什么时候上班"),
        ("签咗未", "签了没"),
        ("期望人工几多", "期望工资多少"),
        ("他好久来上班嘛", "他什么时候来上班嘛"),
        ("谁好久没回了", "谁好久没回了"),
        ("要人工审核", "要人工审核"),
    ],
)
def test_dialects_become_mandarin(dialect: str, mandarin: str) -> None:
    assert plain(dialect) == mandarin


def test_a_word_has_one_meaning() -> None:
    with pytest.raises(DialectError, match=r"dialect\.txt:3: 乜"):
        parse("# head\n什么 乜\n谁 乜")
