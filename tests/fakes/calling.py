"""How a stand-in calls somebody's address: over a connection of its own, closed whatever happens.

A pool of connections forgets some: httpx takes all that the other side has dropped out of its
pool and closes them one after the other, so that a call which is cancelled meanwhile (its webhook
was set again, its time was up) leaves the rest of them to the garbage collector.
"""

import httpx

from tests.loopback import NO_TLS


class _Once(httpx.AsyncBaseTransport):
    """Connects, asks, reads the whole answer, and closes."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncHTTPTransport(verify=NO_TLS) as connection:
            answer = await connection.handle_async_request(request)
            raw = [part async for part in answer.aiter_raw()]
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=httpx.ByteStream(b"".join(raw)),
            extensions={"reason_phrase": answer.extensions.get("reason_phrase", b"")},
        )


def caller(timeout_s: float | None) -> httpx.AsyncClient:
    """A client that may be cancelled at any moment; None: whoever calls minds the time."""
    return httpx.AsyncClient(timeout=timeout_s, trust_env=False, transport=_Once())
