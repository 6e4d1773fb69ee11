"""What a step is, when it was taken, why it was dropped

Nullable columns and one with a default only: no table is rebuilt, and a process of the release
before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.String(length=20), server_default="other", nullable=False),
        sa.Column("words_sealed", sa.String(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("dropped_at", types.UtcDateTime(), nullable=True),
        sa.Column("reason_sealed", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
    ):
        op.add_column("step", column)


def downgrade() -> None:
    for name in ("closed_by", "reason_sealed", "dropped_at", "taken_on", "words_sealed", "kind"):
        op.drop_column("step", name)
