"""Sends an outbox to a platform that misbehaves: ``send URL LEDGER NUMBER``."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from scheduler.clock import Clock
from scheduler.engine import DELIVERY, Engine
from scheduler.errors import TryLater, Unknown
from scheduler.sender import Delivered, Outlet, Sender
from scheduler.sweep import Sweep
from storage.database import Database
from storage.queries.outbox import Claimed
from tests.integration.programs import domain
from tests.integration.programs.running import serve

RATE, BURST, CONCURRENCY = 150.0, 20.0, 16
#: So many that two kills and bad luck do not use them up: 1 row in a million.
ATTEMPTS = 8
LEASE = timedelta(seconds=2)
BUSY, SWALLOWED = 0.08, 0.02
POISON = "poison"


class Platform:
    """Takes a few milliseconds, is busy now and then, swallows some answers, hates poison."""

    def __init__(self, ledger: domain.Ledger) -> None:
        self._ledger = ledger
        self._luck = random.Random(os.getpid())

    async def deliver(self, claimed: Claimed) -> Delivered:
        """One call from outside's view: it is written down when it takes effect."""
        at = time.monotonic()
        await asyncio.sleep(0.005)
        luck = self._luck.random()
        if claimed.idem == POISON or luck < BUSY:
            self._ledger.add("refused", at, claimed.idem, claimed.conversation_id)
            raise TryLater("busy")
        self._ledger.add("delivered", at, claimed.idem, claimed.conversation_id)
        if luck < BUSY + SWALLOWED:
            raise Unknown("no answer")
        return Delivered(receipt=claimed.idem)


async def main(url: str, path: str, number: str) -> None:
    """Send until told to stop; write ``empty`` to the ledger when nothing is left."""
    ledger = domain.Ledger(Path(path))

    async def set_up(database: Database, engine: Engine) -> Callable[[], Awaitable[None]]:
        outlet = Outlet(
            delivery=Platform(ledger),
            rate=RATE,
            burst=BURST,
            dedupes=True,
            concurrency=CONCURRENCY,
        )
        sender = Sender(
            database,
            engine,
            {"fake": outlet},
            owner=f"{number}-{os.getpid()}",
            lease=LEASE,
            attempts=ATTEMPTS,
            jitter=lambda: 0.02,
        )
        engine.handler(DELIVERY, sender.woken, concurrency=4, exclusive=False)
        clock, sweep = Clock(database), Sweep(database, engine)

        async def look() -> None:
            if await database.read(domain.unfinished) == 0:
                ledger.add("empty", time.monotonic(), "-", "-")

        clock.every(0.5, sweep.run, name="sweep")
        clock.every(0.3, look, name="look")
        await clock.start()
        await sweep.start()

        async def before_end() -> None:
            sender.drain()
            await clock.stop()

        return before_end

    await serve(url, set_up)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
