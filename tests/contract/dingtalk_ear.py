"""Who listens to DingTalk's stream in the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.messages import Received


class Ear:
    """Accepts what comes; ``gate`` holds it up, ``refuse`` decides what is not taken."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.reaches: list[tuple[str, bool]] = []
        self.under_way = 0
        self.most = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.refuse: Callable[[Received], Exception | None] = lambda _: None

    async def accept(self, received: Received) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            text = received.messages[0].text if received.messages else ""
            if text in self.gates:
                await self.gates[text].wait()
            if (refusal := self.refuse(received)) is not None:
                raise refusal
        finally:
            self.under_way -= 1
        self.texts += [message.text for message in received.messages]
        self.ids += [message.external_id for message in received.messages]
        self.reaches += [(one.sender.value, one.reachable) for one in received.reaches]
