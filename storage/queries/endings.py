"""Cases that ended, with every contribution to their scores there ever was. Nothing is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from storage.database import Tx
from storage.queries.common import table
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Ending, Factor
from storage.viewer import Viewer

ENDING, FACTOR = table(Ending), table(Factor)
#: Candidates whose factors are asked for at once.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One case: how it ended by the newest word on it, and since when we know the person."""

    candidate_id: str
    outcome: str
    on_day: date
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRow:
    """One contribution: from ``at`` until ``ended_at``, if it was taken back."""

    rule: str
    adds: float
    fades_after_days: float
    at: datetime
    ended_at: datetime | None


def ended(tx: Tx, viewer: Viewer) -> list[Ended]:
    """Every case that ended of people the viewer may know of, by day."""
    newest = sa.func.row_number().over(
        partition_by=ENDING.c.candidate_id,
        order_by=(ENDING.c.recorded_at.desc(), ENDING.c.id.desc()),
    )
    ranked = (
        sa.select(
            ENDING.c.candidate_id,
            ENDING.c.outcome,
            ENDING.c.on_day,
            CANDIDATE.c.created_at,
            newest.label("rank"),
        )
        .join(CANDIDATE, CANDIDATE.c.id == ENDING.c.candidate_id)
        .where(visible(viewer))
        .subquery()
    )
    rows = tx.all(
        sa.select(ranked).where(ranked.c.rank == 1).order_by(ranked.c.on_day, ranked.c.candidate_id)
    )
    return [
        Ended(
            candidate_id=row.candidate_id,
            outcome=row.outcome,
            on_day=row.on_day,
            since=row.created_at,
        )
        for row in rows
    ]


def factors(tx: Tx, candidate_ids: Sequence[str]) -> dict[str, list[FactorRow]]:
    """All contributions to the scores of several candidates, also what ended, oldest first."""
    found: dict[str, list[FactorRow]] = {one: [] for one in candidate_ids}
    for first in range(0, len(candidate_ids), _AT_ONCE):
        some = candidate_ids[first : first + _AT_ONCE]
        query = sa.select(
            FACTOR.c.candidate_id,
            FACTOR.c.rule,
            FACTOR.c.adds,
            FACTOR.c.fades_after_days,
            FACTOR.c.at,
            FACTOR.c.ended_at,
        ).where(FACTOR.c.candidate_id.in_(some))
        for row in tx.all(query.order_by(FACTOR.c.at, FACTOR.c.id)):
            found[row.candidate_id].append(
                FactorRow(
                    rule=row.rule,
                    adds=row.adds,
                    fades_after_days=row.fades_after_days,
                    at=row.at,
                    ended_at=row.ended_at,
                )
            )
    return found
