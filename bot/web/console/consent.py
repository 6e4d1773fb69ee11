"""/console/candidates/{id}/consents: a consent that was given on paper is recorded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot import agreeing
from bot.agreeing import MOST_NOTE
from bot.web.console import candidate
from bot.web.console.common import go, site_of
from bot.web.errors import Invalid
from bot.web.security import Principal, needs
from bot.web.strict import read_form
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]


@router.post("/{candidate_id}/consents")
async def on_paper(request: Request, who: Writer, candidate_id: str) -> Response:
    """Nothing is given by default: the item is chosen, and where the paper is has to be said."""
    site, fields = site_of(request), await read_form(request)
    item, note = fields.get("item", ""), fields.get("note", "").strip()
    if item not in site.road.rulebook.consents.items:
        raise Invalid({"item": "unknown"})
    if not 0 < len(note) <= MOST_NOTE or not note.isprintable():
        return await candidate.refused(request, who, candidate_id, "consent_note")
    await agreeing.on_paper(site.road, who.viewer, candidate_id, item, note)
    return go(f"/console/candidates/{candidate_id}?said=consented#consents")
