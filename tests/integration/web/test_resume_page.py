"""A résumé in the console: uploaded or from chat, confirmed, edited or dropped field by field."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import httpx2
import pytest
from docx import Document
from reportlab.pdfgen.canvas import Canvas

from bot import proposing
from storage.enums import Role
from storage.queries import media
from tests import samples_of_files as some
from tests.integration.web.conftest import Office, Person, cookie_header, viewer
from tests.integration.web.test_files import send
from tests.integration.web.test_record import EVIL, actions, standing
from tests.integration.web.test_record import text_of as words_of
from tests.resumes.known_layouts import period_first
from tests.resumes.people import PEOPLE

RESUME = period_first(PEOPLE[0])
VAGUE = """工作经历
2019-2021 杭州星河科技有限公司 后端工程师
月薪：15
离职原因：回老家结婚，薪资低
求职意向
期望薪资：20k
期望城市：杭州"""


def path_of(candidate: str) -> str:
    return f"/console/candidates/{candidate}/resume"


def word(text: str) -> bytes:
    made = Document()
    for line in text.splitlines():
        made.add_paragraph(line)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def scanned() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.rect(50, 50, 400, 600, fill=1)
    canvas.save()
    return out.getvalue()


async def upload(
    office: Office, who: Person, path: str, data: bytes, *, csrf: str | None = None
) -> httpx2.Response:
    """As the page's plain form does."""
    return await office.http.post(
        path,
        files={"file": ("简历.pdf", data)},
        data={"csrf": who.csrf if csrf is None else csrf},
        headers=cookie_header(who),
    )


async def proposal(office: Office, hr: Person, candidate: str, data: bytes) -> Any:
    sent = await upload(office, hr, f"{path_of(candidate)}/files", data)
    assert sent.status_code == 303, words_of(sent.text)
    [found] = await proposing.waiting(office.road, viewer(hr), candidate)
    return found


def fields_of(found: Any, item: str, **texts: str) -> dict[str, str]:
    """A section's form with everything ticked; texts by kind as HR changed them."""
    form = {"item": item}
    for one in found.undecided:
        if one.item == item:
            form[f"take:{one.kind}:{item}"] = "1"
            form[f"text:{one.kind}:{item}"] = texts.get(one.kind.replace(".", "_"), one.text)
    return form


