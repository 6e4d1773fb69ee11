"""Platforms call the product's address: whatever cuts a call short, its connection is closed."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.fakes.calling import caller

ANSWER = b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-Word: w\r\n\r\nok"


class Door:
    """Answers every call and keeps the connection, until it slams."""

    def __init__(self) -> None:
        self.open: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller has gone
        finally:
            self.open.discard(writer)
            writer.close()

    def slam(self) -> None:
        for writer in list(self.open):
            writer.transport.abort()


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    made = Door()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    yield made
    made.slam()
    server.close()
    await server.wait_closed()


async def cut_short(client: httpx.AsyncClient, url: str, steps: int) -> None:
    """Begin a call and cancel it after so many turns of the loop."""
    call = asyncio.create_task(client.get(url))
    for _ in range(steps):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


async def test_a_call_that_is_cut_short_leaves_no_connection_to_the_collector() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        async with door() as there, caller(5) as client:
            for steps in range(0, 40, 3):
                calls = (client.get(there.url) for _ in range(8))
                await asyncio.gather(*calls, return_exceptions=True)
                there.slam()  # as a product does that is killed
                await asyncio.sleep(0.01)
                await cut_short(client, there.url, steps)
        gc.collect()
    assert [str(one.message) for one in caught] == []


async def test_the_answer_is_whole_and_refused_is_told_from_slow() -> None:
    async with caller(5) as client:
        async with door() as there:
            answer = await client.get(there.url)
        assert (answer.status_code, answer.reason_phrase, answer.text) == (200, "Fine", "ok")
        assert answer.headers["x-word"] == "w"
        try:
            await client.get(there.url)
        except httpx.ConnectError:
            return
    raise AssertionError("nobody listens there any more")
