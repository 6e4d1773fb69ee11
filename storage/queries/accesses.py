"""Who of ours was told something of a candidate in their own chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.crypto import Keystore, new_public_id
from storage.database import Tx
from storage.queries import audit
from storage.queries.common import insert_all, table
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Access, User
from storage.viewer import Viewer

ACCESS = table(Access)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """A colleague asked ``what`` (the intent of the question) over a channel, and was told."""

    user_id: str
    user_name: str
    role: str
    what: str
    via: str
    at: datetime


def note(
    tx: Tx, keystore: Keystore, viewer: Viewer, told: Sequence[tuple[str, str]], *, via: str
) -> None:
    """Keep that somebody was told of candidates (id, what), each with its link in the chain."""
    rows = [
        {
            "id": new_public_id("ac"),
            "candidate_id": candidate_id,
            "user_id": viewer.id,
            "what": what,
            "via": via,
            "at": tx.now,
        }
        for candidate_id, what in told
    ]
    if not rows:
        return
    insert_all(tx, Access, rows)
    deeds = [
        audit.Deed(
            action="candidate.ask", object_id=candidate_id, details={"what": what, "via": via}
        )
        for candidate_id, what in told
    ]
    audit.append_all(tx, keystore, viewer, deeds)


def of(tx: Tx, viewer: Viewer, candidate_id: str, *, limit: int = 20) -> list[AccessRow]:
    """Who asked about a candidate, newest first, as far as the viewer may know of the candidate."""
    user = table(User)
    rows = tx.all(
        sa.select(ACCESS, user.c.name.label("user_name"), user.c.role)
        .join(CANDIDATE, CANDIDATE.c.id == ACCESS.c.candidate_id)
        .join(user, user.c.id == ACCESS.c.user_id)
        .where(visible(viewer), ACCESS.c.candidate_id == candidate_id)
        .order_by(ACCESS.c.at.desc(), ACCESS.c.id.desc())
        .limit(limit)
    )
    return [
        AccessRow(
            user_id=row.user_id,
            user_name=row.user_name,
            role=row.role,
            what=row.what,
            via=row.via,
            at=row.at,
        )
        for row in rows
    ]