async def test_an_upload_is_a_proposal_section_by_section_and_no_record_yet(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    found = await proposal(office, hr, candidate, RESUME)
    page = (await office.get(hr, path_of(candidate))).text
    words = words_of(page)
    assert page.count('class="proposal-section"') == len({one.item for one in found.undecided})
    for job in PEOPLE[0].jobs:
        assert f'value="{job.company}"' in page
    assert "第 1 段工作" in words
    assert re.search(r"第 1 页第 \d+ 行", words)
    assert f"有 {found.proposal.left_out} 处年龄、性别、婚育等受保护的信息" in words
    assert await standing(office, candidate) == []


async def test_what_is_ticked_is_filed_as_edited_and_the_rest_goes_on_waiting(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    found = await proposal(office, hr, candidate, word(VAGUE))
    form = fields_of(found, "", expect_pay="2.1万")
    del form["take:expect.city:"]
    sent = await office.post(hr, f"{path_of(candidate)}/{found.id}/confirm", **form)
    assert sent.headers["location"] == f"{path_of(candidate)}?said=resume_taken"
    [row] = await standing(office, candidate)
    assert (row.kind, row.value["low"]) == ("expect.pay", 21_000)
    assert row.source == f"resume:{found.id}"
    [left] = await proposing.waiting(office.road, viewer(hr), candidate)
    assert "expect.city" in {one.kind for one in left.undecided}
    assert "简历 " in words_of(
        (await office.get(hr, f"/console/candidates/{candidate}/record")).text
    )


async def test_the_rest_of_a_section_is_dropped_with_its_words(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    found = await proposal(office, hr, candidate, word(VAGUE))
    form = {k: v for k, v in fields_of(found, "").items() if k != "take:expect.city:"}
    path = f"{path_of(candidate)}/{found.id}/confirm"
    assert (await office.post(hr, path, **form, rest="drop")).status_code == 303
    [left] = await proposing.waiting(office.road, viewer(hr), candidate)
    assert all(one.item for one in left.undecided)
    assert "杭州" not in str([one for one in left.proposal.fields if one.kind == "expect.city"])
    again = await office.post(hr, path, **form, rest="drop")
    assert again.status_code == 409
    assert (await office.post(hr, f"{path_of(candidate)}/{found.id}/drop")).status_code == 303
    assert await proposing.waiting(office.road, viewer(hr), candidate) == []
    words = words_of((await office.get(hr, path_of(candidate))).text)
    assert "没有等待确认的简历" in words
    assert "已确认" in words
    assert (await office.post(hr, f"{path_of(candidate)}/{found.id}/drop")).status_code == 409


async def test_what_is_doubtful_is_not_ticked_and_carries_its_question(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    found = await proposal(office, hr, candidate, word(VAGUE))
    page = (await office.get(hr, path_of(candidate))).text
    asked = [one for one in found.undecided if one.ask]
    assert {"job.pay", "job.from"} <= {one.kind for one in asked}
    for one in found.undecided:
        box = re.search(rf'name="take:{one.kind}:{one.item}" value="1"( checked)?', page)
        assert box is not None
        assert bool(box[1]) is not bool(one.ask)
        assert one.ask in unescape(page)
    [item] = {one.item for one in asked if one.item}
    path = f"{path_of(candidate)}/{found.id}/confirm"
    sent = await office.post(hr, path, **fields_of(found, item, job_company="星河"))
    assert sent.status_code == 422
    assert sent.text.count('class="field-error"') >= 2
    assert 'value="星河"' in sent.text
    assert await standing(office, candidate) == []
    told = fields_of(found, item, job_pay="15k", job_from="2019-03", job_until="2021-02")
    sent = await office.post(hr, path, **told)
    assert sent.status_code == 303, words_of(sent.text)
    kept = {row.kind: row.value for row in await standing(office, candidate)}
    assert (kept["job.pay"]["low"], kept["job.from"]) == (15_000, "2019-03")
    assert "结婚" not in str(kept)
    none = await office.post(hr, path, item="")
    assert none.status_code == 422


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (scanned(), "这份 PDF 里没有文字（像是扫描件或照片）"),
        (word(""), "这份 Word 里几乎没有文字（可能是图片）"),
        (b"", "空文件"),
        (some.OLE, "旧版 Word"),
        (some.EXE, "只读 PDF 和 Word"),
        (b"%PDF-1.7\n" + b"0" * (10 * 1024 * 1024), "超过 10 MB"),
        (word("今天天气不错，我们去公园散步。\n" * 8), "没有读出工作经历"),
    ],
    ids=["scanned", "pictures", "empty", "doc", "exe", "large", "nothing"],
)
async def test_a_file_that_cannot_be_read_says_why(
    small_office: Office, data: bytes, says: str
) -> None:
    hr = await small_office.user("hr", Role.HR)
    candidate = await small_office.candidate()
    sent = await upload(small_office, hr, f"{path_of(candidate)}/files", data)
    assert sent.status_code == 422
    assert says in words_of(sent.text)
    assert await proposing.waiting(small_office.road, viewer(hr), candidate) == []


async def test_a_file_from_chat_is_read_once(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, stranger = await office.candidate(), await office.candidate("李四")
    token = await office.chat(candidate)
    sent = await send(office, token, RESUME)
    [file] = await office.road.database.read(
        lambda tx: media.of_messages(tx, office.road.vault, [sent.json()["id"]])
    )
    assert "读成档案" in (await office.get(hr, path_of(candidate))).text
    for _ in range(2):
        read = await office.post(hr, f"{path_of(candidate)}/attachments/{file.id}")
        assert read.status_code == 303
    assert len(await proposing.waiting(office.road, viewer(hr), candidate)) == 1
    for path in (path_of(stranger), path_of("c_none")):
        assert (await office.post(hr, f"{path}/attachments/{file.id}")).status_code == 404
    assert (await office.post(hr, f"{path_of(candidate)}/attachments/t_none")).status_code == 404
    assert await proposing.waiting(office.road, viewer(hr), stranger) == []


async def test_an_upload_that_is_not_ours_is_not_read(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    candidate = await office.candidate(owner=hr.id)
    path = f"{path_of(candidate)}/files"
    for token in ("", "x", other.csrf, "长" * 60):
        assert (await upload(office, hr, path, RESUME, csrf=token)).status_code == 403
    foreign = await office.http.post(
        path, files={"file": ("a.pdf", RESUME)}, data={"csrf": hr.csrf},
        headers={**cookie_header(hr), "Origin": "https://evil.cn"},
    )  # fmt: skip
    assert foreign.status_code == 403
    plain = await office.post(hr, path)
    assert plain.status_code == 415
    broken = await office.http.post(
        path, content=b"--x\r\nnonsense",
        headers={**cookie_header(hr), "Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert broken.status_code == 400
    assert (await upload(office, other, path, RESUME)).status_code == 404
    huge = await upload(office, hr, path, b"%PDF-" + b"0" * (13 * 1024 * 1024))
    assert huge.status_code == 413
    assert await proposing.waiting(office.road, viewer(hr), candidate) == []


async def test_a_proposal_of_somebody_else_is_like_none(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    manager = await office.user("m", Role.MANAGER)
    mine, theirs = await office.candidate(owner=hr.id), await office.candidate(owner=other.id)
    found = await proposal(office, other, theirs, word(VAGUE))
    form = fields_of(found, "")
    for forged in (found.id, "r_none"):
        for deed in ("confirm", "drop"):
            sent = await office.post(hr, f"{path_of(mine)}/{forged}/{deed}", **form)
            assert sent.status_code == 409
            foreign = await office.post(hr, f"{path_of(theirs)}/{forged}/{deed}", **form)
            assert foreign.status_code == 404
            refused = await office.post(manager, f"{path_of(theirs)}/{forged}/{deed}", **form)
            assert refused.status_code == 403
    assert (await office.get(manager, path_of(theirs))).status_code == 403
    invented = {"item": "", "take:expect.plan:": "1", "text:expect.plan:": "转管理"}
    sent = await office.post(other, f"{path_of(theirs)}/{found.id}/confirm", **invented)
    assert sent.status_code == 422
    assert await standing(office, theirs) == []
    assert await standing(office, mine) == []
    [left] = await proposing.waiting(office.road, viewer(other), theirs)
    assert len(left.undecided) == len(found.undecided)


async def test_words_of_a_resume_are_never_markup(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    evil = VAGUE.replace("杭州星河科技有限公司", "<img/src=x/onerror=alert(1)>科技有限公司")
    found = await proposal(office, hr, candidate, word(evil))
    page = (await office.get(hr, path_of(candidate))).text
    assert "<img" not in page
    assert "&lt;img" in page
    form = fields_of(found, "", expect_city=EVIL, expect_pay="长" * 2001)
    sent = await office.post(hr, f"{path_of(candidate)}/{found.id}/confirm", **form)
    assert sent.status_code == 422
    assert "超过 2000 个字" in sent.text
    assert "<img" not in sent.text
    assert "resume.read" in await actions(office, candidate)
