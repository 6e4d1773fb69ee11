"""How often something may be done: fixed windows of seconds."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

Windows = tuple[tuple[int, float], ...]  # (most, seconds)

APP: Windows = ((50, 1.0), (1000, 60.0))  # one endpoint, one app
CHAT: Windows = ((5, 1.0),)  # one person, or one group for all robots together
MESSAGE: Windows = ((5, 1.0),)  # updates of one card
HOOK: Windows = ((5, 1.0), (100, 60.0))  # one custom group robot


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The window that is full, and whole seconds until it is over."""

    limit: int
    reset_s: int


@dataclass(slots=True)
class Rates:
    """Counts by key; `pace` gives the seconds that windows are measured in."""

    pace: Callable[[], float]
    enabled: bool = True
    counts: dict[tuple[str, float], tuple[float, int]] = field(default_factory=dict)

    def spend(self, key: str, windows: Windows, amount: int = 1) -> Exceeded | None:
        """Count `amount` once more, or nothing at all when a window is full."""
        if not self.enabled:
            return None
        now = self.pace()
        counts: dict[tuple[str, float], tuple[float, int]] = {}
        for most, seconds in windows:
            start, count = self.counts.get((key, seconds), (now, 0))
            if now - start >= seconds:
                start, count = now, 0
            if count + amount > most:
                return Exceeded(most, max(1, math.ceil(start + seconds - now)))
            counts[key, seconds] = (start, count + amount)
        self.counts |= counts
        return None
