"""What a message carries besides its words: attachments, tickets, the platform's own form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import MediaKind, MediaState
from storage.queries.common import insert_new, table, update
from storage.tables import Attachment, Conversation, Message
from storage.vault import Vault, seal, unseal

ATTACHMENT = table(Attachment)
TALK = table(Conversation)
MESSAGE = table(Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMedia:
    """Something attached, as the platform names it."""

    ref: str
    kind: MediaKind
    name: str
    size: int
    here: bool = False  # its bytes are kept by whoever brought it


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """What lets us answer somebody until a moment."""

    value: str
    until: datetime


def attach(tx: Tx, key: SubjectKey, uid: str, media: Sequence[NewMedia]) -> list[str]:
    """Note a message's attachments; the ids of those whose bytes have to be fetched."""
    ids = []
    for position, one in enumerate(media):
        made = new_public_id("t")
        row = {
            "id": made,
            "message_uid": uid,
            "position": position,
            "kind": one.kind.value,
            "ref_sealed": seal(key, one.ref, "attachment.ref_sealed", made),
            "name_sealed": seal(key, one.name, "attachment.name_sealed", made),
            "size": one.size,
            "state": MediaState.NEW.value,
            "created_at": tx.now,
        }
        insert_new(tx, Attachment, [row])
        if not one.here:
            ids.append(made)
    return ids


def opens_nothing(tx: Tx, uid: str) -> None:
    """Note that a platform's window is not reckoned from this message."""
    update(tx, Message, MESSAGE.c.uid == uid, opens=False)


def keep_raw(tx: Tx, key: SubjectKey, uid: str, raw: str) -> None:
    """Keep the platform's own form of a message we cannot show."""
    sealed = seal(key, raw, "message.raw_sealed", uid)
    update(tx, Message, MESSAGE.c.uid == uid, raw_sealed=sealed)


def raw(tx: Tx, vault: Vault, uid: str) -> str | None:
    """The platform's own form of a message, if it was kept."""
    row = tx.first(
        sa.select(MESSAGE.c.raw_sealed, TALK.c.subject_id)
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .where(MESSAGE.c.uid == uid)
    )
    if row is None or row.raw_sealed is None:
        return None
    return unseal(vault.key(tx, row.subject_id), row.raw_sealed, "message.raw_sealed", uid)


def keep_ticket(tx: Tx, key: SubjectKey, conversation_id: str, ticket: NewTicket) -> None:
    """Remember a ticket; one that lives longer is not replaced by one that dies sooner."""
    sealed = seal(key, ticket.value, "conversation.ticket_sealed", conversation_id)
    older = sa.or_(TALK.c.ticket_until.is_(None), TALK.c.ticket_until <= ticket.until)
    where = sa.and_(TALK.c.id == conversation_id, older)
    update(tx, Conversation, where, ticket_sealed=sealed, ticket_until=ticket.until)


def spend_ticket(tx: Tx, conversation_id: str, until: datetime) -> None:
    """Forget the ticket that lives until then; a newer one stays."""
    where = sa.and_(TALK.c.id == conversation_id, TALK.c.ticket_until == until)
    update(tx, Conversation, where, ticket_sealed=None, ticket_until=None)


def ticket(tx: Tx, vault: Vault, conversation_id: str) -> NewTicket | None:
    """The ticket of a conversation, while it lives. Only its channel knows whether it works once,
    and goes on without one that is spent.
    """
    row = tx.first(
        sa.select(TALK.c.ticket_sealed, TALK.c.ticket_until, TALK.c.subject_id).where(
            TALK.c.id == conversation_id, TALK.c.ticket_until > tx.now
        )
    )
    if row is None or row.ticket_sealed is None:
        return None
    key = vault.key(tx, row.subject_id)
    value = unseal(key, row.ticket_sealed, "conversation.ticket_sealed", conversation_id)
    return NewTicket(value=value, until=row.ticket_until)
