"""Durable work: what has to leave, and what has to happen when."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.enums import OutboxStatus, ScheduledStatus
from storage.tables.base import moment, ref
from storage.types import BigId, Json, UtcDateTime

_UNFINISHED = sa.text("status IN ('new', 'sending')")


class Outbox(SQLModel, table=True):
    """One thing to send. ``idem`` is made from its cause, so planning it twice is a no-op.

    ``payload`` is a sealed text, or the id of the alert whose card it is (of a portrait: candidate
    and the colleague it is for): a card is drawn when it leaves, so it never shows yesterday's
    state and keeps no second copy of anybody's words.
    ``parts`` is how many messages of the platform it became, ``sent_at`` when it took them; while
    that is not known, the first moment at which it may have. ``doubtful``: an attempt whose end
    nobody saw may have arrived; of what was sent, that it may have arrived twice.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.UniqueConstraint("idem"),
        sa.Index(
            "ix_outbox_due",
            "channel",
            "next_at",
            sqlite_where=_UNFINISHED,
            postgresql_where=_UNFINISHED,
        ),
        sa.Index(
            "ix_outbox_head",
            "conversation_id",
            "id",
            sqlite_where=_UNFINISHED,
            postgresql_where=_UNFINISHED,
        ),
        sa.Index(
            "ix_outbox_receipt",
            "channel",
            "receipt",
            sqlite_where=sa.text("receipt IS NOT NULL"),
            postgresql_where=sa.text("receipt IS NOT NULL"),
        ),
        sa.Index(
            "ix_outbox_held",
            "conversation_id",
            sqlite_where=sa.text("status = 'held'"),
            postgresql_where=sa.text("status = 'held'"),
        ),
        sa.Index(
            "ix_outbox_dead",
            "id",
            sqlite_where=sa.text("status IN ('dead', 'ambiguous')"),
            postgresql_where=sa.text("status IN ('dead', 'ambiguous')"),
        ),
    )

    id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, primary_key=True, autoincrement=True)
    )
    idem: str = Field(max_length=120)
    channel: str = Field(max_length=20)
    conversation_id: str = ref("conversation.id")
    kind: str = Field(max_length=10)
    payload: str
    message_id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, sa.ForeignKey("message.id"), index=True)
    )
    status: str = Field(default=OutboxStatus.NEW.value, max_length=10)
    attempts: int = 0
    next_at: datetime = moment()
    lease_until: datetime | None = Field(default=None, sa_column=sa.Column(UtcDateTime()))
    owner: str | None = Field(default=None, max_length=60)
    receipt: str | None = Field(default=None, max_length=200)
    error: str | None = Field(default=None, max_length=200)
    created_at: datetime = moment()
    sent_at: datetime | None = moment(nullable=True)
    doubtful: bool = Field(
        default=False,
        sa_column=sa.Column(sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    parts: int = Field(
        default=0, sa_column=sa.Column(sa.Integer(), nullable=False, server_default="0")
    )


class Queue(SQLModel, table=True):
    """A queue at a platform that we pull: how far we are, and the newest hint it gave us."""

    __tablename__ = "queue"

    channel: str = Field(primary_key=True, max_length=20)
    account: str = Field(primary_key=True, max_length=128)
    cursor: str = Field(default="", max_length=400)
    token: str = Field(default="", max_length=400)
    pulled_at: datetime | None = moment(nullable=True)
    error: str | None = Field(default=None, max_length=200)


class Budget(SQLModel, table=True):
    """Token bucket of one channel, refilled in the transaction that claims."""

    __tablename__ = "budget"

    channel: str = Field(primary_key=True, max_length=20)
    tokens: float
    at: datetime = moment()


class Scheduled(SQLModel, table=True):
    """One planned moment. The local intention is kept; ``due_at`` is derived from it."""

    __tablename__ = "scheduled"
    __table_args__ = (
        sa.UniqueConstraint("kind", "person_id", "anchor"),
        sa.Index(
            "ix_scheduled_due",
            "due_at",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        ),
    )

    id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, primary_key=True, autoincrement=True)
    )
    kind: str = Field(max_length=40)
    person_id: str = Field(max_length=40, index=True)
    anchor: str = Field(max_length=60)
    local_date: date
    local_time: str = Field(max_length=5)
    tz: str = Field(max_length=40)
    due_at: datetime = moment()
    status: str = Field(default=ScheduledStatus.PENDING.value, max_length=10)
    about: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(Json, nullable=False))
    fired_at: datetime | None = moment(nullable=True)


class CronRun(SQLModel, table=True):
    """One tick of one repeating job; the primary key lets only one process have it."""

    __tablename__ = "cron_run"

    name: str = Field(primary_key=True, max_length=40)
    slot: str = Field(primary_key=True, max_length=40)
    at: datetime = moment()
