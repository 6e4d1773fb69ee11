"""Promises of ``storage.database`` on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage.database import Database, SQLiteDatabase, Tx, normalise_url, open_database
from storage.errors import AlreadyRunning, StorageUnavailable
from storage.queries.common import insert, insert_new, table, update
from storage.queries.users import set_setting, setting
from storage.tables import Budget, Message, Setting
from tests.clock import FakeClock
from tests.integration.programs import domain


def put(name: str, value: str = "1") -> domain.Work:
    return lambda tx: set_setting(tx, name, value)


async def names(database: Database) -> set[str]:
    rows = await database.read(lambda tx: tx.all(sa.select(table(Setting).c.name)))
    return {row.name for row in rows}


async def test_what_was_written_is_read_and_the_clock_is_the_one_given(
    database: Database, clock: FakeClock
) -> None:
    await database.write(put("name", "一诺"))
    assert await database.read(lambda tx: setting(tx, "name")) == "一诺"
    at = await database.read(lambda tx: tx.scalar(sa.select(table(Setting).c.at)))
    assert at == clock()
    assert at.tzinfo is UTC


async def test_a_unit_of_work_that_raises_leaves_nothing_and_its_error_is_seen(
    database: Database,
) -> None:
    def work(tx: Tx) -> None:
        set_setting(tx, "half", "1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    assert await names(database) == set()


async def test_one_that_fails_takes_nobody_with_it(database: Database) -> None:
    started, go = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:  # holds the writer, so that the others wait together
        started.set()
        assert go.wait(5)

    def twice(tx: Tx) -> None:
        set_setting(tx, "twice", "1")
        insert(tx, Setting, {"name": "twice", "value": "2", "at": tx.now})

    def crooked(tx: Tx) -> None:
        set_setting(tx, "crooked", "1")
        raise KeyError("crooked")

    waiting = [database.submit(first)]
    assert started.wait(5)
    waiting += [database.submit(put(f"good{n}")) for n in range(5)]
    bad = [database.submit(twice), database.submit(crooked)]
    waiting += [database.submit(put(f"late{n}")) for n in range(5)]
    go.set()
    for future in waiting:
        await asyncio.wrap_future(future)
    with pytest.raises(sa.exc.IntegrityError):
        await asyncio.wrap_future(bad[0])
    with pytest.raises(KeyError):
        await asyncio.wrap_future(bad[1])
    assert await names(database) == {f"{w}{n}" for w in ("good", "late") for n in range(5)}


async def test_only_a_commit_calls_back(database: Database) -> None:
    called: list[str] = []

    def fine(tx: Tx) -> None:
        tx.after_commit(lambda: called.append("fine"))

    def failing(tx: Tx) -> None:
        tx.after_commit(lambda: called.append("failing"))
        raise ZeroDivisionError

    await database.write(fine)
    with pytest.raises(ZeroDivisionError):
        await database.write(failing)
    await database.write(put("after"))
    assert called == ["fine"]


async def test_reads_cannot_write(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        await database.read(put("sneaked"))
    assert await names(database) == set()
    await database.write(put("allowed"))
    assert await names(database) == {"allowed"}


async def test_whoever_gives_up_waiting_does_not_stop_the_writer(database: Database) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        started.set()
        assert go.wait(5)

    impatient = asyncio.create_task(database.write(slow))
    assert await asyncio.to_thread(started.wait, 5)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    go.set()
    async with asyncio.timeout(5):
        await database.write(put("next"))
    assert await names(database) == {"next"}


async def test_a_closed_database_refuses_instead_of_waiting_for_ever(database_url: str) -> None:
    database = open_database(database_url)
    pending = [database.submit(put(f"n{n}")) for n in range(20)]
    database.close()
    assert all(future.done() and future.exception() is None for future in pending)
    async with asyncio.timeout(2):
        with pytest.raises(StorageUnavailable):
            await database.write(put("late"))
        with pytest.raises(StorageUnavailable):
            await database.read(lambda tx: setting(tx, "late"))


async def test_insert_new_says_how_many_were_new(database: Database) -> None:
    def work(tx: Tx) -> tuple[int, int, bool, bool]:
        rows = [{"channel": c, "tokens": 1.0, "at": tx.now} for c in ("a", "b", "a")]
        talk = domain.conversation(tx, "x")
        # A table with a generated key counts like one without.
        seen = domain.message(tx, talk, "1"), domain.message(tx, talk, "1")
        return insert_new(tx, Budget, rows), insert_new(tx, Budget, rows), *seen

    assert await database.write(work) == (2, 0, True, False)


async def test_update_says_how_many_changed(database: Database) -> None:
    def work(tx: Tx) -> tuple[int, int]:
        talk = domain.conversation(tx, "x")
        domain.message(tx, talk, "1")
        message = table(Message)
        here = message.c.conversation_id == talk
        nowhere = message.c.conversation_id == "v_nobody"
        return update(tx, Message, here, attempts=1), update(tx, Message, nowhere, attempts=1)

    assert await database.write(work) == (1, 0)


async def test_moments_keep_their_microseconds_and_naive_ones_are_refused(
    database: Database, clock: FakeClock
) -> None:
    exact = clock() + timedelta(microseconds=123456)
    clock.set(exact)
    await database.write(put("exact"))
    assert await database.read(lambda tx: tx.scalar(sa.select(table(Setting).c.at))) == exact

    def naive(tx: Tx) -> None:
        insert(tx, Setting, {"name": "n", "value": "", "at": exact.replace(tzinfo=None)})

    with pytest.raises(sa.exc.StatementError):
        await database.write(naive)


# --- SQLite's own ------------------------------------------------------------------------------


@pytest.fixture
def disk(sqlite_url: str) -> Iterator[Callable[[int], None]]:
    """Sets how many more pages the file may take, on connections opened from now on."""
    limit: list[int] = []

    def connected(connection: Any, _record: Any) -> None:
        if limit:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + limit[0]}")

    sa.event.listen(sa.pool.Pool, "connect", connected)
    yield lambda more: limit.__setitem__(slice(None), [more])
    sa.event.remove(sa.pool.Pool, "connect", connected)


async def test_a_full_disk_is_said_and_survived(
    sqlite_url: str, disk: Callable[[int], None]
) -> None:
    def big(name: str) -> domain.Work:
        def work(tx: Tx) -> None:
            for n in range(60):
                insert(tx, Setting, {"name": f"{name}{n}", "value": "x" * 2000, "at": tx.now})

        return work

    disk(4)
    database = open_database(sqlite_url)
    await database.write(put("before"))
    neighbours = [database.submit(put(f"small{n}")) for n in range(3)]
    with pytest.raises(StorageUnavailable, match="full"):
        await database.write(big("a"))
    for future in neighbours:
        await asyncio.wrap_future(future)
    assert await names(database) == {"before", "small0", "small1", "small2"}

    disk(10_000)
    await database.write(big("b"))
    assert len(await names(database)) == 64
    database.close()


async def test_a_file_that_went_away_is_said_and_the_writer_lives_on(tmp_path: Path) -> None:
    home = tmp_path / "data"
    database = open_database(f"sqlite:///{home}/y.db")
    await database.write(lambda tx: tx.run(sa.text("CREATE TABLE t (x)")))

    def broken(tx: Tx) -> None:
        tx.run(sa.text("INSERT INTO nowhere VALUES (1)"))

    (home / "y.db").rename(tmp_path / "aside.db")
    home.rename(tmp_path / "gone")
    with pytest.raises(StorageUnavailable):
        await database.write(broken)  # drops the connection
    with pytest.raises(StorageUnavailable):
        await database.write(lambda tx: tx.run(sa.text("INSERT INTO t VALUES (1)")))
    (tmp_path / "gone").rename(home)
    (tmp_path / "aside.db").rename(home / "y.db")
    await database.write(lambda tx: tx.run(sa.text("INSERT INTO t VALUES (2)")))
    database.close()


def test_a_second_process_on_one_file_is_refused_and_told_who_has_it(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    program = (
        "import sys\n"
        "from storage.database import open_database\n"
        "from storage.errors import AlreadyRunning\n"
        "try:\n    open_database(sys.argv[1])\n"
        "except AlreadyRunning as error:\n    print(error)\n    sys.exit(7)\n"
    )
    command = [sys.executable, "-c", program, sqlite_url]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 7
    holder = Path(f"{normalise_url(sqlite_url).database}.lock").read_text(encoding="ascii")
    assert f"process {holder}:" in second.stdout
    with pytest.raises(AlreadyRunning):
        open_database(sqlite_url)
    database.close()
    open_database(sqlite_url).close()


def test_sqlite_keeps_its_rules(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    assert isinstance(database, SQLiteDatabase)

    def pragmas(tx: Tx) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        return {name: tx.scalar(sa.text(f"PRAGMA {name}")) for name in names}

    assert database.submit(pragmas).result(5) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "secure_delete": 1,
    }
    query_only = database.submit_read(lambda tx: tx.scalar(sa.text("PRAGMA query_only")))
    assert query_only.result(5) == 1
    database.close()


# --- PostgreSQL's own --------------------------------------------------------------------------


async def test_a_server_that_drops_us_is_said_and_survived(postgres_url: str) -> None:
    database = open_database(postgres_url)

    def cut_off(tx: Tx) -> None:
        tx.run(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StorageUnavailable):
        await database.write(cut_off)
    await database.write(put("again"))
    assert await names(database) == {"again"}
    database.close()
