"""What colleagues say to somebody in a platform's own client: kept, and the bot gives way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Author, Direction, MessageKind, MessageStatus
from storage.queries import scheduled
from storage.queries.common import insert_new, table, update
from storage.queries.intake import talks_at
from storage.queries.queues import overtaken
from storage.tables import Conversation, Identity, Message
from storage.vault import Vault, seal

#: Read by HR beside words of the bot that did not leave.
OVERTAKEN = "同事已在平台的客户端里接手，这条不再发送"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAside:
    """What a colleague, found at ``by``, said (``words``) or did in the platform's own client."""

    channel: str
    address: str
    by: str
    external_id: str
    text: str
    sent_at: datetime
    words: bool = True
    mutes: bool = True


def put_aside(tx: Tx, vault: Vault, aside: NewAside) -> bool:
    """Keep what a colleague said in the platform's own client. If it mutes, the bot is silent there
    from now on: what it has not said yet, it does not say any more. False: it was kept before.
    """
    talk = talks_at(tx, vault, {(aside.channel, aside.address)})[aside.channel, aside.address]
    key = vault.key(tx, talk.subject_id)
    uid = new_public_id("m")
    identity = table(Identity)
    row = {
        "uid": uid,
        "channel": aside.channel,
        "external_id": aside.external_id,
        "conversation_id": talk.id,
        "direction": Direction.OUTBOUND.value,
        "kind": MessageKind.TEXT.value,
        "author": Author.HR.value,
        "author_id": tx.scalar(
            sa.select(identity.c.user_id).where(
                identity.c.channel == aside.channel, identity.c.address == aside.by
            )
        ),
        "body_sealed": seal(key, aside.text, "message.body_sealed", uid),
        "sent_at": aside.sent_at,
        "received_at": tx.now,
        "status": MessageStatus.SENT.value,
        "attempts": 0,
    }
    if not insert_new(tx, Message, [row]):
        return False
    talks = table(Conversation)
    # A turn that is being decided did not know of this, and decides again.
    moved: dict[str, Any] = {"last_at": tx.now, "version": talks.c.version + 1}
    if aside.mutes:
        moved["muted"] = True
        overtaken(tx, talk.id, why=OVERTAKEN)
    update(tx, Conversation, talks.c.id == talk.id, **moved)
    where = sa.and_(identity.c.channel == aside.channel, identity.c.address == aside.address)
    candidate_id = tx.scalar(sa.select(identity.c.candidate_id).where(where))
    if aside.words and candidate_id is not None:
        scheduled.cancel(tx, kind="answer_due", person_id=candidate_id)  # this was the answer
    return True
