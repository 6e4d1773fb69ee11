"""The clock of alerts at a simulated time: ``telling URL FOLDER NUMBER``.

What time it is stands in the folder's file ``now``; how many rounds were done in ``rounds-NUMBER``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import reminding
from bot.app import Part, build
from config.settings import ChatSettings, Settings


async def main(url: str, folder: str, number: str) -> None:
    """Tell, wake and pass on, again and again, until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    place = Path(folder)

    def now() -> datetime:
        return datetime.fromtimestamp(float((place / "now").read_text()), UTC)

    part = Part.ALL if url.startswith("sqlite") else Part.CLOCK
    chat = ChatSettings(quiet_hours=True)
    app = build(Settings(data_dir=place, database_url=url, chat=chat), part=part, now=now)
    print("ready", flush=True)
    rounds = 0
    while not stop.is_set():
        began = now()
        await reminding.tick(app.road)
        rounds += 1
        fresh = place / f"rounds-{number}.new"
        fresh.write_text(f"{began.timestamp()} {rounds}")
        os.replace(fresh, place / f"rounds-{number}")
        await asyncio.sleep(0.003)
    app.database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
