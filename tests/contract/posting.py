"""A sender with a platform that fails as it is told, for tests of what is sent and when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from scheduler.embedded import EmbeddedEngine
from scheduler.sender import Delivered, Outlet, Sender
from storage.database import Database, Tx
from storage.enums import OutboxKind
from storage.queries.common import table
from storage.queries.outbox import Claimed
from storage.tables import Outbox
from tests.clock import FakeClock
from tests.integration.programs import domain

ROWS = table(Outbox)
LEASE = timedelta(seconds=60)


@dataclass
class Platform:
    """Delivers, unless told to fail a key: each failure of the list once, in order."""

    calls: list[str] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    async def deliver(self, claimed: Claimed) -> Delivered:
        self.calls.append(claimed.idem)
        if claimed.idem in self.held:
            await self.held[claimed.idem].wait()
        if self.failures.get(claimed.idem):
            raise self.failures[claimed.idem].pop(0)
        return Delivered(receipt=f"r-{claimed.idem}")


@dataclass
class Post:
    """A database, an engine, a platform and a sender between them."""

    database: Database
    clock: FakeClock
    platform: Platform
    engine: EmbeddedEngine
    sender: Sender

    def make_sender(
        self,
        *,
        owner: str = "me",
        dedupes: bool = False,
        dedupes_for: timedelta = timedelta.max,
        rate: float = 1000,
        burst: float = 1000,
    ) -> Sender:
        outlet = Outlet(
            delivery=self.platform,
            rate=rate,
            burst=burst,
            dedupes=dedupes,
            dedupes_for=dedupes_for,
        )
        return Sender(
            self.database,
            self.engine,
            {"fake": outlet},
            owner=owner,
            lease=LEASE,
            now=self.clock,
            jitter=lambda: 1.0,
        )

    async def put(self, talk: str, *idems: str, kind: OutboxKind = OutboxKind.TEXT) -> None:
        def work(tx: Tx) -> None:
            if f"v_{talk}" not in known(tx):
                domain.conversation(tx, talk)
            for idem in idems:
                domain.say(tx, f"v_{talk}", idem, kind=kind)

        await self.database.write(work)

    async def row(self, idem: str) -> sa.Row[tuple[object, ...]]:
        found: sa.Row[tuple[object, ...]] = await self.database.read(
            lambda tx: tx.first(sa.select(ROWS).where(ROWS.c.idem == idem))
        )
        return found

    async def settled(self, idem: str, *, attempts: int) -> sa.Row[tuple[object, ...]]:
        """The row once so many attempts have been made and recorded."""
        async with asyncio.timeout(30):
            while True:
                row = await self.row(idem)
                if row.attempts == attempts and row.status != "sending":
                    return row
                await asyncio.sleep(0.01)

    async def status(self, *idems: str) -> list[str]:
        return [(await self.row(idem)).status for idem in idems]


def known(tx: Tx) -> set[str]:
    return {row[0] for row in tx.all(sa.text("SELECT id FROM conversation"))}
