"""Noise changes a message and never empties it; who hides words hides them all."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.learning.augment import (
    LOADED,
    NOISES,
    Noise,
    broken,
    clumsy,
    evasive,
    faced,
    hidden,
    homophones,
    introduced,
    noisy,
    opened,
    traditional,
    unpunctuated,
)

pytestmark = pytest.mark.slow

TEXT = "我再考虑一下，薪资能不能再谈谈？我这里还有别家的offer。"
EVERY = (*dict.fromkeys(NOISES), evasive, introduced, noisy)
_LOADED = re.compile(LOADED)
_PIECES = st.lists(
    st.sampled_from(
        [*LOADED.split("|"), "，", "。", "我", "想", " ", "\n", "😂", "好的", "ok", "1"]
    ),
    min_size=1,
    max_size=12,
).map("".join)


def drawn(noise: Noise, text: str, seed: int) -> str:
    """A copy by seed."""
    return noise(text, random.Random(seed))


@pytest.mark.parametrize("noise", EVERY)
def test_the_same_seed_gives_the_same_copy_and_others_give_others(noise: Noise) -> None:
    copies = [drawn(noise, TEXT, seed) for seed in range(20)]
    assert copies == [drawn(noise, TEXT, seed) for seed in range(20)]
    assert len(set(copies)) > 1


@pytest.mark.parametrize("noise", EVERY)
def test_every_noise_changes_a_fitting_text_nearly_always(noise: Noise) -> None:
    copies = [drawn(noise, TEXT, seed) for seed in range(100)]
    assert sum(copy != TEXT for copy in copies) >= 90
    assert all(copy.strip() for copy in copies)


@given(text=_PIECES | st.text(min_size=1, max_size=30), seed=st.integers(0, 1000))
@example(text="\r\x00", seed=0)
@settings(max_examples=150, deadline=None)
def test_no_noise_empties_a_text(text: str, seed: int) -> None:
    for noise in EVERY:
        if text.strip():
            assert drawn(noise, text, seed).strip(), noise


@given(
    words=st.lists(st.sampled_from([*LOADED.split("|"), "我想", "好的", "ok"]), min_size=1),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=300, deadline=None)
def test_who_hides_words_hides_every_loaded_one(words: list[str], seed: int) -> None:
    assert _LOADED.search(drawn(evasive, "，".join(words), seed)) is None


@pytest.mark.parametrize("word", LOADED.split("|"))
@pytest.mark.parametrize("noise", [hidden, evasive])
def test_each_loaded_word_can_be_hidden_in_several_ways(word: str, noise: Noise) -> None:
    copies = {drawn(noise, f"说说{word}", seed) for seed in range(60)}
    assert f"说说{word}" not in copies
    assert len(copies) > 3


def test_a_text_without_a_loaded_word_gets_homophones() -> None:
    text = "明天下午三点到公司门口"
    for seed in range(20):
        assert drawn(evasive, text, seed) == drawn(homophones, text, seed) != text


def test_homophones_change_a_few_characters_and_no_more() -> None:
    for seed in range(30):
        copy = drawn(homophones, TEXT, seed)
        assert len(copy) == len(TEXT)
        assert 1 <= sum(a != b for a, b in zip(copy, TEXT, strict=True)) <= 1 + len(TEXT) // 18


def test_each_noise_does_what_its_name_says() -> None:
    for seed in range(20):
        assert not re.search("[，。？]", drawn(unpunctuated, TEXT, seed))
        assert "薪資" in drawn(traditional, TEXT, seed)
        assert drawn(faced, TEXT, seed).startswith(TEXT.rstrip("。"))
        assert drawn(broken, TEXT, seed).count("\n") == 1
        assert drawn(opened, TEXT, seed).endswith(TEXT)
        assert abs(len(drawn(clumsy, TEXT, seed)) - len(TEXT)) <= 1


def test_what_cannot_be_broken_stays_whole() -> None:
    assert drawn(broken, "好的", 1) == "好的"
    assert drawn(clumsy, "好的", 1) == "好的"
    assert drawn(unpunctuated, "？？", 1) == "？？"
