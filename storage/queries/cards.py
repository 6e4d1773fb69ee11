"""Where an alert's card stands, and which was the last to be shown somewhere."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import OutboxKind, OutboxStatus
from storage.queries.common import insert_new, table, update
from storage.tables import Card, Outbox

OUTBOX = table(Outbox)


def last_card(tx: Tx, conversation_id: str) -> Any:
    """The card that was the last to be sent into a conversation: payload, its alert, and sent_at.

    None: there was none.
    """
    return tx.first(
        sa.select(OUTBOX.c.payload, OUTBOX.c.sent_at)
        .where(
            OUTBOX.c.conversation_id == conversation_id,
            OUTBOX.c.kind == OutboxKind.CARD.value,
            OUTBOX.c.status == OutboxStatus.SENT.value,
            OUTBOX.c.receipt.is_not(None),  # else a newer state stood there already
        )
        .order_by(OUTBOX.c.id.desc())
        .limit(1)
    )


def keep_card(tx: Tx, alert_id: str, conversation_id: str, receipt: str, revision: int) -> None:
    """Remember where an alert's card stands and which state it shows."""
    card = table(Card)
    here = sa.and_(card.c.alert_id == alert_id, card.c.conversation_id == conversation_id)
    if not update(tx, Card, here, receipt=receipt, revision=revision):
        insert_new(
            tx,
            Card,
            [
                {
                    "alert_id": alert_id,
                    "conversation_id": conversation_id,
                    "receipt": receipt,
                    "revision": revision,
                }
            ],
        )
