"""What was said elsewhere, brought into the record: finished messages, in talks that exist.

Nobody is answered and nothing is read or sent because of them. They open no window, and are no
context for what is said now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Author, Direction, MessageKind, MessageStatus
from storage.queries import carried
from storage.queries.common import insert_new, table
from storage.tables import Conversation, Identity, Message
from storage.vault import Vault, seal

#: Before the external id of what was brought in.
BROUGHT = "old:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """One message of a platform's archive. ``by``: where the colleague is who said it; empty:
    the person at ``address`` did."""

    address: str
    by: str
    external_id: str
    kind: MessageKind
    text: str
    sent_at: datetime
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of some: kept, known already, or with nobody we know."""

    kept: int = 0
    known: int = 0
    strangers: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            kept=self.kept + other.kept,
            known=self.known + other.known,
            strangers=self.strangers + other.strangers,
        )


def bring(tx: Tx, vault: Vault, channel: str, past: Sequence[Brought]) -> Counted:
    """Keep messages with people who are known as candidates at their address; others' words are
    not ours to keep.
    """
    talks = _talks(tx, channel, {one.address for one in past})
    users = _users(tx, channel, {one.by for one in past if one.by})
    keys = vault.keys(tx, {talk.subject_id for talk in talks.values()})
    kept = strangers = 0
    for one in past:
        talk = talks.get(one.address)
        if talk is None:
            strangers += 1
            continue
        row = _row(one, channel, talk, users.get(one.by))
        key = keys[talk.subject_id]
        row["body_sealed"] = seal(key, one.text, "message.body_sealed", row["uid"])
        if insert_new(tx, Message, [row]):
            kept += 1
            if one.raw:
                carried.keep_raw(tx, key, row["uid"], one.raw)
    return Counted(kept=kept, known=len(past) - kept - strangers, strangers=strangers)


def is_brought(external_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a message was brought in."""
    return external_id.startswith(BROUGHT)


def _row(one: Brought, channel: str, talk: Any, user_id: str | None) -> dict[str, Any]:
    inbound = not one.by
    return {
        "uid": new_public_id("m"),
        "channel": channel,
        "external_id": f"{BROUGHT}{one.external_id}"[:200],
        "conversation_id": talk.id,
        "direction": (Direction.INBOUND if inbound else Direction.OUTBOUND).value,
        "kind": one.kind.value,
        "author": (Author.CANDIDATE if inbound else Author.HR).value,
        "author_id": user_id,
        "sent_at": one.sent_at,
        "received_at": one.sent_at,
        "status": (MessageStatus.DONE if inbound else MessageStatus.SENT).value,
        "attempts": 0,
    }


def _talks(tx: Tx, channel: str, addresses: set[str]) -> dict[str, Any]:
    talk, identity = table(Conversation), table(Identity)
    rows = tx.all(
        sa.select(talk.c.id, talk.c.address, talk.c.subject_id)
        .join(identity, identity.c.id == talk.c.identity_id)
        .where(
            talk.c.channel == channel,
            talk.c.address.in_(addresses),
            identity.c.candidate_id.is_not(None),
        )
    )
    return {row.address: row for row in rows}


def _users(tx: Tx, channel: str, addresses: set[str]) -> dict[str, str]:
    identity = table(Identity)
    rows = tx.all(
        sa.select(identity.c.address, identity.c.user_id).where(
            identity.c.channel == channel,
            identity.c.address.in_(addresses),
            identity.c.user_id.is_not(None),
        )
    )
    return {row.address: row.user_id for row in rows}
