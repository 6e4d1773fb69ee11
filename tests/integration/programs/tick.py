"""Fires planned moments: ``tick URL NUMBER``."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable

from scheduler.clock import Clock
from scheduler.engine import DELIVERY, Engine
from scheduler.guard import ClockGuard
from storage.database import Database, Tx
from storage.enums import ScheduledStatus
from storage.queries.scheduled import Due
from tests.integration.programs import domain
from tests.integration.programs.running import serve

TICK_S = 0.5


async def main(url: str, _number: str) -> None:
    """Fire until told to stop. A second firing would leave a second row: keys are made unique."""

    async def set_up(database: Database, engine: Engine) -> Callable[[], Awaitable[None]]:
        def fire(tx: Tx, due: Due) -> ScheduledStatus:
            domain.say(tx, "v_a", f"sched:{due.id}:{secrets.token_hex(4)}")
            engine.wake(tx, DELIVERY, ["fake"])
            return ScheduledStatus.FIRED

        async def nobody(_channel: str) -> None:
            return

        clock = Clock(database, guard=ClockGuard(lambda jump: None))

        async def tick() -> None:
            await clock.fire_due(fire)

        engine.handler(DELIVERY, nobody, concurrency=1, exclusive=False)
        clock.every(TICK_S, tick, name="fire", jitter=TICK_S / 10)
        await clock.start()
        return clock.stop

    await serve(url, set_up)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
