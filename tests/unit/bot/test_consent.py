"""What counts as a yes, which words a yes was said to, and when it may be asked for again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bot.consent import (
    ANALYSIS,
    QUIET,
    Consents,
    ConsentSeen,
    Form,
    Meant,
    agrees,
    due,
    meant,
    stands,
    withdraws,
)
from config import files
from storage.enums import ConsentAnswer
from tests.builders import NOW

RAW = files.read("consent.yaml")
CONSENTS = Consents.model_validate(RAW)
VERSION = CONSENTS.version(ANALYSIS)


@pytest.mark.parametrize(
    "text",
    [
        "同意",
        "我同意",
        "可以，同意",
        "嗯，同意",
        "好的，我同意",
        "同意了",
        " 同 意 。",
        "同意！谢谢",
        "我同意自动分析",
        "I agree",
    ],
)
def test_a_clear_yes_is_one(text: str) -> None:
    assert meant(text) is Meant.YES


@pytest.mark.parametrize(
    "text",
    [
        "嗯",
        "嗯嗯",
        "好",
        "好的",
        "哦",
        "随便",
        "收到",
        "可以",
        "行吧",
        "OK",
        "yes",
        "1",
        "同意吧？",
        "同意吗",
        "都行",
        "👌",
        "。",
        "是的",
        "没问题",
    ],
)
def test_whatever_leaves_a_doubt_is_no_yes(text: str) -> None:
    assert meant(text) is Meant.UNCLEAR


@pytest.mark.parametrize(
    "text",
    [
        "不同意",
        "我不同意！",
        "不想",
        "别分析",
        "不愿意，谢谢",
        "拒绝",
        "算了",
        "不要分析我的消息",
        "抱歉，不同意",
        "no",
    ],
)
def test_a_no_is_one(text: str) -> None:
    assert meant(text) is Meant.NO


@pytest.mark.parametrize(
    "text",
    [
        "",
        "你好",
        "工资多少",
        "不想加班",
        "同意，但是薪资要再谈",
        "同意你们的offer",
        "不太同意",
        "不是不同意",
        "可以不同意吗",
        "同意" * 30,
        "我的进度",
        "好" * 41,
    ],
)
def test_words_about_something_else_are_no_answer(text: str) -> None:
    assert meant(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "撤回同意",
        "撤回我的同意",
        "我想撤回之前的同意",
        "别再分析我的消息了",
        "停止分析",
        "不想被分析",
        "取消授权",
        "可以不要再分析我的消息吗",
        "我不同意你们分析",
    ],
)
def test_words_that_take_it_back(text: str) -> None:
    assert withdraws(text)


@pytest.mark.parametrize(
    "text",
    [
        "同意",
        "不要分析岗位的",
        "我不想做数据分析",
        "我会做数据分析",
        "别跟我分析利弊了",
        "撤回",
        "同意撤销原合同吗",
        "x" * 50 + "撤回同意",
    ],
)
def test_words_that_do_not(text: str) -> None:
    assert not withdraws(text)


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("我同意自动分析", True),
        ("同意分析我的消息", True),
        ("同意", False),
        ("同意分析吗？", False),
        ("不同意分析", False),
    ],
)
def test_consent_that_names_the_reading_needs_no_question(text: str, yes: bool) -> None:
    assert agrees(text) is yes


def test_one_character_of_the_notice_makes_another_version() -> None:
    changed = Consents.model_validate(files.read("consent.yaml"))
    assert changed.version(ANALYSIS) == VERSION
    for part in ("notice", "item"):
        raw: dict[str, Any] = files.read("consent.yaml")
        if part == "notice":
            raw["notice"]["page"][3]["text"] += "。"
        else:
            raw["items"][ANALYSIS]["ask"] += "。"
        assert Consents.model_validate(raw).version(ANALYSIS) != VERSION
    assert CONSENTS.version("background") != VERSION


@pytest.mark.parametrize("missing", ["notice", "items", "say"])
def test_a_file_that_lacks_a_part_is_refused(missing: str) -> None:
    raw = {key: value for key, value in RAW.items() if key != missing}
    with pytest.raises(ValidationError, match=missing):
        Consents.model_validate(raw)


def test_a_placeholder_nobody_fills_and_a_lacking_analysis_are_refused() -> None:
    raw: dict[str, Any] = files.read("consent.yaml")
    raw["notice"]["contact"] = "{secret}"
    with pytest.raises(ValidationError, match="secret"):
        Consents.model_validate(raw)
    raw = files.read("consent.yaml")
    del raw["items"][ANALYSIS]
    with pytest.raises(ValidationError, match="analysis"):
        Consents.model_validate(raw)


def seen(answer: ConsentAnswer | None = None, **more: Any) -> ConsentSeen:
    values: dict[str, Any] = {"answer": answer, "notice": VERSION, "source": "m_1"}
    return ConsentSeen(**(values | {"answered_at": NOW} | more))


@pytest.mark.parametrize(
    ("one", "stood"),
    [
        (None, False),
        (ConsentSeen(), False),
        (ConsentSeen(asked_at=NOW, asked_notice=VERSION), False),
        (seen(ConsentAnswer.GIVEN), True),
        (seen(ConsentAnswer.GIVEN, notice="old"), False),
        (seen(ConsentAnswer.GIVEN, notice="old", source="form:登记表 2026-01-01"), True),
        (seen(ConsentAnswer.GIVEN, notice="old", source="paper:u_1:柜 3"), True),
        (seen(ConsentAnswer.REFUSED), False),
        (seen(ConsentAnswer.WITHDRAWN), False),
        (ConsentSeen(by_form=True), True),
        (seen(ConsentAnswer.REFUSED, by_form=True), False),
        (seen(ConsentAnswer.WITHDRAWN, by_form=True), False),
    ],
)
def test_what_stands(one: ConsentSeen | None, stood: bool) -> None:
    assert stands(one, VERSION) is stood


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("one", "after", "asks"),
    [
        (ConsentSeen(), DAY * 0, True),
        (seen(ConsentAnswer.GIVEN), DAY, False),
        (ConsentSeen(asked_at=NOW, asked_notice=VERSION), QUIET - DAY, False),
        (ConsentSeen(asked_at=NOW, asked_notice=VERSION), QUIET, True),
        (ConsentSeen(asked_at=NOW, asked_notice="old"), DAY, True),
        (seen(ConsentAnswer.GIVEN, notice="old"), DAY, True),
        (seen(ConsentAnswer.REFUSED), DAY, False),
        (seen(ConsentAnswer.REFUSED), QUIET, True),
        (seen(ConsentAnswer.REFUSED, notice="old"), DAY, False),
        (seen(ConsentAnswer.WITHDRAWN), QUIET - DAY, False),
        (seen(ConsentAnswer.REFUSED, asked_at=NOW, asked_notice=VERSION), QUIET, True),
    ],
)
def test_when_it_may_be_asked(one: ConsentSeen, after: timedelta, asks: bool) -> None:
    assert due(one, VERSION, NOW + after) is asks


def test_a_form_covers_whom_it_was_filled_in_by() -> None:
    form = Form(name="登记表", since=date(2026, 11, 2))
    at_home = ZoneInfo("Asia/Shanghai")
    assert form.covers(datetime(2026, 11, 2, 0, 0, tzinfo=at_home))
    assert not form.covers(datetime(2026, 11, 1, 23, 59, tzinfo=at_home))
    assert len(form.source) <= 60
