"""What a clock of the product does at a simulated time, again and again, until it is killed.

What time it is stands in the folder's file ``now``; the moment of the last whole round, and how
many there were, in ``seen-NUMBER``.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.app import App, Part, build
from config.settings import Settings

Now = Callable[[], datetime]


async def rounds(
    url: str,
    folder: str,
    number: str,
    each: Callable[[App], Awaitable[Any]],
    *,
    prepared: Callable[[App, Now], None] = lambda app, now: None,
    **settings: Any,
) -> None:
    """Do ``each`` until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    place = Path(folder)

    def now() -> datetime:
        return datetime.fromtimestamp(float((place / "now").read_text()), UTC)

    part = Part.ALL if url.startswith("sqlite") else Part.CLOCK
    app = build(Settings(data_dir=place, database_url=url, **settings), part=part, now=now)
    prepared(app, now)
    print("ready", flush=True)
    done = 0
    while not stop.is_set():
        began = now()
        await each(app)
        done += 1
        fresh = place / f"seen-{number}.new"
        fresh.write_text(f"{began.timestamp()} {done}")
        os.replace(fresh, place / f"seen-{number}")
        await asyncio.sleep(0.003)
    app.database.close()


def seen(folder: Path, number: int) -> tuple[float, int]:
    """The moment of a process's last whole round, and how many it has done; 0 and 0 before."""
    try:
        began, done = (folder / f"seen-{number}").read_text().split()
    except FileNotFoundError:
        return 0.0, 0
    return float(began), int(done)
