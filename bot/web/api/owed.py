"""/api/v1/owed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from bot.owed import Owed as Found
from bot.owed import owed
from bot.web.api.common import PREFIX, Limit, Listed, Out, StrictRoute
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/owed", tags=["owed"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]


class Owed(Out):
    """Something we owe a candidate, due at a moment or on a day.

    ``kind``: answer, overdue, handover, correct, erase, pledge, change, offer, greeting or
    feedback; ``what`` says it in words. ``about``: id of the alert, card, request, offer or
    interview, where there is one.
    """

    candidate_id: str
    kind: str
    what: str
    about: str | None
    due_at: datetime | None
    due_on: date | None
    overdue: bool


@router.get("")
async def page(
    request: Request,
    who: Reader,
    mine: Annotated[
        bool, Query(description="Only the caller's own cases; a key has none, and sees all.")
    ] = False,
    limit: Limit = 50,
) -> Listed[Owed]:
    """What we owe candidates the caller may know of: overdue first, then by when it is due. The
    most pressing ones; there is no next page. Points of cards, changes and offers need the scope
    `offer.read` besides, greetings and feedback `candidate.read`."""
    site = site_of(request)

    def read(tx: Tx) -> Listed[Owed]:
        road = site.road
        own = mine and who.viewer.role is not None
        found = owed(tx, road.vault, road.rulebook, who.viewer, mine=own, limit=limit)
        return Listed(items=[_shown(one) for one in found], next=None)

    return await site.road.database.read(read)


def _shown(one: Found) -> Owed:
    moment = one.by if isinstance(one.by, datetime) else None
    return Owed(
        candidate_id=one.candidate_id,
        kind=one.kind,
        what=one.what,
        about=one.ref or None,
        due_at=moment,
        due_on=one.by if moment is None else None,
        overdue=one.overdue,
    )
