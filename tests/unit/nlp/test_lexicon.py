"""The word lists: every line is understood, every promise they rest on holds."""

from __future__ import annotations

import pytest

from nlp import lexicon
from nlp.baseline import RuleReader, fingerprint
from nlp.segment import boundaries, segment


@pytest.mark.parametrize("name", ["cues.txt", "topics.txt", "work.txt", "turns.txt"])
def test_every_cue_file_parses(name: str) -> None:
    cues = lexicon.cues(name)
    assert cues
    for cue in cues:
        assert cue.weight in lexicon.WEIGHTS
        assert cue.commitment is None or -3 <= cue.commitment <= 3


@pytest.mark.parametrize("name", ["cues.txt", "work.txt"])
def test_what_judges_has_a_commitment_and_what_skips_has_none(name: str) -> None:
    for cue in lexicon.cues(name):
        if cue.weight in ("decision", "hesitation", "mood"):
            assert cue.commitment, cue.name
        else:
            assert not cue.commitment, cue.name


@pytest.mark.parametrize("name", ["cues.txt", "work.txt"])
def test_no_judgement_comes_from_nothing(name: str) -> None:
    for cue in lexicon.cues(name):
        if "whole" not in cue.flags:
            assert not cue.pattern.search(""), cue.pattern.pattern


@pytest.mark.parametrize(
    "head", ["[x nonsense]", "[x mood flags=odd]", "[x mood stages=later]", "[x mood intents=joy]"]
)
def test_a_head_with_an_unknown_word_is_refused(head: str) -> None:
    with pytest.raises(lexicon.LexiconError):
        lexicon.parsed("sample.txt", [(1, head), (2, "什么")])


def test_a_pattern_with_an_unknown_macro_is_refused() -> None:
    with pytest.raises(lexicon.LexiconError, match=r"sample\.txt:2"):
        lexicon.parsed("sample.txt", [(1, "[x mood]"), (2, "{NOSUCH}")])


def test_the_right_spelling_is_not_corrected_again() -> None:
    for _, right in lexicon.homophones():
        for pattern, other in lexicon.homophones():
            assert pattern.sub(other, right) == right


def test_words_of_the_trade_stay_whole() -> None:
    for word in ("五险一金", "大小周", "离职证明", "骑驴找马"):
        assert word in segment(f"请问{word}呢")


def test_the_segments_are_the_text() -> None:
    text = "薪资这块,我还想再考虑一下 offer 25k😀"
    assert "".join(segment(text)) == text
    assert {0, len(text)} <= boundaries(text)


def test_the_name_tells_the_rules_apart() -> None:
    kind, _, digest = RuleReader().name.partition("@")
    assert (kind, digest) == ("rules", fingerprint())
    assert len(digest) == 12
    assert set(digest) <= set("0123456789abcdef")
