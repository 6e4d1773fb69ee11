"""How good each kind of alert was, as far as telling goes by it."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database import Tx
from storage.queries.common import table
from storage.tables import KindStanding

STANDING = table(KindStanding)


def demoted(tx: Tx) -> frozenset[str]:
    """Topics that go into the digest for their record."""
    rows = tx.all(sa.select(STANDING.c.topic).where(STANDING.c.demoted_at.is_not(None)))
    return frozenset(row.topic for row in rows)
