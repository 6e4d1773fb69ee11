"""Files of candidates: taken by what they are and kept sealed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot import attachments, jobs
from bot.channels.webchat import BROKE_OFF
from bot.web.chat import files
from bot.web.edge import UPLOAD_BODY
from storage.enums import MediaKind, MediaState, Role
from storage.tables import Alert, Attachment, AttachmentPart, Message, Reading
from tests import samples_of_files as some
from tests.integration.web.conftest import Office
from tests.integration.web.uploads import attached, broken_off, rows, send


async def test_a_file_is_kept_sealed_and_hr_gets_it_as_it_was(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    token = await office.chat(candidate)
    data = some.PDF + b"%" * (attachments.PART * 2)
    answer = await send(office, token, data, client_id="f-1")
    assert answer.status_code == 202
    assert answer.json() | {"id": ""} == {
        "id": "", "state": "sent", "client_id": "f-1", "name": "简历.pdf",
    }  # fmt: skip
    [found] = await attached(office)
    assert (found.state, found.kind, found.size) == (MediaState.KEPT, MediaKind.FILE, len(data))
    parts = await rows(office, AttachmentPart)
    assert len(parts) == 3
    assert not any(b"%PDF" in bytes(part.sealed) for part in parts)
    [item, *_] = (await office.http.get(f"/chat/{token}/messages")).json()["items"]
    assert item["text"] == "[文件] 简历.pdf"
    assert item["files"] == [{"kind": "file", "name": "简历.pdf", "size": len(data)}]
    page = (await office.get(hr, f"/console/candidates/{candidate}")).text
    assert f'href="/console/attachments/{found.id}"' in page
    assert "暂不支持" not in page
    got = await office.get(hr, f"/console/attachments/{found.id}")
    assert got.content == data


async def test_the_road_keeps_a_file_without_alarming_anybody(office: Office) -> None:
    token = await office.chat(await office.candidate())
    await send(office, token, some.png(), "薪资还能再谈谈吗.png")

    async def done() -> bool:
        inbound = [row for row in await rows(office, Message) if row.direction == "inbound"]
        return [(row.kind, row.status) for row in inbound] == [("unsupported", "done")]

    await office.until(done)
    assert await rows(office, Reading) == []
    assert await rows(office, Alert) == []
    items = (await office.http.get(f"/chat/{token}/messages")).json()["items"]
    assert "[图片] 薪资还能再谈谈吗.png" in {item["text"] for item in items}


NAMED: dict[str, tuple[str, bytes, str]] = {
    "of a camera": ("IMG_0042.JPG", some.JPEG, "IMG_0042.jpg"),
    "plain": ("表.xlsx", some.xlsx(), "表.xlsx"),
    "without a suffix": ("1000012345", some.docx(), "1000012345.docx"),
    "of another kind": ("简历.pdf", "其实是文字".encode(), "简历.pdf.txt"),
    "with a path and a line": (
        "../../root/.ssh/a\r\nSet-Cookie: x.png",
        some.png(),
        "a Set-Cookie_ x.png",
    ),
    "that turns the text": ("简历\u202egnp.exe", some.png(), "简历gnp.exe.png"),
    "nothing": ("", some.png(), "图片.png"),
    "endless": ("长" * 500, some.PDF, "长" * 80 + ".pdf"),
}


@pytest.mark.parametrize("case", NAMED)
async def test_a_name_is_made_safe(small_office: Office, case: str) -> None:
    name, data, kept = NAMED[case]
    hr = await small_office.user("hr", Role.HR)
    answer = await send(small_office, await small_office.chat(await small_office.candidate()),
                        data, name)  # fmt: skip
    assert (answer.status_code, answer.json()["name"]) == (202, kept)
    [found] = await attached(small_office)
    got = await small_office.get(hr, f"/console/attachments/{found.id}")
    assert got.content == data
    assert got.headers["content-disposition"].startswith("attachment; filename=")
    assert "set-cookie" not in got.headers


@pytest.mark.parametrize(
    ("name", "data", "why", "status"),
    [
        ("简历.pdf", some.EXE, "type", 422),
        ("简历.docx", some.zipped({"a.txt": bytes(20_000_000)}), "type", 422),
        ("简历.docx", some.docx({"word/vbaProject.bin": b"x"}), "type", 422),
        ("照片.png", b"<svg onload=alert(1)>", "type", 422),
        ("大图.png", some.png(50_000, 50_000), "type", 422),
        ("空.txt", b"", "empty", 422),
        ("大.pdf", some.PDF + bytes(files.LARGEST - len(some.PDF) + 1), "large", 413),
    ],
    ids=["program", "bomb", "macros", "markup", "pixels", "empty", "large"],
)
async def test_what_we_do_not_take_is_refused_before_anything_is_stored(
    small_office: Office, name: str, data: bytes, why: str, status: int
) -> None:
    token = await small_office.chat(await small_office.candidate())
    answer = await send(small_office, token, data, name)
    assert (answer.status_code, answer.json()["error"]) == (status, f"file_{why}")
    words = small_office.site.pages.words["zh"]
    assert answer.json()["text"] == words.t(f"chat.file_refused.{why}")
    assert await rows(small_office, Message) == []
    assert await rows(small_office, Attachment) == []


async def test_the_largest_file_passes_and_a_larger_body_is_cut_off(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    full = some.PDF + bytes(files.LARGEST - len(some.PDF))
    assert (await send(small_office, token, full)).status_code == 202
    assert (await send(small_office, token, bytes(UPLOAD_BODY))).status_code == 413
    other = await small_office.http.post(f"/chat/{token}/messages", content=bytes(2 * 1024 * 1024))
    assert other.status_code == 413


async def test_five_files_a_day_and_again_the_day_after(office: Office) -> None:
    candidate = await office.candidate()
    token = await office.chat(candidate)
    for n in range(files.A_DAY):
        sent = await send(office, token, some.PDF, client_id=f"f-{n}")
        assert sent.status_code == 202
    sixth = await send(office, token, some.PDF, client_id="f-6")
    assert (sixth.status_code, sixth.json()["error"]) == (429, "file_many")
    other_link = await office.chat(candidate)
    assert (await send(office, other_link, some.PDF)).status_code == 429
    assert (await send(office, token, some.PDF, client_id="f-0")).status_code == 202
    assert len(await rows(office, Attachment)) == files.A_DAY
    office.clock.advance(timedelta(hours=24, minutes=1))
    fresh = await office.chat(candidate)
    assert (await send(office, fresh, some.PDF, client_id="f-6")).status_code == 202


async def test_the_same_file_again_is_the_same_message(office: Office) -> None:
    token = await office.chat(await office.candidate())
    answers = [await send(office, token, some.PDF, client_id="f-1") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await rows(office, Attachment)) == 1
    await office.http.post(f"/chat/{token}/messages", json={"text": "在吗", "client_id": "t-1"})
    assert (await send(office, token, some.PDF, client_id="t-1")).status_code == 409


async def test_an_upload_that_broke_off_is_finished_by_the_next_try(office: Office) -> None:
    token = await broken_off(office, "f-1")
    await asyncio.sleep(0.3)
    await jobs.fetch(office.road)  # too young to be given up
    await asyncio.sleep(0.2)
    assert (await attached(office))[0].state is MediaState.NEW
    assert (await send(office, token, some.PDF, client_id="f-1")).status_code == 202
    assert (await attached(office))[0].state is MediaState.KEPT


async def test_an_upload_that_never_ends_is_given_up_and_hr_reads_why(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    await broken_off(office, "f-1")
    office.clock.advance(timedelta(minutes=6))
    await jobs.fetch(office.road)

    async def gone() -> bool:
        return (await attached(office))[0].state is MediaState.GONE

    await office.until(gone)
    [found] = await attached(office)
    page = (await office.get(hr, f"/console/candidates/{found.candidate_id}")).text
    assert BROKE_OFF in page
    assert "没有收到" in page
    assert f"/console/attachments/{found.id}" not in page
    fresh = await office.chat(str(found.candidate_id))
    [item, *_] = (await office.http.get(f"/chat/{fresh}/messages")).json()["items"]
    assert (item["text"], item["state"]) == ("[文件] 简历.pdf", "failed")
    assert (await office.get(hr, f"/console/attachments/{found.id}")).status_code == 404
