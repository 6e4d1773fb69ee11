"""Whatever the text: a reading, honest quotes, the same answer twice, in bounded time."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.baseline import RuleReader
from nlp.reading import Utterance
from nlp.scheme import STAGES, needs_alert, severity_of
from tests.unit.nlp.utterances import NOW, an_utterance

_PIECES = st.sampled_from(
    ["薪资", "再考虑", "一下", "，", "。", "不去了", "但", "接受", "周五前", "回复您", "25k",
     "别家",
     "拒了", "我妈", "不同意", "\n> 引用\n", "@小王 ", "离职", "\u200b", "\ud800", "😀", "新资",
     "加班",
     "薪資", "offer", "？", "应该", "不是不", "到不了", "就算了", "听说", "八折"]
)  # fmt: skip
_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(_PIECES, max_size=12).map("".join),
)


@given(text=_TEXT, stage=st.sampled_from(STAGES), after=st.none() | st.just("您确定接受吗？"))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_reading_with_faithful_quotes(
    text: str, stage: str, after: str | None
) -> None:
    reader = RuleReader()
    utterance = an_utterance(text, stage=stage, after=after)
    reading = reader.read([utterance])[0]
    assert reading.intents
    assert set(reading.scores) == set(reading.intents)
    assert all(0 < score <= 1 for score in reading.scores.values())
    assert -3 <= reading.commitment <= 3
    for quote in reading.evidence:
        assert 0 <= quote.start < quote.end <= len(text)
        assert quote.text == text[quote.start : quote.end]
        assert quote.intent in reading.intents
    for amount in reading.amounts:
        assert amount.text == text[amount.start : amount.end] != ""
    assert reading.alert is needs_alert(
        reading.intents,
        reading.commitment,
        reported=reading.reported,
        condition=reading.condition,
    )
    assert reading.severity is severity_of(
        reading.intents, reading.commitment, alert=reading.alert, stage=stage
    )
    json.dumps(reading.as_dict(), allow_nan=False)
    assert reader.read([utterance]) == [reading]


@given(st.lists(_TEXT, max_size=5))
@settings(max_examples=30, deadline=None)
def test_a_batch_reads_as_its_members_do(texts: list[str]) -> None:
    reader = RuleReader()
    batch = [an_utterance(text) for text in texts]
    assert reader.read(batch) == [reader.read([one])[0] for one in batch]


def test_an_alert_always_shows_the_words_behind_it() -> None:
    for text in ("我再想想吧", "不到25k就算了", "不去了", "手上还有别的offer", "有点担心"):
        reading = RuleReader().read([an_utterance(text)])[0]
        assert reading.alert, text
        assert reading.evidence, text


def test_what_nobody_recognises_is_said_with_little_confidence() -> None:
    reading = RuleReader().read([an_utterance("昨天那只橘猫又趴在窗台上晒太阳")])[0]
    assert not reading.alert
    assert max(reading.scores.values()) < 0.6


def test_a_decision_at_the_end_of_a_long_letter_is_heard() -> None:
    letter = "这段时间承蒙关照，我把项目经历整理了一遍。" * 300 + "最后，我决定放弃这个机会。"
    reading = RuleReader().read([an_utterance(letter)])[0]
    assert reading.commitment == -3
    assert any(letter[q.start : q.end] == q.text for q in reading.evidence)


@pytest.mark.parametrize("size", [20_000])
@pytest.mark.parametrize(
    "unit",
    ["薪资再考虑，", "不到就不", "到", "只要能", "领导", "别家", "a\u0301", "还没", "说", "[",
     "如果", "1", "拒", "怎么 ", "我妈不", "k-", "一万"],
)  # fmt: skip
def test_no_text_takes_long(unit: str, size: int) -> None:
    reader = RuleReader()
    reader.read([an_utterance("热身")])
    text = (unit * size)[:size]
    assert any(_seconds(reader, text) < 0.25 for _ in range(2))


def _seconds(reader: RuleReader, text: str) -> float:
    started = time.process_time()
    reader.read([Utterance(text=text, now=NOW)])
    return time.process_time() - started
