"""Bringing a database to the schema this program knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from storage import sqlite
from storage.database import normalise_url
from storage.errors import StorageError
from storage.tables import metadata

#: Any fixed number; two processes starting at once take turns on it.
ADVISORY_LOCK = 0x59494E554F


class NewerSchema(StorageError):
    """The database was migrated by a newer release. Start that release, or restore a backup."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sqlite.engine(parsed, writable=True)
    else:
        engine = sa.create_engine(parsed, poolclass=NullPool)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


def known_head() -> str:
    """The newest revision this program knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current(url: str) -> str | None:
    """The revision a database is at; None for an empty one."""
    with _connection(url) as conn:
        return MigrationContext.configure(conn).get_current_revision()


def holds_sealed(url: str) -> bool:
    """Whether a database has anything that only its own key file can open."""
    with _connection(url) as conn:
        if MigrationContext.configure(conn).get_current_revision() is None:
            return False
        key = metadata.tables["subject_key"]
        return conn.execute(sa.select(key.c.id).limit(1)).first() is not None


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate. All of it happens, or none. Raises ``NewerSchema``."""
    config = _config()
    with _connection(url) as conn:
        _refuse_newer(conn)
        if conn.dialect.name == "sqlite":
            # A batch migration rebuilds a table by dropping it: with foreign keys on, that
            # deletes the rows that point to it. PRAGMA works only outside a transaction.
            raw = conn.connection.dbapi_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys=OFF")
        with conn.begin():
            if conn.dialect.name == "postgresql":
                conn.execute(sa.text("SELECT pg_advisory_xact_lock(:k)"), {"k": ADVISORY_LOCK})
            config.attributes["connection"] = conn
            command.upgrade(config, revision)
            if conn.dialect.name == "sqlite":
                broken = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise StorageError(f"migration left {len(broken)} dangling references")


def _refuse_newer(conn: sa.Connection) -> None:
    with conn.begin():
        found = MigrationContext.configure(conn).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise NewerSchema(
            f"the database is at revision {found}, which this release does not know; "
            "start the newer release, or restore a backup made before the upgrade"
        )


def drift(url: str) -> list[str]:
    """Differences between the database and the tables in code, in Alembic's words."""
    with _connection(url) as conn:
        context = MigrationContext.configure(
            conn,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, kind, _r, _t: (
                    not (kind == "table" and (name or "").startswith("procrastinate_"))
                ),
            },
        )
        return [str(difference) for difference in compare_metadata(context, metadata)]


def new_revision(url: str, message: str, rev_id: str) -> None:
    """For developers: write a migration from the difference between a database and the code."""
    config = _config()
    with _connection(url) as conn:
        config.attributes["connection"] = conn
        command.revision(config, message=message, rev_id=rev_id, autogenerate=True)
