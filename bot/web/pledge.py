"""``/f/{token}``: the candidate's 承诺卡 on a phone. The link is the proof of who reads it.

No account and no script. It confirms once, the version that was read; asking for a change stays
possible until it ends. A colleague's signed-in browser may look and never confirms (A15).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot import pledging
from bot.errors import Conflict, NotFound
from bot.pledging import Closed, Opened
from bot.web import offer_rows
from bot.web.console.offers import MOST_WORDS, as_pdf
from bot.web.links import ANYBODY, is_colleague, site_of_link, visitor_of
from bot.web.offer_views import PledgePage, Standing
from bot.web.paper import Paper, drawn
from bot.web.shell import company, outside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import InviteState
from storage.queries import users

_ONCE = re.compile(r"[A-Za-z0-9_-]{16,40}", re.ASCII)
_KIND: dict[InviteState, Standing] = {
    InviteState.WAITING: "open",
    InviteState.USED: "done",
    InviteState.REVOKED: "revoked",
    InviteState.EXPIRED: "expired",
}
router = APIRouter(include_in_schema=False)


async def page(request: Request, token: str, said: str = "") -> Response:
    """The card that stands. Reading it uses nothing up, and stands in the audit chain."""
    note = said if said in ("confirmed", "asked") else ""
    return await _page(request, token, note=note, looked=True)


async def _page(
    request: Request,
    token: str,
    *,
    note: str = "",
    bad: bool = False,
    draft: str = "",
    status: int = 200,
    looked: bool = False,
) -> Response:
    site: Site = request.app.state.site  # the call was counted
    visitor = visitor_of(request, site)

    def work(tx: Tx) -> PledgePage:
        found = pledging.opened(tx, site.road, token)
        if looked:
            pledging.looked(tx, site.road, visitor, found)
        return _view(tx, site, token, found)

    view = await (site.road.database.write(work) if looked else site.road.database.read(work))
    if note and (bad or view.card is not None):
        text = site.pages.words["zh"].t(f"pledge.note.{note}")
        view = replace(view, note=text, note_bad=bad, draft=draft)
    gone = view.card is None and status == 200
    return HTMLResponse(outside(request, "pledge.html", view), 410 if gone else status)


def _view(tx: Tx, site: Site, token: str, found: Opened) -> PledgePage:
    view = PledgePage(base=f"/f/{token}", kind=_KIND[found.worth])
    if found.card is None or found.offer is None:
        return view
    names = {user.id: user.name for user in users.all_users(tx)}
    return replace(
        view,
        name=found.candidate.name,
        position=found.candidate.position_title,
        card=offer_rows.card(found.card, names, tx.now, stands=True),
        answer_by=found.offer.answer_by,
        expires_at=found.expires_at,
        wishes=tuple(offer_rows.wish(one, names) for one in found.requests),
        contract_days=site.road.rulebook.region.contract.written_within_days,
        once=secrets.token_urlsafe(16),
    )


@router.post("/f/{token}/confirm", dependencies=ANYBODY)
async def confirm(request: Request, token: str) -> Response:
    """Confirm the version that was read: 303; 409 with words where it does not stand any more."""
    site = site_of_link(request, token)
    if await is_colleague(request, site):
        return await _page(request, token, note="colleague", bad=True, status=403)
    card_id = (await read_form(request)).get("card", "")
    try:
        await pledging.confirm_by_link(site.road, visitor_of(request, site), token, card_id)
    except Closed as error:
        return await _page(request, token, note=error.worth.value, bad=True, status=409)
    except Conflict:
        return await _page(request, token, note="stale", bad=True, status=409)
    return RedirectResponse(f"/f/{token}?said=confirmed", 303)


@router.post("/f/{token}/request", dependencies=ANYBODY)
async def ask(request: Request, token: str) -> Response:
    """Ask for something else: dated, and HR answers. The same form twice asks once."""
    site = site_of_link(request, token)
    if await is_colleague(request, site):
        return await _page(request, token, note="colleague", bad=True, status=403)
    fields = await read_form(request)
    what, once = fields.get("what", "").strip(), fields.get("once", "")
    if not 0 < len(what) <= MOST_WORDS or not _ONCE.fullmatch(once):
        kept = what[: 2 * MOST_WORDS]
        return await _page(request, token, note="empty", bad=True, draft=kept, status=422)
    try:
        await pledging.ask_by_link(site.road, visitor_of(request, site), token, what, once=once)
    except Closed as error:
        return await _page(request, token, note=error.worth.value, bad=True, status=409)
    except Conflict:
        return await _page(request, token, note="many", bad=True, draft=what, status=409)
    return RedirectResponse(f"/f/{token}?said=asked", 303)


@router.get("/f/{token}/pdf", dependencies=ANYBODY)
async def pdf(request: Request, token: str) -> Response:
    """The card on paper."""
    site = site_of_link(request, token)
    visitor = visitor_of(request, site)

    def work(tx: Tx) -> Paper:
        found = pledging.opened(tx, site.road, token)
        if found.card is None:
            raise NotFound("this link ended")
        pledging.looked(tx, site.road, visitor, found)
        names = {user.id: user.name for user in users.all_users(tx)}
        return offer_rows.paper(
            offer_rows.card(found.card, names, tx.now, stands=True),
            site.pages.words["zh"],
            company=company(tx, site),
            name=found.candidate.name,
            position=found.candidate.position_title,
            region=site.road.rulebook.region,
        )

    paper = await site.road.database.write(work)
    return as_pdf(await asyncio.to_thread(drawn, paper))
