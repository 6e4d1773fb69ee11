"""``GET /f/{token}``: the candidate's own pages. What a link is for says which page it opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.web import copy, pledge, survey
from bot.web.links import ANYBODY, site_of_link
from storage.enums import InvitePurpose
from storage.queries import invites

Page = Callable[[Request, str, str], Awaitable[Response]]
#: One page a purpose; a page answers for its own link in whatever state. The call is counted here.
PAGES: Mapping[InvitePurpose, Page] = {
    InvitePurpose.PLEDGE: pledge.page,
    InvitePurpose.DATA: copy.page,
    InvitePurpose.SURVEY: survey.page,
}
router = APIRouter(include_in_schema=False)


@router.get("/f/{token}", dependencies=ANYBODY)
async def page(request: Request, token: str, said: str = "") -> Response:
    """The page of a link. Unknown ones are all answered by the same page, the same way."""
    site = site_of_link(request, token)
    purpose = await site.road.database.read(partial(invites.purpose_of, token=token))
    opens = PAGES.get(purpose, pledge.page) if purpose is not None else pledge.page
    return await opens(request, token, said)
