"""What is kept of one person, where no other query has it yet: consents, who dealt with them.

Ask ``people.get_candidate`` first.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Role
from storage.queries.common import table
from storage.tables import AuditRow, Consent, Identity


def consents(tx: Tx, candidate_id: str) -> list[Any]:
    """Every link of somebody's consents (item, answer, at), oldest first."""
    rows = table(Consent)
    return tx.all(
        sa.select(rows.c.item, rows.c.answer, rows.c.at)
        .where(rows.c.candidate_id == candidate_id)
        .order_by(rows.c.at, rows.c.id)
    )


def roles(tx: Tx, candidate_id: str) -> list[Any]:
    """Which roles of ours dealt with the record: role, how often, when last (as written)."""
    rows = table(AuditRow)
    last = sa.func.max(rows.c.at).label("last")
    return tx.all(
        sa.select(rows.c.role, sa.func.count().label("times"), last)
        .where(rows.c.object == candidate_id, rows.c.role.in_([role.value for role in Role]))
        .group_by(rows.c.role)
        .order_by(rows.c.role)
    )


def channels(tx: Tx, candidate_id: str) -> list[str]:
    """The platforms somebody writes to us over."""
    rows = table(Identity)
    query = sa.select(rows.c.channel).where(rows.c.candidate_id == candidate_id).distinct()
    return sorted(row.channel for row in tx.all(query))
