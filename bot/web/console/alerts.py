"""/console/alerts: what waits for an answer, and the verdict of whoever gave it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bot import desk
from bot.errors import Conflict
from bot.web import cursors, views
from bot.web.console import labels
from bot.web.console.alert import shown
from bot.web.console.cards import cards
from bot.web.console.common import go, html, is_htmx, language, site_of
from bot.web.errors import Invalid
from bot.web.notices import say
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import Verdict
from storage.queries import alerts, inbox
from storage.queries.alerts import AlertRow
from storage.queries.inbox import Show
from storage.viewer import Permission

PAGE = 30
router = APIRouter(prefix="/console/alerts", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]
Judge = Annotated[Principal, needs(Permission.ALERT_WRITE)]


@router.get("")
async def page(
    request: Request,
    who: Reader,
    show: Show = Show.OPEN,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """The inbox."""
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, views.AlertsPage]:
        found, following = _listed(tx, site, who, show, cursor)
        counts = {"open": inbox.count_unresolved(tx, who.viewer)}
        counts["mine"] = inbox.count_unresolved(tx, who.viewer, mine=True)
        view = views.AlertsPage(
            show=show.value,
            cards=cards(tx, site, who.viewer, found, language(who)),
            counts=counts,
            next_url=following,
        )
        return inside(tx, site, who, active="alerts", path="/console/alerts"), view

    shell, view = await site.road.database.read(read)
    return html(site, "console/alerts.html", shell, page=view)


def _listed(
    tx: Tx, site: Site, who: Principal, show: Show, cursor: str
) -> tuple[list[AlertRow], str | None]:
    """One page of alerts, and the address of the next."""
    vault, viewer = site.road.vault, who.viewer
    if show is Show.HANDLED:
        after = cursors.moment_and_id(cursor)
        handled = inbox.resolved(tx, vault, viewer, after=after, limit=PAGE + 1)
        last = handled[PAGE - 1] if len(handled) > PAGE else None
        key = cursors.made(last.raised_at, last.id) if last else None
        return handled[:PAGE], _next(show, key)
    ranked = inbox.unresolved(
        tx,
        vault,
        viewer,
        mine=show is Show.MINE,
        after=cursors.rank_moment_id(cursor),
        limit=PAGE + 1,
    )
    key = None
    if len(ranked) > PAGE:
        alert, rank = ranked[PAGE - 1]
        key = cursors.made(rank, alert.due_at, alert.id)
    return [alert for alert, _ in ranked[:PAGE]], _next(show, key)


def _next(show: Show, key: str | None) -> str | None:
    return f"/console/alerts?{urlencode({'show': show.value, 'cursor': key})}" if key else None


@router.post("/{alert_id}/verdict")
async def judge(request: Request, who: Judge, alert_id: str) -> Response:
    """Useful, false alarm or handled; the card as it stands now."""
    site = site_of(request)
    form = await read_form(request)
    said = form.get("verdict", "")
    if said not in list(Verdict):
        raise Invalid({"verdict": "unknown"})
    cause = f"console:{request.scope['yinuo.request_id']}"
    await desk.judge(site.road, who.viewer, alert_id, Verdict(said), cause=cause)
    whole = form.get("whole") == "1"  # pressed on the alert's own page
    if not is_htmx(request):
        return go(f"/console/alerts/{alert_id}" if whole else "/console/alerts")
    if whole:
        return await shown(request, who, alert_id)
    return await _one(request, who, alert_id)


@router.post("/{alert_id}/labels")
async def relabel(request: Request, who: Judge, alert_id: str) -> Response:
    """What the message behind an alert means, by whoever knows better than the reader."""
    form = await read_form(request)
    site, wanted, whole = site_of(request), labels.sent(form), form.get("whole") == "1"
    row = await site.road.database.read(
        lambda tx: alerts.get(tx, site.road.vault, who.viewer, alert_id)
    )
    if wanted is None:
        if not is_htmx(request):
            raise Invalid({"intents": "none"})
        error = say(language(who), "labels_empty")
        if whole:
            return await shown(request, who, alert_id, mislabelled=error, status=422)
        return await _one(request, who, alert_id, error=error, status=422)
    if row.source is None:
        raise Conflict("no reading stands behind this alert")
    await desk.relabel(site.road, who.viewer, row.source, wanted)
    if not is_htmx(request):
        return go(f"/console/alerts/{alert_id}" if whole else "/console/alerts")
    if whole:
        return await shown(request, who, alert_id)
    return await _one(request, who, alert_id)


async def _one(
    request: Request, who: Principal, alert_id: str, *, error: str = "", status: int = 200
) -> Response:
    """A card as it stands now; ``error``: why its labels were not kept."""
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, views.AlertCard]:
        row = alerts.get(tx, site.road.vault, who.viewer, alert_id)
        [card] = cards(tx, site, who.viewer, [row], language(who))
        if error and card.labels is not None:
            card = replace(card, labels=replace(card.labels, error=error))
        return inside(tx, site, who, active="alerts", path="/console/alerts"), card

    shell, card = await site.road.database.read(read)
    return html(site, "console/_alert_card.html", shell, card=card, status=status)
