"""Contexts, outcomes, and where evidence stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hearing import spans_in
from bot.turn import Outcome, Plan, Reply
from nlp.reading import Evidence
from nlp.scheme import Intent
from storage.enums import MessageKind
from tests.builders import NOW, a_context, a_reading, evidence, said


def test_messages_of_one_breath_are_one_text() -> None:
    context = a_context("我想了想", "还是不来了")
    assert context.text == "我想了想\n还是不来了"
    assert context.last.uid == "m_2"
    assert not context.is_press


def test_a_press_is_known_by_its_last_message() -> None:
    assert a_context(said=(said("x", kind=MessageKind.PRESS),)).is_press


def test_evidence_is_placed_in_the_message_it_stands_in() -> None:
    context = a_context("薪资低了", "你好", "我不来了")
    reading = a_reading(
        Intent.SALARY,
        Intent.DECLINE,
        evidence=(
            evidence(context.text, "低了", Intent.SALARY),
            evidence(context.text, "不来", Intent.DECLINE),
        ),
    )
    spans = spans_in(context.said, reading)
    assert [(s.uid, s.start, s.end, s.intent) for s in spans] == [
        ("m_1", 2, 4, "salary"),
        ("m_3", 1, 3, "decline"),
    ]


def test_offsets_count_code_points() -> None:
    context = a_context("👍🏽好", "不来了😀")
    reading = a_reading(
        Intent.DECLINE, evidence=(evidence(context.text, "来了😀", Intent.DECLINE),)
    )
    [span] = spans_in(context.said, reading)
    assert context.said[1].text[span.start : span.end] == "来了😀"


def test_evidence_over_a_line_break_is_cut_at_the_end_of_its_first_message() -> None:
    context = a_context("我再考虑", "一下吧")
    reading = a_reading(
        Intent.CONSIDER, evidence=(evidence(context.text, "考虑\n一下", Intent.CONSIDER),)
    )
    [span] = spans_in(context.said, reading)
    assert (span.uid, span.start, span.end) == ("m_1", 2, 4)


@pytest.mark.parametrize(("start", "end"), [(4, 5), (2, 2), (90, 99)])
def test_evidence_that_marks_no_word_is_dropped(start: int, end: int) -> None:
    context = a_context("我再考虑", "一下吧")
    marked = Evidence(start=start, end=end, text="", intent=Intent.CONSIDER)
    assert spans_in(context.said, a_reading(Intent.CONSIDER, evidence=(marked,))) == ()


@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4),
)
def test_a_span_never_leaves_its_message(texts: list[str], marks: list[tuple[int, int]]) -> None:
    context = a_context(*texts)
    marked = tuple(Evidence(start=a, end=b, text="", intent=Intent.SOCIAL) for a, b in marks)
    lengths = {message.uid: len(message.text) for message in context.said}
    for span in spans_in(context.said, a_reading(evidence=marked)):
        assert 0 <= span.start < span.end <= lengths[span.uid]


def test_merging_keeps_both_and_lets_the_later_decide() -> None:
    first = Outcome(
        flow="a",
        replies=(Reply(slot="a", text="a"),),
        state={"x": 1, "y": 1},
        muted=True,
        score=1,
        level="low",
        press_note="a",
    )
    second = Outcome(
        flow="b",
        replies=(Reply(slot="b", text="b"),),
        state={"y": 2},
        plans=(Plan(kind="deadline", anchor="m", at=NOW),),
        cancel_plans=("deadline",),
        score=0,
        level="high",
    )
    both = first.merged(second)
    assert both.flow == "a+b"
    assert [reply.slot for reply in both.replies] == ["a", "b"]
    assert both.state == {"x": 1, "y": 2}
    assert (both.muted, both.score, both.level, both.press_note) == (True, 0, "high", "a")
    assert (len(both.plans), both.cancel_plans) == (1, ("deadline",))


def test_merging_nothing_leaves_the_state_untouched() -> None:
    assert Outcome(flow="a").merged(Outcome(flow="a")) == Outcome(flow="a")
