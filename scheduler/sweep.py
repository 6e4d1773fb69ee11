"""Wake what was forgotten: at the start everything, afterwards what is older than it should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from scheduler.engine import CONVERSATION, DELIVERY, Engine
from storage.database import Database, Tx
from storage.queries import sweep
from storage.queries.sweep import Backlog

log = structlog.get_logger(__name__)

EVERY_S = 30.0
OLDER_THAN = timedelta(seconds=30)
#: Conversations woken by one sweep. The oldest come first, the rest with the next one.
LIMIT = 500
START_LIMIT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep woke."""

    conversations: int
    channels: int


class Sweep:
    """The safety net under lost wake-ups. Sweeping too often does no harm.

    ``clock.every(EVERY_S, sweep.run, name="sweep")``, and ``await sweep.start()`` once the
    engine runs.
    """

    def __init__(
        self, database: Database, engine: Engine, *, older_than: timedelta = OLDER_THAN
    ) -> None:
        self._database, self._engine, self._older_than = database, engine, older_than

    async def start(self) -> Swept:
        """Wake everything that waits, however young: whoever was on it is gone."""
        return await self._sweep(timedelta(), START_LIMIT)

    async def run(self) -> Swept:
        """Wake what has waited too long. Raises ``StorageUnavailable``."""
        return await self._sweep(self._older_than, LIMIT)

    async def backlog(self) -> Backlog:
        """Figures for /metrics."""
        return await self._database.read(sweep.backlog)

    async def _sweep(self, older_than: timedelta, limit: int) -> Swept:
        def work(tx: Tx) -> Swept:
            talks = sweep.waiting_conversations(tx, older_than=older_than, limit=limit)
            channels = sweep.due_channels(tx)
            self._engine.wake(tx, CONVERSATION, talks)
            self._engine.wake(tx, DELIVERY, channels)
            return Swept(conversations=len(talks), channels=len(channels))

        swept = await self._database.write(work)
        if swept.conversations or swept.channels:
            log.info("sweep.woke", conversations=swept.conversations, channels=swept.channels)
        return swept
