"""One Stream connection as an app holds it, over a plain WebSocket and frame by frame."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from tests.fakes.dingtalk import FakeDingTalk
from tests.loopback import NO_TLS

BOT = "/v1.0/im/bot/messages/get"
TOPICS = (("EVENT", "*"), ("CALLBACK", BOT), ("CALLBACK", "/v1.0/card/instances/callback"))
JSON = {"Accept": "application/json"}


async def open_gateway(
    dingtalk: FakeDingTalk,
    topics: tuple[tuple[str, str], ...] = TOPICS,
    headers: dict[str, str] = JSON,
    **more: str,
) -> httpx2.Response:
    """Ask for a ticket to these topics; `more` replaces fields of the body."""
    body = {
        "clientId": dingtalk.app.client_id,
        "clientSecret": dingtalk.app.client_secret,
        "ua": "contract/1.0",
        "subscriptions": [{"type": kind, "topic": topic} for kind, topic in topics],
    }
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        url = f"{dingtalk.api_base}/v1.0/gateway/connections/open"
        return await client.post(url, json=body | more, headers=headers)


def address(opened: httpx2.Response) -> str:
    """Where to connect with the ticket."""
    body = opened.json()
    return f"{body['endpoint']}?ticket={quote(body['ticket'], safe='')}"


class Line:
    """Reads frames and answers them."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def frame(self) -> Any:
        return json.loads(await self.socket.recv())

    async def ack(self, frame: Any, code: int = 200, data: Any = None, message: str = "OK") -> None:
        headers = {"messageId": frame["headers"]["messageId"], "contentType": "application/json"}
        text = json.dumps({"response": None} if data is None else data)
        body = {"code": code, "headers": headers, "message": message, "data": text}
        await self.socket.send(json.dumps(body))

    async def text(self) -> str:
        """Of the next bot message, which is acked."""
        frame = await self.frame()
        await self.ack(frame)
        return str(json.loads(frame["data"])["text"]["content"])


@asynccontextmanager
async def line(dingtalk: FakeDingTalk, *topics: tuple[str, str]) -> AsyncIterator[Line]:
    """A connection that is known to the other side; all topics unless some are given."""
    known = len(dingtalk.connections)
    opened = await open_gateway(dingtalk, topics or TOPICS)
    async with connect(address(opened), proxy=None) as socket:
        await dingtalk.until(lambda: len(dingtalk.connections) > known)
        yield Line(socket)
