"""By when a position is to be filled

A nullable column only: no table is rebuilt, and a process of the release before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("position", sa.Column("needed_by", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("position", "needed_by")
