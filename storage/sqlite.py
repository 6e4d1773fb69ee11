"""SQLite's rules: one file, one process, full durability, no surprises.

Facts behind the settings (SQLite documentation): in WAL mode with ``synchronous=FULL`` a commit
is durable when it returns; a transaction that read first fails at once when it upgrades after
somebody else's commit, so every writing transaction begins IMMEDIATE; versions 3.7.0 to 3.51.2
can corrupt a WAL database when two connections write or checkpoint at the same moment.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
from pysqlite3 import dbapi2
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool, QueuePool

from storage.errors import AlreadyRunning

FIXED_IN = (3, 51, 3)
#: Pages the write-ahead log may reach before it is copied back (16 MB; SQLite's own default is
#: a quarter). Rows with random ids touch the same index pages again and again: the rarer the
#: copying, the more often it copies a page once for many changes.
WAL_PAGES = 4000


def wal_reset_fixed() -> bool:
    """Whether this SQLite is free of the WAL-reset bug."""
    return tuple(dbapi2.sqlite_version_info) >= FIXED_IN


def version() -> str:
    """The version of the SQLite library in use."""
    return str(dbapi2.sqlite_version)


def lock_file(database: Path) -> TextIO:
    """Hold the file for this process. Raises ``AlreadyRunning``; freed when the process ends."""
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = open(f"{database}.lock", "a+", encoding="ascii")  # noqa: SIM115 - held open
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        holder = handle.read().strip() or "?"
        handle.close()
        raise AlreadyRunning(
            f"{database} is in use by process {holder}: one SQLite file, one process. "
            "Stop it first, or use PostgreSQL for several processes."
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def engine(url: URL, *, writable: bool) -> sa.Engine:
    """An engine whose connections keep the rules above."""
    path = Path(url.database or "")
    if writable and not path.exists():
        path.touch(mode=0o600)
    made = sa.create_engine(
        url,
        module=dbapi2,
        poolclass=NullPool if writable else QueuePool,
        connect_args={"check_same_thread": False, "timeout": 5},
    )

    @sa.event.listens_for(made, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # Otherwise the driver opens deferred transactions of its own.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA trusted_schema=OFF")
        if writable:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
            cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        else:
            cursor.execute("PRAGMA query_only=ON")
            if not wal_reset_fixed():
                cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.close()

    @sa.event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")

    return made
