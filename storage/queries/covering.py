"""Who is told of a candidate's alert: whose case it is, who helps, and the admins.

Whoever is told may know of the candidate (``scope.visible``): a deputy while they stand in, the
team, the admins. Colleagues who are disabled, or who are no HR any more, are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Role
from storage.errors import NotFound
from storage.queries.scope import AWAY, CANDIDATE, POSITION, TEAMMATE, USER, WORKING, visible
from storage.viewer import SYSTEM


@dataclass(frozen=True, slots=True)
class Told:
    """A colleague to be told, at which level of the way up, and in whose place."""

    user_id: str
    level: int
    instead_of: str = ""  # name of who is away


def first(tx: Tx, candidate_id: str) -> list[Told]:
    """Whose case it is: the candidate's owner, else the position's.

    Of an owner who is away it is their deputy; of one nobody stands in for, the position's team,
    else the admins. Of nobody's case, the team, else every HR. All of them are level 0. Raises
    ``NotFound``.
    """
    owner_id, position_id = _case(tx, candidate_id)
    office = _Office(tx)
    if owner_id is not None and (found := office.present([owner_id], 0)):
        return found
    if found := office.present(_team(tx, position_id), 0):
        return found
    everybody = office.admins if owner_id is not None else list(office.names)
    return office.here(everybody, 0)


def helpers(tx: Tx, candidate_id: str) -> list[Told]:
    """Who is asked next: the position's owner and its team, or whoever stands in for one of them;
    without those who were told first."""
    _, position_id = _case(tx, candidate_id)
    known = {one.user_id for one in first(tx, candidate_id)}
    owner = tx.scalar(sa.select(POSITION.c.owner_id).where(POSITION.c.id == position_id))
    circle = [*([owner] if owner is not None else []), *_team(tx, position_id)]
    return [one for one in _Office(tx).present(circle, 1) if one.user_id not in known]


def admins(tx: Tx) -> list[Told]:
    """The last level: HR admins who are there, else all of them."""
    office = _Office(tx)
    return office.here(office.admins, 2)


def there(tx: Tx, user_id: str) -> list[str]:
    """A colleague, or who stands in for them while they are away; themselves where nobody does."""
    return [one.user_id for one in _Office(tx).present([user_id], 0)] or [user_id]


class _Office:
    """Colleagues who can have cases, and who stands in for whom, as of one moment."""

    def __init__(self, tx: Tx) -> None:
        rows = tx.all(
            sa.select(USER.c.id, USER.c.name, USER.c.role)
            .where(USER.c.disabled_at.is_(None), USER.c.role.in_(WORKING))
            .order_by(USER.c.name, USER.c.id)
        )
        self.names = {row.id: str(row.name) for row in rows}
        self.admins = [row.id for row in rows if row.role == Role.HR_ADMIN.value]
        gone = tx.all(
            sa.select(AWAY.c.user_id, AWAY.c.deputy_id, USER.c.name)
            .join(USER, USER.c.id == AWAY.c.user_id)
            .where(AWAY.c.active)
            .order_by(AWAY.c.created_at, AWAY.c.id)
        )
        self.deputies: dict[str, list[str]] = {}
        self.absent: dict[str, str] = {}
        for row in gone:
            self.deputies.setdefault(row.user_id, []).append(row.deputy_id)
            self.absent[row.user_id] = str(row.name)

    def present(self, user_ids: Iterable[str], level: int) -> list[Told]:
        """Each of them who is there, or whoever stands in; each colleague once."""
        found: dict[str, Told] = {}
        for user_id in user_ids:
            for there in self._standing_in(user_id):
                instead = "" if there == user_id else self.absent[user_id]
                found.setdefault(there, Told(there, level, instead))
        return list(found.values())

    def here(self, user_ids: Iterable[str], level: int) -> list[Told]:
        """Those who are not away; when that is nobody, all of them."""
        some = list(user_ids)
        there = [one for one in some if one not in self.absent] or some
        return [Told(one, level) for one in there]

    def _standing_in(self, user_id: str) -> list[str]:
        """Themselves; their deputy; the deputy's deputy, and nobody further."""
        if user_id not in self.absent:
            return [user_id] if user_id in self.names else []
        there: list[str] = []
        for deputy in self.deputies[user_id]:
            if deputy not in self.names:
                continue
            if deputy not in self.absent:
                there.append(deputy)
                continue
            there += [
                one
                for one in self.deputies[deputy]
                if one in self.names and one not in self.absent and one != user_id
            ]
        return there


def _case(tx: Tx, candidate_id: str) -> tuple[str | None, str | None]:
    row: Any = tx.first(
        sa.select(
            sa.func.coalesce(CANDIDATE.c.owner_id, POSITION.c.owner_id).label("owner_id"),
            CANDIDATE.c.position_id,
        )
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(CANDIDATE.c.id == candidate_id, visible(SYSTEM))
    )
    if row is None:
        raise NotFound("no such candidate")
    return row.owner_id, row.position_id


def _team(tx: Tx, position_id: str | None) -> list[str]:
    rows = tx.all(
        sa.select(TEAMMATE.c.user_id)
        .where(TEAMMATE.c.position_id == position_id)
        .order_by(TEAMMATE.c.added_at, TEAMMATE.c.user_id)
    )
    return [row.user_id for row in rows]
