"""A one-time code for somebody who cannot open their link, made at the desk and shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.pipeline import Road
from storage.database import Tx
from storage.queries import audit, codes, people
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code as it is read out: two groups of four."""

    code: str
    expires_at: datetime


async def make(road: Road, viewer: Viewer, candidate_id: str) -> Coded:
    """Make a code; the one before ends. Raises ``NotFound`` for a person the viewer may not know
    of."""

    def work(tx: Tx) -> Coded:
        people.get_candidate(tx, road.vault, viewer, candidate_id)
        code, until = codes.create(tx, road.vault, candidate_id, created_by=viewer.id)
        audit.append(tx, road.vault.keystore, viewer, "invite.code", candidate_id)
        return Coded(code=f"{code[:4]}-{code[4:]}", expires_at=until)

    return await road.database.write(work)
