"""Answers to a survey as a spreadsheet: whose, in which words, and what never gets out."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import httpx2
import pytest
import python_calamine

from bot import asking
from bot.surveys.definition import digest
from bot.web.console.sheets import MOST
from storage.enums import InvitationStatus, Role
from storage.queries import surveys
from storage.viewer import SYSTEM
from tests.integration.web.asking import WEEK1
from tests.integration.web.conftest import Office, Person
from tests.integration.web.test_record import actions, text_of
from tests.integration.web.test_results import answered
from tests.integration.web.test_sheets import deeds

PATH = "/console/surveys/week1/answers"
EVIL = '=HYPERLINK("http://evil.cn";"点我")'
HEADS = ["候选人", "职位", "状态", "发出", "结束", "版本"]
IDS = ["pay", "what", "team", "likes", "wish", "day"]


@pytest.fixture
async def hr(office: Office) -> Person:
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(WEEK1)]))
    return await office.user("hr", Role.HR)


async def out(office: Office, who: Person, suffix: str = "csv") -> httpx2.Response:
    return await office.get(who, f"{PATH}.{suffix}?purpose=report")


def table(answer: httpx2.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_row_a_response_a_column_a_question_and_who_took_it(
    office: Office, hr: Person
) -> None:
    position = await office.position(owner_id=hr.id, title="后端", city="杭州")
    await answered(office, position, [4, 2])
    answer = await out(office, hr)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    heads, first, second, mark = table(answer)
    assert heads == HEADS + IDS
    assert (first[0], first[2], first[5]) == ("张三", "已填完", digest(WEEK1)[:8])
    assert "后端" in first[1]
    assert [row[len(HEADS) :] for row in (first, second)] == [
        ["不清楚", "", "4 分（1 到 5）", "", "", ""],
        ["不清楚", "", "2 分（1 到 5）", "", "", ""],
    ]
    assert "hr" in mark[0]
    assert "用途：汇报" in mark[0]
    [deed] = await deeds(office, "survey.export")
    assert (deed.actor, deed.object, deed.purpose) == (hr.id, "week1", "report")
    assert deed.details == {"rows": 2, "format": "csv"}


async def test_a_workbook_has_a_code_book_of_every_edition(office: Office, hr: Person) -> None:
    position = await office.position(owner_id=hr.id)
    await answered(office, position, [4])
    other = replace(WEEK1, questions=(replace(WEEK1.questions[2], id="mood", ask="心情？"),))
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(other)]))
    book = python_calamine.CalamineWorkbook.from_filelike(
        io.BytesIO((await out(office, hr, "xlsx")).content)
    )
    assert book.sheet_names == ["回答", "题目", "导出信息"]
    heads, row = book.get_sheet_by_name("回答").to_python()
    assert heads == [*HEADS, "mood", *IDS]
    assert row[heads.index("team")] == "4 分（1 到 5）"
    assert row[heads.index("mood")] == ""
    asked = book.get_sheet_by_name("题目").to_python()
    assert asked[1] == ["mood", "心情？", "打分", "", digest(other)[:8]]
    assert asked[2] == [
        "pay", "薪资怎么算，清楚吗？", "单选", "yes=清楚；no=不清楚", digest(WEEK1)[:8],
    ]  # fmt: skip


async def test_unfinished_ones_are_told_and_planned_ones_are_not(
    office: Office, hr: Person
) -> None:
    who = await office.candidate("王小明", position_id=await office.position(owner_id=hr.id))
    road = office.road
    sent = await asking.send(road, SYSTEM, who, "week1", "page")
    _, row, _ = table(await out(office, hr))
    assert (row[0], row[2], row[4]) == ("王小明", "进行中", "")
    revision = await road.database.read(lambda tx: surveys.get(tx, who, sent.invitation_id))
    await office.write(
        lambda tx: surveys.close(
            tx, sent.invitation_id, revision.revision, InvitationStatus.REFUSED
        )
    )
    _, row, _ = table(await out(office, hr))
    assert row[2] == "不愿填写"
    assert row[4]


@pytest.mark.parametrize("said", [EVIL, "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "\u200b=1"])
async def test_no_answer_becomes_a_formula(office: Office, hr: Person, said: str) -> None:
    position = await office.position(owner_id=hr.id, title="=1+1")
    await answered(office, position, [3], said)
    _, row, _ = table(await out(office, hr))
    assert row[HEADS.index("职位")].startswith("'=")
    assert row[len(HEADS) + 1] == f"'{said}"
    book = python_calamine.CalamineWorkbook.from_filelike(
        io.BytesIO((await out(office, hr, "xlsx")).content)
    )
    assert book.get_sheet_by_name("回答").to_python()[1][len(HEADS) + 1] == f"'{said}"


async def test_only_people_the_viewer_may_see(office: Office, hr: Person) -> None:
    other = await office.user("hr2", Role.HR)
    await answered(office, await office.position(owner_id=hr.id, title="甲"), [4])
    await answered(office, await office.position(owner_id=other.id, title="乙"), [2])
    admin = await office.user("admin", Role.HR_ADMIN)
    marks = {
        person.id: [row[len(HEADS) + 2][:1] for row in table(await out(office, person))[1:-1]]
        for person in (hr, other, admin)
    }
    assert marks == {hr.id: ["4"], other.id: ["2"], admin.id: ["4", "2"]}
    for role in (Role.MANAGER, Role.AUDITOR):
        person = await office.user(role, role)
        assert (await out(office, person)).status_code == 403
    assert (
        (await office.http.get(f"{PATH}.csv?purpose=report"))
        .headers["location"]
        .startswith("/signin")
    )


async def test_what_is_not_said_or_not_there_is_refused(office: Office, hr: Person) -> None:
    for query in ("", "?purpose=fun"):
        refused = await office.get(hr, f"{PATH}.csv{query}")
        assert refused.status_code == 422
        assert "请选择用途和格式" in text_of(refused.text)
    for path in (f"{PATH}.exe", "/console/surveys/none/answers.csv"):
        assert (await office.get(hr, f"{path}?purpose=report")).status_code == 404
    assert "survey.export" not in await actions(office, "week1")


async def test_without_names_nothing_leaves_one_by_one(office: Office, hr: Person) -> None:
    position = await office.position(owner_id=hr.id)
    bare = replace(WEEK1, named=False)
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(bare)]))
    refused = await out(office, hr)
    assert refused.status_code == 422
    assert "说好不记名" in text_of(refused.text)
    who = await office.candidate(position_id=position)
    await asking.send(office.road, SYSTEM, who, "week1", "page")
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(WEEK1)]))
    assert (await out(office, hr)).status_code == 422  # what was promised stays promised
    assert await deeds(office, "survey.export") == []
    assert f"{PATH}.xlsx" in (await office.get(hr, "/console/surveys")).text


async def test_at_most_so_many_and_so_often(
    small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await small_office.write(lambda tx: surveys.sync(tx, [asking.edition(WEEK1)]))
    hr = await small_office.user("hr", Role.HR)
    assert MOST == 200
    monkeypatch.setattr("bot.web.console.surveys.MOST_OUT", 2)
    position = await small_office.position(owner_id=hr.id)
    await answered(small_office, position, [1, 2])
    assert len(table(await out(small_office, hr))) == 4
    await answered(small_office, position, [3])
    many = await out(small_office, hr)
    assert many.status_code == 422
    assert "一次最多导出 200 份" in text_of(many.text)
    for _ in range(3):
        await out(small_office, hr)
    assert (await out(small_office, hr)).status_code == 429
