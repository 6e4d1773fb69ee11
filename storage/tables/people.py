"""Candidates, the positions they are for, and how we know them."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.enums import Level, Stage, StepKind
from storage.tables.base import moment, ref, text_id
from storage.types import Json


class SubjectKey(SQLModel, table=True):
    """The wrapped data key of one person. Destroying it makes their words unreadable for ever."""

    __tablename__ = "subject_key"

    id: str = text_id()
    candidate_id: str | None = Field(default=None, max_length=40, index=True)
    wrapped: str = Field(max_length=400)
    created_at: datetime = moment()
    destroyed_at: datetime | None = moment(nullable=True)


class Position(SQLModel, table=True):
    """A job we hire for. ``budget_*`` are yuan a month.

    ``culture`` holds keys of ``expect.values`` in config/profile.yaml; ``needed_by`` is when
    somebody should begin, where a candidate has no day of their own.
    """

    __tablename__ = "position"

    id: str = text_id()
    title: str = Field(max_length=120)
    department: str = Field(default="", max_length=120)
    city: str = Field(default="", max_length=60)
    budget_low: int | None = None
    budget_high: int | None = None
    months: float | None = None
    level: str = Field(default="", max_length=40, sa_column_kwargs={"server_default": ""})
    headcount: int | None = None
    requirements: str = Field(default="", max_length=4000, sa_column_kwargs={"server_default": ""})
    culture: list[str] | None = Field(default=None, sa_column=sa.Column(Json, nullable=True))
    needed_by: date | None = None
    owner_id: str | None = ref("user.id", nullable=True)
    manager_id: str | None = ref("user.id", nullable=True)
    created_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)


class Candidate(SQLModel, table=True):
    """One person we are talking with. ``version`` moves with every decision about them.

    ``likeness`` is how near their career plan is to their role, 0 to 1, of exactly the texts whose
    keyed digest is ``likeness_of``; empty with a digest: too little is known. ``likeness_due``:
    the texts have changed, or what compares them.
    """

    __tablename__ = "candidate"
    __table_args__ = (
        sa.Index("ix_candidate_stage_id", "stage", "id"),
        sa.Index("ix_candidate_created_at_id", "created_at", "id"),
        sa.Index(
            "ix_candidate_likeness_due",
            "id",
            sqlite_where=sa.text("likeness_due"),
            postgresql_where=sa.text("likeness_due"),
        ),
    )

    id: str = text_id()
    subject_id: str = ref("subject_key.id")
    name_sealed: str = Field(max_length=2000)
    phone_sealed: str | None = Field(default=None, max_length=400)
    phone_index: str | None = Field(default=None, max_length=64, index=True)
    position_id: str | None = ref("position.id", nullable=True, index=True)
    owner_id: str | None = ref("user.id", nullable=True, index=True)
    stage: str = Field(default=Stage.INTERVIEW.value, max_length=20)
    stage_at: datetime = moment()
    start_on: date | None = None
    version: int = 0
    score: int = 0
    level: str = Field(default=Level.LOW.value, max_length=10)
    likeness: float | None = None
    likeness_of: str | None = Field(default=None, max_length=64)
    likeness_due: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    created_at: datetime = moment()
    erased_at: datetime | None = moment(nullable=True)
    merged_into: str | None = Field(default=None, max_length=40)


class Identity(SQLModel, table=True):
    """One person on one channel. Bound to a candidate or to one of us, or to nobody yet.

    ``linked_at`` is when that was said last: a colleague's cards go to the newest of theirs.
    """

    __tablename__ = "identity"
    __table_args__ = (sa.UniqueConstraint("channel", "address"),)

    id: str = text_id()
    channel: str = Field(max_length=20)
    address: str = Field(max_length=128)
    candidate_id: str | None = ref("candidate.id", nullable=True, index=True)
    user_id: str | None = ref("user.id", nullable=True, index=True)
    reachable: bool = True
    created_at: datetime = moment()
    linked_at: datetime | None = moment(nullable=True)


class Invite(SQLModel, table=True):
    """A link that proves something once: set-up, sign-in, or whose chat this is.

    Only the SHA-256 of the token is stored. ``downloads``: how often what it leads to was taken.
    """

    __tablename__ = "invite"

    id: str = text_id()
    token_hash: str = Field(max_length=64, unique=True)
    purpose: str = Field(max_length=10)
    channel: str | None = Field(default=None, max_length=20)
    candidate_id: str | None = ref("candidate.id", nullable=True, index=True)
    user_id: str | None = ref("user.id", nullable=True)
    identity_id: str | None = ref("identity.id", nullable=True)
    created_by: str | None = Field(default=None, max_length=40)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)
    downloads: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Fact(SQLModel, table=True):
    """A dated statement about a candidate, with where it comes from.

    ``item`` tells the entries of a group apart (each job); empty where a kind comes once. A
    correction is a new row; the old one stays, superseded.
    """

    __tablename__ = "fact"
    __table_args__ = (sa.Index("ix_fact_candidate_kind", "candidate_id", "kind", "said_at"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    kind: str = Field(max_length=40)
    value_sealed: str
    source: str = Field(max_length=60)
    said_at: datetime = moment()
    verified_by: str | None = Field(default=None, max_length=40)
    verified_at: datetime | None = moment(nullable=True)
    #: What a check found instead of the value; set together with ``verified_by``.
    found_sealed: str | None = None
    item: str = Field(default="", max_length=40, sa_column_kwargs={"server_default": ""})
    superseded_at: datetime | None = moment(nullable=True)


class Factor(SQLModel, table=True):
    """One risk rule's dated contribution. It fades; it is never rewritten.

    A rule over what was heard points to its words by ``spans``; a rule over the record to its
    statements by ``facts``, with what was measured in words. The latter ends when the record does
    not bear it out any more.
    """

    __tablename__ = "factor"
    __table_args__ = (
        sa.UniqueConstraint("source", "rule"),
        sa.Index("ix_factor_candidate_at", "candidate_id", "at"),
    )

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    rule: str = Field(max_length=60)
    adds: float
    fades_after_days: float
    at: datetime = moment()
    source: str = Field(max_length=60)
    spans: list[dict[str, object]] = Field(default_factory=list, sa_column=sa.Column(Json))
    facts: list[str] | None = Field(default=None, sa_column=sa.Column(Json, nullable=True))
    words_sealed: str | None = None
    ended_at: datetime | None = moment(nullable=True)


class Step(SQLModel, table=True):
    """Something a candidate is to do by a day: hand in the notice, book the medical.

    ``name`` is what makes an open step one: its kind, or for one in HR's own words (sealed) a name
    of its own. A closed step gives its name up, so that the same may be planned again.
    """

    __tablename__ = "step"
    __table_args__ = (sa.UniqueConstraint("candidate_id", "name"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    name: str = Field(max_length=60)
    kind: str = Field(
        default=StepKind.OTHER.value,
        max_length=20,
        sa_column_kwargs={"server_default": StepKind.OTHER.value},
    )
    words_sealed: str | None = None
    due_on: date
    #: When we were told; the day it was taken is ``taken_on``.
    done_at: datetime | None = moment(nullable=True)
    taken_on: date | None = None
    dropped_at: datetime | None = moment(nullable=True)
    reason_sealed: str | None = None
    closed_by: str | None = Field(default=None, max_length=40)
    source: str = Field(max_length=60)
    created_at: datetime = moment()
