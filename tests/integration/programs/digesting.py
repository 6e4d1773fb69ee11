"""The product's digests at a simulated time: ``digesting URL FOLDER NUMBER``; see ``timed``."""

from __future__ import annotations

import asyncio
import sys

from bot import digests
from bot.app import App
from tests.integration.post import Post
from tests.integration.programs.timed import Now, rounds


def _with_post(app: App, now: Now) -> None:
    app.road.channels = {**app.road.channels, "post": Post(now)}


if __name__ == "__main__":
    asyncio.run(
        rounds(*sys.argv[1:], lambda app: digests.send(app.road, app.clock), prepared=_with_post)
    )
