"""Files of candidates: taken by what they are, kept sealed, handed to who may read the chat."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from bot import attachments, jobs
from bot.channels.webchat import BROKE_OFF
from bot.delivery import HELD
from bot.messages import Address, Inbound, Media, Received
from bot.web.chat import files
from bot.web.edge import UPLOAD_BODY
from storage.database import Tx
from storage.enums import MediaKind, MediaState, MessageKind, MessageStatus, OutboxStatus, Role
from storage.queries import audit, intake, media
from storage.queries.common import table, update
from storage.queries.media import Attached
from storage.tables import Alert, Attachment, AttachmentPart, Message, Outbox, Reading
from tests import samples_of_files as some
from tests.integration.web.conftest import Office, Person

NOTHING = "/console/attachments/t_" + "a" * 26


async def send(
    office: Office, token: str, data: bytes, name: str = "简历.pdf", **more: str
) -> httpx2.Response:
    """Upload as the page's script does."""
    return await office.http.post(
        f"/chat/{token}/files", files={"file": (name, data)}, data=more, headers={"Accept": "*/*"}
    )


async def rows(office: Office, model: Any) -> list[Any]:
    return await office.road.database.read(lambda tx: tx.all(table(model).select()))


async def attached(office: Office) -> list[Attached]:
    """Every attachment there is."""

    def read(tx: Tx) -> list[Attached]:
        uids = [row.uid for row in tx.all(table(Message).select().order_by(table(Message).c.id))]
        return media.of_messages(tx, office.road.vault, uids)

    return await office.road.database.read(read)


async def given(office: Office, **changes: Any) -> tuple[str, Attached]:
    """A candidate who sent a file."""
    candidate = await office.candidate(**changes)
    sent = await send(office, await office.chat(candidate), some.PDF)
    assert sent.status_code == 202
    return candidate, (await attached(office))[-1]


# --- taking -----------------------------------------------------------------------------------


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


async def broken_off(office: Office, client_id: str) -> str:
    """A chat whose server died between the message and the bytes of a file."""
    token = await office.chat(await office.candidate())
    link = await office.server.config.app.state.links.find(office.site, token)
    message = Inbound(
        external_id=link.external_id(client_id),
        sender=Address("webchat", link.address),
        kind=MessageKind.UNSUPPORTED,
        text="[文件] 简历.pdf",
        sent_at=office.clock(),
        media=(Media(id=client_id, kind=MediaKind.FILE, name="简历.pdf", size=40, here=True),),
    )
    await office.site.door.accept(Received(messages=(message,)))
    return token


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


