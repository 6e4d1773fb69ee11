"""The first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", types.Json, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_used_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", types.BigId, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object", sa.String(length=60), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("request_id", sa.String(length=60), nullable=False),
        sa.Column("ip_hmac", sa.String(length=64), nullable=False),
        sa.Column("details", types.Json, nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "budget",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_budget")),
    )
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "cron_run",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_cron_run")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=40), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "login_attempt",
        sa.Column("id", types.BigId, autoincrement=True, nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_login_attempt_who_at", ["who", "at"], unique=False)

    op.create_table(
        "scheduled",
        sa.Column("id", types.BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("anchor", sa.String(length=60), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("local_time", sa.String(length=5), nullable=False),
        sa.Column("tz", sa.String(length=40), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("about", types.Json, nullable=False),
        sa.Column("fired_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled")),
        sa.UniqueConstraint(
            "kind", "person_id", "anchor", name=op.f("uq_scheduled_kind_person_id_anchor")
        ),
    )
    with op.batch_alter_table("scheduled", schema=None) as batch_op:
        batch_op.create_index(
            "ix_scheduled_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(batch_op.f("ix_scheduled_person_id"), ["person_id"], unique=False)

    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=2000), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "subject_key",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("wrapped", sa.String(length=400), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("destroyed_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_key")),
    )
    with op.batch_alter_table("subject_key", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subject_key_candidate_id"), ["candidate_id"], unique=False
        )

    op.create_table(
        "user",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("totp_sealed", sa.String(length=400), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery", types.Json, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("disabled_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("login", name=op.f("uq_user_login")),
    )
    op.create_table(
        "position",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("department", sa.String(length=120), nullable=False),
        sa.Column("city", sa.String(length=60), nullable=False),
        sa.Column("budget_low", sa.Integer(), nullable=True),
        sa.Column("budget_high", sa.Integer(), nullable=True),
        sa.Column("months", sa.Float(), nullable=True),
        sa.Column("owner_id", sa.String(length=40), nullable=True),
        sa.Column("manager_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["user.id"], name=op.f("fk_position_manager_id_user")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_position_owner_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position")),
    )
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("agent", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_web_session_user_id_user")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_session")),
        sa.UniqueConstraint("id", name=op.f("uq_web_session_id")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "candidate",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("name_sealed", sa.String(length=2000), nullable=False),
        sa.Column("phone_sealed", sa.String(length=400), nullable=True),
        sa.Column("phone_index", sa.String(length=64), nullable=True),
        sa.Column("position_id", sa.String(length=40), nullable=True),
        sa.Column("owner_id", sa.String(length=40), nullable=True),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("stage_at", types.UtcDateTime(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("erased_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_candidate_owner_id_user")),
        sa.ForeignKeyConstraint(
            ["position_id"], ["position.id"], name=op.f("fk_candidate_position_id_position")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject_key.id"], name=op.f("fk_candidate_subject_id_subject_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
    )
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.create_index("ix_candidate_created_at_id", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_candidate_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_candidate_phone_index"), ["phone_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_candidate_position_id"), ["position_id"], unique=False)
        batch_op.create_index("ix_candidate_stage_id", ["stage", "id"], unique=False)

    op.create_table(
        "fact",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value_sealed", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("said_at", types.UtcDateTime(), nullable=False),
        sa.Column("verified_by", sa.String(length=40), nullable=True),
        sa.Column("superseded_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_fact_candidate_id_candidate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
    )
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.create_index(
            "ix_fact_candidate_kind", ["candidate_id", "kind", "said_at"], unique=False
        )

    op.create_table(
        "factor",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("adds", sa.Float(), nullable=False),
        sa.Column("fades_after_days", sa.Float(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("spans", types.Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_factor_candidate_id_candidate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor")),
        sa.UniqueConstraint("source", "rule", name=op.f("uq_factor_source_rule")),
    )
    with op.batch_alter_table("factor", schema=None) as batch_op:
        batch_op.create_index("ix_factor_candidate_at", ["candidate_id", "at"], unique=False)

    op.create_table(
        "identity",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=128), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("user_id", sa.String(length=40), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("linked_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_identity_candidate_id_candidate")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_identity_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_identity_channel_address")),
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_identity_candidate_id"), ["candidate_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_identity_user_id"), ["user_id"], unique=False)

    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=128), nullable=False),
        sa.Column("identity_id", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("wake", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("state", types.Json, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_conversation_identity_id_identity")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject_key.id"], name=op.f("fk_conversation_subject_id_subject_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_conversation_channel_address")),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_conversation_identity_id"), ["identity_id"], unique=False
        )

    op.create_table(
        "invite",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("user_id", sa.String(length=40), nullable=True),
        sa.Column("identity_id", sa.String(length=40), nullable=True),
        sa.Column("created_by", sa.String(length=40), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_invite_candidate_id_candidate")
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_invite_identity_id_identity")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_invite_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invite_token_hash")),
    )
    with op.batch_alter_table("invite", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invite_candidate_id"), ["candidate_id"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=True),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("severity_rank", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=14), nullable=False),
        sa.Column("verdict", sa.String(length=14), nullable=True),
        sa.Column("verdict_by", sa.String(length=40), nullable=True),
        sa.Column("verdict_at", types.UtcDateTime(), nullable=True),
        sa.Column("quote_sealed", sa.String(), nullable=False),
        sa.Column("question", sa.String(length=60), nullable=False),
        sa.Column("evidence", types.Json, nullable=False),
        sa.Column("raised_at", types.UtcDateTime(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_alert_candidate_id_candidate")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_alert_conversation_id_conversation"),
        ),
        sa.ForeignKeyConstraint(["verdict_by"], ["user.id"], name=op.f("fk_alert_verdict_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_candidate_id"), ["candidate_id"], unique=False)
        batch_op.create_index("ix_alert_status_raised", ["status", "raised_at", "id"], unique=False)
        batch_op.create_index(
            "uq_alert_unresolved",
            ["candidate_id", "topic"],
            unique=True,
            sqlite_where=sa.text("status <> 'resolved'"),
            postgresql_where=sa.text("status <> 'resolved'"),
        )

    op.create_table(
        "message",
        sa.Column("id", types.BigId, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=12), nullable=False),
        sa.Column("author_id", sa.String(length=40), nullable=True),
        sa.Column("body_sealed", sa.String(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=False),
        sa.Column("received_at", types.UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("revised_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_message_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_message_channel_external_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_message_uid")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_conversation", ["conversation_id", "id"], unique=False)
        batch_op.create_index(
            "ix_message_new",
            ["conversation_id", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'new'"),
            postgresql_where=sa.text("status = 'new'"),
        )

    op.create_table(
        "alert_action",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("verdict", sa.String(length=14), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_action_alert_id_alert")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_alert_action_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_action")),
        sa.UniqueConstraint("cause", name=op.f("uq_alert_action_cause")),
    )
    with op.batch_alter_table("alert_action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_action_alert_id"), ["alert_id"], unique=False)

    op.create_table(
        "card",
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("receipt", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_card_alert_id_alert")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_card_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("alert_id", "conversation_id", name=op.f("pk_card")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", types.BigId, autoincrement=True, nullable=False),
        sa.Column("idem", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("message_id", types.BigId, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", types.UtcDateTime(), nullable=False),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("owner", sa.String(length=60), nullable=True),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_outbox_conversation_id_conversation"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_outbox_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("idem", name=op.f("uq_outbox_idem")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_dead",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status IN ('dead', 'ambiguous')"),
            postgresql_where=sa.text("status IN ('dead', 'ambiguous')"),
        )
        batch_op.create_index(
            "ix_outbox_due",
            ["channel", "next_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('new', 'sending')"),
            postgresql_where=sa.text("status IN ('new', 'sending')"),
        )
        batch_op.create_index(
            "ix_outbox_head",
            ["conversation_id", "id"],
            unique=False,
            sqlite_where=sa.text("status IN ('new', 'sending')"),
            postgresql_where=sa.text("status IN ('new', 'sending')"),
        )
        batch_op.create_index(batch_op.f("ix_outbox_message_id"), ["message_id"], unique=False)

    op.create_table(
        "reading",
        sa.Column("message_id", types.BigId, autoincrement=False, nullable=False),
        sa.Column("covers", types.Json, nullable=False),
        sa.Column("intents", types.Json, nullable=False),
        sa.Column("scores", types.Json, nullable=False),
        sa.Column("commitment", sa.Integer(), nullable=False),
        sa.Column("reported", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("alert", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("evidence", types.Json, nullable=False),
        sa.Column("amounts_sealed", sa.String(), nullable=True),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_reading_message_id_message")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_reading")),
    )
    _guard_audit()


def downgrade() -> None:
    op.drop_table("reading")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_message_id"))
        batch_op.drop_index(
            "ix_outbox_head",
            sqlite_where=sa.text("status IN ('new', 'sending')"),
            postgresql_where=sa.text("status IN ('new', 'sending')"),
        )
        batch_op.drop_index(
            "ix_outbox_due",
            sqlite_where=sa.text("status IN ('new', 'sending')"),
            postgresql_where=sa.text("status IN ('new', 'sending')"),
        )
        batch_op.drop_index(
            "ix_outbox_dead",
            sqlite_where=sa.text("status IN ('dead', 'ambiguous')"),
            postgresql_where=sa.text("status IN ('dead', 'ambiguous')"),
        )

    op.drop_table("outbox")
    op.drop_table("card")
    with op.batch_alter_table("alert_action", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_action_alert_id"))

    op.drop_table("alert_action")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_new",
            sqlite_where=sa.text("status = 'new'"),
            postgresql_where=sa.text("status = 'new'"),
        )
        batch_op.drop_index("ix_message_conversation")

    op.drop_table("message")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alert_unresolved",
            sqlite_where=sa.text("status <> 'resolved'"),
            postgresql_where=sa.text("status <> 'resolved'"),
        )
        batch_op.drop_index("ix_alert_status_raised")
        batch_op.drop_index(batch_op.f("ix_alert_candidate_id"))

    op.drop_table("alert")
    with op.batch_alter_table("invite", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invite_candidate_id"))

    op.drop_table("invite")
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_identity_id"))

    op.drop_table("conversation")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_user_id"))
        batch_op.drop_index(batch_op.f("ix_identity_candidate_id"))

    op.drop_table("identity")
    with op.batch_alter_table("factor", schema=None) as batch_op:
        batch_op.drop_index("ix_factor_candidate_at")

    op.drop_table("factor")
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.drop_index("ix_fact_candidate_kind")

    op.drop_table("fact")
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.drop_index("ix_candidate_stage_id")
        batch_op.drop_index(batch_op.f("ix_candidate_position_id"))
        batch_op.drop_index(batch_op.f("ix_candidate_phone_index"))
        batch_op.drop_index(batch_op.f("ix_candidate_owner_id"))
        batch_op.drop_index("ix_candidate_created_at_id")

    op.drop_table("candidate")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_session_user_id"))

    op.drop_table("web_session")
    op.drop_table("position")
    op.drop_table("user")
    with op.batch_alter_table("subject_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subject_key_candidate_id"))

    op.drop_table("subject_key")
    op.drop_table("setting")
    with op.batch_alter_table("scheduled", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheduled_person_id"))
        batch_op.drop_index(
            "ix_scheduled_due",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )

    op.drop_table("scheduled")
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_login_attempt_who_at")

    op.drop_table("login_attempt")
    op.drop_table("idempotency_key")
    op.drop_table("cron_run")
    op.drop_table("chain_head")
    op.drop_table("budget")
    op.drop_table("audit")
    op.drop_table("api_key")


def _guard_audit() -> None:
    """The audit chain only grows: the database itself refuses changes to it."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit rows are append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )
