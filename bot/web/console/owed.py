"""/console/owed: what we owe candidates (我欠候选人的), for HR and for managers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot.owed import ASKED, Owed, owed
from bot.web import owed_views as shapes
from bot.web import views
from bot.web.console.common import html, site_of
from bot.web.security import Principal, needs
from bot.web.shell import inside
from storage.database import Tx
from storage.queries import people
from storage.viewer import Permission

HOME = "/console/owed"
router = APIRouter(prefix=HOME, include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
#: What is shown; the rest is less pressing.
_MOST = 100
#: Kinds that are done on the page of offers and cards.
_ALERTS = frozenset(ASKED)
_OFFERS = frozenset({"offer", "pledge", "change"})


class Show(StrEnum):
    """Whose cases."""

    MINE = "mine"
    ALL = "all"


@router.get("")
async def page(request: Request, who: Reader, show: Show = Show.MINE) -> Response:
    """The most pressing first. A manager owes what they owe themselves."""
    site, viewer = site_of(request), who.viewer
    choosable = viewer.may(Permission.ALERT_READ)
    mine = show is Show.MINE or not choosable

    def read(tx: Tx) -> tuple[views.Shell, shapes.OwedPage]:
        road = site.road
        found = owed(tx, road.vault, road.rulebook, viewer, mine=mine, limit=_MOST + 1)
        ids = {one.candidate_id for one in found}
        known = {one.id for one in people.among(tx, road.vault, viewer, ids=ids)}
        view = shapes.OwedPage(
            show="mine" if mine else "all",
            items=tuple(_item(one, known) for one in found[:_MOST]),
            late=sum(one.overdue for one in found[:_MOST]),
            choosable=choosable,
            more=len(found) > _MOST,
        )
        return inside(tx, site, who, active="owed", path=HOME), view

    shell, view = await site.road.database.read(read)
    return html(site, "console/owed.html", shell, page=view)


def _item(one: Owed, known: Collection[str]) -> shapes.OwedItem:
    url = ""
    if one.candidate_id in known:
        url = f"/console/candidates/{one.candidate_id}"
        url += "/offers" if one.kind in _OFFERS else ""
        if one.kind in _ALERTS:
            url = f"/console/alerts/{one.ref}"
    moment = one.by if isinstance(one.by, datetime) else None
    return shapes.OwedItem(
        name=one.name,
        position=one.position,
        kind=f"{one.kind}_other" if one.who else one.kind,
        overdue=one.overdue,
        url=url,
        said=one.said,
        on_day=one.on_day,
        who=one.who,
        due_at=moment,
        due_on=one.by if moment is None else None,
    )
