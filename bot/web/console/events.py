"""/console/events: tells an open page that something changed; the page then asks for it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot.web.console.common import site_of
from bot.web.errors import TooFast
from bot.web.feed import (
    HEARTBEAT,
    HEARTBEAT_LINE,
    RETRY_LINE,
    AlertsChanged,
    ReviewChanged,
    TalksChanged,
    sse,
    streaming,
)
from bot.web.security import Principal, by_session, needs
from bot.web.site import Site
from storage.queries import changes
from storage.viewer import Permission

router = APIRouter(include_in_schema=False)


@router.get("/console/events")
async def events(
    request: Request, who: Annotated[Principal, needs(Permission.SIGNED_IN)]
) -> Response:
    """``alerts`` when any alert changed, ``review`` when what waits for a look did, and
    ``candidate`` with the id of whose talk went on."""
    site = site_of(request)
    site.feed.refuse_if_full()
    return streaming(_listen(request, site, who))


async def _listen(request: Request, site: Site, who: Principal) -> AsyncIterator[bytes]:
    assert who.session is not None
    try:
        stream = site.feed.console(who.session.id)
    except TooFast:
        return
    checked = time.monotonic()
    try:
        yield RETRY_LINE
        async for event in stream:
            if time.monotonic() - checked >= HEARTBEAT - 1:
                # Signed out, idle or disabled meanwhile: nothing more is told.
                if await by_session(request, site, who.session.token_hash, touch=False) is None:
                    return
                checked = time.monotonic()
            if event is None:
                yield HEARTBEAT_LINE
            elif isinstance(event, AlertsChanged):
                if who.viewer.may(Permission.ALERT_READ):
                    yield sse("alerts", "changed")
            elif isinstance(event, ReviewChanged):
                if who.viewer.may(Permission.ALERT_READ):
                    yield sse("review", "changed")
            elif isinstance(event, TalksChanged) and who.viewer.may(Permission.CHAT_READ):
                talks = event.conversation_ids
                work = partial(changes.candidates_behind, viewer=who.viewer, conversation_ids=talks)
                seen = await site.road.database.read(work)
                for candidate_id in sorted(seen):
                    yield sse("candidate", candidate_id)
    finally:
        site.feed.leave(stream)
