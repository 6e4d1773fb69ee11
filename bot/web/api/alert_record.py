"""/api/v1/alerts/record: how good each kind of alert was, and who left without any."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from bot import judging
from bot.errors import NotFound
from bot.web.api.common import PREFIX, Out, StrictRoute
from bot.web.console.common import site_of
from bot.web.errors import Forbidden
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.queries import standings
from storage.queries.standings import Rate
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/alerts", tags=["alerts"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]
Admin = Annotated[Principal, needs(Permission.USER_WRITE)]


class KindRecord(Out):
    """Of the last judged alerts of a kind, how many were no false alarms; ``low`` and ``high`` are
    the ends of the 95 % interval of that share, null where none was judged. ``demoted_at``: since
    when the kind goes into the daily digest; ``by``: who put it back by hand."""

    kind: str
    hits: int
    judged: int
    low: float | None
    high: float | None
    demoted_at: datetime | None
    by: str


class AlertRecord(Out):
    """Every kind, and of the withdrawals the caller may know of how many came without any alert."""

    kinds: list[KindRecord]
    since: datetime
    until: datetime
    withdrawals: int
    silent: int


def _shown(one: Rate) -> KindRecord:
    return KindRecord(
        kind=one.topic,
        hits=one.hits,
        judged=one.judged,
        low=round(one.low, 4) if one.judged else None,
        high=round(one.high, 4) if one.judged else None,
        demoted_at=one.demoted_at,
        by=one.by,
    )


@router.get("/record")
async def record(
    request: Request,
    who: Reader,
    days: Annotated[int, Query(ge=1, le=3650, description="How far back withdrawals count.")] = 90,
) -> AlertRecord:
    """How good each kind of alert was, and how many withdrawals came without any."""
    site = site_of(request)
    over = site.road.rulebook.policy.demote.over

    def read(tx: Tx) -> AlertRecord:
        since = tx.now - timedelta(days=days)
        found = standings.missed(tx, who.viewer, since=since, until=tx.now + timedelta(seconds=1))
        return AlertRecord(
            kinds=[_shown(one) for one in standings.rates(tx, over=over)],
            since=since,
            until=tx.now,
            withdrawals=found.withdrawals,
            silent=found.silent,
        )

    return await site.road.database.read(read)


@router.post("/kinds/{kind}/restore")
async def restore(
    request: Request,
    kind: Annotated[str, Path(description="A kind that goes into the digest.")],
    who: Admin,
) -> KindRecord:
    """Let a demoted kind be told at once again; 409 when it is already. A person decides that: a
    key alone is refused with 403."""
    if not who.is_person:
        raise Forbidden
    if kind not in judging.HEARD:
        raise NotFound("no such kind")
    site = site_of(request)
    over = site.road.rulebook.policy.demote.over

    def work(tx: Tx) -> KindRecord:
        judging.restore(tx, site.road.vault, site.road.rulebook, who.viewer, kind)
        [found] = [one for one in standings.rates(tx, over=over) if one.topic == kind]
        return _shown(found)

    return await site.road.database.write(work)
