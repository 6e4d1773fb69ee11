"""What a person of ours has to look at."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.enums import AlertStatus
from storage.tables.base import moment, ref, text_id
from storage.types import Json


class Alert(SQLModel, table=True):
    """One open question about one candidate. New evidence joins the open one of its topic.

    ``source`` is the message whose reading raised it last, ``raised_by`` the person of ours who
    did, where it was not the reader. ``escalation`` is how far up it went: 0 to whose case it is,
    1 to who helps, 2 to the admins. Until ``snoozed_until`` nobody is reminded.
    """

    __tablename__ = "alert"
    __table_args__ = (
        sa.Index(
            "uq_alert_unresolved",
            "candidate_id",
            "topic",
            unique=True,
            sqlite_where=sa.text("status <> 'resolved'"),
            postgresql_where=sa.text("status <> 'resolved'"),
        ),
        sa.Index("ix_alert_status_raised", "status", "raised_at", "id"),
    )

    id: str = text_id()
    candidate_id: str = ref("candidate.id", index=True)
    conversation_id: str | None = ref("conversation.id", nullable=True)
    topic: str = Field(max_length=40)
    severity: str = Field(max_length=10)
    severity_rank: int
    status: str = Field(default=AlertStatus.OPEN.value, max_length=14)
    verdict: str | None = Field(default=None, max_length=14)
    verdict_by: str | None = ref("user.id", nullable=True)
    verdict_at: datetime | None = moment(nullable=True)
    quote_sealed: str
    question: str = Field(max_length=60)
    evidence: list[dict[str, Any]] = Field(sa_column=sa.Column(Json, nullable=False))
    raised_at: datetime = moment()
    due_at: datetime = moment()
    updated_at: datetime = moment()
    revision: int = 1
    source: str | None = Field(default=None, max_length=40)
    raised_by: str | None = Field(default=None, max_length=40)
    escalation: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    snoozed_until: datetime | None = moment(nullable=True)


class AlertAction(SQLModel, table=True):
    """One press of one button by one person; ``cause`` makes a repeated press the same press.

    ``source`` is the message the alert quoted when it was judged: it may quote another one later.
    """

    __tablename__ = "alert_action"
    __table_args__ = (sa.Index("ix_alert_action_at", "at", "id"),)

    id: str = text_id()
    cause: str = Field(max_length=80, unique=True)
    alert_id: str = ref("alert.id", index=True)
    user_id: str = ref("user.id")
    verdict: str = Field(max_length=14)
    via: str = Field(max_length=20)
    at: datetime = moment()
    source: str | None = Field(default=None, max_length=40)


class Card(SQLModel, table=True):
    """Where an alert's card stands, so that it can be changed there."""

    __tablename__ = "card"

    alert_id: str = Field(
        sa_column=sa.Column(sa.String(40), sa.ForeignKey("alert.id"), primary_key=True)
    )
    conversation_id: str = Field(
        sa_column=sa.Column(sa.String(40), sa.ForeignKey("conversation.id"), primary_key=True)
    )
    receipt: str = Field(max_length=200)
    revision: int
