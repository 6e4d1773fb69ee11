"""档案 in the console: statements with their source, corrected, verified, doubted, taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from bot import filing
from storage.enums import Role
from storage.queries import audit, people, profile
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, cookie_header, viewer

EVIL = '"><img src=x onerror=alert(1)>{{7*7}}'
NEW = "new:j_abcdefghij234567"
JOB = {
    "f:job.company": "星河科技",
    "f:job.title": "后端工程师",
    "f:job.from": "2023年5月",
    "f:job.until": "2025-08",
    "f:job.pay_first": "12k",
    "f:job.pay": "15k*13薪",
    "f:job.left_because": "薪资涨幅太小",
    "f:job.left_tag": "pay",
    "f:job.performance": "good",
}


def path_of(candidate: str) -> str:
    return f"/console/candidates/{candidate}/record"


def text_of(page: str) -> str:
    """What people read."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


async def standing(office: Office, candidate: str, *, history: bool = False) -> list[Any]:
    def read(tx: Any) -> list[Any]:
        row = people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        key = office.road.vault.key(tx, row.subject_id)
        return profile.statements(tx, key, candidate, history=history)

    found: list[Any] = await office.road.database.read(read)
    return found


async def one(office: Office, candidate: str, kind: str) -> Any:
    [row] = [row for row in await standing(office, candidate) if row.kind == kind]
    return row


async def told(office: Office, hr: Person, candidate: str, **fields: str) -> None:
    """Statements that come once, filed as HR would."""
    said = {(name.replace("_", ".", 1), ""): text for name, text in fields.items()}
    await filing.state(office.road, viewer(hr), candidate, said, source=f"form:{hr.id}")


async def actions(office: Office, candidate: str) -> list[str]:
    def read(tx: Any) -> list[str]:
        return [row.action for row in audit.entries(tx) if row.object == candidate]

    found: list[str] = await office.road.database.read(read)
    return found


