"""Links that prove something: set-up, sign-in, or whose chat this is."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import InvitePurpose, InviteState
from storage.queries.common import insert, table, update
from storage.queries.intake import open_conversation
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import Conversation, Identity, Invite
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer


def token_hash(token: str) -> str:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create_invite(
    tx: Tx,
    vault: Vault,
    *,
    token: str,
    purpose: InvitePurpose,
    lifetime: timedelta,
    created_by: str,
    channel: str | None = None,
    candidate_id: str | None = None,
    user_id: str | None = None,
    opens: bool = False,
) -> tuple[str, datetime]:
    """Store a link; its id and when it ends.

    ``opens``: the link itself is the chat (web chat). A candidate has one there: a further link
    leads back into it, and the first makes it, at an address that is not the token.
    """
    invite_id = new_public_id("n")
    identity_id = None
    if opens:
        assert channel is not None
        assert candidate_id is not None
        identity_id = _chat_of(tx, vault, channel, candidate_id)
    expires_at = tx.now + lifetime
    insert(
        tx,
        Invite,
        {
            "id": invite_id,
            "token_hash": token_hash(token),
            "purpose": purpose.value,
            "channel": channel,
            "candidate_id": candidate_id,
            "user_id": user_id,
            "identity_id": identity_id,
            "created_by": created_by,
            "created_at": tx.now,
            "expires_at": expires_at,
        },
    )
    return invite_id, expires_at


def _chat_of(tx: Tx, vault: Vault, channel: str, candidate_id: str) -> str:
    """The identity a candidate chats with over a channel of our own."""
    identity = table(Identity)
    theirs = sa.select(identity.c.id).where(
        identity.c.channel == channel, identity.c.candidate_id == candidate_id
    )
    found: str | None = tx.scalar(theirs.order_by(identity.c.created_at))
    if found is None:
        address = new_public_id("w")
        open_conversation(tx, vault, channel, address, candidate_id=candidate_id)
        found = tx.scalar(theirs)
    assert found is not None
    return found


def find_invite(tx: Tx, token: str, purpose: InvitePurpose, *, channel: str | None = None) -> Any:
    """A link that is still good: not used, not revoked, in time. None otherwise.

    A link that opens a chat is never used up: until it expires it is the candidate's way back in.
    """
    invite = table(Invite)
    conditions = [
        invite.c.token_hash == token_hash(token),
        invite.c.purpose == purpose.value,
        invite.c.revoked_at.is_(None),
        invite.c.expires_at > tx.now,
        invite.c.used_at.is_(None),
    ]
    if channel is not None:
        conditions.append(invite.c.channel == channel)
    return tx.first(sa.select(invite).where(*conditions))


def by_token(tx: Tx, token: str, purpose: InvitePurpose, *, channel: str | None) -> Any:
    """A link in whatever state; None where this channel never had it. Channel None: links that
    belong to no channel."""
    invite = table(Invite)
    return tx.first(
        sa.select(invite).where(
            invite.c.token_hash == token_hash(token),
            invite.c.purpose == purpose.value,
            invite.c.channel.is_not_distinct_from(channel),
        )
    )


def purpose_of(tx: Tx, token: str) -> InvitePurpose | None:
    """What a link of no channel is for, in whatever state; None for one that never was."""
    invite = table(Invite)
    theirs = sa.and_(invite.c.token_hash == token_hash(token), invite.c.channel.is_(None))
    found = tx.scalar(sa.select(invite.c.purpose).where(theirs))
    return None if found is None else InvitePurpose(found)


def download(tx: Tx, invite_id: str, *, most: int) -> bool:
    """Count one more download of what a good link leads to; False once it was ``most``."""
    invite = table(Invite)
    good = sa.and_(
        invite.c.id == invite_id,
        invite.c.downloads < most,
        invite.c.revoked_at.is_(None),
        invite.c.expires_at > tx.now,
    )
    return update(tx, Invite, good, downloads=invite.c.downloads + 1) == 1


def revoke(tx: Tx, candidate_id: str, purpose: InvitePurpose) -> int:
    """End every link of a candidate for one purpose, used or not; the number ended."""
    invite = table(Invite)
    theirs = sa.and_(
        invite.c.candidate_id == candidate_id,
        invite.c.purpose == purpose.value,
        invite.c.revoked_at.is_(None),
    )
    return update(tx, Invite, theirs, revoked_at=tx.now)


def state(row: Any, now: datetime) -> InviteState:
    """What a link is worth at a moment."""
    if row.revoked_at is not None:
        return InviteState.REVOKED
    if row.used_at is not None:
        return InviteState.USED
    return InviteState.EXPIRED if row.expires_at <= now else InviteState.WAITING


def bound(tx: Tx, channel: str, address: str) -> Any:
    """Whom a chat account is tied to (candidate_id, user_id); None for one we never met."""
    identity = table(Identity)
    return tx.first(
        sa.select(identity.c.candidate_id, identity.c.user_id).where(
            identity.c.channel == channel, identity.c.address == address
        )
    )


def own_invite(
    tx: Tx, token: str, channel: str, *, candidate_id: str | None, user_id: str | None
) -> bool:
    """Whether a link, used or not, was made for this very person: they came in by it again."""
    invite = table(Invite)
    whose = (
        invite.c.candidate_id == candidate_id
        if candidate_id is not None
        else invite.c.user_id == user_id
    )
    found = tx.first(
        sa.select(invite.c.id).where(
            invite.c.token_hash == token_hash(token),
            invite.c.purpose == InvitePurpose.CHAT.value,
            invite.c.channel == channel,
            invite.c.revoked_at.is_(None),
            whose,
        )
    )
    return found is not None


def use_invite(tx: Tx, invite_id: str) -> bool:
    """Use a one-time link up. False when somebody was faster."""
    invite = table(Invite)
    where = sa.and_(invite.c.id == invite_id, invite.c.used_at.is_(None))
    return update(tx, Invite, where, used_at=tx.now) == 1


def chat_behind(tx: Tx, token: str, channel: str) -> Any:
    """The chat a link is, while it is good: identity, address, conversation and until when.

    None for an unknown, ended or revoked link, and once the person is erased.
    """
    found = find_invite(tx, token, InvitePurpose.CHAT, channel=channel)
    if found is None or found.identity_id is None:
        return None
    invite, identity, talk = table(Invite), table(Identity), table(Conversation)
    return tx.first(
        sa.select(
            identity.c.id.label("identity_id"),
            identity.c.address,
            talk.c.id.label("conversation_id"),
            POSITION.c.title.label("position_title"),
            POSITION.c.city.label("position_city"),
            invite.c.expires_at,
        )
        .join(invite, invite.c.identity_id == identity.c.id)
        .join(talk, talk.c.identity_id == identity.c.id)
        .join(CANDIDATE, CANDIDATE.c.id == identity.c.candidate_id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(invite.c.id == found.id, visible(SYSTEM))
    )


def invites_of(tx: Tx, viewer: Viewer, candidate_id: str, *, limit: int = 10) -> list[Any]:
    """A candidate's links, newest first: channel, created_at, expires_at, used_at, revoked_at."""
    invite = table(Invite)
    return tx.all(
        sa.select(invite)
        .join(CANDIDATE, CANDIDATE.c.id == invite.c.candidate_id)
        .where(
            CANDIDATE.c.id == candidate_id,
            visible(viewer),
            invite.c.purpose == InvitePurpose.CHAT.value,
        )
        .order_by(invite.c.created_at.desc())
        .limit(limit)
    )


def expiry(tx: Tx, invite_id: str) -> datetime:
    """Until when a link is good."""
    invite = table(Invite)
    found: datetime = tx.scalar(sa.select(invite.c.expires_at).where(invite.c.id == invite_id))
    return found
