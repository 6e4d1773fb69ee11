"""Chats of colleagues that we listen to: whose they are decides whether anything is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from storage.database import Tx
from storage.queries.common import table
from storage.queries.intake import open_conversation
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Identity, User
from storage.vault import Vault
from storage.viewer import SYSTEM

IDENTITY = table(Identity)


class Refusal(StrEnum):
    """Why nothing of a chat is kept."""

    HOST = "host_not_ours"
    PERSON = "person_not_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chat at ``address``; ``host`` and ``person`` are where its two have an identity."""

    channel: str
    address: str
    host: str
    person: str


def admit(tx: Tx, vault: Vault, place: Place) -> Refusal | None:
    """Open the conversation of a chat as the person's own, or say why nothing of it is kept."""
    user = table(User)
    host = (
        sa.select(user.c.id)
        .join(IDENTITY, IDENTITY.c.user_id == user.c.id)
        .where(
            IDENTITY.c.channel == place.channel,
            IDENTITY.c.address == place.host,
            user.c.disabled_at.is_(None),
        )
    )
    if tx.first(host) is None:
        return Refusal.HOST
    person: str | None = tx.scalar(
        sa.select(CANDIDATE.c.id)
        .join(IDENTITY, IDENTITY.c.candidate_id == CANDIDATE.c.id)
        .where(
            IDENTITY.c.channel == place.channel,
            IDENTITY.c.address == place.person,
            visible(SYSTEM),
        )
    )
    if person is None:
        return Refusal.PERSON
    open_conversation(tx, vault, place.channel, place.address, candidate_id=person)
    return None
