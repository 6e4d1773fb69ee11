"""Positions that are changed, and whom that is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import ENDED
from storage.errors import Conflict
from storage.queries.common import table, update
from storage.queries.people import get_position
from storage.queries.scope import CANDIDATE, visible
from storage.queries.teams import works
from storage.tables import Position
from storage.viewer import SYSTEM, Viewer

#: What of a position can be changed.
CHANGED = (
    "title", "department", "city", "budget_low", "budget_high", "months", "level", "headcount",
    "requirements", "culture", "needed_by", "owner_id", "manager_id",
)  # fmt: skip


def change(tx: Tx, viewer: Viewer, position_id: str, **to: Any) -> None:
    """Change what a position says, by names of ``CHANGED``; what is not named stays.

    Raises ``NotFound``, and ``Conflict`` on a bad range, or when HR would give a position that is
    a colleague's to somebody, as its owner sees whoever is up for it.
    """
    unknown = set(to) - set(CHANGED)
    if unknown:
        raise TypeError(f"not of a position: {sorted(unknown)}")
    stands = get_position(tx, viewer, position_id)
    low = to.get("budget_low", stands.budget_low)
    high = to.get("budget_high", stands.budget_high)
    if low is not None and high is not None and low > high:
        raise Conflict("budget_low is above budget_high")
    if to.get("owner_id", stands.owner_id) != stands.owner_id and not works(
        tx, viewer, position_id
    ):
        raise Conflict("this position is a colleague's")
    if "culture" in to:
        to["culture"] = list(to["culture"])
    if to:
        update(tx, Position, table(Position).c.id == position_id, **to)


def going_on(tx: Tx, position_id: str) -> list[str]:
    """Candidates for a position with whom it has not ended; for the product's own upkeep."""
    rows = tx.all(
        sa.select(CANDIDATE.c.id).where(
            visible(SYSTEM),
            CANDIDATE.c.position_id == position_id,
            CANDIDATE.c.stage.not_in([str(one) for one in ENDED]),
        )
    )
    return [row.id for row in rows]


def people_in(tx: Tx, viewer: Viewer, position_ids: Sequence[str]) -> dict[str, int]:
    """How many candidates the viewer may know of there are for several positions."""
    rows = tx.all(
        sa.select(CANDIDATE.c.position_id, sa.func.count().label("n"))
        .where(visible(viewer), CANDIDATE.c.position_id.in_(position_ids))
        .group_by(CANDIDATE.c.position_id)
    )
    return {row.position_id: row.n for row in rows}
