"""``/f/{token}``: what we keep of somebody, for them. The link is the proof of who reads it.

No account and no script. Looking is free and noted; what is downloaded is counted. A colleague's
signed-in browser neither looks nor downloads: they are shown what their role is shown, in the
console.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot import casework, copies
from bot.copies import Copy, Opened
from bot.web import views
from bot.web.copy_views import CopyFile, CopyPage
from bot.web.links import ANYBODY, is_colleague, site_of_link, visitor_of
from bot.web.masking import mask_phone as masked
from bot.web.shell import company, outside
from bot.web.site import Site
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import InviteState
from storage.queries import invites

router = APIRouter(include_in_schema=False)
_FORMS = {"json": "application/json", "html": "text/html; charset=utf-8"}


async def page(request: Request, token: str, said: str = "") -> Response:
    """What we keep. Looking stands in the audit chain."""
    site: Site = request.app.state.site  # the call was counted
    if await is_colleague(request, site):
        return _closed(request, token, note="colleague", status=403)
    return await _page(request, token)


async def _page(request: Request, token: str, *, note: str = "", status: int = 200) -> Response:
    site: Site = request.app.state.site  # the call was counted
    visitor = visitor_of(request, site)

    def work(tx: Tx) -> tuple[Opened, Copy | None]:
        found = copies.opened(tx, site.road.vault, token)
        if found.candidate is None:
            return found, None
        details = {"invite": found.invite_id}
        casework.noted(tx, site.road, visitor, "data.read", found.candidate.id, details)
        return found, _copy(tx, site, found)

    found, copy = await site.road.database.write(work)
    view = CopyPage(
        base=f"/f/{token}",
        kind="open"
        if copy is not None
        else "expired"
        if found.worth is InviteState.EXPIRED
        else "revoked",
        copy=copy,
        phone=masked(copy.phone) if copy is not None and copy.phone else "",
        left=found.left,
        expires_at=found.expires_at,
        note=site.pages.words["zh"].t(f"copy.note.{note}") if note else "",
    )
    gone = copy is None and status == 200
    return HTMLResponse(outside(request, "copy.html", view), 410 if gone else status)


@router.post("/f/{token}/copy", dependencies=ANYBODY)
async def download(request: Request, token: str) -> Response:
    """The same as a file, ``form`` json or html: 409 once it was taken three times."""
    site = site_of_link(request, token)
    if await is_colleague(request, site):
        return _closed(request, token, note="colleague", status=403)
    form = (await read_form(request)).get("form", "")
    if form not in _FORMS:
        return await _page(request, token, note="form", status=422)
    visitor = visitor_of(request, site)

    def work(tx: Tx) -> Copy | None:
        found = copies.opened(tx, site.road.vault, token)
        taken = invites.download(tx, found.invite_id, most=copies.DOWNLOADS)
        if found.candidate is None or not taken:
            return None
        details = {"invite": found.invite_id, "form": form}
        casework.noted(tx, site.road, visitor, "data.copy", found.candidate.id, details)
        return _copy(tx, site, found)

    copy = await site.road.database.write(work)
    if copy is None:
        return await _page(request, token, note="used", status=409)
    body = as_json(copy) if form == "json" else _as_html(site, copy)
    name = f'attachment; filename="my-data.{form}"'
    headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
    return Response(body, headers=headers, media_type=_FORMS[form])


def _copy(tx: Tx, site: Site, found: Opened) -> Copy:
    assert found.candidate is not None
    road = site.road
    return copies.copy(tx, road.vault, road.rulebook, found.candidate, company(tx, site))


def _closed(request: Request, token: str, *, note: str, status: int) -> Response:
    """Nothing of whose it is."""
    site: Site = request.app.state.site  # the call was counted
    text = site.pages.words["zh"].t(f"copy.note.{note}")
    view = CopyPage(base=f"/f/{token}", kind="revoked", note=text)
    return HTMLResponse(outside(request, "copy.html", view), status)


def as_json(copy: Copy) -> str:
    """A copy as JSON; moments in ISO 8601, in the company's time zone."""
    return json.dumps(copy.plain(), ensure_ascii=False, indent=2, default=_moment)


def _moment(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"cannot be written: {type(value).__name__}")
    return value.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _as_html(site: Site, copy: Copy) -> str:
    shell = views.Shell(language="zh", now=site.road.now(), company=copy.company, csrf="")
    return site.pages.render("copy_file.html", language="zh", shell=shell, page=CopyFile(copy=copy))
