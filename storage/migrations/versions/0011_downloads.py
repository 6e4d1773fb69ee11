"""How often what a link leads to was downloaded

One column with a default only: a process of the release before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "invite", sa.Column("downloads", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("invite", "downloads")
