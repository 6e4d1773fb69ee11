"""Files of candidates, handed to who may read the chat, and how a browser is told of them."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from storage.enums import MediaKind, Role
from storage.queries import audit
from tests import samples_of_files as some
from tests.integration.web.conftest import Office
from tests.integration.web.uploads import (
    address_of,
    attached,
    broken_off,
    from_platform,
    given,
    send,
)

NOTHING = "/console/attachments/t_" + "a" * 26


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


async def test_what_a_stranger_sent_is_nobodys_to_read(office: Office) -> None:
    admin = await office.user("admin", Role.HR_ADMIN)
    found = await from_platform(office, "w_stranger", [b"x"], kind=MediaKind.FILE, name="a")
    assert found.candidate_id is None
    assert (await office.get(admin, f"/console/attachments/{found.id}")).status_code == 404


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

    await office.until(told)
    assert f'href="/console/attachments/{found.id}"' in (await office.get(hr, page)).text
    listening.cancel()