def form(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(b"--x\r\nContent-Disposition: form-data; " + part for part in parts) + end


FILE_PART = b'name="file"; filename="a.pdf"\r\n\r\n' + some.PDF + b"\r\n"
BROKEN: dict[str, tuple[bytes, str, int]] = {
    "cut": (form(FILE_PART, end=b""), "multipart/form-data; boundary=x", 400),
    "without a file": (form(b'name="a"\r\n\r\nb\r\n'), "multipart/form-data; boundary=x", 400),
    "two files": (form(FILE_PART, FILE_PART), "multipart/form-data; boundary=x", 400),
    "many parts": (form(*[b'name="a"\r\n\r\nb\r\n'] * 1001),
                   "multipart/form-data; boundary=x", 400),
    "long field": (form(b'name="a"\r\n\r\n' + b"b" * 300 + b"\r\n"),
                   "multipart/form-data; boundary=x", 400),
    "long header": (form(b'name="' + b"a" * 1_000_000 + b'"\r\n\r\n'),
                    "multipart/form-data; boundary=x", 400),
    "no name": (form(b"x=y\r\n\r\nb\r\n"), "multipart/form-data; boundary=x", 400),
    "no boundary": (form(FILE_PART), "multipart/form-data", 400),
    "long boundary": (form(FILE_PART), "multipart/form-data; boundary=" + "x" * 300, 400),
    "another boundary": (form(FILE_PART), "multipart/form-data; boundary=y", 400),
    "plain form": (b"file=1", "application/x-www-form-urlencoded", 415),
    "json": (b"{}", "application/json", 415),
    "nothing": (b"", "multipart/form-data; boundary=x", 400),
    "strange client id": (form(b'name="client_id"\r\n\r\n\xe4\r\n', FILE_PART),
                          "multipart/form-data; boundary=x", 400),
    "client id with a space": (form(b'name="client_id"\r\n\r\na b\r\n', FILE_PART),
                               "multipart/form-data; boundary=x", 422),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_a_form_that_cannot_be_is_refused(small_office: Office, name: str) -> None:
    token = await small_office.chat(await small_office.candidate())
    body, content_type, status = BROKEN[name]
    answer = await small_office.http.post(
        f"/chat/{token}/files", content=body, headers={"Content-Type": content_type}
    )
    assert answer.status_code == status, answer.text
    assert await rows(small_office, Message) == []


async def test_an_unknown_link_takes_no_file(small_office: Office) -> None:
    assert (await send(small_office, "x" * 43, some.PDF)).status_code == 404


async def test_a_second_file_waits_until_the_first_is_there(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    sent = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield form(FILE_PART, end=b"")
        await sent.wait()
        yield b"--x--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    slow = asyncio.create_task(
        small_office.http.post(f"/chat/{token}/files", content=slowly(), headers=kind)
    )
    await asyncio.sleep(0.3)
    assert (await send(small_office, token, some.PDF)).status_code == 429
    sent.set()
    assert (await slow).status_code == 202
    assert (await send(small_office, token, some.PDF)).status_code == 202


async def test_a_browser_without_scripts_uploads_by_a_plain_form(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    page = (await small_office.http.get(f"/chat/{token}")).text
    assert f'enctype="multipart/form-data" action="/chat/{token}/files"' in page
    browser = {"Accept": "text/html,application/xhtml+xml"}
    path = f"/chat/{token}/files"
    sent = await small_office.http.post(
        path, files={"file": ("简历.pdf", some.PDF)}, headers=browser
    )
    assert (sent.status_code, sent.headers["location"]) == (303, f"/chat/{token}")
    assert "简历.pdf" in (await small_office.http.get(f"/chat/{token}")).text
    bad = await small_office.http.post(
        path, files={"file": ("简历.pdf", some.EXE)}, headers=browser
    )
    assert bad.status_code == 422
    assert small_office.site.pages.words["zh"].t("chat.file_refused.type") in bad.text
    assert "<form" in bad.text


# --- handing out ------------------------------------------------------------------------------


async def test_a_download_is_an_attachment_that_runs_nowhere_and_is_audited(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, found = await given(office)
    got = await office.get(hr, f"/console/attachments/{found.id}")
    assert got.status_code == 200
    head = got.headers
    assert head["content-type"] == "application/octet-stream"
    assert head["content-disposition"] == (
        "attachment; filename=\"file.pdf\"; filename*=UTF-8''%E7%AE%80%E5%8E%86.pdf"
    )
    assert head["x-content-type-options"] == "nosniff"
    assert head["cache-control"] == "no-store"
    assert head["content-security-policy"].endswith("; sandbox")
    assert int(head["content-length"]) == len(some.PDF)
    [link, *_] = await office.road.database.read(audit.page)
    assert (link.actor, link.action, link.object) == (hr.id, "attachment.read", found.id)
    assert link.details == {"candidate": candidate, "inline": False}


async def test_only_who_may_read_the_chat_gets_the_file(office: Office) -> None:
    owner, other = await office.user("owner", Role.HR), await office.user("other", Role.HR)
    candidate, found = await given(office, owner=owner.id)
    path = f"/console/attachments/{found.id}"
    assert (await office.get(owner, path)).status_code == 200
    assert (await office.get(await office.user("admin", Role.HR_ADMIN), path)).status_code == 200
    roles = [await office.user(role, role) for role in (Role.MANAGER, Role.AUDITOR)]
    before = len(await office.road.database.read(audit.page))
    for who in (other, *roles):
        refused, nothing = await office.get(who, path), await office.get(who, NOTHING)
        assert refused.status_code == nothing.status_code == (404 if who is other else 403)
        assert same(refused) == same(nothing)
    nobody = await office.http.get(path)
    assert nobody.headers["location"].startswith("/signin")
    key = await office.http.get(path, headers=await office.key())
    assert key.headers["location"].startswith("/signin")
    assert len(await office.road.database.read(audit.page)) == before
    page = (await office.get(other, f"/console/candidates/{candidate}")).text
    assert found.id not in page


def same(answer: httpx2.Response) -> str:
    """What an answer says, but for the number of the call."""
    return answer.text.replace(answer.headers["x-request-id"], "")


async def from_platform(office: Office, address: str, parts: list[bytes], **file: Any) -> Attached:
    """A file that came over a platform, as the fetcher keeps it."""
    message = intake.NewMessage(
        channel="webchat",
        address=address,
        external_id=f"in-{address}",
        kind=MessageKind.UNSUPPORTED,
        text="[文件]",
        sent_at=office.clock(),
        media=(intake.NewMedia(ref="r", size=0, here=True, **file),),
    )
    await office.write(lambda tx: intake.take(tx, office.road.vault, [message]))
    found = (await attached(office))[-1]

    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    await attachments.keep(office.road, found, stream())
    return (await attached(office))[-1]


async def test_what_a_stranger_sent_is_nobodys_to_read(office: Office) -> None:
    admin = await office.user("admin", Role.HR_ADMIN)
    found = await from_platform(office, "w_stranger", [b"x"], kind=MediaKind.FILE, name="a")
    assert found.candidate_id is None
    assert (await office.get(admin, f"/console/attachments/{found.id}")).status_code == 404


async def address_of(office: Office, candidate: str) -> str:
    """Where a candidate's own chat is."""
    token = await office.chat(candidate)
    link = await office.server.config.app.state.links.find(office.site, token)
    return str(link.address)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (some.png(), "image/png"),
        (some.JPEG, "image/jpeg"),
        (some.GIF, "image/gif"),
        (some.WEBP, "image/webp"),
        (some.png(50_000, 50_000), ""),
        (some.gif((1, 1), (60_000, 50_000)), ""),
        (b"<svg onload=alert(1)>", ""),
        (b"<!doctype html><script>alert(1)</script>", ""),
        (some.PDF, ""),
        (b"", ""),
    ],
    ids=["png", "jpeg", "gif", "webp", "huge", "huge-gif", "svg", "html", "pdf", "nothing"],
)
async def test_only_a_proven_picture_is_shown_in_the_browser(
    small_office: Office, data: bytes, media_type: str
) -> None:
    hr = await small_office.user("hr", Role.HR)
    address = await address_of(small_office, await small_office.candidate())
    found = await from_platform(
        small_office, address, [data], kind=MediaKind.IMAGE, name="照片.png"
    )
    path = f"/console/attachments/{found.id}"
    shown, saved = await small_office.get(hr, f"{path}?inline=1"), await small_office.get(hr, path)
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment;")
    how = "inline" if media_type else "attachment"
    assert shown.headers["content-disposition"].startswith(f"{how};")
    assert shown.headers["content-type"] == (media_type or "application/octet-stream")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.content == saved.content == data


async def test_a_file_on_its_way_is_shown_and_the_page_hears_when_it_came(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    token = await broken_off(office, "f-1")
    [found] = await attached(office)
    page = f"/console/candidates/{found.candidate_id}"
    assert "正在接收" in (await office.get(hr, page)).text
    heard: list[str] = []

    async def listen() -> None:
        headers = {"Cookie": f"sid={hr.cookie}"}
        async with office.http.stream("GET", "/console/events", headers=headers) as stream:
            async for line in stream.aiter_lines():
                heard.append(line)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(6)  # beyond what a new listener is told of the seconds before
    heard.clear()
    await send(office, token, some.PDF, client_id="f-1")

    async def told() -> bool:
        return f"data: {found.candidate_id}" in heard

    await office.until(told, within=5)
    assert f'href="/console/attachments/{found.id}"' in (await office.get(hr, page)).text
    listening.cancel()


# --- what waits -------------------------------------------------------------------------------


async def held(office: Office, who: Person, candidate: str) -> None:
    """A reply that its platform does not let us send."""
    await office.post(who, f"/console/candidates/{candidate}/reply", text="材料收到了")

    async def sent() -> bool:
        return [row.status for row in await rows(office, Outbox)] == ["sent"]

    await office.until(sent)

    def hold(tx: Tx) -> None:
        values = {"status": OutboxStatus.HELD.value, "error": HELD["late"]}
        update(tx, Outbox, table(Outbox).c.id > 0, **values)
        out = table(Message).c.direction == "outbound"
        update(tx, Message, out, status=MessageStatus.HELD.value, channel="wecom")

    await office.write(hold)


async def test_a_held_message_says_why_it_waits_and_what_can_be_done(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.chat(candidate)
    await held(office, hr, candidate)
    page = (await office.get(hr, f"/console/candidates/{candidate}")).text
    state = re.search(r'<div class="trouble is-held">(.*?)</div>', page, re.DOTALL)
    assert state is not None
    assert "<svg" in state[1]
    assert "未发出，等对方开口" in state[1]
    words = office.site.pages.words["zh"]
    why, then = HELD["late"].split("。")
    assert (why in state[1], then in state[1]) == (True, True)
    assert words.t("candidate.do.held") in state[1]
    assert f'<a href="#invites">{words.t("candidate.held_link")}</a>' in page
    office.clock.advance(intake.HELD_FOR + timedelta(minutes=1))
    hr.cookie = (await office.user("later", Role.HR)).cookie
    late = (await office.get(hr, f"/console/candidates/{candidate}")).text
    assert words.t("candidate.held_late") in late
    assert words.t("candidate.do.held") not in late
    assert then not in late  # "it leaves by itself" is no longer true
