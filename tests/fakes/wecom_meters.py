"""Counting against rates on the platform's clock."""

from collections import deque
from collections.abc import Callable, Hashable

from tests.fakes.wecom_doubts import Rate


class Meters:
    """Sliding windows, one for each key and rate."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[tuple[Hashable, float], deque[float]] = {}

    def take(self, key: Hashable, *rates: Rate, times: int = 1) -> bool:
        """Count `times` when every rate has room for them all; False, counting none, otherwise."""
        if not self.room(key, *rates, times=times):
            return False
        now = self._clock()
        for _, seconds in rates:
            self._windows[key, seconds].extend([now] * times)
        return True

    def room(self, key: Hashable, *rates: Rate, times: int = 1) -> bool:
        """Whether `take` would count."""
        now = self._clock()
        for _, seconds in rates:
            window = self._windows.setdefault((key, seconds), deque())
            while window and window[0] <= now - seconds:
                window.popleft()
        return all(len(self._windows[key, seconds]) + times <= most for most, seconds in rates)
