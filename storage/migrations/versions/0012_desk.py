"""The desk: deputies, teams, what each was shown, interviews, who asked

New tables, and columns that have a default or may be empty: a process of the release before can go
on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "away",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("deputy_id", sa.String(length=40), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["deputy_id"], ["user.id"], name="fk_away_deputy_id_user"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_away_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_away"),
    )
    op.create_index("ix_away_deputy_id", "away", ["deputy_id"], unique=False)
    op.create_index("ix_away_user_id", "away", ["user_id"], unique=False)

    op.create_table(
        "kind_standing",
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("demoted_at", types.UtcDateTime(), nullable=True),
        sa.Column("by", sa.String(length=40), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=True),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["user.id"], name="fk_kind_standing_by_user"),
        sa.PrimaryKeyConstraint("topic", name="pk_kind_standing"),
    )
    op.create_table(
        "teammate",
        sa.Column("position_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("added_by", sa.String(length=40), nullable=True),
        sa.Column("added_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["position_id"], ["position.id"], name="fk_teammate_position_id_position"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_teammate_user_id_user"),
        sa.PrimaryKeyConstraint("position_id", "user_id", name="pk_teammate"),
    )
    op.create_index("ix_teammate_user_id", "teammate", ["user_id"], unique=False)

    op.create_table(
        "access",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_access_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_access_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_access"),
    )
    op.create_index("ix_access_candidate_at", "access", ["candidate_id", "at"], unique=False)

    op.create_table(
        "interview",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("interviewer_id", sa.String(length=40), nullable=True),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", types.UtcDateTime(), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("feedback_sealed", sa.String(), nullable=True),
        sa.Column("done_at", types.UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_interview_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(["done_by"], ["user.id"], name="fk_interview_done_by_user"),
        sa.ForeignKeyConstraint(
            ["interviewer_id"], ["user.id"], name="fk_interview_interviewer_id_user"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_interview"),
    )
    op.create_index("ix_interview_at", "interview", ["at"], unique=False)
    op.create_index("ix_interview_candidate_id", "interview", ["candidate_id"], unique=False)

    op.create_table(
        "missed_case",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("found", sa.String(length=10), nullable=False),
        sa.Column("reviewed_by", sa.String(length=40), nullable=False),
        sa.Column("reviewed_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_missed_case_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["user.id"], name="fk_missed_case_reviewed_by_user"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_missed_case"),
    )
    op.create_index("ix_missed_case_candidate_id", "missed_case", ["candidate_id"], unique=False)

    op.create_table(
        "alert_event",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=True),
        sa.Column("cause", sa.String(length=100), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("about", types.Json, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_event_alert_id_alert"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_alert_event_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_event"),
        sa.UniqueConstraint("cause", name="uq_alert_event_cause"),
    )
    op.create_index("ix_alert_event_alert_at", "alert_event", ["alert_id", "at"], unique=False)

    op.create_table(
        "notice",
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_notice_alert_id_alert"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_notice_user_id_user"),
        sa.PrimaryKeyConstraint("alert_id", "user_id", name="pk_notice"),
    )
    op.create_index("ix_notice_user_sent", "notice", ["user_id", "sent_at"], unique=False)
    op.create_index(
        "ix_notice_waiting",
        "notice",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )

    op.add_column(
        "alert", sa.Column("escalation", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("alert", sa.Column("snoozed_until", types.UtcDateTime(), nullable=True))
    op.create_index("ix_alert_action_at", "alert_action", ["at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_alert_action_at", table_name="alert_action")
    op.drop_column("alert", "snoozed_until")
    op.drop_column("alert", "escalation")

    op.drop_index("ix_notice_waiting", table_name="notice")
    op.drop_index("ix_notice_user_sent", table_name="notice")

    op.drop_table("notice")
    op.drop_index("ix_alert_event_alert_at", table_name="alert_event")

    op.drop_table("alert_event")
    op.drop_index("ix_missed_case_candidate_id", table_name="missed_case")

    op.drop_table("missed_case")
    op.drop_index("ix_interview_candidate_id", table_name="interview")
    op.drop_index("ix_interview_at", table_name="interview")

    op.drop_table("interview")
    op.drop_index("ix_access_candidate_at", table_name="access")

    op.drop_table("access")
    op.drop_index("ix_teammate_user_id", table_name="teammate")

    op.drop_table("teammate")
    op.drop_table("kind_standing")
    op.drop_index("ix_away_user_id", table_name="away")
    op.drop_index("ix_away_deputy_id", table_name="away")

    op.drop_table("away")
