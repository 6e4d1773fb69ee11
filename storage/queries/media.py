"""The bytes of attachments: fetched from a platform or uploaded, kept in sealed parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.aead import NONCE_BYTES, Alg, context, open_bytes
from storage.chance import random_bytes
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import MediaKind, MediaState
from storage.errors import NotFound
from storage.queries.common import insert, table, update
from storage.queries.scope import CANDIDATE, visible
from storage.tables import Attachment, AttachmentPart, Conversation, Identity, Message
from storage.vault import Vault, seal, unseal
from storage.viewer import Viewer

ATTACHMENT = table(Attachment)
PART = table(AttachmentPart)
MESSAGE = table(Message)
TALK = table(Conversation)
_ALG = Alg.AES_256_GCM


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An attachment, opened. ``channel`` is where ``ref`` means something; ``error``: why gone."""

    id: str
    message_uid: str
    channel: str
    subject_id: str
    candidate_id: str | None
    kind: MediaKind
    ref: str
    name: str
    size: int
    state: MediaState
    error: str
    created_at: datetime


def attachment(tx: Tx, vault: Vault, attachment_id: str) -> Attached:
    """One attachment, opened. Raises ``NotFound``."""
    return _one(_opened(tx, vault, ATTACHMENT.c.id == attachment_id))


def readable(tx: Tx, vault: Vault, viewer: Viewer, attachment_id: str) -> Attached:
    """An attachment in the talk of somebody the viewer may know of. Raises ``NotFound``."""
    # The join is an outer one, and of a stranger's talk ``erased_at`` would be null, too.
    known = sa.and_(CANDIDATE.c.id.is_not(None), visible(viewer))
    return _one(_opened(tx, vault, sa.and_(ATTACHMENT.c.id == attachment_id, known)))


def of_messages(tx: Tx, vault: Vault, uids: Sequence[str]) -> list[Attached]:
    """The attachments of some messages, in their order."""
    return _opened(tx, vault, ATTACHMENT.c.message_uid.in_(uids)) if uids else []


def of_candidate(tx: Tx, vault: Vault, viewer: Viewer, candidate_id: str) -> list[Attached]:
    """What came in the talks of a candidate the viewer may know of, in its order."""
    identity = table(Identity)
    theirs = sa.and_(identity.c.candidate_id == candidate_id, visible(viewer))
    return _opened(tx, vault, theirs)


def brought(tx: Tx, conversation_id: str, *, since: datetime) -> tuple[int, int]:
    """How many attachments came in a conversation after a moment, and their bytes."""
    row = tx.first(_came(MESSAGE.c.conversation_id == conversation_id, since))
    return int(row.count), int(row.bytes)


def weight(tx: Tx, attachment_id: str, *, since: datetime) -> int:
    """Bytes we keep of an attachment's conversation that came after a moment."""
    here = (
        sa.select(MESSAGE.c.conversation_id)
        .join(ATTACHMENT, ATTACHMENT.c.message_uid == MESSAGE.c.uid)
        .where(ATTACHMENT.c.id == attachment_id)
        .scalar_subquery()
    )
    kept_here = sa.and_(
        MESSAGE.c.conversation_id == here, ATTACHMENT.c.state == MediaState.KEPT.value
    )
    return int(tx.first(_came(kept_here, since)).bytes)


def _came(where: sa.ColumnElement[bool], since: datetime) -> sa.Select[Any]:
    return (
        sa.select(
            sa.func.count().label("count"),
            sa.func.coalesce(sa.func.sum(ATTACHMENT.c.size), 0).label("bytes"),
        )
        .select_from(ATTACHMENT)
        .join(MESSAGE, MESSAGE.c.uid == ATTACHMENT.c.message_uid)
        .where(where, ATTACHMENT.c.created_at >= since)
    )


def _one(found: list[Attached]) -> Attached:
    if not found:
        raise NotFound("no such attachment")
    return found[0]


