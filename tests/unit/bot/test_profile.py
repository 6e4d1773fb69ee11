"""Profiles: definition, values of every type, jobs put together, contradictions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.profile import values
from bot.profile.definition import ProfileDefinition, Type
from bot.profile.doubt import Doubtful
from bot.profile.forbidden import names_protected
from bot.profile.profile import Profile, Statement, contradictions
from config import files

TODAY = date(2026, 11, 2)
SAID = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SHIPPED = ProfileDefinition.model_validate(files.read("profile.yaml"))


def said(kind: str, value: Any, item: str = "") -> Statement:
    return Statement(
        id=f"f_{kind}_{item}", kind=kind, item=item, value=value, source="form:u_1", said_at=SAID
    )


def job(item: str, begins: str, ends: str, **more: Any) -> list[Statement]:
    told = {"job.from": begins, "job.until": ends, **{f"job.{k}": v for k, v in more.items()}}
    return [said(kind, value, item) for kind, value in told.items()]


@pytest.mark.parametrize("label", ["年龄", "婚育情况", "籍贯", "民族", "健康状况", "Gender"])
def test_a_kind_about_a_protected_attribute_is_refused(label: str) -> None:
    raw = files.read("profile.yaml")
    raw["kinds"]["own.extra"] = {"label": label, "type": "text"}
    with pytest.raises(ValidationError, match="protected"):
        ProfileDefinition.model_validate(raw)


def test_a_pay_is_never_shared_with_managers() -> None:
    raw = files.read("profile.yaml")
    raw["kinds"]["job.pay"]["shared"] = True
    with pytest.raises(ValidationError, match="not shared"):
        ProfileDefinition.model_validate(raw)
    shared = {name for name, kind in SHIPPED.kinds.items() if kind.shared}
    told = {"job.left_because", "job.left_tag", "job.performance", "job.conduct", "expect.pay"}
    assert shared.isdisjoint(told)
    assert "job.company" in shared


def test_education_is_not_taken_for_child_bearing() -> None:
    assert not names_protected("教育")
    assert not names_protected("培育新人")
    assert names_protected("已育")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("job.from", "2023年5月", "2023-05"),
        ("job.from", "2023.5", "2023-05"),
        ("job.from", "202305", "2023-05"),
        ("job.from", "2023/05/01", "2023-05"),
        ("job.until", "至今", "now"),
        ("expect.start", "2026年12月1日", "2026-12-01"),
        ("own.notice_days", "30天", 30),
        ("own.notice_days", "1个月", 30),
        ("job.left_tag", "薪资", "pay"),
        ("expect.values", "成长、收入、成长", ["growth", "pay"]),
        ("job.company", " 星河科技 ", "星河科技"),
    ],
)
def test_values_are_understood(kind: str, text: str, value: object) -> None:
    assert values.parse(SHIPPED.kinds[kind], text) == value


@pytest.mark.parametrize(
    ("kind", "text", "asks"),
    [
        ("job.from", "2023-13", "13 月"),
        ("job.from", "去年", "2023-05"),
        ("expect.start", "2026-02-30", "没有这一天"),
        ("expect.start", "下周", "2026-12-01"),
        ("own.notice_days", "很久", "整数"),
        ("job.left_tag", "运气", "薪资"),
        ("job.company", "\x00公司", "控制字符"),
        ("job.conduct", "长" * 2001, "2000"),
        ("job.company", "  ", "空"),
    ],
)
def test_values_that_are_unclear_are_asked_back(kind: str, text: str, asks: str) -> None:
    with pytest.raises(Doubtful, match=asks):
        values.parse(SHIPPED.kinds[kind], text)


EXAMPLES = {
    Type.TEXT: "星河科技",
    Type.PAY: "税后18-20k*14薪",
    Type.MONTH: "2023年5月",
    Type.MONTH_OR_NOW: "至今",
    Type.DATE: "2026-12-01",
    Type.NUMBER: "30",
}


@pytest.mark.parametrize("name", sorted(SHIPPED.kinds))
def test_what_is_written_for_a_spreadsheet_is_read_back(name: str) -> None:
    kind = SHIPPED.kinds[name]
    text = EXAMPLES.get(kind.type) or "、".join(list(kind.options.values())[:1])
    value = values.parse(kind, text)
    assert values.parse(kind, values.written(kind, value)) == value
    assert values.shown(kind, value)


@pytest.mark.parametrize(
    ("words", "tag"),
    [
        ("领导管理方式不适应", "team"),
        ("薪资涨幅太小", "pay"),
        ("公司业务调整，部门撤销", "company"),
        ("天气", None),
    ],
)
def test_leaving_reasons_suggest_a_tag(words: str, tag: str | None) -> None:
    assert SHIPPED.left_tag(words) == tag


def test_jobs_are_put_together_newest_first() -> None:
    profile = Profile(
        (
            *job("a", "2019-03", "2021-06", company="甲"),
            *job("b", "2021-07", "now", company="乙"),
            said("own.notice_days", 30),
        )
    )
    assert [one.of("company") for one in profile.jobs] == ["乙", "甲"]
    assert [one.months(TODAY) for one in profile.jobs] == [64, 27]
    assert profile.of("own.notice_days") == 30


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (job("a", "2021-06", "2019-03"), "早于"),
        (job("a", "2027-06", "now"), "将来"),
        ([*job("a", "2019-01", "2021-06"), *job("b", "2021-01", "now")], "重叠"),
    ],
)
def test_what_does_not_fit_together_is_asked(statements: list[Statement], says: str) -> None:
    [found] = [one for one in contradictions(Profile(tuple(statements)), TODAY) if says in one.says]
    assert found.items


def test_a_hand_over_month_is_no_contradiction() -> None:
    fine = (*job("a", "2019-01", "2021-06"), *job("b", "2021-06", "now"))
    assert contradictions(Profile(fine), TODAY) == ()
