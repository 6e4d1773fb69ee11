"""The record, offers and pledges, outcomes, merges

New tables, nullable columns and columns with a default only: no table is rebuilt, and a process of
the release before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ending",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=14), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note_sealed", sa.String(), nullable=True),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.String(length=40), nullable=True),
        sa.Column("recorded_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_ending_candidate_id_candidate"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ending"),
    )
    op.create_index(
        "ix_ending_candidate_at", "ending", ["candidate_id", "recorded_at"], unique=False
    )

    op.create_table(
        "merge",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kept_id", sa.String(length=40), nullable=False),
        sa.Column("gone_id", sa.String(length=40), nullable=False),
        sa.Column("moved", types.Json, nullable=True),
        sa.Column("merged_by", sa.String(length=40), nullable=False),
        sa.Column("merged_at", types.UtcDateTime(), nullable=False),
        sa.Column("undone_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["gone_id"], ["candidate.id"], name="fk_merge_gone_id_candidate"),
        sa.ForeignKeyConstraint(["kept_id"], ["candidate.id"], name="fk_merge_kept_id_candidate"),
        sa.PrimaryKeyConstraint("id", name="pk_merge"),
    )
    op.create_table(
        "offer",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("terms_sealed", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_offer_candidate_id_candidate"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
        sa.UniqueConstraint("candidate_id", "number", name="uq_offer_candidate_id_number"),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("body_sealed", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_proposal_candidate_id_candidate"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_index(
        "ix_proposal_candidate_state", "proposal", ["candidate_id", "state"], unique=False
    )

    op.create_table(
        "pledge",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("offer_id", sa.String(length=40), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body_sealed", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("ours_at", types.UtcDateTime(), nullable=True),
        sa.Column("ours_by", sa.String(length=40), nullable=True),
        sa.Column("theirs_at", types.UtcDateTime(), nullable=True),
        sa.Column("theirs_via", sa.String(length=60), nullable=True),
        sa.Column("replaced_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_pledge_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_pledge_offer_id_offer"),
        sa.PrimaryKeyConstraint("id", name="pk_pledge"),
        sa.UniqueConstraint("candidate_id", "number", name="uq_pledge_candidate_id_number"),
    )
    op.create_table(
        "change_request",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("pledge_id", sa.String(length=40), nullable=True),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("body_sealed", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("asked_at", types.UtcDateTime(), nullable=False),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_change_request_candidate_id_candidate"
        ),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledge.id"], name="fk_change_request_pledge_id_pledge"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_change_request"),
    )
    op.create_index(
        "ix_change_request_candidate_at",
        "change_request",
        ["candidate_id", "asked_at"],
        unique=False,
    )

    op.add_column("candidate", sa.Column("merged_into", sa.String(length=40), nullable=True))

    op.add_column("fact", sa.Column("verified_at", types.UtcDateTime(), nullable=True))
    op.create_table(
        "step",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_at", types.UtcDateTime(), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_step_candidate_id_candidate"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
        sa.UniqueConstraint("candidate_id", "name", name="uq_step_candidate_id_name"),
    )
    op.add_column("factor", sa.Column("facts", types.Json, nullable=True))
    op.add_column("factor", sa.Column("words_sealed", sa.String(), nullable=True))
    op.add_column("factor", sa.Column("ended_at", types.UtcDateTime(), nullable=True))
    op.add_column("fact", sa.Column("found_sealed", sa.String(), nullable=True))
    op.add_column(
        "fact", sa.Column("item", sa.String(length=40), server_default="", nullable=False)
    )

    op.add_column(
        "position", sa.Column("level", sa.String(length=40), server_default="", nullable=False)
    )
    op.add_column("position", sa.Column("headcount", sa.Integer(), nullable=True))
    op.add_column(
        "position",
        sa.Column("requirements", sa.String(length=4000), server_default="", nullable=False),
    )
    op.add_column("position", sa.Column("culture", types.Json, nullable=True))


def downgrade() -> None:
    op.drop_column("fact", "found_sealed")
    op.drop_column("factor", "ended_at")
    op.drop_column("factor", "words_sealed")
    op.drop_column("factor", "facts")
    op.drop_table("step")
    op.drop_column("position", "culture")
    op.drop_column("position", "requirements")
    op.drop_column("position", "headcount")
    op.drop_column("position", "level")

    op.drop_column("fact", "item")
    op.drop_column("fact", "verified_at")

    op.drop_column("candidate", "merged_into")

    op.drop_index("ix_change_request_candidate_at", table_name="change_request")

    op.drop_table("change_request")
    op.drop_table("pledge")
    op.drop_index("ix_proposal_candidate_state", table_name="proposal")

    op.drop_table("proposal")
    op.drop_table("offer")
    op.drop_table("merge")
    op.drop_index("ix_ending_candidate_at", table_name="ending")

    op.drop_table("ending")
