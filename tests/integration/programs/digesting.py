"""The product's digests at a simulated time: ``digesting URL FOLDER NUMBER``.

What time it is stands in the folder's file ``now``; the moment of the last whole round is written
to ``seen-NUMBER``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import digests
from bot.app import Part, build
from config.settings import Settings
from tests.integration.post import Post


async def main(url: str, folder: str, number: str) -> None:
    """Look whether a digest is due, again and again, until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    place = Path(folder)

    def now() -> datetime:
        return datetime.fromtimestamp(float((place / "now").read_text()), UTC)

    part = Part.ALL if url.startswith("sqlite") else Part.CLOCK
    app = build(Settings(data_dir=place, database_url=url), part=part, now=now)
    app.road.channels = {**app.road.channels, "post": Post(now)}
    print("ready", flush=True)
    while not stop.is_set():
        began = now()
        await digests.send(app.road, app.clock)
        fresh = place / f"seen-{number}.new"
        fresh.write_text(str(began.timestamp()))
        os.replace(fresh, place / f"seen-{number}")
        await asyncio.sleep(0.003)
    app.database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
