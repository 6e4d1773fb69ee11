"""What was said: conversations, messages, readings."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.enums import MessageKind
from storage.tables.base import moment, ref, text_id
from storage.types import BigId, Json, UtcDateTime


class Conversation(SQLModel, table=True):
    """All exchanges with one identity.

    ``wake`` says a wake-up is on its way; ``version`` moves with every recorded turn;
    ``muted`` is set while a person of ours has taken over. ``ticket_sealed`` is the newest thing
    that lets us answer them for a while (a welcome code, a session's webhook).
    """

    __tablename__ = "conversation"
    __table_args__ = (sa.UniqueConstraint("channel", "address"),)

    id: str = text_id()
    channel: str = Field(max_length=20)
    address: str = Field(max_length=128)
    identity_id: str = ref("identity.id", index=True)
    subject_id: str = ref("subject_key.id")
    wake: bool = False
    version: int = 0
    muted: bool = False
    state: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(Json, nullable=False))
    created_at: datetime = moment()
    last_at: datetime = moment()
    ticket_sealed: str | None = None
    ticket_until: datetime | None = moment(nullable=True)


class Message(SQLModel, table=True):
    """One item of a conversation. ``id`` rises in the order of acceptance within it."""

    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("channel", "external_id"),
        sa.UniqueConstraint("uid"),
        sa.Index("ix_message_conversation", "conversation_id", "id"),
        sa.Index(
            "ix_message_new",
            "conversation_id",
            "id",
            sqlite_where=sa.text("status = 'new'"),
            postgresql_where=sa.text("status = 'new'"),
        ),
        sa.Index(
            "ix_message_choices",
            "conversation_id",
            "id",
            sqlite_where=sa.text("choices IS NOT NULL"),
            postgresql_where=sa.text("choices IS NOT NULL"),
        ),
    )

    id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, primary_key=True, autoincrement=True)
    )
    uid: str = Field(max_length=40)
    channel: str = Field(max_length=20)
    external_id: str = Field(max_length=200)
    conversation_id: str = ref("conversation.id")
    direction: str = Field(max_length=10)
    kind: str = Field(default=MessageKind.TEXT.value, max_length=12)
    author: str = Field(max_length=12)
    author_id: str | None = Field(default=None, max_length=40)
    body_sealed: str
    sent_at: datetime = moment()
    received_at: datetime = moment()
    status: str = Field(max_length=10)
    attempts: int = 0
    error: str | None = Field(default=None, max_length=200)
    revised_at: datetime | None = Field(default=None, sa_column=sa.Column(UtcDateTime()))
    raw_sealed: str | None = None
    opens: bool = Field(
        default=True,
        sa_column=sa.Column(sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    choices: list[list[str]] | None = Field(default=None, sa_column=sa.Column(Json))


class Attachment(SQLModel, table=True):
    """Something a message carried. Its bytes are fetched by ``ref_sealed`` and kept sealed.

    ``state``: new (the platform has it), kept (we have its parts), gone.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        sa.UniqueConstraint("message_uid", "position"),
        sa.Index(
            "ix_attachment_new",
            "id",
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        ),
    )

    id: str = text_id()
    message_uid: str = Field(max_length=40)
    position: int
    kind: str = Field(max_length=8)
    ref_sealed: str
    name_sealed: str
    size: int
    state: str = Field(max_length=6)
    error: str | None = Field(default=None, max_length=200)
    created_at: datetime = moment()
    settled_at: datetime | None = moment(nullable=True)


class AttachmentPart(SQLModel, table=True):
    """A piece of an attachment's bytes, sealed with the person's key and bound to its place."""

    __tablename__ = "attachment_part"

    attachment_id: str = Field(
        sa_column=sa.Column(
            sa.String(40), sa.ForeignKey("attachment.id", ondelete="CASCADE"), primary_key=True
        )
    )
    seq: int = Field(primary_key=True)
    sealed: bytes = Field(sa_column=sa.Column(sa.LargeBinary(), nullable=False))


class Reading(SQLModel, table=True):
    """What the reader heard in one utterance (one message, or several sent in one breath).

    ``evidence`` holds places, not words: ``{"uid", "start", "end", "intent"}``. ``stage`` is the
    one it was read in. What was ``unclear`` waits until a person has looked: ``review``.
    ``corrected`` are a person's labels: ``{"intents", "commitment", "reported", "condition"}``.
    """

    __tablename__ = "reading"
    __table_args__ = (
        sa.Index(
            "ix_reading_unreviewed",
            "created_at",
            sqlite_where=sa.text("unclear = 1 AND reviewed_at IS NULL"),
            postgresql_where=sa.text("unclear AND reviewed_at IS NULL"),
        ),
        sa.Index(
            "ix_reading_reviewed",
            "created_at",
            sqlite_where=sa.text("unclear = 1 AND reviewed_at IS NOT NULL"),
            postgresql_where=sa.text("unclear AND reviewed_at IS NOT NULL"),
        ),
    )

    message_id: int = Field(
        sa_column=sa.Column(
            BigId, sa.ForeignKey("message.id"), primary_key=True, autoincrement=False
        )
    )
    covers: list[str] = Field(sa_column=sa.Column(Json, nullable=False))
    intents: list[str] = Field(sa_column=sa.Column(Json, nullable=False))
    scores: dict[str, float] = Field(sa_column=sa.Column(Json, nullable=False))
    commitment: int
    reported: bool
    condition: str = Field(max_length=10)
    deadline: date | None = None
    alert: bool
    severity: str = Field(max_length=10)
    evidence: list[dict[str, Any]] = Field(sa_column=sa.Column(Json, nullable=False))
    amounts_sealed: str | None = None
    model: str = Field(max_length=80)
    created_at: datetime = moment()
    stage: str | None = Field(default=None, max_length=20)
    unclear: bool = Field(
        default=False, sa_column=sa.Column(sa.Boolean(), nullable=False, server_default=sa.false())
    )
    review: str | None = Field(default=None, max_length=14)
    reviewed_by: str | None = Field(default=None, max_length=40)
    reviewed_at: datetime | None = moment(nullable=True)
    corrected: dict[str, Any] | None = Field(default=None, sa_column=sa.Column(Json))
    corrected_by: str | None = Field(default=None, max_length=40)
    corrected_at: datetime | None = moment(nullable=True)
