"""Promises of the migrations, on empty databases and on ones that hold data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage import migrate
from storage.database import Tx, open_database
from storage.errors import StorageError
from storage.queries.common import insert, table
from storage.tables import (
    AuditRow,
    Candidate,
    Conversation,
    Identity,
    Message,
    SubjectKey,
    metadata,
)
from tests.conftest import Postgres

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


def fill(tx: Tx) -> None:
    """Rows as the first release would have left them: a chain of references, and the audit."""
    insert(tx, SubjectKey, {"id": "k_1", "candidate_id": "c_1", "wrapped": "w", "created_at": NOW})
    candidate = {"id": "c_1", "subject_id": "k_1", "name_sealed": "s", "stage": "offer"}
    counters = {"version": 3, "score": 40, "level": "medium"}
    insert(tx, Candidate, candidate | counters | {"stage_at": NOW, "created_at": NOW})
    identity = {"id": "i_1", "channel": "telegram", "address": "7", "candidate_id": "c_1"}
    insert(tx, Identity, identity | {"reachable": True, "created_at": NOW})
    talk = {"id": "v_1", "channel": "telegram", "address": "7", "identity_id": "i_1"}
    state = {"subject_id": "k_1", "wake": True, "version": 2, "muted": False, "state": {"步": 1}}
    insert(tx, Conversation, talk | state | {"created_at": NOW, "last_at": NOW})
    for n in range(3):
        message = {"uid": f"m_{n}", "channel": "telegram", "external_id": str(n)}
        about = {"conversation_id": "v_1", "direction": "inbound", "kind": "text"}
        rest = {"author": "candidate", "body_sealed": "s", "status": "new", "attempts": n}
        insert(tx, Message, message | about | rest | {"sent_at": NOW, "received_at": NOW})
    insert(tx, AuditRow, AUDIT)


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
    migrate.upgrade(empty_url)
    assert migrate.drift(empty_url) == []
    after = working(empty_url, contents)
    assert after == before
    assert sum(len(rows) for rows in after.values()) == 8


def contents(tx: Tx) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that has one."""
    found = {
        made.name: [tuple(row) for row in tx.all(sa.select(made))]
        for made in metadata.sorted_tables
    }
    return {name: rows for name, rows in found.items() if rows}


def test_a_newer_schema_is_refused_and_left_alone(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
    working(empty_url, lambda tx: tx.run(newer))
    with pytest.raises(migrate.NewerSchema, match="9999"):
        migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == "9999"


def test_two_that_start_at_once_migrate_once(empty_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            migrate.upgrade(empty_url)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
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
