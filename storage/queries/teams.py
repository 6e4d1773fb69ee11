"""The HR colleagues who work a position together with its owner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from storage.database import Tx
from storage.errors import Conflict, NotFound
from storage.queries.common import insert, table
from storage.queries.people import get_position
from storage.queries.scope import POSITION, TEAMMATE, USER, WORKING, worked
from storage.tables import Teammate
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of a position's team."""

    user_id: str
    name: str


def team(tx: Tx, position_id: str) -> list[Member]:
    """A position's team, by name; without those who cannot have cases any more."""
    return teams(tx, [position_id])[position_id]


def teams(tx: Tx, position_ids: Sequence[str]) -> dict[str, list[Member]]:
    """The teams of several positions."""
    rows = tx.all(
        sa.select(TEAMMATE.c.position_id, USER.c.id, USER.c.name)
        .join(USER, USER.c.id == TEAMMATE.c.user_id)
        .where(
            TEAMMATE.c.position_id.in_(position_ids),
            USER.c.disabled_at.is_(None),
            USER.c.role.in_(WORKING),
        )
        .order_by(USER.c.name, USER.c.id)
    )
    found: dict[str, list[Member]] = {one: [] for one in position_ids}
    for row in rows:
        found[row.position_id].append(Member(user_id=row.id, name=row.name))
    return found


def works(tx: Tx, viewer: Viewer, position_id: str) -> bool:
    """Whether a viewer says who works a position: it is theirs, of who they stand in for, of a
    team they are in, or nobody's yet."""
    theirs = sa.or_(POSITION.c.id.in_(worked(viewer.id)), POSITION.c.owner_id.is_(None))
    asked = sa.select(POSITION.c.id).where(POSITION.c.id == position_id, theirs)
    return viewer.sees_all or tx.first(asked) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChange:
    """Who came into a team and who left it, by id."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def change(tx: Tx, viewer: Viewer, position_id: str, user_ids: Collection[str]) -> TeamChange:
    """Let exactly these colleagues be a position's team. Who was in it before keeps their place.

    Raises ``NotFound`` for a position the viewer cannot see, and for whoever cannot have cases,
    ``Conflict`` for HR who do not work it: a team sees people, so that nobody joins by themselves.
    """
    get_position(tx, viewer, position_id)
    if not works(tx, viewer, position_id):
        raise Conflict("this position is a colleague's")
    here = sa.select(TEAMMATE.c.user_id).where(TEAMMATE.c.position_id == position_id)
    stands = {row.user_id for row in tx.all(here)}
    added, removed = sorted(set(user_ids) - stands), sorted(stands - set(user_ids))
    working = sa.select(USER.c.id).where(
        USER.c.id.in_(added), USER.c.disabled_at.is_(None), USER.c.role.in_(WORKING)
    )
    if len(tx.all(working)) != len(added):
        raise NotFound("no such colleague")
    tx.run(
        sa.delete(table(Teammate)).where(
            TEAMMATE.c.position_id == position_id, TEAMMATE.c.user_id.in_(removed)
        )
    )
    by = viewer.id if viewer.role is not None else None
    for user_id in added:
        row = {"position_id": position_id, "user_id": user_id, "added_by": by, "added_at": tx.now}
        insert(tx, Teammate, row)
    return TeamChange(added=tuple(added), removed=tuple(removed))
