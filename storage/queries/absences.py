"""When colleagues are away, and who stands in for them.

``active`` is what scope goes by; ``switch`` turns it on and off by the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.errors import Conflict, NotFound
from storage.queries.common import insert, update
from storage.queries.scope import AWAY, USER, WORKING
from storage.tables import Away
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A colleague's absence. ``until_on`` is its last day; ``active``: the deputy stands in now."""

    id: str
    user_id: str
    user_name: str
    deputy_id: str
    deputy_name: str
    from_on: date
    until_on: date
    active: bool
    ended_at: datetime | None


def add(
    tx: Tx,
    *,
    user_id: str,
    deputy_id: str,
    from_on: date,
    until_on: date,
    today: date,
    by: str,
) -> str:
    """Say that somebody is away, both days included; the id. From today: at once.

    Raises ``NotFound`` when either cannot have cases, ``Conflict`` when it is nobody else, it is
    over, or they are away on one of these days already.
    """
    for one in (user_id, deputy_id):
        _working(tx, one)
    if deputy_id == user_id:
        raise Conflict("nobody stands in for themselves")
    if until_on < from_on or until_on < today:
        raise Conflict("the last day is over")
    crossing = tx.scalar(
        sa.select(sa.func.count())
        .select_from(AWAY)
        .where(
            AWAY.c.user_id == user_id,
            AWAY.c.ended_at.is_(None),
            AWAY.c.from_on <= until_on,
            AWAY.c.until_on >= from_on,
        )
    )
    if crossing:
        raise Conflict("they are away on one of these days already")
    absence_id = new_public_id("aw")
    insert(
        tx,
        Away,
        {
            "id": absence_id,
            "user_id": user_id,
            "deputy_id": deputy_id,
            "from_on": from_on,
            "until_on": until_on,
            "active": from_on <= today,
            "created_by": by,
            "created_at": tx.now,
        },
    )
    return absence_id


def end(tx: Tx, viewer: Viewer, absence_id: str) -> Absence:
    """Take an absence back, or come home before its last day: nobody stands in from now on.

    Raises ``NotFound``, also for a colleague's whom the viewer may not speak for, and ``Conflict``
    when it has ended already.
    """
    found = get(tx, viewer, absence_id)
    standing = sa.and_(AWAY.c.id == absence_id, AWAY.c.ended_at.is_(None))
    if not update(tx, Away, standing, ended_at=tx.now, active=False):
        raise Conflict("this absence has ended")
    return found


def get(tx: Tx, viewer: Viewer, absence_id: str) -> Absence:
    """One absence the viewer may speak for. Raises ``NotFound``."""
    row = tx.first(_select().where(AWAY.c.id == absence_id, _speaks_for(viewer)))
    if row is None:
        raise NotFound("no such absence")
    return _open(row)


def coming(tx: Tx, *, today: date, user_id: str | None = None) -> list[Absence]:
    """Absences that are not over yet, the first one first: everybody's, or a colleague's."""
    query = _select().where(AWAY.c.ended_at.is_(None), AWAY.c.until_on >= today)
    if user_id is not None:
        query = query.where(AWAY.c.user_id == user_id)
    return [_open(row) for row in tx.all(query.order_by(AWAY.c.from_on, AWAY.c.id))]


def standing_in(tx: Tx, deputy_id: str) -> list[Absence]:
    """For whom a colleague stands in just now."""
    query = _select().where(AWAY.c.active, AWAY.c.deputy_id == deputy_id)
    return [_open(row) for row in tx.all(query.order_by(AWAY.c.from_on, AWAY.c.id))]


def switch(tx: Tx, *, today: date, limit: int) -> list[Absence]:
    """Turn absences on whose first day has come, and off whose last day is over; those turned.

    Each turn is somebody's only once, whoever else looks at the same moment.
    """
    running = sa.and_(AWAY.c.ended_at.is_(None), AWAY.c.from_on <= today, AWAY.c.until_on >= today)
    due = sa.or_(
        sa.and_(running, ~AWAY.c.active),
        sa.and_(~running, AWAY.c.active),
        # Over while nothing ran: there is nothing to turn, only to close.
        sa.and_(AWAY.c.ended_at.is_(None), AWAY.c.until_on < today),
    )
    turned: list[Absence] = []
    for row in tx.all(_select().where(due).order_by(AWAY.c.from_on, AWAY.c.id).limit(limit)):
        on = row.ended_at is None and row.from_on <= today <= row.until_on
        over = tx.now if row.ended_at is None and not on else row.ended_at
        still = sa.and_(AWAY.c.id == row.id, AWAY.c.active == row.active, AWAY.c.ended_at.is_(None))
        if row.ended_at is not None:
            still = sa.and_(AWAY.c.id == row.id, AWAY.c.active)
        if update(tx, Away, still, active=on, ended_at=over):
            turned.append(replace(_open(row), active=on, ended_at=over))
    return turned


def _working(tx: Tx, user_id: str) -> None:
    row = tx.first(
        sa.select(USER.c.id).where(
            USER.c.id == user_id, USER.c.disabled_at.is_(None), USER.c.role.in_(WORKING)
        )
    )
    if row is None:
        raise NotFound("no such colleague")


def _speaks_for(viewer: Viewer) -> sa.ColumnElement[bool]:
    return sa.true() if viewer.sees_all else AWAY.c.user_id == viewer.id


def _select() -> sa.Select[Any]:
    deputy = USER.alias("deputy")
    return (
        sa.select(AWAY, USER.c.name.label("user_name"), deputy.c.name.label("deputy_name"))
        .join(USER, USER.c.id == AWAY.c.user_id)
        .join(deputy, deputy.c.id == AWAY.c.deputy_id)
    )


def _open(row: Any) -> Absence:
    return Absence(
        id=row.id,
        user_id=row.user_id,
        user_name=row.user_name,
        deputy_id=row.deputy_id,
        deputy_name=row.deputy_name,
        from_on=row.from_on,
        until_on=row.until_on,
        active=bool(row.active),
        ended_at=row.ended_at,
    )
