"""What leaves survives kill -9: nothing is lost, and what is repeated keeps its key."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database import Database, Tx, open_database
from storage.queries.common import table
from storage.tables import Message, Outbox
from tests.integration.programs import domain, send
from tests.integration.programs.child import children, wait_until
from tests.integration.programs.running import STALLED_S, engine_for

CONVERSATIONS, EACH, KILLS = 40, 12, 4
ROWS = CONVERSATIONS * EACH


def fill(tx: Tx) -> None:
    talks = [domain.conversation(tx, str(n)) for n in range(CONVERSATIONS)]
    domain.say(tx, talks[0], send.POISON)  # the head of a conversation: the rest waits behind it
    for n in range(EACH):
        for talk in talks:
            domain.say(tx, talk, f"{talk}:{n:02}")


@pytest.fixture
def ledger(tmp_path: Path) -> domain.Ledger:
    return domain.Ledger(tmp_path / "ledger")


def beyond(ledger: domain.Ledger, lines: float) -> Callable[[], bool]:
    return lambda: len(ledger.read()) > lines


def prepared(url: str) -> None:
    database = open_database(url)
    database.submit(fill).result(30)
    database.close()


def outcome(url: str) -> tuple[dict[str, int], dict[str, str]]:
    """Rows by status, and the status of every key."""
    database: Database = open_database(url)
    rows = table(Outbox)
    by_status = database.submit_read(domain.statuses).result(10)
    keys = database.submit_read(lambda tx: tx.all(sa.select(rows.c.idem, rows.c.status))).result(10)
    database.close()
    return by_status, {row.idem: row.status for row in keys}


def test_nothing_is_lost_and_nothing_overtakes_when_senders_are_killed(
    database_url: str, ledger: domain.Ledger, tmp_path: Path
) -> None:
    prepared(database_url)
    luck = random.Random(7)
    processes = 1 if database_url.startswith("sqlite") else 2
    path = str(tmp_path / "ledger")
    with children(processes, "send", database_url, path, folder=tmp_path) as running:
        for kill in range(KILLS):
            progress = ROWS * (kill + luck.random()) / (KILLS + 1)
            wait_until(beyond(ledger, progress), within=30, what="progress")
            victim = running[kill % processes]
            victim.kill()
            victim.restart()
        wait_until(
            lambda: any(line[0] == "empty" for line in ledger.read()), within=40, what="an end"
        )
        for child in running:
            child.end(within=5)

    lines = [line for line in ledger.read() if line[0] != "empty"]
    delivered = [(idem, talk) for what, _, idem, talk in lines if what == "delivered"]
    by_status, keys = outcome(database_url)
    assert by_status == {"sent": ROWS, "dead": 1}
    assert keys.pop(send.POISON) == "dead"
    assert {idem for idem, _ in delivered} == set(keys)

    repeats = len(delivered) - ROWS
    unanswered = ROWS * send.SWALLOWED
    assert repeats <= 3 * unanswered + KILLS * send.CONCURRENCY
    poison = [what for what, _, idem, _ in lines if idem == send.POISON]
    assert set(poison) == {"refused"}
    # An attempt that a kill cut off was counted and never called.
    assert send.ATTEMPTS - KILLS <= len(poison) <= send.ATTEMPTS
    first: dict[str, list[str]] = defaultdict(list)
    for idem, talk in delivered:
        if idem not in first[talk]:
            first[talk].append(idem)
    assert all(order == sorted(order) for order in first.values())

    times = sorted(float(at) for _, at, _, _ in lines)
    # Calls in any second: the bucket, and what had been claimed and not yet called before it.
    limit = send.RATE + send.BURST + processes * send.CONCURRENCY
    busiest = max(sum(1 for at in times if since <= at < since + 1) for since in times)
    assert busiest <= limit


def test_a_worker_that_dies_for_good_is_replaced_in_time(
    postgres_url: str, ledger: domain.Ledger, tmp_path: Path
) -> None:
    database = open_database(postgres_url)
    path = str(tmp_path / "ledger")
    talks = [f"v_{n}" for n in range(30)]

    def start(tx: Tx) -> None:
        engine = engine_for(database, postgres_url)
        for n, talk in enumerate(talks):
            domain.conversation(tx, str(n))
            domain.accept(tx, engine, talk, f"{n}a")

    with children(2, "turn", postgres_url, path, folder=tmp_path) as running:
        database.submit(start).result(30)
        wait_until(
            lambda: {line[2] for line in ledger.read()} == {"0", "1"}, within=20, what="both work"
        )
        running[0].kill()
        killed = time.monotonic()
        wait_until(
            lambda: {line[3] for line in ledger.read() if line[0] == "answered"} == set(talks),
            within=STALLED_S + 5,
            what="the other one finishes",
        )
        assert time.monotonic() - killed < STALLED_S + 5
        running[1].end(within=5)

    message, rows = table(Message), table(Outbox)
    left = database.submit_read(
        lambda tx: tx.scalar(sa.select(sa.func.count()).where(message.c.status != "done"))
    ).result(10)
    replies = database.submit_read(lambda tx: tx.all(sa.select(rows.c.idem))).result(10)
    database.close()
    assert left == 0
    assert sorted(row.idem for row in replies) == sorted(f"reply:m_{n}a" for n in range(30))
