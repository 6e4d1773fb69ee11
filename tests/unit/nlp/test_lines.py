"""``classify``: one JSON line out for every line in, whatever the line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.baseline import RuleReader
from nlp.lines import MAX_TEXT, classify_lines
from tests.unit.nlp.utterances import NOW


def answers(*lines: bytes | str) -> list[tuple[dict[str, Any], bool]]:
    """Parsed answers and their flags."""
    return [(json.loads(out), ok) for out, ok in classify_lines(lines, RuleReader(), NOW)]


def test_a_message_is_answered_with_its_id_and_reading() -> None:
    ((out, ok),) = answers('{"id": "m-1", "text": "薪资这块我还想再考虑一下", "stage": "offer"}')
    assert ok
    assert out["id"] == "m-1"
    assert out["alert"] is True
    assert out["severity"] == "digest"
    assert set(out["intents"]) == {"salary", "consider"}
    assert out["model"].startswith("rules@")
    assert list(out) == [
        "id", "intents", "scores", "commitment", "reported", "condition", "deadline", "alert",
        "severity", "evidence", "amounts", "model", "unclear", "alert_score",
    ]  # fmt: skip


def test_the_turn_before_is_heard() -> None:
    line = {"text": "好的", "context": [{"role": "hr", "text": "您确定接受这个offer吗？"}]}
    ((out, _),) = answers(json.dumps(line))
    assert (out["intents"], out["commitment"]) == (["accept"], 2)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"text": null}',
        b'{"text": 5}',
        b'{"text": NaN}',
        b'{"text": "a", "x": Infinity}',
        b'{"text": "a", "x": 1e999}',
        b'{"text": "a", "stage": "later"}',
        b'{"text": "a", "stage": null}',
        b'{"text": "a", "context": {}}',
        b'{"text": "a", "context": [{"role": "boss", "text": "b"}]}',
        b'{"text": "a", "context": [{"role": "hr"}]}',
        b'{"text": "a", "context": [{"role": ["hr"], "text": "b"}]}',
        b'{"text": "a", "context": ["b"]}',
        b'{"text": "\\ud800"}',
        b'{"id": "\\udfff", "text": "a"}',
        b'{"id": {}, "text": "a"}',
        b'{"text": "a"} {"text": "b"}',
        json.dumps({"text": "长" * (MAX_TEXT + 1)}).encode(),
        b"[" * 100_000,
        b'{"text": "a", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"text": "a", "x": ' + b"9" * 10_000 + b"}",
        "\ud800",
    ],
)
def test_a_bad_line_is_answered_with_its_number(line: bytes | str) -> None:
    good = '{"id": 1, "text": "好的"}'
    (first, one), (second, two), (third, three) = answers(good, line, good)
    assert (one, two, three) == (True, False, True)
    assert set(second) == {"line", "error"}
    assert second["line"] == 2
    assert first == third


def test_brackets_inside_words_are_no_depth() -> None:
    ((_, ok),) = answers(json.dumps({"text": "[微笑]" * 200 + "{{{"}))
    assert ok


def test_the_longest_text_is_read() -> None:
    ((_, ok),) = answers(json.dumps({"text": "好" * MAX_TEXT}))
    assert ok


def test_order_and_count_are_kept_over_batches() -> None:
    lines = [json.dumps({"id": n, "text": "好的"}) if n % 3 else "?" for n in range(200)]
    out = answers(*lines)
    assert len(out) == 200
    for n, (answer, ok) in enumerate(out):
        assert ok is bool(n % 3)
        assert answer["id" if ok else "line"] == (n if ok else n + 1)


def test_answers_are_ascii() -> None:
    line = json.dumps({"id": "编号😀", "text": "薪资再考虑😀\u2028"}, ensure_ascii=False)
    for out, _ in classify_lines([line], RuleReader(), NOW):
        assert out.isascii()
        assert "\n" not in out


@given(st.lists(st.one_of(st.binary(max_size=40), st.text(st.characters(exclude_categories=())))))
@settings(max_examples=60, deadline=None)
def test_whatever_the_lines_there_is_one_answer_each(lines: list[bytes | str]) -> None:
    out = list(classify_lines(lines, RuleReader(), NOW))
    assert len(out) == len(lines)
    for text, _ in out:
        json.loads(text)
