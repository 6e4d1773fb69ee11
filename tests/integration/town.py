"""A platform that hints and is pulled, and lets us write only to who has written; the road on it.

The platform is a few lists in memory behind the ``Channel`` seam; the real protocols are tested
with their channels.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import attachments, pipeline, saying
from bot.delivery import ChannelDelivery
from bot.messages import Address, Inbound, Received
from bot.pipeline import Door, Road
from config.settings import Settings
from scheduler.engine import CONVERSATION, DELIVERY, FETCH, PULL
from scheduler.sender import Outlet, Sender
from storage.database import Database, Tx, open_database
from storage.enums import Author, MessageKind, OutboxStatus
from storage.queries import outbox
from storage.queries.common import table
from storage.tables import Conversation, Outbox
from tests.integration.post import Post
from tests.integration.web.conftest import Clock, road_on

WHO = Address("post", "kf/one/wm1")


@dataclass
class Town:
    """The road with that platform on it."""

    road: Road
    door: Door
    sender: Sender
    post: Post
    clock: Clock
    database: Database

    def message(self, number: int, text: str = "你好", **more: Any) -> Inbound:
        return Inbound(
            external_id=f"in{number}", sender=WHO, kind=MessageKind.TEXT, text=text,
            sent_at=self.clock(), **more,
        )  # fmt: skip

    async def hear(self, *messages: Inbound) -> None:
        await self.door.accept(Received(messages=messages))

    async def reply(self, text: str, idem: str, author: Author = Author.HR) -> None:
        """Something of ours to say, as the console puts it."""

        def work(tx: Tx) -> None:
            talk = tx.first(table(Conversation).select())
            key = self.road.vault.key(tx, talk.subject_id)
            sends = saying.said_by_us(tx, key, talk, idem=idem, text=text, author=author)
            self.road.engine.wake(tx, DELIVERY, sorted(outbox.enqueue(tx, sends)))

        await self.database.write(work)

    async def rows(self, model: Any) -> list[Any]:
        return await self.database.read(
            lambda tx: tx.all(table(model).select().order_by(table(model).c.id))
        )

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.rows(Outbox)]

    async def until(self, *statuses: OutboxStatus) -> None:
        wanted = [status.value for status in statuses]
        for _ in range(1500):
            if await self.statuses() == wanted:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(await self.statuses())


async def _nobody(key: str) -> None:
    """What is said here is kept and not answered: only what the tests say leaves."""


@asynccontextmanager
async def running(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """The town, awake."""
    clock = Clock()
    database = open_database(database_url, now=clock)
    road, _ = road_on(database, clock, Settings(data_dir=tmp_path))
    post = Post(clock)
    road.channels = {"post": post}
    outlets = {
        "post": Outlet(delivery=ChannelDelivery(road, post), rate=100, burst=100, dedupes=True)
    }
    sender = Sender(database, road.engine, outlets, owner="t", now=clock)
    door = Door(road)
    road.engine.handler(CONVERSATION, _nobody, concurrency=1, exclusive=True)
    road.engine.handler(DELIVERY, sender.woken, concurrency=1, exclusive=False)
    road.engine.handler(
        PULL, lambda key: pipeline.pull(road, door, key), concurrency=2, exclusive=True
    )
    road.engine.handler(
        FETCH, lambda key: attachments.fetch(road, key), concurrency=1, exclusive=True
    )
    running = asyncio.create_task(road.engine.run())
    yield Town(road, door, sender, post, clock, database)
    await door.close()
    sender.drain()
    await road.engine.stop()
    await running
    database.close()
