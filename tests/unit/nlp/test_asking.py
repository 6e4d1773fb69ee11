"""Which known asking a message is: measured on wordings and lookalikes of tests/askings.

The file is cut in two by a hash of each line. One half was looked at while shapes, examples and
the threshold were made; of the other, only the figures.
"""

from __future__ import annotations

import hashlib
import time
from functools import cache
from pathlib import Path

import pytest

from nlp.asking import Askings, Known, Shape
from nlp.sameness import SameError, parse, same
from tests.builders import a_rulebook

HERE = Path(__file__).parents[2] / "askings"
ASKINGS = a_rulebook().askings
REQUESTS = ("progress", "data", "correct", "withdraw", "erase", "person", "help")


def lines(name: str, prefix: str = "") -> list[tuple[str, str]]:
    """(name of the asking or nothing, text) of one file."""
    found, kind = [], ""
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line.isascii():
            kind = prefix + line[1:-1]
        elif line and not line.startswith("#"):
            found.append((kind, line))
    return found


@cache
def unseen() -> tuple[tuple[str, str, str], ...]:
    """(what it is, what was found, text) of the half that nothing was made by."""
    every = lines("requests.txt") + lines("faq.txt", "faq.") + lines("none.txt")
    half = [one for one in every if int(hashlib.sha256(one[1].encode()).hexdigest(), 16) % 2 == 1]
    return tuple(
        (kind, found.name if (found := ASKINGS.find(text)) else "", text) for kind, text in half
    )


def test_the_measure_is_large_enough() -> None:
    requests, questions, none = lines("requests.txt"), lines("faq.txt"), lines("none.txt")
    assert min(sum(kind == name for kind, _ in requests) for name in REQUESTS) >= 55
    assert len(questions) >= 150
    assert len(none) >= 400
    texts = [text for _, text in requests + questions + none]
    assert len(set(texts)) >= len(texts) - 8


def test_nothing_of_the_measure_is_an_example() -> None:
    """A wording that were an example too would only be looked up."""
    held = {text for _, text in lines("requests.txt") + lines("faq.txt")}
    given = {text for entry in a_rulebook().faq.entries.values() for text in entry.asks}
    assert len(held & given) <= len(held) // 50


def test_what_is_said_to_be_asked_is_asked() -> None:
    said = [(kind, found) for kind, found, _ in unseen() if found]
    assert sum(kind == found for kind, found in said) / len(said) >= 0.97


def test_most_of_what_is_asked_is_heard() -> None:
    asked = [(kind, found) for kind, found, _ in unseen() if kind]
    assert sum(kind == found for kind, found in asked) / len(asked) >= 0.85
    questions = [(kind, found) for kind, found in asked if kind.startswith("faq.")]
    assert sum(kind == found for kind, found in questions) / len(questions) >= 0.92


@pytest.mark.parametrize("name", ["erase", "withdraw"])
def test_what_ends_something_is_hardly_ever_heard_where_it_was_not_said(name: str) -> None:
    assert [text for kind, found, text in unseen() if found == name != kind] == []
    asked = [found for kind, found, _ in unseen() if kind == name]
    assert asked.count(name) / len(asked) >= 0.88


def test_of_messages_that_ask_nothing_known_hardly_one_is_taken_for_it() -> None:
    none = [found for kind, found, _ in unseen() if not kind]
    assert len(none) >= 200
    assert sum(map(bool, none)) / len(none) <= 0.015


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("五险一金怎么交", "faq.insurance"),
        ("报到要带啥", "faq.papers"),
        ("体检要空腹不", "faq.medical"),
        ("能停车不", "faq.parking"),
        ("請問我的應聘進度如何", "progress"),
        ("你好，想问下五险一金怎么交？另外我周五到", "faq.insurance"),
        ("我不找了\n请把我的资料都删除", "erase"),
    ],
)
def test_what_the_product_promises_is_heard(text: str, name: str) -> None:
    found = ASKINGS.find(text)
    assert found is not None
    assert found.name == name
    assert found.nearness >= 0.48


@pytest.mark.parametrize(
    "text",
    [
        "进度款",
        "数据分析岗",
        "我删了之前的微信",
        "更正一下，是18k",
        "帮助很大",
        "同意",
        "公积金能按最高比例交吗",
        "试用期工资能不能不打折",
        "",
        " ",
        "？",
        "。。。",
        "\ud800",
        "\u202e删",
        "[图片]",
    ],
)
def test_what_only_looks_alike_is_none(text: str) -> None:
    assert ASKINGS.find(text) is None


def test_no_text_takes_long() -> None:
    texts = ("删" * 20_000, "我的数据，" * 4_000, "a" * 20_000, "？\n" * 10_000, "删除我的" * 5_000)
    for text in texts:
        start = time.process_time()
        ASKINGS.find(text)
        assert time.process_time() - start < 0.2


def test_a_message_takes_less_than_two_milliseconds_and_the_start_less_than_a_tenth() -> None:
    texts = [text for _, text in lines("requests.txt") + lines("none.txt")]
    ASKINGS.find("热身")
    best = min(_seconds(texts[start : start + 100]) for start in range(0, 600, 100))
    assert best / 100 < 0.002


def _seconds(texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        ASKINGS.find(text)
    return time.process_time() - start


def test_an_example_of_an_operator_is_known_at_once() -> None:
    shape = Shape.parse("宠物|狗|猫 & 带|养")
    known = Known(name="pets", says=("可以带宠物上班吗",), shapes=(shape,), only=True, asks=True)
    own = Askings([known], ["我家养猫"])
    found = own.find("公司让带狗吗")
    assert found is not None
    assert found.name == "pets"
    assert own.find("我家里养了一只猫") is None


@pytest.mark.parametrize("line", ["", "a||b", "!a", "a & & b", "a & !"])
def test_a_shape_that_says_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="form"):
        Shape.parse(line)


def test_words_of_one_sense_are_one_and_a_word_has_one() -> None:
    assert same("啥时候报到") == same("什么时候入职") != same("什么时候离职")
    with pytest.raises(SameError, match=r"same\.txt:2"):
        parse("甲 乙\n丙 甲")
