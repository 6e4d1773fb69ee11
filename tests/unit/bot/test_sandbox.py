"""The files, the clock and the folder of the sandbox company."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from bot import sandbox
from bot.errors import AlreadyRunning, NotReady
from bot.sandbox import definition
from bot.sandbox.clock import SandboxClock, parse
from bot.sandbox.definition import Company, Story
from bot.words import SHANGHAI
from config import files
from storage import sqlite
from storage.enums import Role, Stage

SCRIPT = definition.load()
TODAY = datetime(2026, 11, 4, 8, 30, tzinfo=SHANGHAI)  # a Wednesday
STORIES = sorted(SCRIPT.stories)


def a_line(**changes: Any) -> dict[str, Any]:
    return {"day": -3, "at": "10:00", "they": "您好"} | changes


def a_story(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    first = {"day": -9, "at": "10:00", "they": "您好"}
    second = {"day": -8, "at": "10:00", "hr": "您好"}
    return {
        "name": "某人",
        "position": "embedded",
        "stage": "interview",
        "lines": [first, second, *(lines or [a_line()])],
    } | changes


# What is shipped


def test_the_stories_reach_every_stage() -> None:
    assert {story.stage for story in SCRIPT.stories.values()} == set(Stage)
    assert len(STORIES) >= 14


@pytest.mark.parametrize("key", STORIES)
def test_a_story_is_a_conversation_of_8_to_30_messages(key: str) -> None:
    lines = SCRIPT.stories[key].lines
    messages = sum(len(line.they) + len(line.hr) + len(line.bot) for line in lines)
    assert 8 <= messages <= 30
    assert any(line.they for line in lines)
    assert any(line.hr for line in lines)


@pytest.mark.parametrize("key", STORIES)
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_a_story_lies_in_the_past_and_in_order_at_any_hour_it_is_founded(
    key: str, hour: int
) -> None:
    today = TODAY.replace(hour=hour)
    moments = [line.moment(today) for line in SCRIPT.stories[key].lines]
    assert all(before < after for before, after in pairwise(moments))
    assert moments[-1] < today


@pytest.mark.parametrize("key", STORIES)
def test_no_date_is_left_unfilled(key: str) -> None:
    story = SCRIPT.stories[key]
    for line in story.lines:
        for text in (*line.they, *line.hr, *line.bot):
            assert "{" not in story.text(text, line.moment(TODAY), TODAY)


def test_nobody_says_the_same_words_as_somebody_else() -> None:
    said: dict[str, str] = {}
    for key, story in SCRIPT.stories.items():
        for line in story.lines:
            for text in (*line.they, *line.hr):
                assert len(text) < 12 or said.setdefault(text, key) == key, text


def test_the_visitor_plays_chen_yiming_who_holds_an_offer_for_an_embedded_position() -> None:
    story = SCRIPT.stories[SCRIPT.company.plays]
    assert (story.name, story.stage) == ("陈一鸣", Stage.OFFER)
    position = SCRIPT.position(story)
    assert (position.title, position.owner) == ("嵌入式工程师", SCRIPT.company.admin)


def test_the_company_has_an_admin_another_recruiter_a_manager_and_five_budgets() -> None:
    assert SCRIPT.admin.name == "李娜"
    assert [user.role for user in SCRIPT.company.users].count(Role.HR) == 1
    assert [user.role for user in SCRIPT.company.users].count(Role.MANAGER) == 1
    assert len(SCRIPT.company.positions) == 5
    assert all(low < high for low, high in (one.budget for one in SCRIPT.company.positions))


def test_the_words_for_the_visitor_name_every_link_and_three_things_to_try() -> None:
    words = SCRIPT.company.words
    for text in (words.console, words.chat, words.phone):
        assert "{link}" in text
    assert len(words.tries) == 3
    assert "offer收到了，薪资这块我还想再考虑一下" in words.tries[0]


# What is refused


@pytest.mark.parametrize(
    ("story", "says"),
    [
        (a_story(a_line(hr="您好")), "exactly one of"),
        (a_story({"day": -3, "at": "10:00"}), "exactly one of"),
        (a_story(a_line(day=-8)), "does not come after"),
        (a_story(a_line(day=-8, at="09:00")), "does not come after"),
        (a_story(a_line(day=1)), "less than or equal to -1"),
        (a_story({"ago": "13h", "they": "在吗"}), "twelve hours"),
        (a_story({"day": -1, "at": "20:00", "hr": "在吗"}, {"ago": "11h", "they": "在"}), "after"),
        (a_story({"ago": "1w", "they": "在吗"}), "35m or 3h"),
        (a_story(a_line(ago="3h")), "day and at, or ago"),
        (a_story({"day": -3, "they": "在吗"}), "day and at, or ago"),
        (a_story(a_line(they=["在吗", " "])), "empty message"),
        (a_story(a_line(judged={"useful": 4, "handled": 2})), "hours rise"),
        (a_story(a_line(judged={"good": 1})), "judged"),
        (a_story({"day": -3, "at": "10:00", "hr": "好", "judged": {"useful": 1}}), "they say"),
        (a_story({"day": -3, "at": "10:00", "moves": "hired"}), "moves"),
        (a_story({"day": -3, "at": "10:00", "moves": "offer"}), "does not lead"),
        (a_story(stage="offer"), "does not lead"),
        (a_story(a_line(starts=5)), "starts belongs"),
        (a_story(heard=["salary"]), "heard"),
    ],
)
def test_a_story_that_cannot_have_happened_is_refused(story: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Story.model_validate(story)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"admin": "wanglei"}, "hr_admin"),
        ({"admin": "nobody"}, "hr_admin"),
        ({"merge_pause_s": 0}, "merge_pause_s"),
        ({"users": [{"key": "lina", "login": "l", "name": "李", "role": "boss"}]}, "role"),
    ],
)
def test_a_company_that_does_not_fit_together_is_refused(
    changes: dict[str, Any], says: str
) -> None:
    raw = files.read("sandbox/company.yaml")
    with pytest.raises(ValidationError, match=says):
        Company.model_validate(raw | changes)


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("stories/zz.yaml", a_story(position="barista"), "zz.yaml: unknown position barista"),
        ("stories/zz.yaml", a_story(stage="hired"), "stories/zz.yaml: stage"),
        ("company.yaml", files.read("sandbox/company.yaml") | {"plays": "nobody"}, "nobody"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, raw: Any, says: str) -> None:
    path = tmp_path / "sandbox" / name
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(NotReady, match=says):
        definition.load(tmp_path)


# Dates


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{+5}前回您", "11月9号前回您"),
        ("{-5}见过", "10月30号见过"),
        ("{周+2}给答复", "周五给答复"),
        ("{周0}", "周三"),
        ("{周+5}去", "下周一去"),
        ("{周+12}", "下下周一"),
        ("{周-3}", "上周日"),
        ("{name}", "{name}"),
    ],
)
def test_a_date_is_named_as_on_the_day_it_was_said(text: str, said: str) -> None:
    assert Story.model_validate(a_story()).text(text, TODAY, TODAY) == said


# The clock


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7d", timedelta(days=7)),
        ("36h", timedelta(hours=36)),
        ("90m", timedelta(minutes=90)),
        (" 1d ", timedelta(days=1)),
    ],
)
def test_a_span_is_read(text: str, span: timedelta) -> None:
    assert parse(text) == span


@pytest.mark.parametrize("text", ["", "7", "-7d", "d", "1.5h", "7w", "7d 3h", "７d", "9999999d"])
def test_what_is_not_a_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotReady, match="7d, 36h or 90m"):
        parse(text)


def wall() -> datetime:
    return datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def test_fast_forwards_add_up_and_outlive_the_process(tmp_path: Path) -> None:
    clock = SandboxClock(tmp_path, wall=wall)
    assert clock() == wall()
    clock.fast_forward(timedelta(days=7))
    SandboxClock(tmp_path, wall=wall).fast_forward(timedelta(hours=36))
    assert SandboxClock(tmp_path, wall=wall)() == wall() + timedelta(days=8, hours=12)
    assert clock().tzinfo is not None


@pytest.mark.parametrize("by", [timedelta(seconds=-1), timedelta(days=400, seconds=1)])
def test_the_clock_goes_neither_back_nor_out_of_sight(tmp_path: Path, by: timedelta) -> None:
    clock = SandboxClock(tmp_path, wall=wall)
    with pytest.raises(NotReady):
        clock.fast_forward(by)
    assert SandboxClock(tmp_path, wall=wall)() == wall()


def test_many_small_steps_do_not_pass_the_end_either(tmp_path: Path) -> None:
    clock = SandboxClock(tmp_path, wall=wall)
    clock.fast_forward(timedelta(days=399))
    with pytest.raises(NotReady, match="--fresh"):
        clock.fast_forward(timedelta(days=2))


@pytest.mark.parametrize(
    "kept", ["", "{}", '{"ahead_s": "x"}', '{"ahead_s": -5}', '{"ahead_s": 1e12}', "[1]"]
)
def test_a_damaged_clock_says_how_to_start_over(tmp_path: Path, kept: str) -> None:
    (tmp_path / "clock.json").write_text(kept, encoding="ascii")
    with pytest.raises(NotReady, match="--fresh"):
        SandboxClock(tmp_path, wall=wall)


# The folder and the settings


def test_a_real_installation_is_never_taken_for_a_sandbox(tmp_path: Path) -> None:
    (tmp_path / "yinuo.db").write_bytes(b"people")
    for fresh in (False, True):
        with pytest.raises(NotReady, match="not a sandbox"):
            sandbox.clear(tmp_path, fresh=fresh)
    assert (tmp_path / "yinuo.db").read_bytes() == b"people"


def test_fresh_removes_the_old_sandbox_and_nothing_else(tmp_path: Path) -> None:
    for name in ("clock.json", "yinuo.db", "yinuo.db-wal", "keys.json", "letter.txt"):
        (tmp_path / name).write_text("{}", encoding="ascii")
    sandbox.clear(tmp_path, fresh=False)
    assert (tmp_path / "yinuo.db").exists()
    sandbox.clear(tmp_path, fresh=True)
    assert {path.name for path in tmp_path.iterdir()} == {"letter.txt", "yinuo.db.lock"}


def test_fresh_leaves_a_sandbox_alone_that_is_being_served(tmp_path: Path) -> None:
    SandboxClock(tmp_path, wall=wall)
    (tmp_path / "yinuo.db").touch()
    with sqlite.lock_file(tmp_path / "yinuo.db"), pytest.raises(AlreadyRunning):
        sandbox.clear(tmp_path, fresh=True)
    assert (tmp_path / "yinuo.db").exists()


def test_nothing_real_in_the_environment_reaches_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINUO_DATABASE_URL", "postgresql://db.example/real")
    monkeypatch.setenv("YINUO_TELEGRAM__BOT_TOKEN", "1:real")
    settings = sandbox.settings_of(SCRIPT, tmp_path, 8000)
    assert settings.effective_database_url == f"sqlite:///{tmp_path / 'yinuo.db'}"
    assert not settings.telegram.enabled
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.company == "星河智造"
    assert settings.chat.merge_pause_s == 3
