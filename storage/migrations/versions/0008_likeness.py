"""How near a career plan is to a role

Nullable columns, one with a default, and an index: no table is rebuilt, and a process of the release
before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("candidate", sa.Column("likeness", sa.Float(), nullable=True))
    op.add_column("candidate", sa.Column("likeness_of", sa.String(length=64), nullable=True))
    op.add_column(
        "candidate",
        sa.Column("likeness_due", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(
        "ix_candidate_likeness_due",
        "candidate",
        ["id"],
        unique=False,
        sqlite_where=sa.text("likeness_due"),
        postgresql_where=sa.text("likeness_due"),
    )


def downgrade() -> None:
    op.drop_index("ix_candidate_likeness_due", table_name="candidate")
    op.drop_column("candidate", "likeness_due")
    op.drop_column("candidate", "likeness_of")
    op.drop_column("candidate", "likeness")
