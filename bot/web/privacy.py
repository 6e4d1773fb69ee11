"""``/privacy``: the whole notice, for anybody, at an address that stays."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot.conversation.flows import consent
from bot.web.consent_views import PrivacyItem, PrivacyPage, PrivacyPart
from bot.web.security import needs
from bot.web.shell import outside
from bot.web.site import Site
from storage.viewer import Permission

router = APIRouter(include_in_schema=False)
#: Digits of a version that people are shown.
_SHOWN = 12


@router.get("/privacy", dependencies=[needs(Permission.PUBLIC)])
async def page(request: Request) -> Response:
    """The notice as it stands, with its version and every item that may be asked for."""
    site: Site = request.app.state.site
    book = site.road.rulebook
    asked = book.consents

    def said(text: str) -> str:
        return consent.said(book, text)

    view = PrivacyPage(
        parts=tuple(
            PrivacyPart(title=one.title, text=said(one.text), points=one.points)
            for one in asked.notice.page
        ),
        items=tuple(
            PrivacyItem(
                name=one.name,
                lines=tuple(
                    (name, said(getattr(one, name)))
                    for name in ("purpose", "necessity", "impact", "kinds", "receiver", "period")
                ),
                note=said(f"{one.refusing}{one.withdrawing}"),
            )
            for one in asked.items.values()
        ),
        version=book.analysis_version[:_SHOWN],
    )
    return HTMLResponse(outside(request, "privacy.html", view))
