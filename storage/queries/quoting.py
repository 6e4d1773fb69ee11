"""Which message an alert quotes."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import AlertEventKind
from storage.queries.common import table
from storage.tables import AlertEvent

_SAID = (AlertEventKind.RAISED.value, AlertEventKind.JOINED.value)


def source(tx: Tx, alert_id: str) -> str:
    """The uid of the message that raised an alert or joined it last, also of an alert about
    ourselves; empty: none is known."""
    event = table(AlertEvent)
    about = tx.scalar(
        sa.select(event.c.about)
        .where(event.c.alert_id == alert_id, event.c.kind.in_(_SAID))
        .order_by(event.c.at.desc(), event.c.id.desc())
        .limit(1)
    )
    return str(about.get("source") or "") if about is not None else ""
