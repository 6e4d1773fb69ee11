"""Promises only the engine of several processes has to keep."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from scheduler.engine import CONVERSATION, DELIVERY
from scheduler.postgres import PostgresEngine, conninfo, install
from storage.database import Tx, open_database
from storage.errors import StorageUnavailable
from tests.clock import until
from tests.contract.seen import Seen
from tests.postgres import Postgres

FAR = datetime(2200, 1, 1, tzinfo=UTC)


def elsewhere(url: str, statement: str, **values: object) -> list[tuple[object, ...]]:
    """Run a statement on a connection of its own."""
    with psycopg.connect(conninfo(url), autocommit=True) as conn:
        cursor = conn.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_an_engine_survives_the_loss_of_all_its_connections(postgres_url: str) -> None:
    database = open_database(postgres_url)
    engine, seen = PostgresEngine(postgres_url, poll_s=0.1, heartbeat_s=0.3, stalled_s=2), Seen()
    engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    task = asyncio.create_task(engine.run())
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["a"]))
    await until(lambda: seen.calls == ["a"])
    for _ in range(2):
        await asyncio.to_thread(elsewhere, postgres_url, CUT_OFF)
        await asyncio.sleep(0.5)
    assert not task.done()
    with contextlib.suppress(StorageUnavailable):  # our own connection was cut as well
        await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"]))
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["c"]))
    await until(lambda: "c" in seen.calls, within=10)
    await engine.stop()
    await task
    database.close()


async def test_a_job_whose_end_was_not_recorded_does_not_hold_its_key_for_ever(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    engine, seen = PostgresEngine(postgres_url, poll_s=0.1, sweep_s=0.3), Seen()
    engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    task = asyncio.create_task(engine.run())
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["a"]))
    await until(lambda: seen.calls == ["a"])
    # As after a connection lost between the handler and the record of its end.
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"], not_before=FAR))
    taken = (
        "UPDATE procrastinate_jobs SET status = 'doing', task_name = 'wake', "
        "lock = 'conversation:b', worker_id = (SELECT max(id) FROM procrastinate_workers)"
    )
    await asyncio.to_thread(elsewhere, postgres_url, taken)
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"]))
    await until(lambda: seen.calls == ["a", "b", "b"])
    await engine.stop()
    await task
    database.close()


async def test_a_fault_of_ours_ends_no_process_s_work(postgres_url: str) -> None:
    """A process that lives on and works nothing is seen by nobody."""
    faults = [RuntimeError("a fault")]

    def now() -> datetime:
        if faults and seen.calls:
            raise faults.pop()
        return datetime.now(UTC)

    database, seen = open_database(postgres_url), Seen()
    quick = timedelta(milliseconds=10)
    engine = PostgresEngine(postgres_url, now=now, poll_s=0.05, sweep_s=0.05, first=quick)
    engine.handler(CONVERSATION, seen, concurrency=2, exclusive=True)
    task = asyncio.create_task(engine.run())
    await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["a"]))
    with capture_logs() as logs:
        await until(lambda: not faults)
        await database.write(lambda tx: engine.wake(tx, CONVERSATION, ["b"]))
        await until(lambda: seen.calls == ["a", "b"], within=10)
    [fault] = [one for one in logs if one["event"] == "engine.fault"]
    assert fault["error"] == "RuntimeError"
    await engine.stop()
    await task
    database.close()


async def test_workers_may_begin_while_what_nobody_works_on_is_sought(postgres_url: str) -> None:
    database, seen = open_database(postgres_url), Seen()
    engine = PostgresEngine(postgres_url, poll_s=0.02, sweep_s=0.0)
    lanes = [f"lane{n}" for n in range(8)]
    for lane in lanes:
        engine.handler(lane, seen, concurrency=1, exclusive=False)
    task = asyncio.create_task(engine.run())
    with capture_logs() as logs:
        for n, lane in enumerate(lanes):
            await database.write(lambda tx, lane=lane: engine.wake(tx, lane, [lane]))
            await until(lambda n=n: len(seen.calls) > n)
    assert [one for one in logs if one["event"].startswith("engine.")] == []
    await engine.stop()
    await task
    database.close()


async def test_a_key_woken_often_in_one_transaction_is_one_job(postgres_url: str) -> None:
    database, engine = open_database(postgres_url), PostgresEngine(postgres_url)

    def work(tx: Tx) -> None:
        for n in range(40):
            with contextlib.suppress(ZeroDivisionError), tx.conn.begin_nested():
                engine.wake(tx, DELIVERY, ["fake"])
                if n == 0:
                    raise ZeroDivisionError  # its wake-up must not take the others' along
        engine.wake(tx, CONVERSATION, ["a", "b", "a"])

    await database.write(work)
    found = elsewhere(postgres_url, "SELECT queue_name FROM procrastinate_jobs ORDER BY id")
    assert found == [("delivery",), ("conversation",), ("conversation",)]
    database.close()


def test_processes_that_start_at_once_install_the_engines_tables_once(postgres: Postgres) -> None:
    url = postgres.create(migrated=False)
    with ThreadPoolExecutor(4) as several:
        started = [several.submit(install, url) for _ in range(4)]
    assert [future.exception() for future in started] == [None] * 4
    assert elsewhere(url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    postgres.drop(url)


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        install(f"postgresql://nobody@/none?host={tmp_path}")
