"""What is due happens once, however many clocks tick and die."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storage.database import Tx, open_database
from storage.queries.common import table
from storage.tables import Outbox, Scheduled
from tests.integration.programs import domain
from tests.integration.programs.child import children
from tests.integration.programs.tick import TICK_S

ROWS, KILLS = 500, 5
LASTS = timedelta(seconds=4)


def fill(tx: Tx, starts_in: timedelta) -> None:
    domain.conversation(tx, "a")
    for n in range(ROWS):
        domain.plan(tx, n, after=starts_in + LASTS * n / ROWS)


def once(url: str, work: Callable[[Tx], Any]) -> Any:
    database = open_database(url)
    try:
        return database.submit(work).result(30)
    finally:
        database.close()


def plan(url: str, starts_in: timedelta) -> float:
    """Plan everything; the monotonic moment at which the first is due."""
    once(url, lambda tx: fill(tx, starts_in))
    return time.monotonic() + starts_in.total_seconds()


def test_five_hundred_moments_fire_once_each_while_clocks_are_killed(
    database_url: str, tmp_path: Path
) -> None:
    alone = database_url.startswith("sqlite")
    luck = random.Random(11)
    begin = plan(database_url, timedelta(seconds=2)) if alone else 0.0  # one file, one process
    with children(1 if alone else 3, "tick", database_url, folder=tmp_path) as running:
        for child in running:
            child.wait_ready()
        begin = begin or plan(database_url, timedelta(seconds=1))
        for kill in range(KILLS):
            at = begin + LASTS.total_seconds() * (kill + luck.random()) / KILLS
            time.sleep(max(0.0, at - time.monotonic()))
            victim = running[kill % max(1, len(running) - 1)]  # of several, one stays
            victim.kill()
            victim.restart()
        for child in running:
            child.wait_ready()
        time.sleep(max(0.0, begin + LASTS.total_seconds() - time.monotonic()) + 3 * TICK_S)
        for child in running:
            child.end(within=5)

    moment, sent = table(Scheduled), table(Outbox)
    fired = once(database_url, lambda tx: tx.all(sa.select(moment)))
    effects = once(database_url, lambda tx: tx.all(sa.select(sent.c.idem)))
    assert {row.status for row in fired} == {"fired"}
    assert len(effects) == ROWS
    assert len({row.idem.rsplit(":", 1)[0] for row in effects}) == ROWS
    assert all(row.fired_at >= row.due_at for row in fired)
    if not alone:
        latest = max(row.fired_at - row.due_at for row in fired).total_seconds()
        # Two ticks on a quiet machine; the rest is for processes that start on a busy one.
        assert latest < TICK_S * 2 + 3
