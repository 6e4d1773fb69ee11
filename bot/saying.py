"""What we say and show by ourselves: words in a chat, an alert's card, a line to a group."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Author, OutboxKind
from storage.queries import alerts, covering, intake, outbox, record
from storage.queries.outbox import NewSend
from storage.vault import Vault


def tell(
    tx: Tx,
    vault: Vault,
    owner_id: str | None,
    text: str,
    *,
    idem: str,
    channels: Collection[str],
) -> set[str]:
    """Words for whoever is responsible, or stands in for them, in their own chats: no alert,
    nothing to press."""
    sends: list[NewSend] = []
    who = [None] if owner_id is None else covering.there(tx, owner_id)
    for talk in (talk for one in who for talk in alerts.receivers(tx, one, channels)):
        key = vault.key(tx, talk.subject_id)
        sends += said_by_us(tx, key, talk, idem=f"{idem}:{talk.id}", text=text, author=Author.BOT)
    return outbox.enqueue(tx, sends)


def said_by_us(
    tx: Tx,
    key: SubjectKey,
    talk: Any,
    *,
    idem: str,
    text: str,
    author: Author,
    author_id: str | None = None,
    choices: Sequence[tuple[str, str]] = (),
) -> list[NewSend]:
    """An outbound message in the timeline and what sends it; nothing when it was said before.

    The outbox row points at the message, so the words are stored once.
    """
    message_id = record.say(
        tx,
        key,
        talk=talk,
        idem=idem,
        text=text,
        author=author,
        author_id=author_id,
        choices=choices,
    )
    if message_id is None:
        return []
    return [
        NewSend(
            idem=idem,
            channel=talk.channel,
            conversation_id=talk.id,
            kind=OutboxKind.TEXT,
            payload="",
            message_id=message_id,
        )
    ]


def send_cards(tx: Tx, alert_id: str, revision: int, receivers: Sequence[Any]) -> set[str]:
    """Send an alert's card, or its new state, to staff conversations (id, channel)."""
    return outbox.enqueue(
        tx,
        [
            NewSend(
                idem=f"card:{alert_id}:{revision}:{receiver.id}",
                channel=receiver.channel,
                conversation_id=receiver.id,
                kind=OutboxKind.CARD,
                payload=alert_id,
            )
            for receiver in receivers
        ],
    )


def ring(tx: Tx, vault: Vault, boards: Sequence[tuple[str, str]], text: str) -> set[str]:
    """Say the same to every board (channel, address); the channels that have work.

    One that is still to be told something is not told twice: it says the same of both.
    """
    sends: list[NewSend] = []
    for channel, address in boards:
        talk = intake.talk_at(tx, vault, channel, address)
        if outbox.waits(tx, talk.id):
            continue
        key = vault.key(tx, talk.subject_id)
        idem = f"board:{new_public_id('b')}"
        sends += said_by_us(tx, key, talk, idem=idem, text=text, author=Author.BOT)
    return outbox.enqueue(tx, sends)
