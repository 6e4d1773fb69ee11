"""Fixtures of the contract tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from scheduler.embedded import EmbeddedEngine
from scheduler.engine import DELIVERY
from storage.database import Database
from tests.clock import FakeClock
from tests.contract.posting import Platform, Post


@pytest.fixture
async def post(database: Database, clock: FakeClock) -> AsyncIterator[Post]:
    engine = EmbeddedEngine(now=clock)
    made = Post(database, clock, Platform(), engine, None)  # type: ignore[arg-type]
    made.sender = made.make_sender()
    engine.handler(DELIVERY, lambda key: made.sender.woken(key), concurrency=2, exclusive=False)
    running = asyncio.create_task(engine.run())
    yield made
    made.sender.drain()
    await engine.stop()
    await running
