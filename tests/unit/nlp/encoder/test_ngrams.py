"""The linear model over n-grams: what it counts, and that it survives the disk."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.encoder.inputs import OUTPUTS, RULES, Features
from nlp.encoder.ngrams import (
    BEFORE,
    LOOKED_AT,
    SHARE_BEFORE,
    TABLE,
    VOCABULARY,
    Ngrams,
    counted,
    rest_row,
    weighed,
)
from nlp.encoder.reader import SHIPPED, EncoderReader
from nlp.encoder.weights import BadArtefact
from nlp.reading import Turn
from nlp.scheme import STAGES
from tests.unit.nlp.encoder.trained import linked, rewrite

NOTHING: Features = np.zeros(RULES, np.float32)
GRAMS = ("薪", "薪资", "资", "再", "考虑", "^", "$", f"{BEFORE}薪", f"{BEFORE}接受")
REST = len(STAGES) + RULES + 1


def a_model(grams: tuple[str, ...] = GRAMS, *, seed: int = 1) -> Ngrams:
    """A model whose weights are drawn by seed, one row an n-gram whatever its place."""
    rows = {
        gram: np.random.default_rng([seed, number]).normal(size=OUTPUTS + 1)
        for number, gram in enumerate(sorted(GRAMS))
    }
    rest = np.random.default_rng(seed).normal(size=(REST, OUTPUTS)).astype(np.float32)
    table = np.array([rows[gram][:-1] for gram in grams], np.float32)
    rarity = np.array([1 + abs(rows[gram][-1]) for gram in grams], np.float32)
    return Ngrams({gram: number for number, gram in enumerate(grams)}, rarity, table, rest)


def said(text: str) -> list[Turn]:
    """One turn before."""
    return [Turn(role="hr", text=text)]


def test_all_n_grams_up_to_four_are_counted_with_the_ends_of_the_text() -> None:
    own, before = counted("好好", [])
    assert own == {
        "^": 1, "好": 2, "$": 1, "^好": 1, "好好": 1, "好$": 1, "^好好": 1, "好好$": 1, "^好好$": 1,
    }  # fmt: skip
    assert before == {}
    assert "一二三四" in counted("一二三四五", [])[0]
    assert max(map(len, counted("一二三四五", [])[0])) == 4


def test_only_the_last_turn_is_counted_marked_and_up_to_three() -> None:
    _, before = counted("好", [*said("甲乙丙丁"), *said("你好")])
    assert before == {
        BEFORE + gram: 1 for gram in ("^", "你", "好", "$", "^你", "你好", "好$", "^你好", "你好$")
    }


def test_of_a_long_text_head_and_tail_are_counted() -> None:
    own, _ = counted("头" * LOOKED_AT + "中" + "尾" * LOOKED_AT, [])
    assert own["头"] == own["尾"] == LOOKED_AT // 2
    assert "中" not in own
    assert "头\n尾" in own


def test_an_empty_text_counts_nothing_and_is_judged_by_the_rest() -> None:
    assert counted("", []) == ({}, {})
    model = a_model()
    found = model.logits("", [], stage="offer", rules=NOTHING)
    np.testing.assert_allclose(found, _rest(model, "offer"), rtol=1e-6)


def test_unknown_n_grams_change_nothing() -> None:
    model = a_model()
    one, other = (
        model.logits(text, [], stage="offer", rules=NOTHING) for text in ("薪", "薪呃哦噢")
    )
    known, _ = weighed(counted("薪呃哦噢", [])[0], {g: n for n, g in enumerate(GRAMS)}, _ones())
    assert len(known) == 3  # 薪 and the two ends
    np.testing.assert_allclose(one, other, rtol=1e-5)


def _ones() -> Features:
    return np.ones(len(GRAMS), np.float32)


def _rest(model: Ngrams, stage: str) -> Features:
    return model.logits("", [], stage=stage, rules=NOTHING)


def test_weights_are_of_length_one_and_grow_with_the_logarithm_of_the_count() -> None:
    vocabulary = {"a": 0, "b": 1}
    numbers, weights = weighed({"a": 1, "b": 7, "c": 9}, vocabulary, np.ones(2, np.float32))
    assert numbers.tolist() == [0, 1]
    assert float((weights**2).sum()) == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(1 + np.log(7))


def test_a_rare_n_gram_weighs_more() -> None:
    rarity = np.array([1, 3], np.float32)
    _, weights = weighed({"a": 1, "b": 1}, {"a": 0, "b": 1}, rarity)
    assert weights[1] == pytest.approx(3 * weights[0])


def test_logits_are_the_weighed_rows_the_turn_by_half_and_the_rest() -> None:
    table = np.zeros((2, OUTPUTS), np.float32)
    table[0, 0], table[1, 1] = 2, 3
    rest = np.zeros((REST, OUTPUTS), np.float32)
    rest[-1, 2] = 5  # the bias
    rest[STAGES.index("accepted"), 3] = 7
    rest[len(STAGES) + 4, 4] = 11
    model = Ngrams({"薪": 0, f"{BEFORE}接": 1}, np.ones(2, np.float32), table, rest)
    rules = NOTHING.copy()
    rules[4] = 1
    found = model.logits("薪", said("接"), stage="accepted", rules=rules)
    wanted = np.zeros(OUTPUTS, np.float32)
    wanted[:5] = 2, SHARE_BEFORE * 3, 5, 7, 11
    np.testing.assert_allclose(found, wanted)


def test_an_unknown_stage_has_no_column() -> None:
    assert rest_row("later", NOTHING).tolist() == [0.0] * (REST - 1) + [1.0]


@given(
    st.permutations(GRAMS), st.text("薪资再考虑接受好", max_size=20), st.text("薪接受", max_size=9)
)
def test_the_order_of_the_n_grams_does_not_matter(order: list[str], text: str, before: str) -> None:
    one, other = (
        model.logits(text, said(before), stage="offer", rules=NOTHING)
        for model in (a_model(), a_model(tuple(order)))
    )
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_what_is_saved_is_read_back_nearly_exact(tmp_path: Path) -> None:
    model = a_model()
    model.save(tmp_path)
    again = Ngrams.load(tmp_path)
    for text in ("薪资再考虑", "薪", "", "没有见过的"):
        kept, back = (
            one.logits(text, said("接受吗"), stage="offer", rules=NOTHING) for one in (model, again)
        )
        # A row's weights err by half a step of 127; a message's add up with length 1 and 1/2.
        np.testing.assert_allclose(kept, back, atol=0.08)
    assert len(json.loads((tmp_path / VOCABULARY).read_text(encoding="utf-8"))) == len(GRAMS)


def test_an_output_without_weights_is_saved_as_such(tmp_path: Path) -> None:
    rest = np.zeros((REST, OUTPUTS), np.float32)
    Ngrams({"薪": 0}, np.ones(1, np.float32), np.zeros((1, OUTPUTS), np.float32), rest).save(
        tmp_path
    )
    found = Ngrams.load(tmp_path).logits("薪", [], stage="offer", rules=NOTHING)
    assert not found.any()


@pytest.mark.parametrize("name", [TABLE, VOCABULARY])
@pytest.mark.parametrize("data", [None, b"", b"{}", b"[", b"\0" * 100])
def test_a_file_that_is_no_model_is_refused(name: str, data: bytes | None, tmp_path: Path) -> None:
    a_model().save(tmp_path)
    (tmp_path / name).unlink()
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(BadArtefact, match=re.escape(TABLE)):
        Ngrams.load(tmp_path)


def test_a_vocabulary_of_another_table_is_refused(tmp_path: Path) -> None:
    a_model().save(tmp_path)
    (tmp_path / VOCABULARY).write_text(json.dumps([*GRAMS, "多"]), encoding="utf-8")
    with pytest.raises(BadArtefact, match="shape"):
        Ngrams.load(tmp_path)


@pytest.mark.parametrize("name", [TABLE, VOCABULARY])
def test_a_changed_file_stops_the_reader(name: str, tmp_path: Path) -> None:
    model = linked(SHIPPED, tmp_path / "model")
    data = bytearray((SHIPPED / name).read_bytes())
    data[len(data) // 2] ^= 1
    rewrite(model / name, bytes(data))
    with pytest.raises(BadArtefact, match=re.escape(name)):
        EncoderReader(model)
