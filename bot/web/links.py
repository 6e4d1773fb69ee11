"""``GET /f/{token}``: the candidate's own pages. What a link is for says which page it opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.web import copy, pledge
from bot.web.site import Site
from storage.enums import InvitePurpose
from storage.queries import invites

Page = Callable[[Request, str], Awaitable[Response]]
#: One page a purpose; a page answers for its own link in whatever state.
PAGES: Mapping[InvitePurpose, Page] = {
    InvitePurpose.PLEDGE: pledge.page,
    InvitePurpose.DATA: copy.page,
}
router = APIRouter(include_in_schema=False)


@router.get("/f/{token}", dependencies=pledge.ANYBODY)
async def page(request: Request, token: str) -> Response:
    """The page of a link. Unknown ones are all answered by the same page, the same way."""
    site: Site = pledge.site_of(request, token)
    purpose = await site.road.database.read(lambda tx: invites.purpose_of(tx, token))
    opens = PAGES.get(purpose, pledge.page) if purpose is not None else pledge.page
    return await opens(request, token)