def _opened(tx: Tx, vault: Vault, where: sa.ColumnElement[bool]) -> list[Attached]:
    identity = table(Identity)
    rows = tx.all(
        sa.select(ATTACHMENT, MESSAGE.c.channel, TALK.c.subject_id, identity.c.candidate_id)
        .join(MESSAGE, MESSAGE.c.uid == ATTACHMENT.c.message_uid)
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .join(identity, identity.c.id == TALK.c.identity_id)
        .outerjoin(CANDIDATE, CANDIDATE.c.id == identity.c.candidate_id)
        .where(where)
        .order_by(MESSAGE.c.id, ATTACHMENT.c.position)
    )
    keys = vault.keys(tx, {row.subject_id for row in rows})
    return [_attached(row, keys[row.subject_id]) for row in rows]


def _attached(row: Any, key: SubjectKey) -> Attached:
    return Attached(
        id=row.id,
        message_uid=row.message_uid,
        channel=row.channel,
        subject_id=row.subject_id,
        candidate_id=row.candidate_id,
        kind=MediaKind(row.kind),
        ref=unseal(key, row.ref_sealed, "attachment.ref_sealed", row.id),
        name=unseal(key, row.name_sealed, "attachment.name_sealed", row.id),
        size=row.size,
        state=MediaState(row.state),
        error=row.error or "",
        created_at=row.created_at,
    )


def unfetched(tx: Tx, *, before: datetime, limit: int) -> list[str]:
    """Ids of attachments from before a moment whose bytes are not here yet: by chance, so that
    those that cannot be had do not keep the others waiting."""
    rows = tx.all(
        sa.select(ATTACHMENT.c.id)
        .where(ATTACHMENT.c.state == MediaState.NEW.value, ATTACHMENT.c.created_at <= before)
        .order_by(sa.func.random())
        .limit(limit)
    )
    return [row.id for row in rows]


def put(tx: Tx, key: SubjectKey, attachment_id: str, seq: int, data: bytes) -> None:
    """Keep one part; an earlier try's part of the same number is replaced."""
    nonce = random_bytes(NONCE_BYTES)
    sealed = nonce + key.ciphers[_ALG].encrypt(nonce, data, _bound(key, attachment_id, seq))
    tx.run(sa.delete(PART).where(PART.c.attachment_id == attachment_id, PART.c.seq == seq))
    insert(tx, AttachmentPart, {"attachment_id": attachment_id, "seq": seq, "sealed": sealed})


def part(tx: Tx, vault: Vault, attached: Attached, seq: int) -> bytes | None:
    """One part, opened; None behind the last. Raises ``SealBroken``."""
    sealed = tx.scalar(
        sa.select(PART.c.sealed).where(PART.c.attachment_id == attached.id, PART.c.seq == seq)
    )
    if sealed is None:
        return None
    key = vault.key(tx, attached.subject_id)
    return open_bytes(key.ciphers, _ALG, bytes(sealed), _bound(key, attached.id, seq))


def named(tx: Tx, key: SubjectKey, attachment_id: str, name: str) -> None:
    """Keep what a file is called, where that was not known when it was announced."""
    sealed = seal(key, name, "attachment.name_sealed", attachment_id)
    update(tx, Attachment, ATTACHMENT.c.id == attachment_id, name_sealed=sealed)


def kept(tx: Tx, attachment_id: str, *, parts: int, size: int) -> None:
    """All bytes are here. Parts of an earlier, longer try go."""
    beyond = sa.and_(PART.c.attachment_id == attachment_id, PART.c.seq >= parts)
    tx.run(sa.delete(PART).where(beyond))
    done = {"state": MediaState.KEPT.value, "settled_at": tx.now, "error": None}
    update(tx, Attachment, ATTACHMENT.c.id == attachment_id, size=size, **done)


def gone(tx: Tx, attachment_id: str, *, error: str) -> None:
    """The platform has it no more, or it is more than we take. What is kept stays kept."""
    lost = sa.and_(ATTACHMENT.c.id == attachment_id, ATTACHMENT.c.state == MediaState.NEW.value)
    done = {"state": MediaState.GONE.value, "settled_at": tx.now}
    if update(tx, Attachment, lost, error=error[:200], **done):
        tx.run(sa.delete(PART).where(PART.c.attachment_id == attachment_id))


def _bound(key: SubjectKey, attachment_id: str, seq: int) -> bytes:
    return context("part", _ALG, key.id, attachment_id, str(seq))
