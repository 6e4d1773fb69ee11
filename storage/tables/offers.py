"""What was offered, agreed, asked for, and how it ended."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.tables.base import moment, ref, text_id
from storage.types import Json


class Proposal(SQLModel, table=True):
    """Statements found in a document, waiting for HR to confirm them one by one.

    ``state``: new, done, dropped. ``body_sealed`` holds the fields (kind, item, text, question,
    place, whether confirmed) and how many protected details were left out.
    """

    __tablename__ = "proposal"
    __table_args__ = (sa.Index("ix_proposal_candidate_state", "candidate_id", "state"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    source: str = Field(max_length=60)
    state: str = Field(default="new", max_length=8)
    body_sealed: str
    created_by: str | None = Field(default=None, max_length=40)
    created_at: datetime = moment()
    settled_at: datetime | None = moment(nullable=True)


class Offer(SQLModel, table=True):
    """One version of what we offer. A new version never changes an old one.

    ``state``: draft, sent, accepted, declined, replaced, withdrawn.
    """

    __tablename__ = "offer"
    __table_args__ = (sa.UniqueConstraint("candidate_id", "number"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    number: int
    state: str = Field(default="draft", max_length=10)
    terms_sealed: str
    created_by: str | None = Field(default=None, max_length=40)
    created_at: datetime = moment()
    sent_at: datetime | None = moment(nullable=True)
    answer_by: date | None = None
    settled_at: datetime | None = moment(nullable=True)


class Pledge(SQLModel, table=True):
    """A 承诺卡: what both sides agreed and what is open, as one version both confirm.

    ``body_sealed`` holds the agreed lines and the open ones (what, who answers, by when).
    """

    __tablename__ = "pledge"
    __table_args__ = (sa.UniqueConstraint("candidate_id", "number"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    offer_id: str | None = ref("offer.id", nullable=True)
    number: int
    body_sealed: str
    created_by: str | None = Field(default=None, max_length=40)
    created_at: datetime = moment()
    ours_at: datetime | None = moment(nullable=True)
    ours_by: str | None = Field(default=None, max_length=40)
    theirs_at: datetime | None = moment(nullable=True)
    theirs_via: str | None = Field(default=None, max_length=60)
    replaced_at: datetime | None = moment(nullable=True)


class ChangeRequest(SQLModel, table=True):
    """Somebody asked for something else than what stands. A dated fact, not a black mark.

    ``side``: candidate or company. ``state``: open, agreed, refused, taken_back.
    """

    __tablename__ = "change_request"
    __table_args__ = (sa.Index("ix_change_request_candidate_at", "candidate_id", "asked_at"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    pledge_id: str | None = ref("pledge.id", nullable=True)
    side: str = Field(max_length=10)
    state: str = Field(default="open", max_length=12)
    body_sealed: str
    source: str = Field(max_length=60)
    asked_at: datetime = moment()
    settled_at: datetime | None = moment(nullable=True)
    settled_by: str | None = Field(default=None, max_length=40)


class Ending(SQLModel, table=True):
    """How it ended: an outcome with its reason, day and cost (yuan). The newest one holds."""

    __tablename__ = "ending"
    __table_args__ = (sa.Index("ix_ending_candidate_at", "candidate_id", "recorded_at"),)

    id: str = text_id()
    candidate_id: str = ref("candidate.id")
    outcome: str = Field(max_length=14)
    reason: str = Field(default="", max_length=40)
    note_sealed: str | None = Field(default=None)
    on_day: date
    cost: int | None = None
    recorded_by: str | None = Field(default=None, max_length=40)
    recorded_at: datetime = moment()


class Merge(SQLModel, table=True):
    """Two records found to be one person. ``moved`` lists what was re-pointed, for the undo."""

    __tablename__ = "merge"

    id: str = text_id()
    kept_id: str = ref("candidate.id")
    gone_id: str = ref("candidate.id")
    moved: dict[str, list[str]] = Field(default_factory=dict, sa_column=sa.Column(Json))
    merged_by: str = Field(max_length=40)
    merged_at: datetime = moment()
    undone_at: datetime | None = moment(nullable=True)
