"""What a candidate agreed to, item by item

New tables only: a process of the release before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("notice", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name="fk_consent_candidate_id_candidate"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index(
        "ix_consent_candidate_item", "consent", ["candidate_id", "item", "at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("consent")
