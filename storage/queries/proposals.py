"""Proposals: statements found in a document, kept sealed until HR confirmed or dropped them.

The body is JSON, sealed with the candidate's key. Ask ``people.get_candidate`` first: nothing here
asks who is looking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.errors import Conflict, NotFound
from storage.queries.common import insert, table, update
from storage.tables import Proposal
from storage.vault import seal, unseal

PROPOSAL = table(Proposal)
NEW, DONE, DROPPED = "new", "done", "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRow:
    """One proposal, opened. ``source`` is where the document came from: attachment:<id> …"""

    id: str
    source: str
    state: str
    body: dict[str, Any]
    created_by: str | None
    created_at: datetime
    settled_at: datetime | None


def create(
    tx: Tx, key: SubjectKey, candidate_id: str, body: dict[str, Any], *, source: str, by: str
) -> str:
    """Keep a proposal; its id."""
    proposal_id = new_public_id("r")
    row = {
        "id": proposal_id,
        "candidate_id": candidate_id,
        "source": source,
        "state": NEW,
        "body_sealed": _sealed(key, body, proposal_id),
        "created_by": by,
        "created_at": tx.now,
    }
    insert(tx, Proposal, row)
    return proposal_id


def of_candidate(
    tx: Tx, key: SubjectKey, candidate_id: str, *, settled: bool = False
) -> list[ProposalRow]:
    """Proposals that wait, newest first; with ``settled`` also the others."""
    query = sa.select(PROPOSAL).where(PROPOSAL.c.candidate_id == candidate_id)
    if not settled:
        query = query.where(PROPOSAL.c.state == NEW)
    query = query.order_by(PROPOSAL.c.created_at.desc(), PROPOSAL.c.id.desc())
    return [_opened(key, row) for row in tx.all(query)]


def get(tx: Tx, key: SubjectKey, candidate_id: str, proposal_id: str) -> ProposalRow:
    """One proposal, opened. Raises ``NotFound``, also for another candidate's."""
    row = tx.first(sa.select(PROPOSAL).where(_theirs(candidate_id, proposal_id)))
    if row is None:
        raise NotFound("no such proposal")
    return _opened(key, row)


def waiting(tx: Tx, candidate_id: str, *, source: str) -> str | None:
    """The id of the proposal from a document that still waits, or None."""
    found = tx.scalar(
        sa.select(PROPOSAL.c.id).where(
            PROPOSAL.c.candidate_id == candidate_id,
            PROPOSAL.c.source == source,
            PROPOSAL.c.state == NEW,
        )
    )
    return None if found is None else str(found)


def rewrite(
    tx: Tx, key: SubjectKey, candidate_id: str, proposal_id: str, body: dict[str, Any]
) -> None:
    """Keep how far the confirming came. Raises ``Conflict`` when it is settled meanwhile."""
    _change(tx, candidate_id, proposal_id, body_sealed=_sealed(key, body, proposal_id))


def settle(tx: Tx, candidate_id: str, proposal_id: str, state: str) -> None:
    """Close a proposal: ``done`` or ``dropped``. Raises ``Conflict`` when it is closed already."""
    _change(tx, candidate_id, proposal_id, state=state, settled_at=tx.now)


def _change(tx: Tx, candidate_id: str, proposal_id: str, **values: Any) -> None:
    open_one = sa.and_(_theirs(candidate_id, proposal_id), PROPOSAL.c.state == NEW)
    if update(tx, Proposal, open_one, **values) != 1:
        raise Conflict("this proposal is settled already")


def _theirs(candidate_id: str, proposal_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(PROPOSAL.c.id == proposal_id, PROPOSAL.c.candidate_id == candidate_id)


def _sealed(key: SubjectKey, body: dict[str, Any], proposal_id: str) -> str:
    words = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return seal(key, words, "proposal.body_sealed", proposal_id, pad=True)


def _opened(key: SubjectKey, row: Any) -> ProposalRow:
    return ProposalRow(
        id=row.id,
        source=row.source,
        state=row.state,
        body=json.loads(unseal(key, row.body_sealed, "proposal.body_sealed", row.id)),
        created_by=row.created_by,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
