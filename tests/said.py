"""What the product said in a chat, by the address of who reads it."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Direction, MessageKind
from storage.queries import timeline
from storage.queries.common import table
from storage.tables import Conversation, Message
from storage.vault import Vault


def said(tx: Tx, vault: Vault, address: str) -> list[str]:
    """Every text that was sent there, oldest first."""
    talk, message = table(Conversation), table(Message)
    rows = tx.all(
        sa.select(message.c.id)
        .join(talk, talk.c.id == message.c.conversation_id)
        .where(
            talk.c.address == address,
            message.c.direction == Direction.OUTBOUND.value,
            message.c.kind == MessageKind.TEXT.value,
        )
        .order_by(message.c.id)
    )
    return [timeline.said(tx, vault, row.id)[0] for row in rows]
