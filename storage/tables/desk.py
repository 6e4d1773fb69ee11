"""Who of ours looks at what: deputies, teams, what each was shown, and what they asked."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.enums import NoticeState
from storage.tables.base import moment, ref, text_id
from storage.types import Json

_WAITING = sa.text("state = 'waiting'")


class Away(SQLModel, table=True):
    """A colleague is away from one day to another, and somebody stands in for them.

    ``active`` is what scope goes by: the clock turns it on and off, so that every query of one
    moment agrees. ``ended_at``: taken back before its last day.
    """

    __tablename__ = "away"

    id: str = text_id()
    user_id: str = ref("user.id", index=True)
    deputy_id: str = ref("user.id", index=True)
    from_on: date
    until_on: date
    active: bool = Field(
        default=False,
        sa_column=sa.Column(sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    created_by: str | None = Field(default=None, max_length=40)
    created_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)


class Teammate(SQLModel, table=True):
    """An HR colleague who works a position together with its owner."""

    __tablename__ = "teammate"

    position_id: str = Field(
        sa_column=sa.Column(sa.String(40), sa.ForeignKey("position.id"), primary_key=True)
    )
    user_id: str = Field(
        sa_column=sa.Column(sa.String(40), sa.ForeignKey("user.id"), primary_key=True, index=True)
    )
    added_by: str | None = Field(default=None, max_length=40)
    added_at: datetime = moment()


class Notice(SQLModel, table=True):
    """What one colleague is due to be shown of one alert, and what became of it.

    ``revision`` is the alert's state it stands for; a newer one moves the same row. ``level`` says
    who they are in the alert's way up: 0 whose case it is, 1 who helps, 2 the admins. ``why`` is
    why it waits or was folded: quiet, cooldown, limit, demoted, minor, snoozed, no_chat.
    """

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index(
            "ix_notice_waiting",
            "due_at",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        sa.Index("ix_notice_user_sent", "user_id", "sent_at"),
    )

    alert_id: str = Field(
        sa_column=sa.Column(sa.String(40), sa.ForeignKey("alert.id"), primary_key=True)
    )
    user_id: str = Field(
        sa_column=sa.Column(sa.String(40), sa.ForeignKey("user.id"), primary_key=True)
    )
    state: str = Field(default=NoticeState.WAITING.value, max_length=10)
    why: str = Field(default="", max_length=20)
    level: int = 0
    revision: int = 0
    due_at: datetime = moment()
    sent_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()


class AlertEvent(SQLModel, table=True):
    """What happened to an alert, append-only; ``cause`` makes a repeated cause the same event.

    ``user_id``: who did it; None: the program. ``about`` holds names, ids and moments, no words.
    """

    __tablename__ = "alert_event"
    __table_args__ = (sa.Index("ix_alert_event_alert_at", "alert_id", "at"),)

    id: str = text_id()
    alert_id: str = ref("alert.id")
    kind: str = Field(max_length=12)
    user_id: str | None = ref("user.id", nullable=True)
    cause: str = Field(max_length=100, unique=True)
    at: datetime = moment()
    about: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(Json, nullable=False))


class KindStanding(SQLModel, table=True):
    """How good one kind (topic) of alert was when its way of being told last changed.

    ``demoted_at`` set: it goes into the daily digest. ``by``: the admin who changed it by hand;
    None: the program, by its verdicts. ``since``: verdicts before it do not count again.
    """

    __tablename__ = "kind_standing"

    topic: str = Field(primary_key=True, max_length=40)
    demoted_at: datetime | None = moment(nullable=True)
    by: str | None = ref("user.id", nullable=True)
    hits: int = 0
    judged: int = 0
    since: datetime | None = moment(nullable=True)
    changed_at: datetime = moment()


class MissedCase(SQLModel, table=True):
    """A withdrawal that came without any alert, looked through by a person of ours.

    ``found``: ``said`` there were words that should have been heard (and were labelled),
    ``unsaid`` nothing was said.
    """

    __tablename__ = "missed_case"

    id: str = text_id()
    candidate_id: str = ref("candidate.id", index=True)
    found: str = Field(max_length=10)
    reviewed_by: str = ref("user.id")
    reviewed_at: datetime = moment()


class Interview(SQLModel, table=True):
    """A talk of a candidate with one of ours, and what that one thought of it.

    ``verdict``: yes, unsure or no; None: nothing was said yet. ``done_at`` without a verdict: they
    told HR by another way.
    """

    __tablename__ = "interview"
    __table_args__ = (sa.Index("ix_interview_at", "at"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id", index=True)
    number: int = 1
    at: datetime = moment()
    interviewer_id: str | None = ref("user.id", nullable=True)
    created_by: str | None = Field(default=None, max_length=40)
    created_at: datetime = moment()
    cancelled_at: datetime | None = moment(nullable=True)
    verdict: str | None = Field(default=None, max_length=10)
    feedback_sealed: str | None = None
    done_at: datetime | None = moment(nullable=True)
    done_by: str | None = ref("user.id", nullable=True)


class Access(SQLModel, table=True):
    """A colleague was told something of a candidate in their chat; HR sees who asked what.

    ``what`` is the intent of the question, ``via`` the channel.
    """

    __tablename__ = "access"
    __table_args__ = (sa.Index("ix_access_candidate_at", "candidate_id", "at"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    user_id: str = ref("user.id")
    what: str = Field(max_length=20)
    via: str = Field(max_length=20)
    at: datetime = moment()
