"""/console/attachments/{id}: what somebody sent us, for who may read their chat.

What it is, and how it may be called, is told by its bytes: its name is its sender's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from bot import attachments
from bot.errors import NotFound
from bot.web import filenames, suffixes
from bot.web.console.common import site_of
from bot.web.proof import drawable
from bot.web.security import Principal, needs
from storage.aead import SealBroken
from storage.database import Tx
from storage.enums import MediaState
from storage.queries import audit, media
from storage.queries.media import Attached
from storage.viewer import Permission

#: A browser draws a lone picture with a style of its own; nothing else may run or load.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

log = structlog.get_logger()
router = APIRouter(prefix="/console/attachments", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.CHAT_READ)]


@router.get("/{attachment_id}")
async def download(
    request: Request, who: Reader, attachment_id: str, inline: Annotated[bool, Query()] = False
) -> Response:
    """The bytes, to save; with ``inline`` a picture that proves to be one is shown instead.

    Each time stands in the audit chain. What is not kept, or not theirs to read, is a 404.
    """
    site = site_of(request)

    def work(tx: Tx) -> Attached:
        found = media.readable(tx, site.road.vault, who.viewer, attachment_id)
        if found.state is not MediaState.KEPT:
            raise NotFound
        details = {"candidate": found.candidate_id, "inline": inline}
        keystore = site.road.vault.keystore
        audit.append(tx, keystore, who.viewer, "attachment.read", found.id, details=details)
        return found

    found = await site.road.database.write(work)
    parts = attachments.stream(site.road, found)
    try:
        head = await anext(parts, b"")
    except SealBroken:
        log.error("attachment.broken", attachment=found.id)
        raise NotFound from None
    shown = drawable(head) if inline else None
    nameless = site.pages.words["zh"].label("media", found.kind.value)
    name = filenames.safe(found.name, suffixes.fitting(head), otherwise=nameless)
    return StreamingResponse(
        _whole(head, parts),
        media_type=shown.media_type if shown else "application/octet-stream",
        headers={
            "Content-Disposition": filenames.disposition("inline" if shown else "attachment", name),
            "Content-Length": str(found.size),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


async def _whole(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(rest):  # type: ignore[type-var]
        yield head
        async for part in rest:
            yield part
