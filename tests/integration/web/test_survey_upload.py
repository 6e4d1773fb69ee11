"""A survey's file uploaded in the console: kept and on, or refused as a whole."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from bot import asking
from bot.surveying import MOST_BYTES
from bot.surveys.definition import digest
from bot.web.console.surveys import MOST
from bot.web.multipart import LARGEST
from storage.enums import Role
from storage.queries import surveys
from storage.queries.surveys import Edition, SurveyRow
from tests.integration.test_survey_command import CHOICES, SETTINGS, SURVEY, workbook
from tests.integration.web.asking import WEEK1, asked
from tests.integration.web.conftest import Office, Person, cookie_header
from tests.integration.web.test_record import text_of
from tests.integration.web.test_sheets import deeds
from tests.samples_of_files import zipped

PATH = "/console/surveys"
GOOD = """\
title: 欢迎回访
questions:
  - {id: mood, ask: 感觉怎么样？, kind: scale, alerts: [{if: "{mood} < 3", topic: team_fit}]}
  - {id: pay, ask: 最看重什么？, kind: text, about: career_plan}
"""


async def send(
    office: Office, who: Person, data: bytes, name: str = "welcome.yaml", **headers: str
) -> httpx2.Response:
    return await office.http.post(
        PATH,
        data={"csrf": who.csrf},
        files={"file": (name, data, "application/octet-stream")},
        headers={**cookie_header(who), **headers},
    )


async def kept(office: Office) -> dict[str, SurveyRow]:
    rows = await office.road.database.read(surveys.surveys)
    return {row.id: row for row in rows}


@pytest.fixture
async def hr(office: Office) -> Person:
    return await office.user("hr", Role.HR)


async def test_a_file_is_kept_on_and_written_down(office: Office, hr: Person) -> None:
    done = await send(office, hr, GOOD.encode())
    assert (done.status_code, done.headers["location"]) == (303, f"{PATH}?said=survey_kept")
    row = (await kept(office))["welcome"]
    assert (row.title, row.origin, row.enabled, row.changed_by) == (
        "欢迎回访", "console", True, hr.id,
    )  # fmt: skip
    [deed] = await deeds(office, "survey.upload")
    assert (deed.actor, deed.object) == (hr.id, "welcome")
    assert deed.details == {"digest": row.digest, "questions": 2}
    page = text_of((await office.get(hr, f"{PATH}?said=survey_kept")).text)
    assert "问卷已上传并启用" in page
    assert "欢迎回访" in page
    assert "在控制台上传" in page


async def test_the_same_id_is_a_new_edition_and_on_again(office: Office, hr: Person) -> None:
    await send(office, hr, GOOD.encode())
    before = (await kept(office))["welcome"]
    await office.post(hr, f"{PATH}/welcome", enabled="off")
    again = await send(office, hr, GOOD.replace("感觉", "您觉得").encode())
    assert again.status_code == 303
    after = (await kept(office))["welcome"]
    assert after.digest != before.digest
    assert after.enabled
    assert after.definition["questions"][0]["ask"] == "您觉得怎么样？"
    await office.write(lambda tx: asking.sync(tx, office.road.rulebook))
    assert (await kept(office))["welcome"] == after  # the next start leaves it


async def test_what_is_under_way_goes_on_as_it_was_asked(office: Office, hr: Person) -> None:
    await send(office, hr, GOOD.encode())
    before = (await kept(office))["welcome"].digest
    case = await asked(office)
    sent = await asking.send(office.road, case.viewer, case.id, "welcome", "page")
    await send(office, hr, GOOD.replace("感觉", "您觉得").encode())
    row = await office.road.database.read(lambda tx: surveys.get(tx, case.id, sent.invitation_id))
    assert row.digest == before
    assert row.definition is not None
    assert row.definition["questions"][0]["ask"] == "感觉怎么样？"


async def test_a_workbook_and_surveyjs_are_taken_too(office: Office, hr: Person) -> None:
    book = workbook(survey=SURVEY, choices=CHOICES, settings=SETTINGS)
    assert (await send(office, hr, book, "入职设备.xlsx")).status_code == 303
    js = {"title": "三问", "elements": [{"type": "comment", "name": "why", "title": "为什么？"}]}
    assert (await send(office, hr, json.dumps(js).encode(), "three.json")).status_code == 303
    assert set(await kept(office)) == {"gear", "three"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("最看重什么", "您结婚了吗"), ["第 4 行，questions[1].ask", "第 43 条"]),
        (
            GOOD.replace("team_fit", "weather").replace("career_plan", "weather"),
            [
                "有 2 处要改",
                "questions[0].alerts[0].topic policy.yaml 里没有话题 weather",
                "第 4 行，questions[1].about meaning.yaml 里没有 weather",
            ],
        ),
        (GOOD.replace("kind: text", "kind: <b>x</b>"), ["第 4 行，questions[1] 没有这种题型"]),
        ("title: [", ["不是合格的 YAML"]),
        ("a: &a [x]\nb: *a\n", ["不支持 & 和 * 引用"]),
        ("x: " + "[" * 5_000, ["嵌套太深"]),
        ("", ["文件是空的"]),
        ("a" * (MOST_BYTES + 1), ["文件超过 1 MB"]),
        ("a" * (LARGEST + 1), ["文件超过 1 MB"]),
        ("id: '../week1'\n" + GOOD, ["第 1 行，id 写法不对"]),
    ],
)
async def test_what_is_wrong_is_shown_and_nothing_kept(
    office: Office, hr: Person, text: str, says: list[str]
) -> None:
    refused = await send(office, hr, text.encode())
    assert refused.status_code == 422
    page = text_of(refused.text)
    for one in says:
        assert one in page
    assert "<b>x</b>" not in refused.text
    assert await kept(office) == {}
    assert await deeds(office, "survey.upload") == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe\x00", "不是 UTF-8 文本"),
        (b"PK\x03\x04 no zip", "没有保存"),
        (zipped({"xl/workbook.xml": b"<x/>" + b"0" * 50_000_000}), "没有保存"),
    ],
)
async def test_hostile_bytes_are_refused(
    office: Office, hr: Person, data: bytes, says: str
) -> None:
    refused = await send(office, hr, data, "x.xlsx")
    assert refused.status_code == 422
    assert says in text_of(refused.text)
    assert await kept(office) == {}


async def test_a_workbook_says_sheet_row_and_column(office: Office, hr: Person) -> None:
    rows = [*SURVEY, ("geopoint", "where", "Where", "在哪？")]
    refused = await send(office, hr, workbook(survey=rows, choices=CHOICES), "x.xlsx")
    assert refused.status_code == 422
    assert f"第 {len(rows)} 行，工作表 survey「type」列 不支持这种题型" in text_of(refused.text)
    assert await kept(office) == {}


async def test_a_long_list_is_cut_and_counted(office: Office, hr: Person) -> None:
    lines = "".join(f"k{number}: 1\n" for number in range(130))
    refused = await send(office, hr, (GOOD + lines).encode())
    page = text_of(refused.text)
    assert "有 130 处要改" in page
    assert "另有 30 处没有列出" in page


async def test_the_id_of_a_file_is_refused(office: Office, hr: Person) -> None:
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(WEEK1)]))
    for name in ("week1.yaml", "month3.yaml"):  # one of the table, one of the rulebook
        refused = await send(office, hr, GOOD.encode(), name)
        assert refused.status_code == 422
        assert "是 config/surveys/ 里的问卷" in text_of(refused.text)
    [row] = (await kept(office)).values()
    assert (row.origin, row.digest) == ("file", digest(WEEK1))


async def test_there_is_an_end_to_how_many(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    made = asking.edition(WEEK1)

    def fill(tx: Any) -> None:
        for number in range(MOST - 1):
            each = Edition(id=f"s{number}", title="t", digest=made.digest,
                           definition=made.definition)  # fmt: skip
            surveys.put(tx, each, by=hr.id)

    await small_office.write(fill)
    assert (await send(small_office, hr, GOOD.encode(), "last.yaml")).status_code == 303
    refused = await send(small_office, hr, GOOD.encode(), "more.yaml")
    assert refused.status_code == 422
    assert f"最多 {MOST} 份问卷" in text_of(refused.text)
    assert (await send(small_office, hr, GOOD.encode(), "last.yaml")).status_code == 303


async def test_only_whoever_may_and_with_a_token(office: Office, hr: Person) -> None:
    for role in (Role.MANAGER, Role.AUDITOR):
        other = await office.user(role, role)
        assert (await send(office, other, GOOD.encode())).status_code == 403
    for headers in ({"Origin": "https://evil.cn"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await send(office, hr, GOOD.encode(), **headers)).status_code == 403
    files = {"file": ("welcome.yaml", GOOD.encode(), "text/yaml")}
    for fields in ({}, {"csrf": "x"}):
        refused = await office.http.post(PATH, data=fields, files=files, headers=cookie_header(hr))
        assert refused.status_code == 403
    no_file = await office.post(hr, PATH)
    assert no_file.status_code in (400, 415)
    assert await kept(office) == {}
