"""Messages as they come, over server-sent events; and first what was missed."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.errors import NotFound
from bot.web.chat import shown
from bot.web.chat.link import ANYBODY, Link, Links, opened
from bot.web.chat.shown import Talk, wire
from bot.web.errors import TooFast
from bot.web.feed import HERE_LINE, RETRY_LINE, Answering, Said, sse, streaming
from bot.web.site import Site
from storage.database import Tx
from storage.queries import changes, timeline

REPLAYED = 50
#: Read at once of what was missed.
STRETCH = 200

router = APIRouter(include_in_schema=False)


@router.get("/chat/{token}/events", dependencies=ANYBODY)
async def events(request: Request, token: str, after: str = "") -> Response:
    """Messages as they come. It begins with what was said since ``Last-Event-ID``, or since the
    message ``after``, and with the latest ones in any case: a page knows them by their ids, and
    an answer that was long on its way stands before what was said meanwhile."""
    site, link = await opened(request, token)
    site.feed.refuse_if_full()
    last = request.headers.get("last-event-id", "") or after
    return streaming(_listen(request, site, link, token, last))


async def _listen(
    request: Request, site: Site, link: Link, token: str, last: str
) -> AsyncIterator[bytes]:
    links: Links = request.app.state.links
    stream = site.feed.conversation(link.conversation_id)
    try:
        yield RETRY_LINE + HERE_LINE
        async for talk in _missed(site, link, last):
            for row in talk.rows:
                yield sse("message", wire(row, talk.carried(row.uid)), event_id=row.uid)
        if await _is_answering(site, link):
            yield sse("answering", True)
        async for event in stream:
            if event is None:
                await links.find(site, token)  # revoked or ended meanwhile
                yield HERE_LINE
            elif isinstance(event, Said):
                row = event.row
                yield sse("message", wire(row, event.files), event_id=row.uid)
            elif isinstance(event, Answering):
                yield sse("answering", event.now)
    except (NotFound, TooFast):
        return
    finally:
        site.feed.leave(stream)


async def _missed(site: Site, link: Link, last: str) -> AsyncIterator[Talk]:
    """What was said since ``last``, stretch by stretch, then the latest messages."""
    vault, talk_id = site.road.vault, link.conversation_id

    def begin(tx: Tx) -> tuple[int | None, Talk]:
        known = timeline.in_conversation(tx, talk_id, last) if last else None
        return known, shown.talk(tx, vault, talk_id, limit=REPLAYED)

    after, latest = await site.road.database.read(begin)
    first = latest.rows[0].id if latest.rows else 0
    while after is not None and after < first:
        older = await site.road.database.read(
            lambda tx, after=after: shown.talk(  # type: ignore[misc]
                tx, vault, talk_id, after=after, before=first, limit=STRETCH
            )
        )
        if not older.rows:
            break
        yield older
        after = older.rows[-1].id
    yield latest


async def _is_answering(site: Site, link: Link) -> bool:
    talk_id = link.conversation_id
    found = await site.road.database.read(lambda tx: changes.answering(tx, [talk_id]))
    return talk_id in found
