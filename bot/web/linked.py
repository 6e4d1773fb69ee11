"""``GET /f/{token}``: the page a link of the candidate's opens, by what the link is for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.web import copy, pledge
from bot.web.links import ANYBODY, site_of_link
from storage.enums import InvitePurpose
from storage.queries import invites

Page = Callable[[Request, str, str], Awaitable[Response]]
#: One page a purpose; a page answers for its own link in whatever state.
PAGES: Mapping[InvitePurpose, Page] = {
    InvitePurpose.PLEDGE: pledge.page,
    InvitePurpose.DATA: copy.page,
}
router = APIRouter(include_in_schema=False)


@router.get("/f/{token}", dependencies=ANYBODY)
async def page(request: Request, token: str, said: str = "") -> Response:
    """The page of a link. Unknown ones are all answered by the same page, the same way."""
    site = site_of_link(request, token)
    purpose = await site.road.database.read(lambda tx: invites.purpose_of(tx, token))
    opens = pledge.page if purpose is None else PAGES.get(purpose, pledge.page)
    return await opens(request, token, said)
