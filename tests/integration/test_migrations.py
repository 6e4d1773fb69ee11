"""Promises of the migrations, on empty databases and on ones that hold data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage import migrate
from storage.database import Tx, open_database
from storage.errors import StorageError
from storage.queries.common import insert, table
from storage.tables import AuditRow, Identity
from tests.postgres import Postgres

FIRST = "0001"
NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)

AUDIT: dict[str, Any] = {
    "seq": 1,
    "at": NOW.isoformat(),
    "actor": "u_1",
    "role": "hr",
    "action": "alert.resolve",
    "object": "a_1",
    "purpose": "",
    "outcome": "done",
    "request_id": "r_1",
    "ip_hmac": "",
    "details": {"field": "阶段"},
    "prev_hash": "0" * 64,
    "hash": "1" * 64,
    "mac": "2" * 64,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database nothing was ever written to."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.create(migrated=False)
    yield url
    postgres.drop(url)


def working(url: str, work: Callable[[Tx], Any]) -> Any:
    """Run one unit of work and let the database go."""
    database = open_database(url)
    try:
        return database.submit(work).result(10)
    finally:
        database.close()


def add(tx: Tx, name: str, **values: Any) -> None:
    """Insert by the columns the database has, which need not be those of the code."""
    tx.run(sa.insert(sa.Table(name, sa.MetaData(), autoload_with=tx.conn)), values)


def fill(tx: Tx) -> None:
    """Rows as the first release left them: a chain of references, and the audit."""
    add(tx, "subject_key", id="k_1", candidate_id="c_1", wrapped="w", created_at=NOW)
    person: dict[str, Any] = {"id": "c_1", "subject_id": "k_1", "name_sealed": "s"}
    place = {"stage": "offer", "version": 3, "score": 40, "level": "medium"}
    add(tx, "candidate", **person, **place, stage_at=NOW, created_at=NOW)
    where: dict[str, Any] = {"channel": "telegram", "address": "7"}
    add(tx, "identity", id="i_1", candidate_id="c_1", reachable=True, created_at=NOW, **where)
    talk = {"identity_id": "i_1", "subject_id": "k_1", "wake": True, "version": 2, "muted": False}
    add(tx, "conversation", id="v_1", state={"步": 1}, created_at=NOW, last_at=NOW, **where, **talk)
    for n in range(3):
        message = {"uid": f"m_{n}", "channel": "telegram", "external_id": str(n)}
        about = {"conversation_id": "v_1", "direction": "inbound", "kind": "text"}
        rest = {"author": "candidate", "body_sealed": "s", "status": "new", "attempts": n}
        add(tx, "message", **message, **about, **rest, sent_at=NOW, received_at=NOW)
    add(tx, "audit", **AUDIT)


def contents(tx: Tx) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that has one."""
    reflected = sa.MetaData()
    reflected.reflect(tx.conn, only=lambda name, _: name != "alembic_version")
    rows = {
        made.name: [dict(row._mapping) for row in tx.all(sa.select(made).order_by(*made.c))]
        for made in reflected.sorted_tables
    }
    return {name: found for name, found in rows.items() if found}


def test_an_empty_database_comes_to_the_newest_schema_without_drift(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == migrate.known_head()
    assert migrate.drift(empty_url) == []
    migrate.upgrade(empty_url)  # again is a no-op
    assert migrate.current(empty_url) == migrate.known_head()


def test_drift_is_seen(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    working(empty_url, lambda tx: tx.run(sa.text("ALTER TABLE budget ADD COLUMN extra INTEGER")))
    assert any("extra" in difference for difference in migrate.drift(empty_url))


def test_data_of_the_first_release_survives_the_upgrade(empty_url: str) -> None:
    migrate.upgrade(empty_url, FIRST)
    working(empty_url, fill)
    before = working(empty_url, contents)
    assert sum(len(rows) for rows in before.values()) == 8
    migrate.upgrade(empty_url)
    assert migrate.drift(empty_url) == []
    after = working(empty_url, contents)
    for name, rows in before.items():
        kept = [{column: row[column] for column in rows[0]} for row in after[name]]
        assert kept == rows


def test_a_newer_schema_is_refused_and_left_alone(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
    working(empty_url, lambda tx: tx.run(newer))
    with pytest.raises(migrate.NewerSchema, match="9999"):
        migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == "9999"


def test_two_that_start_at_once_migrate_once(empty_url: str) -> None:
    with ThreadPoolExecutor(2) as both:
        started = [both.submit(migrate.upgrade, empty_url) for _ in range(2)]
    assert [future.exception() for future in started] == [None, None]
    assert migrate.drift(empty_url) == []


@pytest.mark.parametrize(
    "tampering", ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit"]
)
def test_what_is_in_the_audit_stays_there(database_url: str, tampering: str) -> None:
    working(database_url, lambda tx: insert(tx, AuditRow, AUDIT))
    with pytest.raises((sa.exc.DBAPIError, StorageError), match="append-only"):
        working(database_url, lambda tx: tx.run(sa.text(tampering)))
    rows = working(database_url, lambda tx: tx.all(sa.select(table(AuditRow))))
    assert [dict(row._mapping) for row in rows] == [AUDIT]


def test_references_hold(database_url: str) -> None:
    def orphan(tx: Tx) -> None:
        identity = {"id": "i_9", "channel": "telegram", "address": "9", "candidate_id": "c_none"}
        insert(tx, Identity, identity | {"reachable": True, "created_at": NOW})

    with pytest.raises(sa.exc.IntegrityError):
        working(database_url, orphan)
