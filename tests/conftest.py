"""What every test may use: both databases for real, a clock to turn, no way out of the machine."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from storage.database import Database, open_database
from storage.migrate import upgrade
from tests import outside
from tests.clock import FakeClock
from tests.consented import BY_FORM
from tests.hours import ANY_HOUR
from tests.postgres import Postgres, running

outside.block()
# Whoever a test brings in has consented in the company's form; the tests of asking say otherwise.
for _name, _value in {**BY_FORM, **ANY_HOUR}.items():
    os.environ.setdefault(_name, _value)

_postgres_failure: list[str] = []


@pytest.fixture(autouse=True)
def _no_way_out() -> Iterator[None]:
    """Fails the test that tried, even when the code under test swallowed the refusal."""
    outside.attempts.clear()
    yield
    if outside.attempts:
        pytest.fail(f"tried to reach outside hosts: {sorted(set(outside.attempts))}")


@pytest.fixture(autouse=True)
def _log_of_others() -> Iterator[None]:
    """A command sets the log of its process up: here that is the whole suite's."""
    told, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**told)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL, started when the first test asks for it."""
    server = running()
    try:
        started = server.__enter__()
    except Exception as error:
        _postgres_failure.append(f"{type(error).__name__}: {error}")
        raise
    yield started
    server.__exit__(None, None, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where several processes share the run (``make test``)."""
    from tests.spreading import Spread  # a run in one process does without the library

    return Spread(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes tells the one that prints."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["postgres_failure"] = _postgres_failure


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a process told when it ended; one that crashed told nothing."""
    _postgres_failure.extend(getattr(node, "workeroutput", {}).get("postgres_failure", ()))


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
