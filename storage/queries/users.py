"""Console users, their sessions, API keys, failed sign-ins, and the product's own settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Role
from storage.errors import Conflict, NotFound
from storage.queries.common import insert, insert_new, table, update
from storage.tables import (
    ApiKey,
    Conversation,
    IdempotencyKey,
    Identity,
    LoginAttempt,
    Setting,
    User,
    WebSession,
)

USER = table(User)
SESSION = table(WebSession)
KEY = table(ApiKey)
ATTEMPT = table(LoginAttempt)
SETTING = table(Setting)


def create_user(
    tx: Tx, *, login: str, name: str, role: Role, password_hash: str | None = None
) -> str:
    """Add a user; the id. Raises ``Conflict`` when the login is taken."""
    user_id = new_public_id("u")
    row: dict[str, Any] = {
        "id": user_id,
        "login": login,
        "name": name,
        "role": role.value,
        "language": "zh",
        "password_hash": password_hash,
        "recovery": [],
        "created_at": tx.now,
    }
    if not insert_new(tx, User, [row]):
        raise Conflict("this login is taken")
    return user_id


def by_login(tx: Tx, login: str) -> Any:
    """A user who may sign in, or None."""
    return tx.first(sa.select(USER).where(USER.c.login == login, USER.c.disabled_at.is_(None)))


def get_user(tx: Tx, user_id: str, *, lock: bool = False) -> Any:
    """A user who is not disabled; ``lock``: to be changed by what was read. Raises ``NotFound``."""
    query = sa.select(USER).where(USER.c.id == user_id, USER.c.disabled_at.is_(None))
    row = tx.first(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("no such user")
    return row


def all_users(tx: Tx) -> list[Any]:
    """All users who are not disabled, by name."""
    return tx.all(sa.select(USER).where(USER.c.disabled_at.is_(None)).order_by(USER.c.name))


def names(tx: Tx, user_ids: Iterable[str]) -> dict[str, str]:
    """Names of users by id, also of those who are disabled."""
    rows = tx.all(sa.select(USER.c.id, USER.c.name).where(USER.c.id.in_(sorted(set(user_ids)))))
    return {row.id: row.name for row in rows}


def count_users(tx: Tx) -> int:
    """How many users were ever made; 0 means the first run."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(USER)))


def change_user(tx: Tx, user_id: str, **values: Any) -> None:
    """Set columns of a user. A new password, second factor or role ends all sessions."""
    update(tx, User, USER.c.id == user_id, **values)
    if values.keys() & {"password_hash", "totp_sealed", "role", "disabled_at"}:
        tx.run(sa.delete(SESSION).where(SESSION.c.user_id == user_id))


def take_totp_step(tx: Tx, user_id: str, step: int) -> bool:
    """Use a one-time code's step up. False: it, or a later one, was used before."""
    fresh = sa.and_(
        USER.c.id == user_id, sa.or_(USER.c.totp_step.is_(None), USER.c.totp_step < step)
    )
    return update(tx, User, fresh, totp_step=step) == 1


def open_session(
    tx: Tx, *, token_hash: str, user_id: str, lifetime: timedelta, agent: str, most: int
) -> str:
    """Start a session; its id. The oldest beyond ``most`` parallel ones end."""
    session_id = new_public_id("s")
    insert(
        tx,
        WebSession,
        {
            "token_hash": token_hash,
            "id": session_id,
            "user_id": user_id,
            "created_at": tx.now,
            "seen_at": tx.now,
            "expires_at": tx.now + lifetime,
            "agent": agent[:120],
        },
    )
    kept = sa.select(SESSION.c.id).where(SESSION.c.user_id == user_id)
    kept = kept.order_by(SESSION.c.created_at.desc()).limit(most)
    tx.run(sa.delete(SESSION).where(SESSION.c.user_id == user_id, SESSION.c.id.not_in(kept)))
    return session_id


def session_user(tx: Tx, token_hash: str, *, idle: timedelta) -> Any:
    """The user behind a live session with ``session_id`` and ``seen_at``, or None."""
    return tx.first(
        sa.select(USER, SESSION.c.id.label("session_id"), SESSION.c.seen_at)
        .join(SESSION, SESSION.c.user_id == USER.c.id)
        .where(
            SESSION.c.token_hash == token_hash,
            SESSION.c.expires_at > tx.now,
            SESSION.c.seen_at > tx.now - idle,
            USER.c.disabled_at.is_(None),
        )
    )


def saw_session(tx: Tx, session_id: str) -> None:
    """A session was used now."""
    update(tx, WebSession, SESSION.c.id == session_id, seen_at=tx.now)


def sessions_of(tx: Tx, user_id: str) -> list[Any]:
    """Live sessions of a user, newest first."""
    return tx.all(
        sa.select(SESSION)
        .where(SESSION.c.user_id == user_id, SESSION.c.expires_at > tx.now)
        .order_by(SESSION.c.created_at.desc())
    )


def end_session(tx: Tx, user_id: str, session_id: str) -> None:
    """End one of a user's sessions."""
    tx.run(sa.delete(SESSION).where(SESSION.c.user_id == user_id, SESSION.c.id == session_id))


def failures(tx: Tx, who: str, *, within: timedelta) -> tuple[int, datetime | None]:
    """Failed sign-ins of an account or address lately, and when the last one was."""
    row = tx.first(
        sa.select(sa.func.count(), sa.func.max(ATTEMPT.c.at)).where(
            ATTEMPT.c.who == who, ATTEMPT.c.at > tx.now - within
        )
    )
    return int(row[0]), row[1]


