"""Digests as they are drawn: one message on every platform, most of what fits, the rest counted."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from bot.alerts import digest
from bot.alerts.digest import AlertLine, DigestWords, Section, drawn, fits, short
from bot.channels import dingtalk_config, feishu_draw, telegram_draw, webchat, wecom_draw
from bot.messages import Content
from bot.workdays import ZONE, Calendar
from config import files
from nlp.scheme import Severity
from tests.builders import NOW, a_rulebook

WORDS = a_rulebook().digest
LINK = "https://hr.example.com/console/alerts?show=mine"
#: A long weekend of 2026: 1 to 7 October are holidays, Saturday the 10th is worked.
CALENDAR = Calendar()


def at(day: int, clock: str, month: int = 11) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}:00+08:00")


def full(count: int = 30, text: str = "名字" * 40) -> list[Section]:
    """Every section a digest can have, each with more than anybody reads."""
    lines = Section(head="待处理预警 30 条：立即 10 · 今天 10 · 留意 10", items=[text] * count)
    heads = [Section(head=text[:40])] * 3
    names = [Section(head="没有回复 30 人", items=[text[:20]] * count, inline=True)] * 5
    return [lines, *heads, lines, *names]


def test_nothing_to_tell_is_no_message() -> None:
    assert drawn(WORDS, "今日要看", [], link=LINK) == ""


def test_all_of_little_is_told_and_the_link_counts_nothing() -> None:
    some = [Section(head="待处理预警 1 条", items=["立即 陈一鸣"]), Section(head="今天入职 1 人")]
    assert drawn(WORDS, "今日要看", some, link=LINK) == (
        f"今日要看\n待处理预警 1 条\n· 立即 陈一鸣\n今天入职 1 人\n打开：{LINK}"
    )


def test_what_does_not_fit_is_counted_and_every_head_stands() -> None:
    sections = full(text="某人的一句话")
    text = drawn(WORDS, "今日要看", sections, link=LINK)
    assert all(section.head in text for section in sections)
    assert text.count("\n") + 1 <= WORDS.room.lines
    named = text.count("某人的一句话") - 3  # heads of three
    assert f"还有 {30 * 7 - named} 条，都在：{LINK}" in text
    assert named >= 10


def test_sections_share_the_room_in_turn() -> None:
    a, b = Section(head="甲", items=["a"] * 30), Section(head="乙", items=["b"] * 30)
    text = drawn(WORDS, "题", [a, b], link=LINK)
    assert text.count("· a") == text.count("· b") == 8
    assert text.endswith(f"还有 44 条，都在：{LINK}")


@pytest.mark.parametrize(
    "text",
    ["名字" * 40, "𠮷" * 60, "a" * 200, "🙂👨‍👩‍👧" * 20],
    ids=["chinese", "rare", "latin", "emoji"],
)
def test_the_longest_is_one_message_everywhere(text: str) -> None:
    made = drawn(WORDS, "今日要看", full(text=text), link=LINK)
    assert fits(WORDS.room, made)
    content = Content(text=made)
    assert [one["app"]["text"]["content"] for one in wecom_draw.render(content, home=LINK)] == [
        made
    ]
    assert len(made.encode()) <= wecom_draw.TEXT_BYTES
    assert len(telegram_draw.render(content)) == 1
    assert len(feishu_draw.render(content)) == 1
    defaults = {one.name: one.default for one in fields(dingtalk_config.Config)}
    units = len(made.encode("utf-16-le")) // 2
    assert units <= min(defaults["text_units"], telegram_draw.TEXT_UNITS, webchat.MAX_TEXT)


def test_words_come_on_one_line_and_tell_a_platform_nothing() -> None:
    assert short("第一行\n第二行\t尾", 20) == "第一行 第二行 尾"
    assert short('<a href="https://evil">点我</a>', 12) == '＜a href="ht…'
    assert short("十个字的名字十个字的名字", 10) == "十个字的名字十个字…"


def test_an_alert_is_one_line_with_its_due_time() -> None:
    one = AlertLine(
        severity=Severity.NOW,
        topic="salary",
        name="陈一鸣",
        quote="薪资\n这块能不能再谈谈",
        due_at=NOW + timedelta(hours=2),
    )

    def line(now: datetime) -> str:
        return digest.alert_line(WORDS, one, severity="立即", topic="薪资", now=now)

    assert line(NOW) == "立即 陈一鸣 薪资「薪资 这块能不能再谈谈」11:00 前"
    assert line(NOW + timedelta(hours=3)) == "立即 陈一鸣 薪资「薪资 这块能不能再谈谈」已过期"
    assert line(NOW - timedelta(days=1)).endswith("」11月2日 前")


def test_a_quote_with_braces_stays_as_it_was_said() -> None:
    one = AlertLine(
        severity=Severity.NOW, topic="salary", name="{link}", quote="{name}", due_at=NOW
    )
    line = digest.alert_line(WORDS, one, severity="立即", topic="薪资", now=NOW)
    assert line == "立即 {link} 薪资「{name}」已过期"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (at(2, "08:59"), None),
        (at(2, "09:00"), date(2026, 11, 2)),
        (at(2, "17:59"), date(2026, 11, 2)),
        (at(2, "18:00"), None),
        (at(1, "10:00"), None),  # a Sunday
        (at(10, "10:00", month=10), date(2026, 10, 10)),  # a Saturday that is worked
        (at(5, "10:00", month=10), None),  # National Day
    ],
)
def test_a_day_s_digest_is_due_in_its_hours(moment: datetime, day: date | None) -> None:
    assert digest.day_of(WORDS.daily, CALENDAR, moment) == day


def test_a_week_s_digest_waits_for_its_first_working_day() -> None:
    assert digest.week_of(WORDS.weekly, CALENDAR, at(5, "10:00", month=10)) is None
    assert digest.week_of(WORDS.weekly, CALENDAR, at(8, "10:00", month=10)) == date(2026, 10, 5)
    assert digest.week_of(WORDS.weekly, CALENDAR, at(2, "10:00")) == date(2026, 11, 2)
    assert digest.week_of(WORDS.weekly, CALENDAR, at(4, "10:00")) == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (at(2, "08:00"), at(2, "09:00")),
        (at(2, "09:00"), at(3, "09:00")),
        (at(6, "10:00"), at(9, "09:00")),  # Friday
        (at(30, "12:00", month=9), at(8, "09:00", month=10)),
    ],
)
def test_the_next_moment_is_the_next_working_morning(after: datetime, due: datetime) -> None:
    assert digest.next_moment(WORDS, CALENDAR, after.astimezone(UTC)) == due


def test_what_was_due_over_a_weekend_is_told_on_monday() -> None:
    assert digest.since(CALENDAR, date(2026, 11, 9)) == date(2026, 11, 7)
    assert digest.since(CALENDAR, date(2026, 11, 10)) == date(2026, 11, 10)
    assert digest.since(CALENDAR, date(2026, 10, 8)) == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "1 分钟"), (59 * 60, "59 分钟"), (3600, "1 小时"), (5400, "1.5 小时")],
)
def test_time_in_words(seconds: float, words: str) -> None:
    assert digest.lasted(WORDS, seconds) == words


def test_days_are_written_as_people_do() -> None:
    assert digest.when(datetime(2026, 11, 3, 2, tzinfo=ZONE), NOW) == "11月3日"
    assert digest.when(NOW, NOW) == "09:00"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"daily": {"at": "18:00", "until": "09:00"}}, "daily"),
        ({"titles": {"daily": "今天"}}, "titles"),
        ({"titles": {"daily": "{x}", "weekly": "a", "manager": "b"}}, "x"),
        ({"folded_why": {"limit": "太多"}}, "folded_why"),
        ({"room": {"lines": 20, "bytes": 4000, "name": 10, "words": 24}}, "bytes"),
        ({"hello": "您好"}, "hello"),
    ],
)
def test_a_mistake_in_the_file_is_refused(change: dict[str, object], place: str) -> None:
    with pytest.raises(ValidationError, match=place):
        DigestWords.model_validate(files.read("digest.yaml") | change)


@pytest.mark.parametrize("part", ["sections", "owed"])
def test_an_unknown_placeholder_is_refused(part: str) -> None:
    raw = files.read("digest.yaml")
    for key in raw[part]:
        wrong = raw | {part: raw[part] | {key: "{pay}"}}
        with pytest.raises(ValidationError, match="unknown placeholder"):
            DigestWords.model_validate(wrong)
