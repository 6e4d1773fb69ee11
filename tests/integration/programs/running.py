"""What every program of this folder does: open, run an engine, stop on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from scheduler.embedded import EmbeddedEngine
from scheduler.engine import Engine
from scheduler.postgres import PostgresEngine
from storage.database import Database, open_database

STALLED_S = 2.0

SetUp = Callable[[Database, Engine], Awaitable[Callable[[], Awaitable[None]]]]


def engine_for(database: Database, url: str) -> Engine:
    """The engine that belongs to a database, impatient enough for a test."""
    if database.dialect == "sqlite":
        return EmbeddedEngine()
    return PostgresEngine(url, poll_s=0.1, heartbeat_s=0.5, stalled_s=STALLED_S, sweep_s=0.3)


async def serve(url: str, set_up: SetUp) -> None:
    """Run until SIGTERM. ``set_up`` registers handlers and returns what to do before the end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    database = open_database(url)
    engine = engine_for(database, url)
    before_end = await set_up(database, engine)
    running = asyncio.create_task(engine.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await before_end()
    await engine.stop()
    await running
    database.close()
