"""Words for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.words import Replies, answer_by, fill, moment, next_step, owner_of, stage_name
from config import files
from storage.enums import Stage
from tests.builders import a_rulebook

WORDS = a_rulebook().replies


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("greeting", "您好{nmae}"),
        ("greeting", "您好{name.__class__}"),
        ("greeting", "您好{0}"),
        ("greeting", "您好{}"),
        ("handed", "已转给{owner}，{until}前"),
        ("stages", {"offer": "已发{offer}"}),
        ("next_steps", {"ended": "{begin}"}),
    ],
)
def test_a_misspelt_placeholder_is_refused_with_its_key(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=r"unknown placeholder") as refused:
        Replies.model_validate(files.read("replies/zh.yaml") | {key: value})
    assert refused.value.errors()[0]["loc"] == (key,)


@pytest.mark.parametrize("change", [{"greetings": "您好"}, {"greeting": None}, {"help": "{"}])
def test_other_mistakes_are_refused_too(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Replies.model_validate(files.read("replies/zh.yaml") | change)


@pytest.mark.parametrize("key", sorted(Replies.model_fields))
def test_a_missing_reply_is_named(key: str) -> None:
    raw = {name: text for name, text in files.read("replies/zh.yaml").items() if name != key}
    with pytest.raises(ValidationError, match=key):
        Replies.model_validate(raw)


def test_values_are_inserted_as_they_are() -> None:
    assert fill("{name}您好", name="{owner}") == "{owner}您好"
    assert fill("{name}您好{owner}", name="{0.__class__}") == "{0.__class__}您好"


def test_what_is_not_given_becomes_nothing() -> None:
    assert fill(" 您好{name} ") == "您好"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 22, 6, 5, tzinfo=UTC), "11月22日 周日 14:05"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "1月1日 周五 00:00"),
    ],
)
def test_moments_are_written_as_the_clock_here_shows_them(at: datetime, text: str) -> None:
    assert moment(at) == text


@pytest.mark.parametrize("hour", range(24))
def test_no_answer_is_promised_for_the_night_nor_sooner_than_the_hours_given(hour: int) -> None:
    now = datetime(2026, 11, 2, hour, 30, tzinfo=UTC)
    until = answer_by(now, 24)
    assert timedelta(hours=24) <= until - now <= timedelta(hours=24 + 16)
    assert 10 <= until.hour < 18


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_a_name_and_a_next_step(stage: Stage) -> None:
    assert stage_name(WORDS, stage)
    assert next_step(WORDS, stage, "")


def test_the_owner_is_called_by_name_where_there_is_one() -> None:
    assert owner_of(WORDS, "李娜") == "招聘同事李娜"
    assert owner_of(WORDS, "") == "招聘同事"
