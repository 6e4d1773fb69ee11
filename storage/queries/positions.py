"""Positions that are changed, and whom that is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import ENDED
from storage.errors import Conflict
from storage.queries.common import table, update
from storage.queries.people import get_position
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Position
from storage.viewer import SYSTEM, Viewer


def change(
    tx: Tx,
    viewer: Viewer,
    position_id: str,
    *,
    title: str,
    department: str,
    city: str,
    budget_low: int | None,
    budget_high: int | None,
    months: float | None,
    culture: Sequence[str],
    needed_by: date | None,
    requirements: str,
) -> None:
    """Change what a position says. Raises ``NotFound``, and ``Conflict`` on a bad range."""
    if budget_low is not None and budget_high is not None and budget_low > budget_high:
        raise Conflict("budget_low is above budget_high")
    get_position(tx, viewer, position_id)
    update(
        tx,
        Position,
        table(Position).c.id == position_id,
        title=title,
        department=department,
        city=city,
        budget_low=budget_low,
        budget_high=budget_high,
        months=months,
        culture=list(culture),
        needed_by=needed_by,
        requirements=requirements,
    )


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
