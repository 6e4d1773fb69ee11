"""What may not be asked: measured on natural wording, half of it held out."""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from pydantic import ValidationError

from bot import rulebook
from bot.errors import NotReady
from bot.surveys.forbidden import Forbidden, parse
from config import files

DATA = Path(__file__).parent / "data"


def halves(name: str) -> tuple[list[str], list[str]]:
    """The lines that were at hand, and those that were held out."""
    lines = [one for one in (DATA / name).read_text("utf-8").splitlines() if one[:1] != "#"]
    cut = lines.index("---")
    return lines[:cut], lines[cut + 1 :]


ASKED, HARMLESS = halves("forbidden_asked.txt"), halves("forbidden_harmless.txt")


@pytest.fixture(scope="module")
def words() -> Forbidden:
    return parse(files.read("forbidden.yaml"))


def found(words: Forbidden, line: str) -> bool:
    topic, _, text = line.partition(" ")
    return topic in {hit.topic for hit in words.hits(text)}


def test_there_is_enough_to_measure() -> None:
    assert sum(map(len, ASKED)) >= 80
    assert sum(map(len, HARMLESS)) >= 80
    assert min(len(ASKED[1]), len(HARMLESS[1])) >= 40


def test_what_was_at_hand_is_all_told_apart(words: Forbidden) -> None:
    assert [line for line in ASKED[0] if not found(words, line)] == []
    assert [line for line in HARMLESS[0] if words.hits(line)] == []


def test_what_was_held_out_is_told_apart_as_measured(words: Forbidden) -> None:
    missed = [line for line in ASKED[1] if not found(words, line)]
    stopped = [line for line in HARMLESS[1] if words.hits(line)]
    assert len(missed) / len(ASKED[1]) <= MISSED, missed
    assert len(stopped) / len(HARMLESS[1]) <= STOPPED, stopped


MISSED, STOPPED = 0.05, 0.03


def test_the_article_is_named(words: Forbidden) -> None:
    why = words.why("您结婚了吗？")
    assert "婚姻" in why
    assert "妇女权益保障法第 43 条" in why
    assert "结婚" in why
    assert words.why("哪天可以入职？") == ""
    assert all("法" in topic.law and "条" in topic.law for topic in words.topics.values())


@pytest.mark.parametrize(
    "text",
    [
        "您结\u200b婚了吗？",
        "您結婚了嗎？",
        "您 已 婚 吗？",
        "几点上班？您信佛吗？路上远吗？",
        "已婚",
        "未育",
    ],
)
def test_disguises_and_company_do_not_help(words: Forbidden, text: str) -> None:
    assert words.hits(text)


def test_several_topics_are_all_named(words: Forbidden) -> None:
    assert [hit.topic for hit in words.hits("您结婚了吗？有孩子吗？什么星座？")] == [
        "marriage",
        "children",
        "zodiac",
    ]


def test_that_we_do_not_ask_may_be_said_and_does_not_cover_the_next_sentence(
    words: Forbidden,
) -> None:
    assert not words.hits("我们不会询问您的婚姻状况。")
    assert words.hits("我们不会询问您的婚姻状况。那您结婚了吗？")


@pytest.mark.parametrize(
    "text", ["家" * 20_000, "您" * 20_000 + "?", "和家人" * 7_000, "有没有" * 7_000]
)
def test_no_text_takes_long(words: Forbidden, text: str) -> None:
    began = thread_time()
    words.hits(text)
    assert thread_time() - began < 2


def test_what_the_bot_says_by_itself_may_be_said(words: Forbidden) -> None:
    said = [text for text in _texts(files.read("replies/zh.yaml")) if words.hits(text)]
    said += [text for text in _texts(files.read("policy.yaml")) if words.hits(text)]
    assert said == []


def _texts(raw: object) -> list[str]:
    if isinstance(raw, dict):
        return [text for value in raw.values() for text in _texts(value)]
    if isinstance(raw, list):
        return [text for value in raw for text in _texts(value)]
    return [raw] if isinstance(raw, str) else []


def test_a_survey_that_asks_it_stops_the_start_with_file_and_article() -> None:
    mine = {"title": "t", "questions": [{"id": "a", "ask": "您结婚了吗？", "kind": "text"}]}

    def read_folder(name: str) -> dict[str, object]:
        return files.read_folder(name) | ({"mine": mine} if name == "surveys" else {})

    with pytest.raises(NotReady, match=r"surveys/mine\.yaml.*questions\[0\]\.ask.*第 43 条"):
        rulebook.parse("示例科技", files.read, read_folder)


def test_an_alert_about_no_topic_stops_the_start() -> None:
    mine = {
        "title": "t",
        "questions": [
            {
                "id": "a",
                "ask": "打分",
                "kind": "scale",
                "alerts": [{"if": "a < 3", "topic": "weather"}],
            }
        ],
    }

    def read_folder(name: str) -> dict[str, object]:
        return files.read_folder(name) | ({"mine": mine} if name == "surveys" else {})

    place = r"surveys/mine\.yaml: questions\[0\]\.alerts\[0\]\.topic"
    with pytest.raises(NotReady, match=place + r"：policy\.yaml 里没有话题 weather"):
        rulebook.parse("示例科技", files.read, read_folder)


def test_a_pattern_that_is_none_is_refused() -> None:
    raw = files.read("forbidden.yaml")
    raw["topics"]["marriage"]["always"] = ["("]
    with pytest.raises(ValidationError):
        parse(raw)