async def test_an_employment_is_a_row_with_everything_behind_it(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    made = await office.post(hr, path_of(candidate), item=NEW, **JOB)
    assert made.status_code == 303
    page = (await office.get(hr, path_of(candidate))).text
    words = text_of(page)
    rows = page[page.index('id="jobs-title"') :]
    summary = text_of(re.findall(r"<summary>(.*?)</summary>", rows, re.DOTALL)[0])
    for shown in ("星河科技", "2023-05 – 2025-08", "27 个月", "12,000 元/月", "15,000 元/月 × 13"):
        assert shown in summary
    assert "薪资" in summary
    assert "薪资涨幅太小" in words
    assert "HR 填写 姓名hr" in words
    assert made.headers["location"].startswith(f"{path_of(candidate)}?said=stated#job-j_")


async def test_a_form_sent_twice_is_one_employment(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    page = (await office.get(hr, path_of(candidate))).text
    [item] = re.findall(r'name="item" value="(new:j_[a-z2-7]+)"', page)
    for _ in range(2):
        assert (await office.post(hr, path_of(candidate), item=item, **JOB)).status_code == 303
    rows = await standing(office, candidate, history=True)
    assert len(rows) == len(JOB)
    assert {row.item for row in rows} == {item.removeprefix("new:")}
    for forged in ("new", "new:", "new:../x", "new:j_" + "a" * 40, f"new:{candidate}"):
        sent = await office.post(hr, path_of(candidate), item=forged, **JOB)
        assert sent.status_code == 422


async def test_a_correction_keeps_the_old_value_folded_behind_the_new(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await told(office, hr, candidate, expect_pay="18k")
    office.clock.advance(timedelta(minutes=10))
    assert (
        await office.post(hr, path_of(candidate), item="", **{"f:expect.pay": "2万"})
    ).status_code == 303
    page = (await office.get(hr, path_of(candidate))).text
    [old] = re.findall(r'<details class="old">(.*?)</details>', page, re.DOTALL)
    assert "18,000 元/月" in old
    assert "旧值 1 条" in old
    assert "20,000 元/月" in page.replace(old, "")
    assert "18,000" not in page.replace(old, "")
    rows = await standing(office, candidate, history=True)
    assert [row.value["low"] for row in rows] == [18_000, 20_000]


async def test_verified_says_who_and_a_correction_has_to_be_verified_again(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await told(office, hr, candidate, own_notice_days="30")
    fact = (await one(office, candidate, "own.notice_days")).id
    assert "已核实" not in (await office.get(hr, path_of(candidate))).text
    await office.post(hr, f"{path_of(candidate)}/{fact}/verify")
    assert "姓名hr 已核实" in text_of((await office.get(hr, path_of(candidate))).text)
    await office.post(hr, path_of(candidate), item="", **{"f:own.notice_days": "60"})
    assert "已核实" not in text_of((await office.get(hr, path_of(candidate))).text)


async def test_what_was_declared_and_what_was_found_stand_side_by_side(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.post(hr, path_of(candidate), item=NEW, **JOB)
    fact = (await one(office, candidate, "job.pay")).id
    sent = await office.post(
        hr, f"{path_of(candidate)}/{fact}/verify", otherwise="1", found="流水显示 13k"
    )
    assert sent.status_code == 303
    page = (await office.get(hr, path_of(candidate))).text
    [versus] = re.findall(r'<div class="versus">(.*?)</div>', page, re.DOTALL)
    assert "15,000 元/月 × 13" in versus
    assert "流水显示 13k" in versus
    assert "有 1 项与核实结果不一致" in page
    for wrong in ("", " ", "长" * 301):
        again = await office.post(
            hr, f"{path_of(candidate)}/{fact}/verify", otherwise="1", found=wrong
        )
        assert again.status_code == 422
    assert "流水显示 13k" in (await office.get(hr, path_of(candidate))).text


async def test_what_is_unclear_is_asked_back_field_by_field_and_nothing_is_kept(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    sent = await office.post(
        hr,
        path_of(candidate),
        item=NEW,
        **{**JOB, "f:job.pay": "15", "f:job.from": "去年"},
    )
    assert sent.status_code == 422
    assert "单位不清" in sent.text
    assert "请写成 2023-05" in sent.text
    assert sent.text.count("field-error") == 2
    assert 'value="去年"' in sent.text
    assert 'value="星河科技"' in sent.text
    assert await standing(office, candidate) == []
    assert (await office.post(hr, path_of(candidate), item="")).status_code == 422


async def test_a_protected_detail_is_not_kept_where_words_are_free(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    for name, words in (
        ("f:job.left_because", "回老家结婚"),
        ("f:job.conduct", "已婚未育，性格稳重"),
    ):
        sent = await office.post(hr, path_of(candidate), item=NEW, **{name: words})
        assert sent.status_code == 422
        assert "受保护的信息" in sent.text
    sent = await office.post(
        hr, path_of(candidate), item="", **{"f:expect.plan": "要二胎，求稳定，孩子小"}
    )
    assert sent.status_code == 422
    assert await standing(office, candidate) == []
    named = {"f:job.company": "贝贝婚庆健康管理公司", "f:job.left_because": "公司业务调整"}
    assert (await office.post(hr, path_of(candidate), item=NEW, **named)).status_code == 303


async def test_one_of_several_choices_and_several_of_them_are_kept(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    fields = {"f:expect.values:growth": "1", "f:expect.values:team": "1"}
    await office.post(hr, path_of(candidate), item="", **fields, **{"f:own.motive_first": "growth"})
    assert (await one(office, candidate, "expect.values")).value == ["growth", "team"]
    assert (await one(office, candidate, "own.motive_first")).value == "growth"
    page = (await office.get(hr, path_of(candidate))).text
    assert "成长、团队氛围" in page
    assert len(re.findall(r'name="f:expect.values:\w+" value="1" checked', page)) == 2


async def test_a_statement_taken_back_is_folded_away_not_lost(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await told(office, hr, candidate, expect_city="杭州")
    fact = (await one(office, candidate, "expect.city")).id
    back = f"{path_of(candidate)}/take-back"
    assert (await office.post(hr, back, **{f"fact:{fact}": "1"})).status_code == 303
    page = (await office.get(hr, path_of(candidate))).text
    assert "已撤回 1 条" in page
    assert 'id="s-' not in page
    again = await office.post(hr, back, **{f"fact:{fact}": "1"})
    assert again.status_code == 409
    assert "刚被更正或撤回" in again.text
    assert (await office.post(hr, back)).status_code == 422


async def test_a_statement_of_somebody_else_is_like_none(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    mine, theirs = await office.candidate(owner=hr.id), await office.candidate(owner=other.id)
    await told(office, other, theirs, expect_pay="30k")
    await office.post(other, path_of(theirs), item=NEW, **JOB)
    fact = await one(office, theirs, "expect.pay")
    item = (await one(office, theirs, "job.pay")).item
    bodies = []
    for forged in (fact.id, "f_none", "../x", "f_" + "a" * 300):
        for deed in (
            await office.post(hr, f"{path_of(mine)}/{forged}/verify"),
            await office.post(hr, f"{path_of(mine)}/take-back", **{f"fact:{forged}": "1"}),
        ):
            assert deed.status_code in (404, 409)
            varying = r'((?:csrf|item|token)[^>]*(?:value|content)=)"[^"]+"'
            bodies.append(re.sub(varying, r"\1", deed.text))
    assert bodies[0] == bodies[2]
    assert bodies[1] == bodies[3]
    for item_of in (item, "j_none", "x" * 4000):
        sent = await office.post(hr, path_of(mine), item=item_of, **{"f:job.pay": "10k"})
        assert sent.status_code == 422
    for path in (path_of(theirs), f"{path_of(theirs)}/{fact.id}/verify"):
        sent = await office.post(hr, path, item="", **{"f:expect.pay": "1k"})
        assert sent.status_code == 404
    unchanged = await one(office, theirs, "expect.pay")
    assert (unchanged.value["low"], unchanged.verified_by) == (30_000, None)
    assert await standing(office, mine) == []


async def test_a_manager_sees_the_work_but_neither_pay_nor_reasons(office: Office) -> None:
    hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    candidate = await office.candidate(position_id=position)
    await office.post(hr, path_of(candidate), item=NEW, **JOB)
    await told(
        office, hr, candidate, expect_pay="23k", expect_plan="两年内做到 30k 的架构师",
        own_skills="Go 与 Kafka", own_motive_first="薪资",
    )  # fmt: skip
    fact = (await one(office, candidate, "job.title")).id
    await office.post(
        hr, f"{path_of(candidate)}/{fact}/verify", otherwise="1", found="实为测试工程师"
    )
    await office.post(hr, path_of(candidate), item="", **{"f:expect.pay": "25k"})
    page = (await office.get(manager, path_of(candidate))).text
    words = text_of(page)
    for shown in (
        "星河科技",
        "27 个月",
        "Go 与 Kafka",
        "薪资、离职原因、绩效和核实结果不在这里显示",
    ):
        assert shown in words
    assert "已核实" not in words  # it was checked, and does not hold
    for hidden in (
        "12,000",
        "15,000",
        "23,000",
        "25,000",
        "30k",
        "涨幅",
        "良好",
        "测试工程师",
        "23k",
    ):
        assert hidden not in words
    assert "<form" not in re.sub(r"(?s)<nav.*?</nav>", "", page)
    for deed in ("", f"/{fact}/verify", "/take-back"):
        assert (await office.post(manager, path_of(candidate) + deed)).status_code == 403
    auditor = await office.user("auditor", Role.AUDITOR)
    assert (await office.get(auditor, path_of(candidate))).status_code == 403


async def test_words_of_the_record_are_never_markup_and_have_an_end(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    texts = dict.fromkeys(
        ("f:job.company", "f:job.title", "f:job.left_because", "f:job.conduct"), EVIL
    )
    assert (await office.post(hr, path_of(candidate), item=NEW, **texts)).status_code == 303
    once = dict.fromkeys(("f:expect.plan", "f:expect.city", "f:own.skills"), EVIL)
    assert (await office.post(hr, path_of(candidate), item="", **once)).status_code == 303
    fact = (await one(office, candidate, "job.company")).id
    await office.post(hr, f"{path_of(candidate)}/{fact}/verify", otherwise="1", found=EVIL)
    page = (await office.get(hr, path_of(candidate))).text
    assert "<img" not in page
    assert page.count("&lt;img src=x") >= 8
    assert "{{7*7}}" in page
    long = {"f:own.education": "长" * 2001}
    sent = await office.post(hr, path_of(candidate), item="", **long)
    assert sent.status_code == 422
    assert "超过 2000 个字" in sent.text
    for wrong in ({"f:expect.pay": "9" * 20_000}, {"f:own.age": "28"}, {"f:job.pay": "18k"}):
        sent = await office.post(hr, path_of(candidate), item="", **wrong)
        assert sent.status_code == 422
    backspace = {"f:own.education": "本科\x08"}
    assert (await office.post(hr, path_of(candidate), item="", **backspace)).status_code == 422


@pytest.mark.parametrize("deed", ["", "/take-back", "/f_x/verify"])
async def test_a_form_of_the_record_that_is_not_ours_changes_nothing(
    small_office: Office, deed: str
) -> None:
    hr, other = await small_office.user("hr", Role.HR), await small_office.user("hr2", Role.HR)
    candidate = await small_office.candidate()
    for token in ("", "x", other.csrf):
        sent = await small_office.http.post(
            path_of(candidate) + deed,
            data={"csrf": token, "item": "", "f:expect.city": "杭州"},
            headers=cookie_header(hr),
        )
        assert sent.status_code == 403
    assert await standing(small_office, candidate) == []


async def test_looking_and_every_deed_stand_in_the_chain(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.get(hr, path_of(candidate))
    await office.post(hr, path_of(candidate), item="", **{"f:expect.city": "杭州"})
    fact = (await one(office, candidate, "expect.city")).id
    await office.post(hr, f"{path_of(candidate)}/{fact}/verify")
    await office.post(hr, f"{path_of(candidate)}/{fact}/verify", otherwise="1", found="上海")
    forged = await office.post(hr, f"{path_of(candidate)}/take-back", **{"fact:f_forged": "1"})
    assert forged.status_code == 409
    await office.post(hr, f"{path_of(candidate)}/take-back", **{f"fact:{fact}": "1"})
    assert await actions(office, candidate) == [
        "candidate.read",
        "record.state",
        "record.verify",
        "record.doubt",
        "record.take_back",
    ]
