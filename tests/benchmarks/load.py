"""A lean load generator: prepared bytes over kept-alive sockets, closed or open loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.house import SECRET

Body = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run saw. Times in milliseconds."""

    calls: int
    refused: int
    per_second: float
    p50: float
    p99: float
    worst: float


def telegram_call(port: int, number: int, *, people: int, text: str) -> bytes:
    """A whole HTTP request: one new message from one of ``people``."""
    account = 1000 + number % people
    update = {
        "update_id": 10_000_000 + number,
        "message": {
            "message_id": 100_000 + number,
            "date": int(time.time()),
            "from": {"id": account, "is_bot": False, "first_name": "压"},
            "chat": {"id": account, "type": "private", "first_name": "压"},
            "text": text,
        },
    }
    body = json.dumps(update).encode()
    head = (
        f"POST /hooks/telegram HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, request: bytes) -> int:
        """Send one request; the status of its answer."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._reader is not None
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if length:
            await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def figures(times: list[float], refused: int, seconds: float) -> Figures:
    ordered = sorted(times)
    return Figures(
        calls=len(ordered),
        refused=refused,
        per_second=len(ordered) / seconds,
        p50=ordered[len(ordered) // 2] * 1000,
        p99=ordered[int(len(ordered) * 0.99)] * 1000,
        worst=ordered[-1] * 1000,
    )


async def closed_loop(port: int, body: Body, *, lines: int, seconds: float) -> Figures:
    """As fast as ``lines`` connections go, each waiting for its answer."""
    times: list[float] = []
    refused = 0
    number = 0
    end = time.perf_counter() + seconds

    async def work() -> None:
        nonlocal number, refused
        line = Line(port)
        while (began := time.perf_counter()) < end:
            number += 1
            status = await line.call(body(number))
            times.append(time.perf_counter() - began)
            refused += status != 200
        line.close()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(lines)))
    return figures(times, refused, time.perf_counter() - began)


async def open_loop(port: int, body: Body, *, rate: float, seconds: float) -> Figures:
    """``rate`` calls a second whatever the answers do; waiting counts from the planned moment."""
    times: list[float] = []
    refused = 0
    idle: list[Line] = []
    began = time.perf_counter()

    async def one(number: int, planned: float) -> None:
        nonlocal refused
        line = idle.pop() if idle else Line(port)
        status = await line.call(body(number))
        times.append(time.perf_counter() - planned)
        refused += status != 200
        idle.append(line)

    tasks = []
    for number in range(int(rate * seconds)):
        planned = began + number / rate
        await asyncio.sleep(max(0.0, planned - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number, planned)))
    await asyncio.gather(*tasks)
    for line in idle:
        line.close()
    return figures(times, refused, time.perf_counter() - began)
