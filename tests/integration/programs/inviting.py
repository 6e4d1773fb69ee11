"""The product's clock at a simulated time: ``inviting URL FOLDER NUMBER``; see ``timed``."""

from __future__ import annotations

import asyncio
import sys

from bot import jobs
from tests.integration.programs.timed import rounds

if __name__ == "__main__":
    asyncio.run(rounds(*sys.argv[1:], lambda app: app.clock.fire_due(jobs.fire(app.road))))
