"""A candidate as a card: what stands on it, what the next thing is, and that it always fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.alerts import portrait
from bot.alerts.portrait import (
    LONG,
    SHORT,
    Asked,
    Event,
    Fit,
    Happened,
    Portrait,
    PortraitWords,
    Risk,
    Todo,
)
from bot.messages import Card
from storage.enums import Level, Stage
from tests.builders import a_rulebook

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
LINK = "https://hr.example.com/console/candidates/c_1"

PLAIN = Portrait(
    name="张三",
    position="后端工程师",
    stage=Stage.ACCEPTED,
    stage_at=NOW - timedelta(days=4),
    start_on=None,
)
WHOLE = replace(
    PLAIN,
    start_on=date(2026, 12, 1),
    agreed=("20,000 元/月（税前） × 14 个月", "P6", "杭州", "2026-12-01"),
    accepted=True,
    fit=Fit(score=72, parts=(("薪资", 60), ("地点", 100))),
    risk=Risk(
        score=45, level=Level.MEDIUM, reasons=("原公司在挽留", "对去留表示犹豫"), ask="问一句"
    ),
    asked=(
        Asked(
            topic="原公司挽留",
            question="原公司用什么挽留？",
            quote="领导说给我涨薪",
            due_at=NOW + timedelta(hours=2),
        ),
    ),
    todos=(Todo(what="交辞职信", by=date(2026, 11, 26)),),
    events=(
        Event(at=NOW - timedelta(days=4), kind=Happened.STAGE, what="已接受"),
        Event(at=NOW - timedelta(days=6), kind=Happened.OFFER_SENT, what="2"),
        Event(at=NOW - timedelta(days=5), kind=Happened.OFFER_ACCEPTED, what="2"),
    ),
)
#: As long as everything may be, in the widest of characters.
LONGEST = Portrait(
    name="欧阳" * 60,
    position="职位" * 100,
    stage=Stage.ACCEPTED,
    stage_at=NOW,
    start_on=date(2026, 12, 1),
    agreed=tuple("约定" * 40 for _ in range(9)),
    accepted=True,
    fit=Fit(score=100, parts=tuple(("部分" * 10, 100) for _ in range(5))),
    risk=Risk(
        score=100, level=Level.CRITICAL, reasons=tuple("因素" * 30 for _ in range(9)), ask="问"
    ),
    asked=tuple(
        Asked(topic="话题" * 20, question="问题" * 60 + "？", quote="原话" * 2000, due_at=NOW)
        for _ in range(5)
    ),
    todos=(Todo(what="事情" * 100, by=date(2026, 11, 26), side="company"),),
    events=tuple(Event(at=NOW, kind=Happened.STAGE, what="阶段" * 20) for _ in range(9)),
)


def drawn(seen: Portrait, now: datetime = NOW) -> Card:
    policy = a_rulebook().policy
    return portrait.drawn(policy.portrait, policy.stages, seen, now=now, link=LINK)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_card_tells_the_whole_picture() -> None:
    card = drawn(WHOLE)
    assert card.title == "立体画像 · 张三"
    assert dict(card.lines) == {
        "职位": "后端工程师",
        "阶段": "已接受；2026-12-01 入职",
        "已约定": "20,000 元/月（税前） × 14 个月；P6；杭州；2026-12-01",
        "匹配度": "72（薪资 60 地点 100）",
        "风险（仅供参考）": "中 45：原公司在挽留；对去留表示犹豫",
        "经过": "11-20 转为已接受；11-19 接受 offer v2；11-18 发出 offer v2",
    }
    assert card.quote == "领导说给我涨薪"
    assert card.question == (
        "下一步：在 11月24日 周二 16:00 前处理预警「原公司挽留」\n还没有答案：原公司用什么挽留？"
    )
    assert (card.link, card.buttons) == (LINK, ())


def test_what_the_receiver_may_not_see_leaves_nothing() -> None:
    card = drawn(PLAIN)
    assert [label for label, _ in card.lines] == ["职位", "阶段"]
    assert dict(card.lines)["阶段"] == "已接受（11-20 起）"
    assert (card.quote, card.question) == ("", "下一步：没有待办")


def test_an_offer_nobody_answered_is_not_called_agreed() -> None:
    assert "已约定" not in dict(drawn(replace(WHOLE, accepted=False)).lines)
    assert "已发 offer" in dict(drawn(replace(WHOLE, accepted=False)).lines)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "在 11月24日 周二 16:00 前处理预警「原公司挽留」"),
        ({"asked": ()}, "交辞职信（2026-11-26 前）"),
        (
            {"asked": (), "todos": (Todo(what="社保", by=date(2026, 11, 25), side="company"),)},
            "我方答复「社保」（2026-11-25 前）",
        ),
        ({"asked": (), "todos": ()}, "问一句"),
        ({"asked": (), "todos": (), "risk": None}, "2026-12-01 入职，之前打个招呼"),
        ({"asked": (), "todos": (), "risk": None, "start_on": date(2026, 11, 1)}, "没有待办"),
    ],
)
def test_there_is_one_thing_to_do(changes: dict[str, object], says: str) -> None:
    card = drawn(replace(WHOLE, **changes))  # type: ignore[arg-type]
    assert card.question.splitlines()[0] == f"下一步：{says}"


def test_what_is_overdue_is_said() -> None:
    assert "已过期，请现在处理" in drawn(WHOLE, NOW + timedelta(hours=3)).question


@pytest.mark.parametrize("seen", [PLAIN, WHOLE, LONGEST, replace(LONGEST, name="😀" * 99)])
def test_every_value_is_short_enough_for_every_platform(seen: Portrait) -> None:
    card = drawn(seen)
    assert all(units(value) <= LONG for _, value in card.lines)
    assert units(card.title) <= 40
    assert len("\n".join(f"{label}：{value}" for label, value in card.lines).encode()) <= 1000
    assert all(units(line) <= portrait.BELOW for line in card.question.splitlines())
    assert units(dict(card.lines)["职位"]) <= SHORT
    assert not any("\n" in value for _, value in card.lines)


def test_words_of_people_are_only_inserted() -> None:
    card = drawn(replace(WHOLE, name="{what}", agreed=("{day}\n<b>",), asked=()))
    assert card.title == "立体画像 · {what}"
    assert dict(card.lines)["已约定"] == "{day} <b>"


def test_words_that_lack_a_level_are_refused() -> None:
    words = a_rulebook().policy.portrait.model_dump()
    words["levels"].pop(Level.HIGH)
    with pytest.raises(ValueError, match=r"portrait\.levels"):
        PortraitWords.model_validate(words)
