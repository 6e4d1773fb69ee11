"""How near career plans are to roles: what is kept of it, and whose is due."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from storage.database import Tx
from storage.queries.common import chunks, table, update
from storage.queries.scope import visible
from storage.tables import Candidate
from storage.viewer import SYSTEM

CANDIDATE = table(Candidate)


def keep(tx: Tx, candidate_id: str, value: float | None, *, of: str | None) -> None:
    """Keep what comparing found, of the texts with the digest ``of``; None: there were none."""
    theirs = sa.and_(CANDIDATE.c.id == candidate_id, visible(SYSTEM))
    update(tx, Candidate, theirs, likeness=value, likeness_of=of, likeness_due=False)


def ask(tx: Tx, candidate_ids: Sequence[str]) -> None:
    """Let candidates be compared soon."""
    for some in chunks(candidate_ids):
        update(tx, Candidate, CANDIDATE.c.id.in_(some), likeness_due=True)


def ask_all(tx: Tx) -> int:
    """Let everybody with a position be compared soon; how many."""
    return update(tx, Candidate, CANDIDATE.c.position_id.is_not(None), likeness_due=True)


def due(tx: Tx, *, after: str = "", limit: int) -> list[str]:
    """Candidates that are due, by id."""
    query = (
        sa.select(CANDIDATE.c.id)
        .where(visible(SYSTEM), CANDIDATE.c.likeness_due, CANDIDATE.c.id > after)
        .order_by(CANDIDATE.c.id)
        .limit(limit)
    )
    return [row.id for row in tx.all(query)]
