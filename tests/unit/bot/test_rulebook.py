"""Everything deciding goes by, parsed and checked."""

from __future__ import annotations

from typing import Any

import pytest

from bot import rulebook
from bot.errors import NotReady
from config import files
from nlp.scheme import Intent
from tests.builders import a_rulebook


def parsed(changes: dict[str, Any], rules: dict[str, Any] | None = None) -> rulebook.Rulebook:
    """The shipped files with some replaced or, within a file, some keys replaced."""

    def read(name: str) -> Any:
        found = files.read(name)
        return found | changes[name] if name in changes else found

    def read_folder(name: str) -> dict[str, Any]:
        return files.read_folder(name) | ((rules or {}) if name == "risk" else {})

    return rulebook.parse("示例科技", read, read_folder)


def test_what_is_shipped_is_usable() -> None:
    book = a_rulebook()
    assert book.company == "示例科技"
    assert set(book.labels) == set(Intent)
    assert book.risk


@pytest.mark.parametrize(
    ("changes", "rules", "places"),
    [
        ({"labels.yaml": {"salery": "薪资"}}, {}, ["salery"]),
        ({"replies/zh.yaml": {"handed": "{until}"}}, {}, ["replies/zh.yaml", "handed", "until"]),
        ({"replies/zh.yaml": {"hello": "您好"}}, {}, ["replies/zh.yaml", "hello"]),
        ({"policy.yaml": {"answer_hours": "soon"}}, {}, ["policy.yaml", "answer_hours"]),
        ({"policy.yaml": {"topics": []}}, {}, ["policy.yaml", "topics"]),
        ({"meaning.yaml": {"about": {"x": {"fact": "own.age"}}}}, {}, ["meaning.yaml", "own.age"]),
        ({"meaning.yaml": {"about": {"x": {"fact": "job.pay"}}}}, {}, ["meaning.yaml", "job.pay"]),
        (
            {"meaning.yaml": {"about": {"x": {"topic": "pay"}}}},
            {},
            ["meaning.yaml", "topic", "pay"],
        ),
        (
            {"meaning.yaml": {"about": {"x": {"fact": "way.home", "values": {"a": "b"}}}}},
            {},
            ["meaning.yaml", "about.x.values"],
        ),
        ({"meaning.yaml": {"heard": {"salary": "gold"}}}, {}, ["meaning.yaml", "gold"]),
        (
            {"replies/zh.yaml": {"press_noted": "收到。您结婚了吗？"}},
            {},
            ["replies/zh.yaml", "press_noted", "第 43 条"],
        ),
        (
            {"policy.yaml": {"questions": {"social": "有孩子了吗？"}}},
            {},
            ["policy.yaml", "questions"],
        ),
        ({}, {"mine": {"says": "短"}}, ["risk/mine.yaml", "says"]),
        ({}, {"mine": None}, ["risk/mine.yaml"]),
    ],
)
def test_a_mistake_is_reported_with_file_and_key(
    changes: dict[str, Any], rules: dict[str, Any], places: list[str]
) -> None:
    with pytest.raises(NotReady) as refused:
        parsed(changes, rules)
    for place in places:
        assert place in str(refused.value)


def test_a_missing_label_is_named() -> None:
    def read(name: str) -> Any:
        found = files.read(name)
        return {k: v for k, v in found.items() if k != "salary"} if "labels" in name else found

    with pytest.raises(NotReady, match="salary"):
        rulebook.parse("示例科技", read, files.read_folder)


@pytest.mark.parametrize("empty", [None, [], "薪资"])
def test_a_file_of_the_wrong_shape_is_no_traceback(empty: Any) -> None:
    with pytest.raises(NotReady):
        rulebook.parse(
            "示例科技",
            lambda name: empty if name == "labels.yaml" else files.read(name),
            files.read_folder,
        )


def test_a_complaint_never_repeats_the_value() -> None:
    with pytest.raises(NotReady) as refused:
        parsed({"policy.yaml": {"answer_hours": "sk-secret"}})
    assert "sk-secret" not in str(refused.value)
