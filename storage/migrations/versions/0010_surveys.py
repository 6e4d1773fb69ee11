"""Surveys, invitations to them, answers

New tables only: a process of the release before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "survey_version",
        sa.Column("digest", sa.String(length=40), nullable=False),
        sa.Column("survey_id", sa.String(length=40), nullable=False),
        sa.Column("definition", types.Json, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_survey_version"),
    )
    op.create_index("ix_survey_version_survey_id", "survey_version", ["survey_id"], unique=False)
    op.create_table(
        "survey",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest"], ["survey_version.digest"], name="fk_survey_digest_survey_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_survey"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("survey_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=40), nullable=True),
        sa.Column("anchor", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("conversation_id", sa.String(length=40), nullable=True),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("at_question", sa.String(length=40), nullable=False),
        sa.Column("asked_again", sa.Boolean(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("fallback", sa.String(length=20), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("opened_at", types.UtcDateTime(), nullable=True),
        sa.Column("moved_at", types.UtcDateTime(), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_invitation_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_invitation_conversation_id_conversation",
        ),
        sa.ForeignKeyConstraint(
            ["digest"], ["survey_version.digest"], name="fk_invitation_digest_survey_version"
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name="fk_invitation_survey_id_survey"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint(
            "candidate_id",
            "survey_id",
            "anchor",
            name="uq_invitation_candidate_id_survey_id_anchor",
        ),
    )
    op.create_index("ix_invitation_candidate_id", "invitation", ["candidate_id"], unique=False)
    op.create_index(
        "ix_invitation_open",
        "invitation",
        ["candidate_id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_invitation_survey", "invitation", ["survey_id", "status", "id"], unique=False
    )
    op.create_table(
        "answer",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("invitation_id", sa.String(length=40), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("value_sealed", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("said_at", types.UtcDateTime(), nullable=False),
        sa.Column("superseded_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_answer_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name="fk_answer_invitation_id_invitation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answer"),
    )
    op.create_index("ix_answer_candidate_id", "answer", ["candidate_id"], unique=False)
    op.create_index("ix_answer_invitation_id", "answer", ["invitation_id"], unique=False)
    op.create_index(
        "ix_answer_stands",
        "answer",
        ["invitation_id", "question"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )


def downgrade() -> None:
    for name in ("answer", "invitation", "survey", "survey_version"):
        op.drop_table(name)
