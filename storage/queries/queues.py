"""Queues at a platform that we pull: where we are, and what we may still say to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Author, Direction, MessageStatus, OutboxKind, OutboxStatus
from storage.queries.archive import is_brought
from storage.queries.common import insert_new, table, update
from storage.tables import Conversation, Message, Outbox, Queue

QUEUE = table(Queue)


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where one queue stands. ``token`` is the newest hint, empty when it was used."""

    cursor: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """When somebody last wrote (None: never), and how many messages we have sent since.

    By the earlier of the platform's clock and ours: when they differ we say less than we might.
    """

    last_at: datetime | None
    since: int


def hint(tx: Tx, channel: str, account: str, token: str = "") -> None:
    """Note that there is something to fetch; an empty hint keeps the one before."""
    insert_new(tx, Queue, [{"channel": channel, "account": account, "cursor": "", "token": token}])
    if token:
        update(tx, Queue, _here(channel, account), token=token)


def accounts(tx: Tx) -> list[tuple[str, str]]:
    """Every queue that was ever hinted at or pulled: channel and account."""
    rows = tx.all(sa.select(QUEUE.c.channel, QUEUE.c.account).order_by(QUEUE.c.channel))
    return [(row.channel, row.account) for row in rows]


def at(tx: Tx, channel: str, account: str) -> At:
    """Where to go on; a queue nobody has pulled begins at an empty cursor."""
    row = tx.first(sa.select(QUEUE.c.cursor, QUEUE.c.token).where(_here(channel, account)))
    return At(cursor=row.cursor, token=row.token) if row is not None else At(cursor="", token="")


def moved(tx: Tx, channel: str, account: str, *, before: At, cursor: str) -> None:
    """Keep a new cursor, once what it confirms is stored. A hint that came meanwhile stays."""
    insert_new(tx, Queue, [{"channel": channel, "account": account, "cursor": "", "token": ""}])
    here = _here(channel, account)
    done = {"pulled_at": tx.now, "error": None}
    update(tx, Queue, sa.and_(here, QUEUE.c.cursor == before.cursor), cursor=cursor, **done)
    update(tx, Queue, sa.and_(here, QUEUE.c.token == before.token), token="")


def failed(tx: Tx, channel: str, account: str, *, error: str) -> None:
    """Remember why a pull failed, for ``doctor`` and the console."""
    insert_new(tx, Queue, [{"channel": channel, "account": account, "cursor": "", "token": ""}])
    update(tx, Queue, _here(channel, account), error=error[:200])


def failing(tx: Tx) -> list[Any]:
    """Queues whose last pull failed: channel, account, error, and when one last worked."""
    return tx.all(
        sa.select(QUEUE.c.channel, QUEUE.c.account, QUEUE.c.error, QUEUE.c.pulled_at)
        .where(QUEUE.c.error.is_not(None))
        .order_by(QUEUE.c.channel, QUEUE.c.account)
    )


def spoken(tx: Tx, conversation_id: str) -> Spoken:
    """What a platform's window is reckoned by: the earlier of its clock and ours."""
    message, sends = table(Message), table(Outbox)
    last = tx.first(
        sa.select(
            sa.func.max(message.c.sent_at).label("sent_at"),
            sa.func.max(message.c.received_at).label("received_at"),
        ).where(
            message.c.conversation_id == conversation_id,
            message.c.direction == Direction.INBOUND.value,
            message.c.opens,
            ~is_brought(message.c.external_id),
        )
    )
    if last.sent_at is None:
        return Spoken(last_at=None, since=0)
    told = (OutboxStatus.SENT.value, OutboxStatus.AMBIGUOUS.value)
    since = tx.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(sends.c.parts), 0)).where(
            sends.c.conversation_id == conversation_id,
            sends.c.status.in_(told),
            sends.c.kind != OutboxKind.ANSWER.value,
            # Our clock on both sides: the platform's may be behind.
            sends.c.sent_at >= last.received_at,
        )
    )
    return Spoken(last_at=min(last.sent_at, last.received_at), since=int(since))


def overtaken(tx: Tx, conversation_id: str, *, why: str) -> int:
    """What the bot still has to say to somebody, a person of ours has said otherwise: it does not
    leave any more. The number of messages.
    """
    message, sends = table(Message), table(Outbox)
    waits = (OutboxStatus.NEW.value, OutboxStatus.HELD.value)
    rows = tx.all(
        sa.select(sends.c.id, sends.c.message_id)
        .join(message, message.c.id == sends.c.message_id)
        .where(
            sends.c.conversation_id == conversation_id,
            sends.c.status.in_(waits),
            message.c.author == Author.BOT.value,
        )
    )
    if rows:
        tx.run(sa.delete(sends).where(sends.c.id.in_([row.id for row in rows])))
        said = message.c.id.in_([row.message_id for row in rows])
        update(tx, Message, said, status=MessageStatus.DEAD.value, error=why)
    return len(rows)


def heard(tx: Tx, conversation_id: str, *, lock: bool = False) -> int:
    """The last message somebody wrote, 0 for none.

    ``lock``: whoever stores the next one waits for this transaction, and sees what it did.
    """
    message, talk = table(Message), table(Conversation)
    if lock:
        tx.first(sa.select(talk.c.id).where(talk.c.id == conversation_id).with_for_update())
    found = tx.scalar(
        sa.select(message.c.id)
        .where(
            message.c.conversation_id == conversation_id,
            message.c.direction == Direction.INBOUND.value,
        )
        .order_by(message.c.id.desc())
        .limit(1)
    )
    return int(found or 0)


def _here(channel: str, account: str) -> sa.ColumnElement[bool]:
    return sa.and_(QUEUE.c.channel == channel, QUEUE.c.account == account)
