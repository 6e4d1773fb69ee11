"""A clock that jumps must not send surveys a year early. For SQLite: PostgreSQL asks the server.

Two settings are kept: ``clock_seen``, the latest believed moment, and ``clock_stopped`` with the
direction of a jump, so that a restart does not forget it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from storage.database import Tx
from storage.queries.users import set_setting, setting

log = structlog.get_logger(__name__)

SEEN, STOPPED = "clock_seen", "clock_stopped"


class Direction(StrEnum):
    """Which way a clock jumped."""

    BACK = "back"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The wall clock is not where the time passed puts it."""

    direction: Direction
    expected: datetime
    found: datetime


def uptime() -> float:
    """Seconds that nobody can set, including a laptop's sleep where the system counts it."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class ClockGuard:
    """Stops what is timed when the wall clock jumps, until it is right again or confirmed.

    Back means more than ``back`` behind the latest moment seen, also across restarts. Ahead means
    more than ``ahead`` beyond what ``monotonic`` allows; across a restart a jump ahead cannot be
    told from a long stop, and is believed.
    """

    def __init__(
        self,
        on_jump: Callable[[Jump], None],
        *,
        back: timedelta = timedelta(seconds=60),
        ahead: timedelta = timedelta(hours=1),
        monotonic: Callable[[], float] = uptime,
    ) -> None:
        """``on_jump`` is called once per jump, in the database's thread; it must not block."""
        self._on_jump = on_jump
        self._back, self._ahead, self._monotonic = back, ahead, monotonic
        self._base: tuple[datetime, float] | None = None

    def believe(self, tx: Tx) -> bool:
        """Whether ``tx.now`` can be trusted. Writes the moment down when it can."""
        stored = setting(tx, SEEN)
        seen = datetime.fromisoformat(stored) if stored else tx.now
        stopped = setting(tx, STOPPED)
        jump = self._jump(tx.now, seen, stopped)
        if jump is None:
            if stopped:
                log.warning("clock.right_again")
            self.confirm(tx)
            return True
        if not stopped:
            set_setting(tx, STOPPED, jump.direction.value)
            log.error("clock.jumped", direction=jump.direction.value)
            tx.after_commit(lambda: self._on_jump(jump))
        return False

    def confirm(self, tx: Tx) -> None:
        """A person says the clock is right as it is now: go on from here."""
        if setting(tx, STOPPED):
            set_setting(tx, STOPPED, "")
        set_setting(tx, SEEN, tx.now.isoformat())
        self._base = (tx.now, self._monotonic())

    def _jump(self, now: datetime, seen: datetime, stopped: str) -> Jump | None:
        if now < seen - self._back:
            return Jump(direction=Direction.BACK, expected=seen, found=now)
        if self._base is None:
            if stopped == Direction.AHEAD:
                return Jump(direction=Direction.AHEAD, expected=seen, found=now)
            return None
        expected = self._base[0] + timedelta(seconds=self._monotonic() - self._base[1])
        if now > expected + self._ahead:
            return Jump(direction=Direction.AHEAD, expected=expected, found=now)
        return None
