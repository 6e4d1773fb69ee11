"""/console/candidates/{id}/code: a one-time code, shown in this answer and never again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot import coding
from bot.web import views
from bot.web.console import candidate
from bot.web.console.common import is_htmx, site_of
from bot.web.security import Principal, needs
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates", include_in_schema=False)
Speaker = Annotated[Principal, needs(Permission.CHAT_WRITE)]


@router.post("/{candidate_id}/code")
async def make(request: Request, who: Speaker, candidate_id: str) -> Response:
    """A code for this person to type in whatever chat they write to us."""
    made = await coding.make(site_of(request).road, who.viewer, candidate_id)
    fresh = views.FreshCode(code=made.code, expires_at=made.expires_at)
    template = "_invites" if is_htmx(request) else "candidate"
    return await candidate.shown(request, who, candidate_id, code=fresh, template=template)
