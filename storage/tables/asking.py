"""Surveys: what is asked, whom it was sent to, what they answered."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.enums import InvitationStatus
from storage.tables.base import moment, ref, text_id
from storage.types import Json


class SurveyVersion(SQLModel, table=True):
    """What a survey asked, word for word, and never changed: ``digest`` is the beginning (40
    hexadecimal digits) of the SHA-256 of its definition.

    An answer is always shown under the question that was put, whatever the survey asks today.
    """

    __tablename__ = "survey_version"

    digest: str = text_id()
    survey_id: str = Field(max_length=40, index=True)
    definition: dict[str, Any] = Field(sa_column=sa.Column(Json, nullable=False))
    created_at: datetime = moment()


class Survey(SQLModel, table=True):
    """A survey that can be sent. ``origin``: ``file`` of config/surveys, or ``console``.

    One that is off is sent neither by itself nor by hand; what is under way goes on.
    """

    __tablename__ = "survey"

    id: str = text_id()
    digest: str = ref("survey_version.digest")
    title: str = Field(max_length=120)
    origin: str = Field(max_length=10)
    enabled: bool = True
    changed_at: datetime = moment()
    changed_by: str | None = Field(default=None, max_length=40)


class Invitation(SQLModel, table=True):
    """One survey for one candidate: the plan, the asking, and the whole response.

    ``anchor`` names the event it belongs to (``onboarded:2026-11-02``, or a request of HR), so
    that one event invites once. ``at_question`` is what was asked last, empty before the first;
    ``via`` is where: a channel's name, or ``page``. ``why`` says by code why it was not sent or
    how it ended (storage knows no words). ``revision`` moves with every answer. ``digest`` is set
    when it opens: from then on, the questions stand.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        sa.UniqueConstraint("candidate_id", "survey_id", "anchor"),
        sa.Index(
            "ix_invitation_open",
            "candidate_id",
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        ),
        sa.Index("ix_invitation_survey", "survey_id", "status", "id"),
    )

    id: str = text_id()
    candidate_id: str = ref("candidate.id", index=True)
    survey_id: str = ref("survey.id")
    digest: str | None = ref("survey_version.digest", nullable=True)
    anchor: str = Field(max_length=60)
    status: str = Field(default=InvitationStatus.PLANNED.value, max_length=12)
    due_on: date | None = None
    conversation_id: str | None = ref("conversation.id", nullable=True)
    via: str = Field(default="", max_length=20)
    at_question: str = Field(default="", max_length=40)
    asked_again: bool = False
    reminders: int = 0
    why: str = Field(default="", max_length=40)
    fallback: str = Field(default="", max_length=20)
    created_at: datetime = moment()
    created_by: str | None = Field(default=None, max_length=40)
    opened_at: datetime | None = moment(nullable=True)
    moved_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)
    revision: int = 0


class Answer(SQLModel, table=True):
    """What somebody answered to one question. An edit is a new row; the old one stays.

    ``value_sealed`` is JSON: what was understood (``value``) and the words it was said in
    (``text``). ``source``: the message's uid, or ``page``.
    """

    __tablename__ = "answer"
    __table_args__ = (
        sa.Index(
            "ix_answer_stands",
            "invitation_id",
            "question",
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        ),
    )

    id: str = text_id()
    candidate_id: str = ref("candidate.id", index=True)
    invitation_id: str = ref("invitation.id", index=True)
    question: str = Field(max_length=40)
    value_sealed: str
    source: str = Field(max_length=60)
    said_at: datetime = moment()
    superseded_at: datetime | None = moment(nullable=True)
