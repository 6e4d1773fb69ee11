"""``/hooks/{channel}``: what the platforms tell us. Verify, decode, store, acknowledge.

The hot path: nothing here parses more than the channel does, and nothing waits for more than
the one commit that makes the message durable.
"""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response

from bot.errors import Malformed, NotFound, Refused
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
    try:
        received = await platform.receive(await _call(request))
    except (Refused, Malformed) as error:
        # Whoever mistook a key in the console has nothing else to see it by.
        log.warning("hook.refused", channel=channel, why=str(error))
        raise
    if received.told:
        await site.door.accept(received)
    return Response(received.reply, media_type=received.media_type)


async def _call(request: Request) -> HttpCall:
    """The call as channels see it. Raises ``Refused`` where a part of the query is said twice.

    No platform does so, and what is verified must be what is read. A header that comes twice is
    joined as HTTP has it, and is then no signature any more.
    """
    query = request.query_params.multi_items()
    if len(query) != len(dict(query)):
        raise Refused("a parameter came twice")
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    body = await request.body()
    return HttpCall(method=request.method, headers=headers, query=dict(query), body=body)
