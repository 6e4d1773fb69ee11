"""Who of ours may do what, and the record of what they did."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.tables.base import moment, ref, text_id
from storage.types import BigId, Json, UtcDateTime


class User(SQLModel, table=True):
    """One of ours with a console login. There is no default account."""

    __tablename__ = "user"

    id: str = text_id()
    login: str = Field(max_length=60, unique=True)
    name: str = Field(max_length=60)
    role: str = Field(max_length=10)
    language: str = Field(default="zh", max_length=5)
    password_hash: str | None = Field(default=None, max_length=200)
    totp_sealed: str | None = Field(default=None, max_length=400)
    totp_step: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger()))
    recovery: list[str] = Field(default_factory=list, sa_column=sa.Column(Json, nullable=False))
    created_at: datetime = moment()
    disabled_at: datetime | None = moment(nullable=True)


class WebSession(SQLModel, table=True):
    """A signed-in browser. Only the SHA-256 of its cookie is stored."""

    __tablename__ = "web_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    id: str = Field(max_length=40, unique=True)
    user_id: str = ref("user.id", index=True)
    created_at: datetime = moment()
    seen_at: datetime = moment()
    expires_at: datetime = moment()
    agent: str = Field(default="", max_length=120)


class LoginAttempt(SQLModel, table=True):
    """A failed sign-in, kept for the growing delay. ``who`` is a keyed hash, never a name."""

    __tablename__ = "login_attempt"
    __table_args__ = (sa.Index("ix_login_attempt_who_at", "who", "at"),)

    id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, primary_key=True, autoincrement=True)
    )
    who: str = Field(max_length=64)
    at: datetime = moment()


class ApiKey(SQLModel, table=True):
    """A key of an integration. Shown once; its SHA-256 stays."""

    __tablename__ = "api_key"

    id: str = text_id()
    name: str = Field(max_length=80)
    secret_hash: str = Field(max_length=64)
    scopes: list[str] = Field(sa_column=sa.Column(Json, nullable=False))
    created_at: datetime = moment()
    expires_at: datetime = moment()
    last_used_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)


class IdempotencyKey(SQLModel, table=True):
    """The answer to a POST that carried an ``Idempotency-Key``, kept for a day."""

    __tablename__ = "idempotency_key"

    actor: str = Field(primary_key=True, max_length=40)
    key: str = Field(primary_key=True, max_length=120)
    request_hash: str = Field(max_length=64)
    object_id: str | None = Field(default=None, max_length=40)
    at: datetime = moment()


class AuditRow(SQLModel, table=True):
    """One link of the audit chain (``storage.chain``). Triggers refuse UPDATE and DELETE."""

    __tablename__ = "audit"

    seq: int = Field(sa_column=sa.Column(BigId, primary_key=True, autoincrement=False))
    at: str = Field(max_length=40)
    actor: str = Field(max_length=60)
    role: str = Field(max_length=20)
    action: str = Field(max_length=60)
    object: str = Field(max_length=60)
    purpose: str = Field(max_length=200)
    outcome: str = Field(max_length=20)
    request_id: str = Field(max_length=60)
    ip_hmac: str = Field(max_length=64)
    details: dict[str, Any] = Field(sa_column=sa.Column(Json, nullable=False))
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)
    mac: str = Field(max_length=64)


class ChainHead(SQLModel, table=True):
    """The last link, one row, locked while a link is added."""

    __tablename__ = "chain_head"

    id: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=sa.Column(sa.BigInteger(), nullable=False))
    hash: str = Field(max_length=64)


class Setting(SQLModel, table=True):
    """A value the running product keeps for itself (company name, clock last seen)."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True, max_length=60)
    value: str = Field(max_length=2000)
    at: datetime = Field(sa_column=sa.Column(UtcDateTime(), nullable=False))


class Consent(SQLModel, table=True):
    """One link of a candidate's consents: asked, given, refused or withdrawn. Only ever added to.

    ``item`` is a key of config/consent.yaml, ``notice`` the version of the words it was asked
    in, ``source`` where it was said: the message's uid, or who recorded it.
    """

    __tablename__ = "consent"
    __table_args__ = (sa.Index("ix_consent_candidate_item", "candidate_id", "item", "at"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    item: str = Field(max_length=40)
    answer: str = Field(max_length=10)
    notice: str = Field(max_length=64)
    source: str = Field(max_length=60)
    at: datetime = moment()
