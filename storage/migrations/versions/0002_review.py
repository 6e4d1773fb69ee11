"""Unclear readings, what people said of them, corrected labels

Columns only, each nullable or with a default: no table is rebuilt, and a process of the release
before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("source", sa.String(length=40), nullable=True))
    op.add_column("alert", sa.Column("raised_by", sa.String(length=40), nullable=True))
    op.add_column("alert_action", sa.Column("source", sa.String(length=40), nullable=True))
    for column in (
        sa.Column("stage", sa.String(length=20), nullable=True),
        sa.Column("unclear", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("review", sa.String(length=14), nullable=True),
        sa.Column("reviewed_by", sa.String(length=40), nullable=True),
        sa.Column("reviewed_at", types.UtcDateTime(), nullable=True),
        sa.Column("corrected", types.Json, nullable=True),
        sa.Column("corrected_by", sa.String(length=40), nullable=True),
        sa.Column("corrected_at", types.UtcDateTime(), nullable=True),
    ):
        op.add_column("reading", column)
    op.create_index(
        "ix_reading_unreviewed",
        "reading",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("unclear = 1 AND reviewed_at IS NULL"),
        postgresql_where=sa.text("unclear AND reviewed_at IS NULL"),
    )
    op.create_index(
        "ix_reading_reviewed",
        "reading",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("unclear = 1 AND reviewed_at IS NOT NULL"),
        postgresql_where=sa.text("unclear AND reviewed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_reading_reviewed", table_name="reading")
    op.drop_index("ix_reading_unreviewed", table_name="reading")
    for name in (
        "corrected_at",
        "corrected_by",
        "corrected",
        "reviewed_at",
        "reviewed_by",
        "review",
        "unclear",
        "stage",
    ):
        op.drop_column("reading", name)
    op.drop_column("alert_action", "source")
    op.drop_column("alert", "raised_by")
    op.drop_column("alert", "source")
