"""Choices under what we say

A nullable column and an index over the few rows that have it: a process of the release before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("choices", types.Json, nullable=True))
    op.create_index(
        "ix_message_choices",
        "message",
        ["conversation_id", "id"],
        unique=False,
        sqlite_where=sa.text("choices IS NOT NULL"),
        postgresql_where=sa.text("choices IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_message_choices", table_name="message")
    op.drop_column("message", "choices")
