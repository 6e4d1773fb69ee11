"""Answers conversations, slowly: ``turn URL LEDGER NUMBER``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from scheduler.engine import CONVERSATION, Engine
from storage.database import Database
from storage.errors import Stale
from tests.integration.programs import domain
from tests.integration.programs.running import serve


async def main(url: str, path: str, number: str) -> None:
    """Answer until told to stop."""
    ledger = domain.Ledger(Path(path))

    async def set_up(database: Database, engine: Engine) -> Callable[[], Awaitable[None]]:
        async def woken(key: str) -> None:
            ledger.add("look", time.monotonic(), number, key)
            seen = await database.write(lambda tx: domain.look(tx, key))
            if seen is None or not seen.messages:
                return
            await asyncio.sleep(0.15)
            try:
                await database.write(lambda tx: domain.answer(tx, engine, seen))
            except Stale:
                return
            ledger.add("answered", time.monotonic(), number, key)

        engine.handler(CONVERSATION, woken, concurrency=4, exclusive=True)

        async def before_end() -> None:
            return

        return before_end

    await serve(url, set_up)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
