"""A quote is what the answer hangs on: without it the network is less sure."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.encoder.decide import Logits, Settings
from nlp.encoder.evidence import ENOUGH, TRIED, Span, best, candidates, without
from nlp.encoder.inputs import ALERT, INTENTS, OUTPUTS, Features, Ids
from nlp.encoder.reader import SETTINGS, SHIPPED, EncoderReader
from nlp.reading import Reading, Utterance
from nlp.scheme import Intent
from tests.unit.nlp.encoder.trained import (
    decisions,
    linked,
    rewrite,
    shipped,
    spread,
    utterances,
    voices,
    vouch,
)
from tests.unit.nlp.utterances import an_utterance

pytestmark = pytest.mark.slow


def spans(text: str, *quotes: Span) -> list[str]:
    """The words of the candidates."""
    return [text[start:end] for start, end in candidates(text, quotes)]


def test_clauses_are_candidates_without_the_space_around_them() -> None:
    text = "您好, 薪资能谈吗?  家里有事\n 再想想 。…"
    assert spans(text) == ["您好", "薪资能谈吗", "家里有事", "再想想"]


def test_what_the_rules_found_is_one_too_and_nothing_is_tried_twice() -> None:
    text = "薪资,再想想"
    assert spans(text, (3, 6), (3, 6), (4, 6), (2, 2)) == ["薪资", "再想想", "想想"]


def test_of_many_clauses_the_last_are_tried() -> None:
    text = ",".join(f"第{number}句" for number in range(20))
    assert spans(text) == [f"第{number}句" for number in range(20 - TRIED, 20)]


@pytest.mark.parametrize("text", ["", " ", ",,。", "\n\n"])
def test_a_text_without_words_has_no_candidates(text: str) -> None:
    assert candidates(text, []) == []


@given(st.text("甲乙 ,。\n~", max_size=60))
def test_candidates_lie_inside_the_text_in_order_and_hold_words(text: str) -> None:
    found = candidates(text, [])
    assert found == sorted(set(found))
    assert len(found) <= TRIED
    for start, end in found:
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()


def test_a_span_is_taken_out() -> None:
    assert without("薪资,再想想,谢谢", (3, 6)) == "薪资,,谢谢"
    assert without("再想想", (0, 3)) == ""


def test_the_costliest_span_is_quoted_or_a_shorter_one_that_costs_nearly_as_much() -> None:
    long, short, other = (0, 9), (2, 4), (10, 12)
    assert best([long, short, other], [0.5, 0.5 * ENOUGH, 0.1]) == short
    assert best([long, short, other], [0.5, 0.5 * ENOUGH - 0.01, 0.1]) == long
    assert best([other, short], [0.3, 0.3]) == short  # the first of equals


def test_a_span_that_costs_nothing_is_no_evidence() -> None:
    assert best([], []) is None
    assert best([(0, 2), (3, 5)], [0.0, -0.2]) is None


class Sure:
    """An engine that sees the same alarm in everything it is shown, and counts what that is."""

    def __init__(self) -> None:
        self.shown: list[int] = []

    def logits(self, ids: Ids, segments: Ids, rules: Features) -> Logits:
        self.shown.append(len(ids))
        row = np.full(OUTPUTS, -9.0, np.float32)
        row[ALERT] = row[INTENTS.index(Intent.DECLINE)] = 9.0
        return np.tile(row, (len(ids), 1))


def test_when_no_span_counts_each_was_tried_once_and_everything_is_quoted(tmp_path: Path) -> None:
    folder = linked(SHIPPED, tmp_path / "network alone")
    rewrite(folder / SETTINGS, json.dumps(Settings().dump()).encode())
    vouch(folder)
    engine = Sure()
    text = "甲乙丙，丁戊己，庚辛壬，子丑寅，卯辰巳"
    [reading] = EncoderReader(folder, engine=engine).read([an_utterance(text)])
    assert reading.alert
    assert reading.evidence[0].text == text
    assert engine.shown == [1, 2, 2, 1]


@lru_cache(maxsize=1)
def alerting() -> list[tuple[Utterance, Reading]]:
    """The alerts among 450 messages of the test voices: more than 100."""
    batch = utterances(spread(voices(), 450))
    rows = zip(batch, shipped().read(batch), strict=True)
    return [(utterance, reading) for utterance, reading in rows if reading.alert]


def test_every_alert_quotes_the_text_as_typed() -> None:
    assert len(alerting()) > 100
    for utterance, reading in alerting():
        assert reading.evidence, utterance.text
        for quote in reading.evidence:
            assert 0 <= quote.start < quote.end <= len(utterance.text)
            assert quote.text == utterance.text[quote.start : quote.end]
            assert quote.intent in reading.intents


def test_an_alert_is_weaker_without_the_words_it_quotes() -> None:
    """Measured on all 593 alerts of the test voices: 99 quote all there is; of 494, all are."""
    rest = [
        (replace(utterance, text=without(utterance.text, (quote.start, quote.end))), reading)
        for utterance, reading in alerting()
        for quote in reading.evidence[:1]
    ]
    rest = [(utterance, reading) for utterance, reading in rest if utterance.text.strip()]
    assert len(rest) > 0.5 * len(alerting())
    left = decisions(shipped(), [utterance for utterance, _ in rest])
    lower = [
        decision.alert_score < reading.alert_score
        for decision, (_, reading) in zip(left, rest, strict=True)
        if reading.alert_score is not None
    ]
    assert len(lower) == len(rest)
    assert sum(lower) / len(lower) >= 0.97
