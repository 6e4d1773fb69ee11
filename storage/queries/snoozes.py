"""Putting an alert off: it stays open, nobody is reminded until then, and it says who did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import AlertEventKind
from storage.queries.alerts import ALERT, UNRESOLVED
from storage.queries.common import insert_new, table
from storage.tables import AlertEvent, User


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """Who put an alert off, when, and until when."""

    by: str
    at: datetime
    until: datetime


def snooze(tx: Tx, alert_id: str, until: datetime, *, user_id: str, cause: str) -> int | None:
    """Remind nobody of an unresolved alert before ``until``; its new revision.

    None: this cause was known already, or the alert is resolved: there is nothing to put off.
    """
    resolved = tx.scalar(
        sa.select(sa.literal(1)).where(ALERT.c.id == alert_id, ALERT.c.status.not_in(UNRESOLVED))
    )
    if resolved is not None:
        return None
    event = {
        "id": new_public_id("ev"),
        "alert_id": alert_id,
        "kind": AlertEventKind.SNOOZED.value,
        "user_id": user_id,
        "cause": f"snoozed:{cause}",
        "at": tx.now,
        "about": {"until": until.isoformat()},
    }
    if not insert_new(tx, AlertEvent, [event]):
        return None
    revision = tx.scalar(
        sa.update(ALERT)
        .where(ALERT.c.id == alert_id)
        .values(snoozed_until=until, updated_at=tx.now, revision=ALERT.c.revision + 1)
        .returning(ALERT.c.revision)
    )
    return int(revision)


def standing(tx: Tx, alert_id: str) -> PutOff | None:
    """Who an alert is put off by, while it is."""
    event, user = table(AlertEvent), table(User)
    row = tx.first(
        sa.select(event.c.at, user.c.name, ALERT.c.snoozed_until)
        .join(ALERT, ALERT.c.id == event.c.alert_id)
        .outerjoin(user, user.c.id == event.c.user_id)
        .where(
            event.c.alert_id == alert_id,
            event.c.kind == AlertEventKind.SNOOZED.value,
            ALERT.c.snoozed_until.is_not(None),
        )
        .order_by(event.c.at.desc(), event.c.id.desc())
        .limit(1)
    )
    if row is None:
        return None
    return PutOff(by=row.name or "", at=row.at, until=row.snoozed_until)
