"""The sandbox's own clock: the wall clock, moved forward as far as the visitor asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import NotReady
from storage.database import utc_now

FILE = "clock.json"
FURTHEST = timedelta(days=400)
_SPAN = re.compile(r"(\d{1,6})([dhm])", re.ASCII)
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def parse(text: str) -> timedelta:
    """``7d``, ``36h`` or ``90m``. Raises ``NotReady`` for anything else.

    >>> parse("36h")
    datetime.timedelta(days=1, seconds=43200)
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise NotReady(f"cannot move the clock by {text!r}: write 7d, 36h or 90m")
    return int(found[1]) * _UNITS[found[2]]


class SandboxClock:
    """``now`` for the product: aware, UTC. How far it is ahead is kept in the data folder."""

    def __init__(self, data_dir: Path, *, wall: Callable[[], datetime] = utc_now) -> None:
        """Raises ``NotReady`` when the file there is not a clock's."""
        self._path = data_dir / FILE
        self._wall = wall
        self._ahead = self._kept()
        self._keep()

    def __call__(self) -> datetime:
        return self._wall() + self._ahead

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the wall clock."""
        return self._ahead

    def check(self, by: timedelta) -> None:
        """Raises ``NotReady`` for the past, and beyond 400 days in all."""
        if by < timedelta():
            raise NotReady("the sandbox clock only moves forward")
        if self._ahead + by > FURTHEST:
            raise NotReady(
                f"the sandbox clock is {self._ahead.days} days ahead and stops at {FURTHEST.days}; "
                "start over with --fresh"
            )

    def fast_forward(self, by: timedelta) -> None:
        """Move forward for good. Raises ``NotReady`` as ``check`` does."""
        self.check(by)
        self._ahead += by
        self._keep()

    def _kept(self) -> timedelta:
        if not self._path.exists():
            return timedelta()
        try:
            seconds = json.loads(self._path.read_text(encoding="ascii"))["ahead_s"]
            ahead = timedelta(seconds=seconds)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise NotReady(f"{self._path} is damaged; start over with --fresh") from error
        if not timedelta() <= ahead <= FURTHEST:
            raise NotReady(f"{self._path} is damaged; start over with --fresh")
        return ahead

    def _keep(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"ahead_s": self._ahead.total_seconds()}), encoding="ascii")
        os.replace(fresh, self._path)
