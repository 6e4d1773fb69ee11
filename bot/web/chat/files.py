"""``POST /chat/{token}/files``: a file of the candidate's, proven by its bytes, kept sealed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot import attachments
from bot.errors import Conflict
from bot.messages import Address, Inbound, Media, Received
from bot.web import filenames
from bot.web.chat.link import ANYBODY, CHANNEL, CLIENT_ID, Link, opened
from bot.web.chat.page import page_of
from bot.web.errors import Invalid, WebError
from bot.web.multipart import LARGEST, read_file
from bot.web.proof import Proven, proven
from bot.web.site import Site
from storage.database import Tx
from storage.enums import MediaState, MessageKind
from storage.queries import media, timeline
from storage.queries.media import Attached

A_DAY = 5
BYTES_A_DAY = 20 * 1024 * 1024
DAY = timedelta(days=1)

router = APIRouter(include_in_schema=False)


class FileRefused(WebError):
    """A file we do not take. ``why`` is a word of ``chat.file_refused`` in ``config/words``."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.why, self.status = why, status


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file whose kind is proven, under a name that is safe."""

    client_id: str
    name: str
    data: bytes
    kind: Proven


@router.post("/chat/{token}/files", dependencies=ANYBODY)
async def upload(request: Request, token: str) -> Response:
    """A file: 202 once its message and its bytes are durable. The same ``client_id`` again is
    the same file, and finishes what broke off."""
    site, link = await opened(request, token)
    plain = "text/html" in request.headers.get("accept", "")
    site.chat_pace.take(link.identity_id)
    with site.uploads.one(link.identity_id):
        try:
            brought = await _read(request, site)
            uid = await _accept(site, link, brought)
        except FileRefused as error:
            why = site.pages.words["zh"].t(f"chat.file_refused.{error.why}")
            if not plain:
                return JSONResponse({"error": f"file_{error.why}", "text": why}, error.status)
            html = await page_of(request, site, link, token, refused=why)
            return HTMLResponse(html, error.status)
    if plain:
        return RedirectResponse(f"/chat/{token}", 303)
    answer = {"id": uid, "state": "sent", "client_id": brought.client_id, "name": brought.name}
    return JSONResponse(answer, 202)


async def _read(request: Request, site: Site) -> Upload:
    sent = await read_file(request, most=LARGEST)
    client_id = sent.fields.get("client_id") or secrets.token_urlsafe(16)
    if not CLIENT_ID.fullmatch(client_id):
        raise Invalid({"client_id": "1 to 100 visible ASCII characters"})
    if sent.data is None:
        raise FileRefused("large", 413)
    if not sent.data:
        raise FileRefused("empty", 422)
    found = await asyncio.to_thread(proven, sent.data)
    if found is None:
        raise FileRefused("type", 422)
    nameless = site.pages.words["zh"].label("media", found.kind.value)
    name = filenames.safe(sent.name, found.suffixes, otherwise=nameless)
    return Upload(client_id=client_id, name=name, data=sent.data, kind=found)


async def _accept(site: Site, link: Link, brought: Upload) -> str:
    """The message, then its bytes; its id. A person's record names files as Telegram's does."""
    external_id = link.external_id(brought.client_id)

    def before(tx: Tx) -> tuple[bool, int, int]:
        known = timeline.uid_of(tx, CHANNEL, external_id) is not None
        return known, *media.brought(tx, link.conversation_id, since=tx.now - DAY)

    known, today, weight = await site.road.database.read(before)
    if not known and (today >= A_DAY or weight + len(brought.data) > BYTES_A_DAY):
        raise FileRefused("many", 429)
    kind = brought.kind.kind
    label = site.pages.words["zh"].label("media", kind.value)
    carried = Media(
        id=brought.client_id, kind=kind, name=brought.name, size=len(brought.data), here=True
    )
    message = Inbound(
        external_id=external_id,
        sender=Address(CHANNEL, link.address),
        kind=MessageKind.UNSUPPORTED,
        text=f"[{label}] {brought.name}",
        sent_at=site.road.now(),
        media=(carried,),
    )
    [stored] = await site.door.accept(Received(messages=(message,)))
    await _keep(site, stored.uid, brought.data)
    return stored.uid


async def _keep(site: Site, uid: str, data: bytes) -> None:
    """Seal the bytes, unless an earlier try has done it."""

    def read(tx: Tx) -> list[Attached]:
        return media.of_messages(tx, site.road.vault, [uid])

    found = await site.road.database.read(read)
    if not found:
        raise Conflict("this client_id is another message's")
    if found[0].state is not MediaState.KEPT:
        await attachments.keep(site.road, found[0], _pieces(data))


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), attachments.PART):
        yield data[at : at + attachments.PART]
