"""How often one chat may be written to: 5 messages a second to a person, or to a group from all
bots together. Waiting here is cheaper than being refused there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

#: Chats remembered; one that falls out was quiet for long.
CHATS = 2_000


class Pace:
    """At most ``most`` within ``seconds``, for each key."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._slots: OrderedDict[str, deque[float]] = OrderedDict()

    async def wait(self, key: str) -> None:
        """Return when it is this caller's turn."""
        now = asyncio.get_running_loop().time()
        slots = self._slots.setdefault(key, deque(maxlen=self._most))
        self._slots.move_to_end(key)
        if len(self._slots) > CHATS:
            self._slots.popitem(last=False)
        mine = max(now, slots[0] + self._seconds) if len(slots) == self._most else now
        slots.append(mine)
        if mine > now:
            await asyncio.sleep(mine - now)
