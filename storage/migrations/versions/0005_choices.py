"""Choices under what we say

A nullable column only: a process of the release before can go on writing.
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


def downgrade() -> None:
    op.drop_column("message", "choices")
