"""``/hooks/{channel}``: what the platforms tell us. Verify, decode, store, acknowledge.

The hot path: nothing here parses more than the channel does, and nothing waits for more than
the one commit that makes the message durable.
"""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response

from bot.errors import NotFound, TooLong
from bot.messages import HttpCall
from bot.web.security import needs
from bot.web.site import Site
from storage.viewer import Permission

log = structlog.get_logger()
router = APIRouter()


@router.api_route(
    "/hooks/{channel}",
    methods=["GET", "POST"],
    dependencies=[needs(Permission.PUBLIC)],
    include_in_schema=False,
)
async def hook(request: Request, channel: str) -> Response:
    """Answered only after everything told is stored; refused calls store nothing."""
    site: Site = request.app.state.site
    platform = site.road.channels.get(channel)
    if platform is None:
        raise NotFound
    call = HttpCall(
        method=request.method,
        headers={
            key.decode("latin-1"): value.decode("latin-1") for key, value in request.headers.raw
        },
        query=dict(request.query_params),
        body=await request.body(),
    )
    received = await platform.receive(call)
    if received.messages or received.reaches:
        try:
            await site.door.accept(received)
        except TooLong:
            # Refusing would make the platform bring it again for hours.
            log.warning("hook.too_long", channel=channel)
    return Response(received.reply, media_type=received.media_type)