def failed(tx: Tx, who: Sequence[str]) -> None:
    """A sign-in failed; older failures nobody asks about any more are dropped."""
    for one in who:
        insert(tx, LoginAttempt, {"who": one, "at": tx.now})
    tx.run(sa.delete(ATTEMPT).where(ATTEMPT.c.at < tx.now - timedelta(days=1)))


def forgive(tx: Tx, who: str) -> None:
    """A sign-in succeeded: forget the account's failures."""
    tx.run(sa.delete(ATTEMPT).where(ATTEMPT.c.who == who))


def create_key(
    tx: Tx, *, key_id: str, name: str, secret_hash: str, scopes: Sequence[str], days: int
) -> None:
    """Store an API key."""
    insert(
        tx,
        ApiKey,
        {
            "id": key_id,
            "name": name,
            "secret_hash": secret_hash,
            "scopes": list(scopes),
            "created_at": tx.now,
            "expires_at": tx.now + timedelta(days=days),
        },
    )


def live_key(tx: Tx, key_id: str) -> Any:
    """A key that is neither expired nor revoked, or None."""
    return tx.first(
        sa.select(KEY).where(
            KEY.c.id == key_id, KEY.c.expires_at > tx.now, KEY.c.revoked_at.is_(None)
        )
    )


def used_key(tx: Tx, key_id: str) -> None:
    """A key was used now."""
    update(tx, ApiKey, KEY.c.id == key_id, last_used_at=tx.now)


def revoke_key(tx: Tx, key_id: str) -> bool:
    """Revoke a key; False when there is none live."""
    live = sa.and_(KEY.c.id == key_id, KEY.c.revoked_at.is_(None))
    return update(tx, ApiKey, live, revoked_at=tx.now) == 1


def once(
    tx: Tx, actor: str, key: str, request_hash: str, make: Callable[[], str]
) -> tuple[str, bool]:
    """Make an object, or find the one this ``Idempotency-Key`` made within the last day.

    Its id, and whether it is new. The key is claimed before anything is made, so of two
    requests at once one waits and finds. Raises ``Conflict`` when the key came with another
    request.
    """
    rows = table(IdempotencyKey)
    tx.run(sa.delete(rows).where(rows.c.at < tx.now - timedelta(days=1)))
    claimed = {
        "actor": actor,
        "key": key,
        "request_hash": request_hash,
        "object_id": None,
        "at": tx.now,
    }
    mine = sa.and_(rows.c.actor == actor, rows.c.key == key)
    if insert_new(tx, IdempotencyKey, [claimed]):
        made = make()
        update(tx, IdempotencyKey, mine, object_id=made)
        return made, True
    row = tx.first(sa.select(rows).where(mine))
    if row.request_hash != request_hash:
        raise Conflict("this Idempotency-Key was used for another request")
    return row.object_id, False


def first_time(tx: Tx, actor: str, key: str) -> bool:
    """Claim a key for good, as far as a day goes; False: somebody claimed it before."""
    rows = table(IdempotencyKey)
    tx.run(sa.delete(rows).where(rows.c.at < tx.now - timedelta(days=1)))
    claimed = {"actor": actor, "key": key, "request_hash": "", "object_id": None, "at": tx.now}
    return insert_new(tx, IdempotencyKey, [claimed]) == 1


def chat_accounts(tx: Tx, user_id: str) -> list[Any]:
    """Chat identities of a user: channel, address, and whether it can be reached."""
    identity, talk = table(Identity), table(Conversation)
    return tx.all(
        sa.select(
            identity.c.channel,
            identity.c.address,
            identity.c.reachable,
            talk.c.id.label("conversation_id"),
        )
        .join(talk, talk.c.identity_id == identity.c.id)
        .where(identity.c.user_id == user_id)
    )


def of_chat(tx: Tx, conversation_id: str) -> Any:
    """The colleague whose chat a conversation is, unless their account is disabled; or None."""
    identity, talk, user = table(Identity), table(Conversation), table(User)
    return tx.first(
        sa.select(user.c.id, user.c.name, user.c.role)
        .join(identity, identity.c.user_id == user.c.id)
        .join(talk, talk.c.identity_id == identity.c.id)
        .where(talk.c.id == conversation_id, user.c.disabled_at.is_(None))
    )


def prefer_chat(tx: Tx, user_id: str, channel: str) -> bool:
    """Let cards go to a user's account on a channel from now on; False: there is none.

    They go to the one that was tied or chosen last (``alerts.receivers``), so this is that.
    """
    identity = table(Identity)
    newest = tx.scalar(
        sa.select(identity.c.id)
        .where(identity.c.user_id == user_id, identity.c.channel == channel)
        .order_by(sa.func.coalesce(identity.c.linked_at, identity.c.created_at).desc())
        .limit(1)
    )
    return update(tx, Identity, identity.c.id == newest, linked_at=tx.now) > 0


def unlink_chat(tx: Tx, user_id: str, channel: str) -> int:
    """Untie a user's chat accounts of a channel; the number untied. No card goes there any more."""
    identity = table(Identity)
    where = sa.and_(identity.c.user_id == user_id, identity.c.channel == channel)
    return update(tx, Identity, where, user_id=None, linked_at=None)


def setting(tx: Tx, name: str, default: str = "") -> str:
    """A value the product keeps for itself."""
    found: str | None = tx.scalar(sa.select(SETTING.c.value).where(SETTING.c.name == name))
    return default if found is None else found


def set_setting(tx: Tx, name: str, value: str) -> None:
    """Keep a value."""
    if not update(tx, Setting, SETTING.c.name == name, value=value, at=tx.now):
        insert_new(tx, Setting, [{"name": name, "value": value, "at": tx.now}])
