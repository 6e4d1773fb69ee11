"""Many candidates at once: what ``storage.queries.people`` does for one, in a statement for all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Stage
from storage.errors import NotFound
from storage.queries import people
from storage.queries.common import chunks, insert_all, table
from storage.queries.people import PositionRow
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Candidate, Factor
from storage.vault import Vault
from storage.viewer import Viewer

FACTOR = table(Factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCandidate:
    """Somebody to add."""

    name: str
    stage: Stage
    phone: str = ""
    position_id: str | None = None
    start_on: date | None = None
    owner_id: str | None = None


def create(
    tx: Tx, vault: Vault, viewer: Viewer, new: Sequence[NewCandidate]
) -> list[tuple[str, SubjectKey]]:
    """Add candidates; id and key of each, in order.

    Raises ``NotFound`` for a position the viewer cannot see.
    """
    for position_id in sorted({one.position_id for one in new if one.position_id is not None}):
        people.get_position(tx, viewer, position_id)
    ids = [new_public_id("c") for _ in new]
    keys = vault.new_subjects(tx, ids)
    made = list(zip(ids, keys, strict=True))
    rows = [
        people.new_row(vault, key, id_, name=one.name, stage=one.stage, phone=one.phone, at=tx.now)
        | {"position_id": one.position_id, "owner_id": one.owner_id, "start_on": one.start_on}
        for one, (id_, key) in zip(new, made, strict=True)
    ]
    insert_all(tx, Candidate, rows)
    return made


def assign(tx: Tx, viewer: Viewer, candidate_ids: Sequence[str], position_id: str) -> None:
    """Put candidates up for a position. Raises ``NotFound`` where the viewer cannot see one."""
    people.get_position(tx, viewer, position_id)
    values = {"position_id": position_id, "version": CANDIDATE.c.version + 1}
    for some in chunks(candidate_ids):
        theirs = sa.and_(CANDIDATE.c.id.in_(some), visible(viewer))
        if tx.run(sa.update(CANDIDATE).where(theirs).values(**values)).rowcount != len(some):
            raise NotFound("no such candidate")


def positions(tx: Tx, viewer: Viewer, ids: Collection[str]) -> dict[str, PositionRow]:
    """Positions by id. Raises ``NotFound`` where the viewer cannot see one."""
    return {id_: people.get_position(tx, viewer, id_) for id_ in sorted(ids)}


def factors(tx: Tx, candidate_ids: Collection[str]) -> dict[str, list[Any]]:
    """Contributions that have not ended, newest first, by candidate."""
    found: dict[str, list[Any]] = {candidate_id: [] for candidate_id in candidate_ids}
    for some in chunks(candidate_ids):
        query = (
            sa.select(FACTOR)
            .where(FACTOR.c.candidate_id.in_(some), FACTOR.c.ended_at.is_(None))
            .order_by(FACTOR.c.at.desc())
        )
        for row in tx.all(query):
            found[row.candidate_id].append(row)
    return found
