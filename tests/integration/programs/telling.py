"""The clock of alerts at a simulated time: ``telling URL FOLDER NUMBER``; see ``timed``."""

from __future__ import annotations

import asyncio
import sys

from bot import reminding
from config.settings import ChatSettings
from tests.integration.programs.timed import rounds

if __name__ == "__main__":
    chat = ChatSettings(quiet_hours=True)
    asyncio.run(rounds(*sys.argv[1:], lambda app: reminding.tick(app.road), chat=chat))
