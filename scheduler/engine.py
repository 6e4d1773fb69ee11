"""The engine port: five methods that carry wake-ups and nothing else.

The domain tables are the truth. A wake-up only says "conversation c_… has work", so one that is
lost, doubled or early is harmless: the handler looks into the tables, and the sweep wakes again
whatever was forgotten. That is why the engine can be exchanged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from storage.database import Tx

CONVERSATION = "conversation"  # key: conversation id; one at a time per key
DELIVERY = "delivery"  # key: channel name
PULL = "pull"  # key: channel name and account, with a colon between; one at a time per key

FETCH = "fetch"  # key: attachment id; one at a time per key
COMPARE = "compare"  # one key; one at a time

Woken = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What the engine is doing now, per lane."""

    waiting: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    failed: int = 0


class Engine(Protocol):
    """Carries wake-ups from a committed transaction to a handler, at least once."""

    def wake(
        self, tx: Tx, lane: str, keys: Sequence[str], *, not_before: datetime | None = None
    ) -> None:
        """Wake keys of a lane once ``tx`` has committed; a rolled back one wakes nobody."""

    def handler(self, lane: str, woken: Woken, *, concurrency: int, exclusive: bool) -> None:
        """Register who is called. ``exclusive``: never two at a time for one key.

        A handler that raises is called again with growing pauses.
        """

    async def run(self) -> None:
        """Work until stopped."""

    async def stop(self) -> None:
        """Finish what is running (five seconds at most) and return."""

    def stats(self) -> Stats:
        """Numbers for /metrics and ``doctor``."""
