"""/api/v1/audit."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request

from bot.web import cursors
from bot.web.api.common import PREFIX, Cursor, Limit, Listed, Out, StrictRoute, cut
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from storage.queries import audit
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/audit", tags=["audit"], route_class=StrictRoute)


class AuditEntry(Out):
    """One link of the chain: who did what to which object. No person's data in it."""

    seq: int
    at: str
    actor: str
    role: str
    action: str
    object: str
    purpose: str
    outcome: str
    request_id: str
    details: dict[str, Any]
    prev_hash: str
    hash: str


@router.get("")
async def page(
    request: Request,
    who: Annotated[Principal, needs(Permission.AUDIT_READ)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listed[AuditEntry]:
    """The audit chain, newest first."""
    before = cursors.number(cursor)
    rows = await site_of(request).road.database.read(
        lambda tx: audit.page(tx, before=before, limit=limit + 1)
    )
    rows, following = cut(rows, limit, lambda row: cursors.made(row.seq))
    fields = AuditEntry.model_fields
    items = [AuditEntry(**{name: getattr(row, name) for name in fields}) for row in rows]
    return Listed(items=items, next=following)
