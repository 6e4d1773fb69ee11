"""Time in tests: a clock that moves when it is told to, and waiting that ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

#: A Monday, 09:00 in Shanghai.
START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


class FakeClock:
    """The ``now`` of a database, an engine or a clock: ``open_database(url, now=FakeClock())``."""

    def __init__(self, at: datetime = START) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def advance(self, by: timedelta | float) -> datetime:
        """Move by a duration or by seconds, also backwards; the new moment."""
        self._at += by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self._at

    def set(self, at: datetime) -> None:
        """Move to a moment."""
        self._at = at


async def until(condition: Callable[[], bool], *, within: float = 30.0) -> None:
    """Wait, in real seconds, until a condition holds. Raises ``TimeoutError``."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - conditions have no event
            await asyncio.sleep(0.01)
