"""Attachments, queues that are pulled, tickets, sends that wait for the person

New tables, nullable columns and indexes only: no table is rebuilt, and a process of the release
before can go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("message_uid", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ref_sealed", sa.String(), nullable=False),
        sa.Column("name_sealed", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.UniqueConstraint("message_uid", "position", name="uq_attachment_message_uid_position"),
    )
    op.create_index(
        "ix_attachment_new",
        "attachment",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_table(
        "attachment_part",
        sa.Column("attachment_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.id"],
            name="fk_attachment_part_attachment_id_attachment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attachment_id", "seq", name="pk_attachment_part"),
    )
    op.create_table(
        "queue",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("cursor", sa.String(length=400), nullable=False),
        sa.Column("token", sa.String(length=400), nullable=False),
        sa.Column("pulled_at", types.UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("channel", "account", name="pk_queue"),
    )
    op.add_column("conversation", sa.Column("ticket_sealed", sa.String(), nullable=True))
    op.add_column("conversation", sa.Column("ticket_until", types.UtcDateTime(), nullable=True))
    op.add_column("message", sa.Column("raw_sealed", sa.String(), nullable=True))
    op.add_column(
        "message", sa.Column("opens", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("outbox", sa.Column("sent_at", types.UtcDateTime(), nullable=True))
    op.add_column(
        "outbox", sa.Column("doubtful", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("outbox", sa.Column("parts", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_outbox_held",
        "outbox",
        ["conversation_id"],
        unique=False,
        sqlite_where=sa.text("status = 'held'"),
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index(
        "ix_outbox_receipt",
        "outbox",
        ["channel", "receipt"],
        unique=False,
        sqlite_where=sa.text("receipt IS NOT NULL"),
        postgresql_where=sa.text("receipt IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_receipt", table_name="outbox")
    op.drop_index("ix_outbox_held", table_name="outbox")
    op.drop_column("outbox", "parts")
    op.drop_column("outbox", "doubtful")
    op.drop_column("outbox", "sent_at")
    op.drop_column("message", "opens")
    op.drop_column("message", "raw_sealed")
    op.drop_column("conversation", "ticket_until")
    op.drop_column("conversation", "ticket_sealed")
    op.drop_table("queue")
    op.drop_table("attachment_part")
    op.drop_index("ix_attachment_new", table_name="attachment")
    op.drop_table("attachment")
