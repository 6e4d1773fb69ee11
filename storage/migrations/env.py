"""Alembic's entry: one tree for SQLite and PostgreSQL. The connection is handed in by
``storage.migrate``; settings are not read here."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata


def _ours(_object: object, name: str | None, type_: str, _reflected: bool, _to: object) -> bool:
    """Leave the engine's own tables alone."""
    return not (type_ == "table" and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    include_object=_ours,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
