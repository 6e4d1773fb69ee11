"""Reading what was said: one timeline over all channels, and the candidate's own chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Author, Direction, MessageKind, MessageStatus
from storage.errors import NotFound
from storage.queries import choices
from storage.queries.archive import BROUGHT
from storage.queries.common import table, update
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Conversation, Identity, Message, Outbox, Reading, User
from storage.vault import Vault, unseal
from storage.viewer import Viewer

MESSAGE = table(Message)
TALK = table(Conversation)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message as people see it. ``spans`` are places in ``text`` that carried an intent."""

    id: int
    uid: str
    external_id: str
    conversation_id: str
    channel: str
    direction: Direction
    kind: MessageKind
    author: Author
    author_name: str
    text: str
    sent_at: datetime
    status: MessageStatus
    error: str
    spans: tuple[dict[str, Any], ...] = ()
    intents: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()  # label and action, offered under it


def timeline(
    tx: Tx,
    vault: Vault,
    viewer: Viewer,
    candidate_id: str,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[MessageRow]:
    """The latest messages with a candidate over all channels, oldest first.

    ``before`` and ``after`` are message ids to page from. Raises ``NotFound``.
    """
    talks = tx.all(
        sa.select(TALK.c.id)
        .join(table(Identity), table(Identity).c.id == TALK.c.identity_id)
        .join(CANDIDATE, CANDIDATE.c.id == table(Identity).c.candidate_id)
        .where(CANDIDATE.c.id == candidate_id, visible(viewer))
    )
    if not talks:
        known = sa.select(CANDIDATE.c.id).where(CANDIDATE.c.id == candidate_id, visible(viewer))
        if tx.first(known) is None:
            raise NotFound("no such candidate")
        return []
    ids = [talk.id for talk in talks]
    return _messages(tx, vault, ids, before=before, after=after, limit=limit)


def in_time(rows: Sequence[MessageRow]) -> list[MessageRow]:
    """A stretch of the timeline where what was brought in later stands when it was said."""
    brought = [row for row in rows if row.external_id.startswith(BROUGHT)]
    others = [row for row in rows if not row.external_id.startswith(BROUGHT)]
    return list(merge(others, brought, key=lambda row: row.sent_at))


def chat(
    tx: Tx,
    vault: Vault,
    conversation_id: str,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[MessageRow]:
    """What the person of one conversation sees: their messages and what was sent to them."""
    rows = _messages(
        tx, vault, [conversation_id], before=before, after=after, limit=limit, delivered=True
    )
    return [row for row in rows if row.kind is not MessageKind.PRESS]


def _messages(
    tx: Tx,
    vault: Vault,
    talk_ids: Sequence[str],
    *,
    before: int | None,
    after: int | None,
    limit: int,
    delivered: bool = False,
) -> list[MessageRow]:
    user = table(User)
    rows: list[Any] = []
    # One index walk per conversation, then the newest of all: an IN over conversations would
    # make the database sort every message they ever had.
    for talk_id in talk_ids:
        query = (
            sa.select(MESSAGE, TALK.c.subject_id, user.c.name.label("user_name"))
            .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
            .outerjoin(user, user.c.id == MESSAGE.c.author_id)
            .where(MESSAGE.c.conversation_id == talk_id)
        )
        if delivered:
            query = query.where(
                sa.or_(
                    MESSAGE.c.direction == Direction.INBOUND.value,
                    MESSAGE.c.status == MessageStatus.SENT.value,
                )
            )
        if before is not None:
            query = query.where(MESSAGE.c.id < before)
        if after is not None:
            query = query.where(MESSAGE.c.id > after).order_by(MESSAGE.c.id)
        else:
            query = query.order_by(MESSAGE.c.id.desc())
        rows.extend(tx.all(query.limit(limit)))
    rows.sort(key=lambda row: row.id)
    rows = rows[:limit] if after is not None else rows[-limit:]
    heard = _readings(tx, rows)
    keys = vault.keys(tx, {row.subject_id for row in rows})
    pressed = choices.names(tx, rows)
    return [_open(row, keys, heard, pressed) for row in rows]


def _readings(tx: Tx, rows: Sequence[Any]) -> dict[str, Any]:
    """Evidence by message uid; a reading stands at the last message of its utterance."""
    ids = [row.id for row in rows if row.direction == Direction.INBOUND.value]
    if not ids:
        return {}
    reading = table(Reading)
    found: dict[str, Any] = {}
    for row in tx.all(
        sa.select(reading.c.intents, reading.c.evidence, reading.c.covers).where(
            reading.c.message_id.in_(ids)
        )
    ):
        for uid in row.covers:
            spans = tuple(span for span in row.evidence if span["uid"] == uid)
            found[uid] = (spans, tuple(row.intents))
    return found


def _open(
    row: Any, keys: Any, heard: dict[str, Any], pressed: dict[tuple[str, str], str]
) -> MessageRow:
    spans, intents = heard.get(row.uid, ((), ()))
    text = unseal(keys[row.subject_id], row.body_sealed, "message.body_sealed", row.uid)
    if row.kind == MessageKind.PRESS.value:
        text = pressed.get((row.conversation_id, text), text)
    return MessageRow(
        id=row.id,
        uid=row.uid,
        external_id=row.external_id,
        conversation_id=row.conversation_id,
        channel=row.channel,
        direction=Direction(row.direction),
        kind=MessageKind(row.kind),
        author=Author(row.author),
        author_name=row.user_name or "",
        text=text,
        sent_at=row.sent_at,
        status=MessageStatus(row.status),
        error=row.error or "",
        spans=spans,
        intents=intents,
        choices=tuple((label, action) for label, action in row.choices or ()),
    )


def latest_id(tx: Tx, conversation_id: str) -> int:
    """The newest message's id, 0 for none: cheap to ask often."""
    found = tx.scalar(
        sa.select(MESSAGE.c.id)
        .where(MESSAGE.c.conversation_id == conversation_id)
        .order_by(MESSAGE.c.id.desc())
        .limit(1)
    )
    return found or 0


def reply_to(
    tx: Tx,
    viewer: Viewer,
    candidate_id: str,
    *,
    listens: Callable[[str, str], bool],
    only: str | None = None,
) -> Any:
    """The conversation a reply to a candidate goes to: the one they wrote in last, or ``only``.

    ``listens``: whether we only listen at a channel's address. Raises ``NotFound`` when there is
    none the viewer may use.
    """
    identity = table(Identity)
    rows = tx.all(
        sa.select(TALK, identity.c.reachable, CANDIDATE.c.version.label("candidate_version"))
        .join(identity, identity.c.id == TALK.c.identity_id)
        .join(CANDIDATE, CANDIDATE.c.id == identity.c.candidate_id)
        .where(CANDIDATE.c.id == candidate_id, visible(viewer))
        .order_by(TALK.c.last_at.desc())
    )
    for row in rows:
        if only in (None, row.id) and not listens(row.channel, row.address):
            return row
    raise NotFound("this candidate has no conversation yet")


def conversations_of(tx: Tx, viewer: Viewer, candidate_id: str) -> list[Any]:
    """A candidate's conversations: id, channel, address, muted, last_at, reachable."""
    identity = table(Identity)
    seen = (TALK.c.id, TALK.c.channel, TALK.c.address, TALK.c.muted, TALK.c.last_at)
    return tx.all(
        sa.select(*seen, identity.c.reachable)
        .join(identity, identity.c.id == TALK.c.identity_id)
        .join(CANDIDATE, CANDIDATE.c.id == identity.c.candidate_id)
        .where(CANDIDATE.c.id == candidate_id, visible(viewer))
        .order_by(TALK.c.last_at.desc())
    )


def release(tx: Tx, viewer: Viewer, candidate_id: str) -> int:
    """Let the bot speak again in a candidate's conversations; the number released."""
    ids = [row.id for row in conversations_of(tx, viewer, candidate_id) if row.muted]
    if not ids:
        return 0
    return update(tx, Conversation, TALK.c.id.in_(ids), muted=False, version=TALK.c.version + 1)


def outbox_of(tx: Tx, message_ids: Sequence[int]) -> dict[int, Any]:
    """Outbox rows of outbound messages, by message id: id, status, error, doubtful."""
    outbox = table(Outbox)
    told = (outbox.c.id, outbox.c.status, outbox.c.error, outbox.c.doubtful)
    rows = tx.all(sa.select(outbox.c.message_id, *told).where(outbox.c.message_id.in_(message_ids)))
    return {row.message_id: row for row in rows}


def text_of(tx: Tx, vault: Vault, message_id: int) -> str:
    """The words of one message."""
    return said(tx, vault, message_id)[0]


def said(tx: Tx, vault: Vault, message_id: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The words of one message, and the choices (label, action) under them."""
    row = tx.first(
        sa.select(MESSAGE.c.uid, MESSAGE.c.body_sealed, MESSAGE.c.choices, TALK.c.subject_id)
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .where(MESSAGE.c.id == message_id)
    )
    if row is None:
        raise NotFound("no such message")
    text = unseal(vault.key(tx, row.subject_id), row.body_sealed, "message.body_sealed", row.uid)
    return text, tuple((label, action) for label, action in row.choices or ())


def colleague(tx: Tx, message_id: int) -> str:
    """The name of the one of ours who wrote a message; empty for what nobody did in person."""
    user = table(User)
    query = (
        sa.select(user.c.name)
        .join(MESSAGE, MESSAGE.c.author_id == user.c.id)
        .where(MESSAGE.c.id == message_id, MESSAGE.c.author == Author.HR.value)
    )
    return str(tx.scalar(query) or "")


def external_id(tx: Tx, uid: str) -> str | None:
    """The platform's own id of a message."""
    found: str | None = tx.scalar(sa.select(MESSAGE.c.external_id).where(MESSAGE.c.uid == uid))
    return found


def by_uid(tx: Tx, uid: str) -> int | None:
    """The number of a message."""
    found: int | None = tx.scalar(sa.select(MESSAGE.c.id).where(MESSAGE.c.uid == uid))
    return found


def uid_of(tx: Tx, channel: str, external: str) -> str | None:
    """Our id of a message the platform, or we, call ``external``."""
    where = sa.and_(MESSAGE.c.channel == channel, MESSAGE.c.external_id == external)
    found: str | None = tx.scalar(sa.select(MESSAGE.c.uid).where(where))
    return found


def in_conversation(tx: Tx, conversation_id: str, uid: str) -> int | None:
    """The number of a message, if it belongs to this conversation."""
    where = sa.and_(MESSAGE.c.uid == uid, MESSAGE.c.conversation_id == conversation_id)
    found: int | None = tx.scalar(sa.select(MESSAGE.c.id).where(where))
    return found


def by_uids(tx: Tx, vault: Vault, uids: Sequence[str]) -> list[MessageRow]:
    """Several messages, oldest first, without what was read in them.

    The caller has made sure that they may be shown.
    """
    user = table(User)
    rows = tx.all(
        sa.select(MESSAGE, TALK.c.subject_id, user.c.name.label("user_name"))
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .outerjoin(user, user.c.id == MESSAGE.c.author_id)
        .where(MESSAGE.c.uid.in_(uids))
        .order_by(MESSAGE.c.id)
    )
    keys = vault.keys(tx, {row.subject_id for row in rows})
    pressed = choices.names(tx, rows)
    return [_open(row, keys, {}, pressed) for row in rows]


def last_times(tx: Tx, viewer: Viewer, candidate_ids: Sequence[str]) -> dict[str, datetime]:
    """When something was last said with several candidates."""
    identity = table(Identity)
    rows = tx.all(
        sa.select(CANDIDATE.c.id, sa.func.max(TALK.c.last_at).label("last_at"))
        .join(identity, identity.c.candidate_id == CANDIDATE.c.id)
        .join(TALK, TALK.c.identity_id == identity.c.id)
        .where(
            visible(viewer),
            CANDIDATE.c.id.in_(candidate_ids),
            # An opened link makes a conversation before anything is said in it.
            sa.exists().where(MESSAGE.c.conversation_id == TALK.c.id),
        )
        .group_by(CANDIDATE.c.id)
    )
    return {row.id: row.last_at for row in rows}
