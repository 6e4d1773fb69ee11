"""The product's clock at a simulated time: ``inviting URL FOLDER NUMBER``.

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

from bot import jobs
from bot.app import Part, build
from config.settings import Settings


async def main(url: str, folder: str, number: str) -> None:
    """Look at what is due, again and again, until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    place = Path(folder)

    def now() -> datetime:
        return datetime.fromtimestamp(float((place / "now").read_text()), UTC)

    part = Part.ALL if url.startswith("sqlite") else Part.CLOCK
    app = build(Settings(data_dir=place, database_url=url), part=part, now=now)
    print("ready", flush=True)
    while not stop.is_set():
        began = now()
        await app.clock.fire_due(jobs.fire(app.road))
        fresh = place / f"seen-{number}.new"
        fresh.write_text(str(began.timestamp()))
        os.replace(fresh, place / f"seen-{number}")
        await asyncio.sleep(0.003)
    app.database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
