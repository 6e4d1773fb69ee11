"""What the console hands out of files that strangers sent over their platforms."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from bot.web.chat import files
from storage.database import Tx
from storage.enums import MediaKind, Role
from storage.queries.common import table, update
from storage.tables import Attachment, AttachmentPart, Candidate
from tests import samples_of_files as some
from tests.integration.web.conftest import Office
from tests.integration.web.uploads import address_of, attached, from_platform, given, rows, send
from tests.unit.bot.test_camera import exif, photo, segment


async def handed(office: Office, data: bytes, name: str, path: str = "") -> Any:
    """What HR gets of a file that came over a platform."""
    hr = await office.user("hr", Role.HR)
    address = await address_of(office, await office.candidate())
    found = await from_platform(office, address, [data], kind=MediaKind.IMAGE, name=name)
    return await office.get(hr, f"/console/attachments/{found.id}{path}")


@pytest.mark.parametrize(
    ("name", "data", "saved"),
    [
        ("简历.pdf", some.PDF, "简历.pdf"),
        ("简历.exe", some.EXE, "简历.exe.bin"),
        ("简历.pdf", some.EXE, "简历.pdf.bin"),
        ("简历\u202efdp.exe", some.EXE, "简历fdp.exe.bin"),
        ("照片.svg", b"<svg onload=alert(1)>", "照片.svg.txt"),
        ("../../a\r\nSet-Cookie: x=1.html", b"<script>1</script>", "a Set-Cookie_ x=1.html.txt"),
        ("", some.png(), "图片.png"),
    ],
)
async def test_a_file_is_saved_under_a_name_that_its_bytes_bear_out(
    small_office: Office, name: str, data: bytes, saved: str
) -> None:
    answer = await handed(small_office, data, name)
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    how, _, given_name = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert how.startswith("attachment; filename=")
    assert unquote(given_name) == saved
    assert "set-cookie" not in answer.headers


async def test_a_picture_of_a_billion_pixels_is_not_drawn_but_handed_over(
    small_office: Office,
) -> None:
    huge = some.png(50_000, 50_000)
    answer = await handed(small_office, huge, "大图.png", "?inline=1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.content == huge


async def test_an_uploaded_photo_is_kept_without_its_place(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    token = await office.chat(await office.candidate())
    sent = await send(office, token, photo(segment(0xE1, exif(6))), "照片.jpg")
    assert sent.status_code == 202
    [found] = await attached(office)
    got = await office.get(hr, f"/console/attachments/{found.id}?inline=1")
    assert got.headers["content-type"] == "image/jpeg"
    assert int(got.headers["content-length"]) == len(got.content) == found.size
    assert b"GPSLatitude" not in got.content


async def test_a_file_that_was_tampered_with_is_not_there_and_the_page_lives(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, found = await given(office)
    parts = table(AttachmentPart)

    def spoil(tx: Tx) -> None:
        sealed = bytearray(tx.scalar(sa.select(parts.c.sealed)))
        sealed[20] ^= 1
        update(tx, AttachmentPart, parts.c.attachment_id == found.id, sealed=bytes(sealed))

    await office.write(spoil)
    assert (await office.get(hr, f"/console/attachments/{found.id}")).status_code == 404
    assert (await office.get(hr, f"/console/candidates/{candidate}")).status_code == 200


async def test_an_erased_persons_file_is_nobodys_to_read(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, found = await given(office)
    people = table(Candidate)
    await office.write(lambda tx: update(tx, Candidate, people.c.id == candidate, erased_at=tx.now))
    assert (await office.get(hr, f"/console/attachments/{found.id}")).status_code == 404


async def test_twenty_megabytes_a_day(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    large = some.PDF + bytes(9 * 1024 * 1024)
    for n, status in enumerate((202, 202, 429)):
        answer = await send(small_office, token, large, client_id=f"f-{n}")
        assert answer.status_code == status
    assert answer.json()["error"] == "file_many"
    assert (await send(small_office, token, large, client_id="f-0")).status_code == 202
    assert (await send(small_office, token, some.PDF, client_id="f-3")).status_code == 202
    kept = sum(row.size for row in await rows(small_office, Attachment))
    assert kept <= files.BYTES_A_DAY
