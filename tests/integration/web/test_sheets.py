"""The page of imports and exports: tried, confirmed, exported; by whom, and what is refused."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pytest
import python_calamine
import xlsxwriter

from bot.resume.document import Unreadable
from bot.sheets import opening
from bot.sheets.document import Book
from bot.web import drafts
from bot.web.multipart import LARGEST
from storage.enums import Role
from storage.queries import audit, people
from storage.viewer import SYSTEM
from tests import samples_of_files as some
from tests.integration.web.conftest import Office, Person, cookie_header

HOME = "/console/candidates/import"
CSV = "姓名,手机,期望薪资,婚育\n张三丰,13812345678,20k,已婚\n<b>李四</b>,,18k,\n"
DRAFT = re.compile(r'name="draft" value="([^"]+)"')


async def send(
    office: Office, who: Person, data: bytes, *, name: str = "人.csv", csrf: str | None = None,
    **headers: str,
) -> httpx2.Response:  # fmt: skip
    return await office.http.post(
        HOME,
        data={"csrf": who.csrf if csrf is None else csrf},
        files={"file": (name, data, "application/octet-stream")},
        headers={**cookie_header(who), **headers},
    )


async def everybody(office: Office) -> list[people.CandidateRow]:
    rows: list[people.CandidateRow] = await office.road.database.read(
        lambda tx: people.page_candidates(tx, office.road.vault, SYSTEM, limit=100)
    )
    return rows


async def deeds(office: Office, action: str) -> list[Any]:
    rows = await office.road.database.read(lambda tx: audit.page(tx))
    return [row for row in rows if row.action == action]


def words(html: str) -> str:
    return re.sub(r"\s+", "", unescape(re.sub(r"<[^>]+>", "", html)))


async def test_a_file_is_tried_and_then_confirmed(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    tried = await send(office, hr, CSV.encode())
    assert tried.status_code == 200
    said = words(tried.text)
    assert "新建2位" in said
    assert "「婚育」是受保护的个人信息，不导入，也不保存" in said
    assert "已婚" not in tried.text
    assert "&lt;b&gt;李四" in tried.text
    assert await everybody(office) == []
    [draft] = DRAFT.findall(tried.text)
    done = await office.post(hr, f"{HOME}/confirm", draft=draft)
    assert done.headers["location"] == "/console/candidates?said=imported"
    assert {row.name for row in await everybody(office)} == {"张三丰", "<b>李四</b>"}
    [deed] = await deeds(office, "candidates.import")
    assert (deed.actor, deed.details) == (hr.id, {"positions": 0, "created": 2, "changed": 0})
    # Sent twice, by a double press: nothing comes twice.
    again = await office.post(hr, f"{HOME}/confirm", draft=draft)
    assert again.status_code == 303
    assert len(await everybody(office)) == 2
    assert "没有要写入的" in (await send(office, hr, CSV.encode())).text


async def test_faults_are_shown_by_row_and_column_and_cannot_be_confirmed(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    wrong = CSV.replace("20k", "15").replace("18k", "二十上下吧")
    tried = await send(office, hr, wrong.encode("gb18030"))
    assert tried.status_code == 422
    assert "第2行「期望薪资」单位不清" in words(tried.text)
    assert "第3行「期望薪资」" in words(tried.text)
    assert "还没有写入任何内容" in tried.text
    assert DRAFT.findall(tried.text) == []


async def test_what_changed_since_the_trial_is_told_and_nothing_is_written(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    [draft] = DRAFT.findall((await send(office, hr, CSV.encode())).text)
    await office.candidate("张三", owner=hr.id, phone="13812345678")
    answer = await office.post(hr, f"{HOME}/confirm", draft=draft)
    assert answer.status_code == 422
    assert "「张三」" in answer.text
    assert len(await everybody(office)) == 1


async def test_a_trial_is_its_owners_alone(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    [draft] = DRAFT.findall((await send(office, hr, CSV.encode())).text)
    bad = [draft[:-4] + "AAAA", "", "1.a.k.x", "é" * 64, draft.replace("1.a", "1.s", 1)]
    for who, text in [(other, draft), *((hr, one) for one in bad)]:
        answer = await office.post(who, f"{HOME}/confirm", draft=text)
        assert answer.status_code == 409
        assert "已过期" in answer.text
    assert await everybody(office) == []


async def test_a_trial_ends_after_an_hour(small_office: Office) -> None:
    viewer, book = SYSTEM, Book(sheets=())
    token = drafts.sealed(small_office.site, viewer, book)
    assert token is not None
    assert drafts.opened(small_office.site, viewer, token) == book
    small_office.clock.advance(drafts.LIFETIME + timedelta(seconds=1))
    with pytest.raises(drafts.Gone):
        drafts.opened(small_office.site, viewer, token)


def workbook(fill: Callable[[Any], None]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("候选人")
        sheet.write_row(0, 0, ["姓名", "手机", "期望薪资", "入职年月"])
        fill(sheet)
    return out.getvalue()


async def test_a_workbook_is_read_by_its_values(office: Office) -> None:
    def fill(sheet: Any) -> None:
        sheet.write_row(1, 0, ["张三丰", 13812345678])
        sheet.write_formula(1, 2, "=9000*2", None, 18000)

    hr = await office.user("hr", Role.HR)
    tried = await send(office, hr, workbook(fill), name="人.xlsx")
    [draft] = DRAFT.findall(tried.text)
    await office.post(hr, f"{HOME}/confirm", draft=draft)
    [row] = await everybody(office)
    assert (row.name, row.phone) == ("张三丰", "+8613812345678")


REFUSED: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "empty": (b"", "空的"),
    "a program": (some.EXE, "只读 Excel"),
    "a page": (b"<html><body>x</body></html>", "只读 Excel"),
    "a PDF": (some.PDF, "只读 Excel"),
    "a Word file": (some.docx(), "只读 Excel"),
    "an old workbook": (some.OLE, "旧版 Excel"),
    "macros": (lambda: with_entry("xl/vbaProject.bin", b"x"), "宏"),
    "out of the folder": (lambda: with_entry("../../etc/x", b"x"), "不该有"),
    "a bomb": (lambda: with_entry("xl/big.xml", bytes(50 * 1024 * 1024)), "太大"),
    "a size that lies": (lambda: lying(), "打不开|太大|不完整"),
    "entities": (lambda: with_entry("xl/x.xml", b'<!DOCTYPE a [<!ENTITY b "c">]>'), "打不开"),
    "many entries": (
        lambda: some.zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b"",
                             **{f"x{n}": b"" for n in range(1_001)}}), "太多"),
    "cut off": (lambda: workbook(lambda sheet: None)[:-300], "不完整"),
    "a workbook that is none": (
        some.zipped({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"}), "打不开|表头"),
    "too large": (lambda: b"a,b\n" * (6 * 1024 * 1024 // 4), "5 MB"),
    "larger than any file": (lambda: b"a" * (LARGEST + 1), "5 MB"),
    "many rows": (b"a\n" * 1_600, "超过 1000 行"),
    "many rows in a workbook": (
        lambda: workbook(lambda sheet: sheet.write_string(1_000_000, 0, "x")), "20000 行"),
    "many columns": (b",".join([b"a"] * 101), "100 列"),
    "far away columns": (
        lambda: workbook(lambda sheet: sheet.write_string(1, 16_000, "x")), "100 列"),
    "a long cell": ("姓名\n".encode() + b"x" * 9_000, "超过 8000 个字"),
    "a quote that does not close": ('姓名,手机\n张三,"138\n李四,139\n'.encode(), "引号没有配对"),
    "another encoding": ("姓名\n张三\n".encode("utf-16"), "另存为「CSV UTF-8」"),
    "no text": (b"\xff\xfe\x00\x01" * 40, "另存为「CSV UTF-8」"),
    "a null": (b"a\x00b", "另存为「CSV UTF-8」"),
}  # fmt: skip


def with_entry(name: str, data: bytes) -> bytes:
    """A workbook with one entry more."""
    out = io.BytesIO(workbook(lambda sheet: None))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def lying() -> bytes:
    """A workbook whose headers say that fifty million bytes are ten."""
    whole = 50 * 1024 * 1024
    data = with_entry("xl/big.xml", bytes(whole))
    assert data.count(whole.to_bytes(4, "little")) == 2
    return data.replace(whole.to_bytes(4, "little"), (10).to_bytes(4, "little"))


async def test_what_is_no_table_is_refused_kindly(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    for name, (data, why) in REFUSED.items():
        answer = await send(small_office, hr, data() if callable(data) else data)
        assert answer.status_code == 422, name
        said = unescape(answer.text)
        assert re.search(why, said), (name, re.findall(r"没有导入：[^<]*", said))
    assert await everybody(small_office) == []


async def test_a_spoilt_workbook_is_read_or_refused_and_ends_nothing() -> None:
    good = workbook(lambda sheet: sheet.write_row(1, 0, ["张三", "13812345678"]))
    dice = random.Random(7)
    refused = 0
    for _ in range(25):
        spoilt = bytearray(good)
        for _ in range(dice.randint(1, 12)):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        try:
            await opening.opened(bytes(spoilt))
        except Unreadable:
            refused += 1
    assert refused


async def test_too_many_people_are_too_many(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    rows = "".join(f"人{n},138{n:08}\n" for n in range(201))
    answer = await send(small_office, hr, f"姓名,手机\n{rows}".encode())
    assert answer.status_code == 422
    assert "超过 200 位候选人" in answer.text


async def test_a_file_that_is_not_our_forms_changes_nothing(small_office: Office) -> None:
    hr, other = await small_office.user("hr", Role.HR), await small_office.user("hr2", Role.HR)
    for csrf in ("", other.csrf, hr.csrf[:-2]):
        assert (await send(small_office, hr, CSV.encode(), csrf=csrf)).status_code == 403
    for headers in ({"Origin": "https://evil.cn"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await send(small_office, hr, CSV.encode(), **headers)).status_code == 403
    plain = await small_office.post(hr, HOME, file="x")
    assert plain.status_code in (400, 403, 415)
    good = await send(small_office, hr, CSV.encode(), **{"Sec-Fetch-Site": "same-origin"})
    assert good.status_code == 200


async def test_a_form_of_no_file_or_of_two_is_refused(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    none = await small_office.http.post(
        HOME, data={"csrf": hr.csrf}, files={"other": ("x", b"x")}, headers=cookie_header(hr)
    )
    two = await small_office.http.post(
        HOME, data={"csrf": hr.csrf}, files=[("file", ("x", b"x")), ("file", ("y", b"y"))],
        headers=cookie_header(hr),
    )  # fmt: skip
    huge = await send(small_office, hr, bytes(13 * 1024 * 1024))
    assert [none.status_code, two.status_code, huge.status_code] == [400, 400, 413]


async def test_an_export_is_masked_noted_and_only_ones_own(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    await office.candidate("=HYPERLINK(1)", owner=hr.id, phone="13812345678")
    await office.candidate("赵六六", owner=other.id, phone="13912345678")
    answer = await office.post(hr, "/console/candidates/export", purpose="report", format="csv")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["cache-control"] == "no-store"
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[1:3] for row in rows[1:-1]] == [["'=HYPERLINK(1)", "138****5678"]]
    assert rows[-1][0].startswith("# 一诺导出 姓名hr ")
    assert "用途：汇报" in rows[-1][0]
    assert "赵六六" not in text
    [deed] = await deeds(office, "candidates.export")
    assert (deed.actor, deed.purpose, deed.details["rows"]) == (hr.id, "report", 1)
    book = await office.post(hr, "/console/candidates/export", purpose="check", format="xlsx")
    names = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.content)).sheet_names
    assert names == ["候选人", "职位", "导出信息"]
    # What left comes back: known by its ids, changed only where somebody changed it.
    assert "没有要写入的" in (await send(office, hr, answer.content)).text


async def test_an_export_says_what_for_and_not_more_than_five_times_a_day(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    for fields in ({}, {"purpose": "fun", "format": "csv"}, {"purpose": "report", "format": "exe"},
                   {"purpose": "report", "format": "csv", "stage": "x"}):  # fmt: skip
        answer = await office.post(hr, "/console/candidates/export", **fields)
        assert answer.status_code == 422
        assert "请选择用途和格式" in answer.text
    good = {"purpose": "report", "format": "csv"}
    codes = [
        (await office.post(hr, "/console/candidates/export", **good)).status_code for _ in range(6)
    ]
    assert codes == [200] * 5 + [429]
    assert len(await deeds(office, "candidates.export")) == 5


async def test_more_than_two_hundred_do_not_leave_at_once(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)

    def work(tx: Any) -> None:
        for n in range(201):
            people.create_candidate(
                tx, small_office.road.vault, SYSTEM, name=f"人{n}",
                stage=people.Stage.OFFER if n else people.Stage.LEFT, owner_id=hr.id,
            )  # fmt: skip

    await small_office.write(work)
    good = {"purpose": "report", "format": "csv"}
    answer = await small_office.post(hr, "/console/candidates/export", **good)
    assert answer.status_code == 422
    assert "最多导出 200 位" in answer.text
    assert await deeds(small_office, "candidates.export") == []
    fits = await small_office.post(hr, "/console/candidates/export", **good, stage="offer")
    assert fits.status_code == 200


async def test_the_template_offers_the_open_positions(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    await office.position(title="后端工程师", city="杭州")
    answer = await office.get(hr, "/console/candidates/template")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert "后端工程师 · 杭州" in str(book.get_sheet_by_name("选项").to_python())
    empty = await send(office, hr, answer.content)
    assert "表里没有内容" in empty.text


async def test_managers_and_auditors_neither_bring_nor_take(small_office: Office) -> None:
    for role in (Role.MANAGER, Role.AUDITOR):
        who = await small_office.user(role, role)
        assert (await send(small_office, who, CSV.encode())).status_code == 403
        for path in (HOME, "/console/candidates/template"):
            assert (await small_office.get(who, path)).status_code == 403
        answer = await small_office.post(
            who, "/console/candidates/export", purpose="report", format="csv"
        )
        assert answer.status_code == 403
    manager = await small_office.user("m2", Role.MANAGER)
    assert "导入 / 导出" not in (await small_office.get(manager, "/console/candidates")).text
