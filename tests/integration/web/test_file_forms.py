"""The form that a file comes in: damaged, slow, or of a browser without scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.tables import Message
from tests import samples_of_files as some
from tests.integration.web.conftest import Office
from tests.integration.web.uploads import rows, send


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
