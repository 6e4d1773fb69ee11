"""A handler to register with an engine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class Seen:
    """A handler that remembers its calls."""

    calls: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    now: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    together: int = 0
    takes: float = 0.0
    fails: int = 0

    async def __call__(self, key: str) -> None:
        self.calls.append(key)
        self.times.append(asyncio.get_running_loop().time())
        self.now[key] = self.now.get(key, 0) + 1
        self.most[key] = max(self.most.get(key, 0), self.now[key])
        self.together = max(self.together, sum(self.now.values()))
        try:
            await asyncio.sleep(self.takes)
            if self.fails > 0:
                self.fails -= 1
                raise ValueError("not today")
        finally:
            self.now[key] -= 1
