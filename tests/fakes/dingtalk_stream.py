"""Stream mode: tickets, connections, frames out, acks in."""

import asyncio
import contextlib
import http
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary

from starlette.responses import Response
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as Reply

from tests.fakes.dingtalk_delivery import Ack, Delivery
from tests.fakes.dingtalk_endpoint import Ask, Endpoint, free
from tests.fakes.dingtalk_errors import Json, V1Error, bad
from tests.fakes.dingtalk_state import Call, State

OPEN = "/v1.0/gateway/connections/open"
TICKET_LIFE_S = 90
XML = "<?xml version='1.0'?>\n<Open><endpoint>{}</endpoint><ticket>{}</ticket></Open>"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to connect once."""

    until: float
    topics: frozenset[tuple[str, str]]  # (type, topic)


@dataclass(slots=True)
class Link:
    """One open connection of the app."""

    id: str
    socket: ServerConnection
    topics: frozenset[tuple[str, str]]
    draining: bool = False  # told to go: gets nothing new

    def hears(self, kind: str, topic: str) -> bool:
        return (kind, topic) in self.topics or (kind, "*") in self.topics


class Stream:
    """The gateway and the sockets behind it."""

    def __init__(self, state: State, pause_s: float) -> None:
        """`pause_s` (real seconds) is the time between `disconnect` and the end."""
        self._state = state
        self._pause_s = pause_s
        self._tickets: dict[str, Ticket] = {}
        self._admitted: WeakKeyDictionary[ServerConnection, Ticket] = WeakKeyDictionary()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._orders: set[asyncio.Task[None]] = set()
        self.links: dict[str, Link] = {}
        self.acks: list[Ack] = []
        self.pings: dict[str, str] = {}  # messageId → opaque
        self.on_ack: Callable[[Ack], None] = lambda ack: None

    def endpoints(self) -> list[Endpoint]:
        return [free("POST", OPEN, self.open)]

    def open(self, ask: Ask) -> Json | Response:
        """Sell a ticket to whoever knows the secret."""
        app, body = self._state.app, ask.body
        if (body.get("clientId"), body.get("clientSecret")) != (app.client_id, app.client_secret):
            raise V1Error(401, "authFailed", "鉴权失败")
        wanted = body.get("subscriptions")
        if not isinstance(wanted, list) or not all(isinstance(x, dict) for x in wanted):
            raise bad("invalidParameter.subscriptions", "subscriptions不合法")
        ticket = self._state.fresh("ticket/+=")  # must be quoted in a URL
        topics = frozenset((str(x.get("type")), str(x.get("topic"))) for x in wanted)
        self._tickets[ticket] = Ticket(self._state.clock() + TICKET_LIFE_S, topics)
        endpoint = f"{self._state.bases['stream']}/connect"
        json_asked = "application/json" in ask.headers.get("accept", "")
        if self._state.unconfirmed.gateway_xml and not json_asked:
            return Response(XML.format(endpoint, ticket), media_type="application/xml")
        return {"endpoint": endpoint, "ticket": ticket}

    @contextlib.asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve sockets meanwhile; afterwards all are closed."""
        self._loop = asyncio.get_running_loop()
        async with serve(
            self._hold,
            sock=listener,
            process_request=self._admit,
            ping_interval=None,
            close_timeout=0.2,
            compression=None,
        ):
            yield
            for link in list(self.links.values()):
                link.socket.transport.abort()
            for task in self._orders:
                task.cancel()
        self._loop = None

    def _admit(self, connection: ServerConnection, request: Handshake) -> Reply | None:
        """Take the ticket; it is good for one connection."""
        parts = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        headers = {key.lower(): value for key, value in request.headers.raw_items()}
        call = Call("stream", "GET", parts.path, query, headers, None, self._state.clock(), 101)
        with self._state.lock:
            self._state.calls.append(call)
            ticket = self._tickets.pop(query.get("ticket", ""), None)
            good = ticket is not None and self._state.clock() <= ticket.until
            if ticket is not None and good and parts.path == "/connect":
                self._admitted[connection] = ticket
                return None
        call.status = 401
        return connection.respond(http.HTTPStatus.UNAUTHORIZED, "invalid ticket\n")

    async def _hold(self, connection: ServerConnection) -> None:
        topics = self._admitted[connection].topics
        with self._state.lock:
            link = Link(self._state.fresh("connection-"), connection, topics)
            self.links[link.id] = link
            self._state.change()
        try:
            async for raw in connection:
                self._hear(link.id, raw if isinstance(raw, str) else raw.decode(errors="replace"))
        except ConnectionClosed:
            pass
        finally:
            with self._state.lock:
                self.links.pop(link.id, None)
                self._state.change()

    def _hear(self, connection_id: str, raw: str) -> None:
        """Note an ack; what is none is noted with code 0."""
        try:
            body = json.loads(raw)
            headers, data = body["headers"], body.get("data")
            code, message = int(body["code"]), str(body.get("message", ""))
            message_id = str(headers["messageId"])
        except (ValueError, KeyError, TypeError, AttributeError):
            code, message, message_id, data = 0, "not an ack", "", None
        with contextlib.suppress(ValueError, TypeError):
            data = json.loads(data) if isinstance(data, str) else data
        ack = Ack(
            message_id=message_id,
            connection_id=connection_id,
            code=code,
            message=message,
            data=data,
            at=self._state.clock(),
            raw=raw,
        )
        with self._state.lock:
            self.acks.append(ack)
            self.on_ack(ack)
        self._state.change()

    def choose(self, delivery: Delivery) -> Link | None:
        """One connection at random among those that asked for the topic."""
        open_ = [
            link
            for link in self.links.values()
            if not link.draining and link.hears(delivery.kind, delivery.topic)
        ]
        return self._state.random.choice(open_) if open_ else None

    async def send(self, link: Link, delivery: Delivery) -> None:
        frame = self._frame(link, delivery.kind, delivery.id, delivery.topic, delivery.data)
        frame["headers"] |= delivery.headers
        await self._write(link, json.dumps(frame, ensure_ascii=False))

    def _system(self, link: Link, id: str, topic: str, data: Json) -> str:
        return json.dumps(self._frame(link, "SYSTEM", id, topic, data), ensure_ascii=False)

    def _frame(self, link: Link, kind: str, id: str, topic: str, data: Json) -> Json:
        headers = {
            "appId": self._state.app.client_id,
            "connectionId": link.id,
            "contentType": "application/json",
            "messageId": id,
            "time": str(self._state.now_ms()),
            "topic": topic,
        }
        text = json.dumps(data, ensure_ascii=False)
        return {"specVersion": "1.0", "type": kind, "headers": headers, "data": text}

    async def _write(self, link: Link, text: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await link.socket.send(text)

    # Orders, from any thread

    def ping(self) -> list[str]:
        """Ask every connection for a sign of life; their messageIds."""
        with self._state.lock:
            sent = []
            for link in self.links.values():
                id, opaque = self._state.fresh("ping-"), self._state.fresh("opaque-")
                self.pings[id] = opaque
                frame = self._system(link, id, "ping", {"opaque": opaque})
                self._order(self._write(link, frame))
                sent.append(id)
            return sent

    def disconnect(self, connection_id: str | None = None) -> None:
        """Tell one or all to go, and close what is left of them after the pause."""
        with self._state.lock:
            for link in self.links.values():
                if connection_id in {None, link.id}:
                    link.draining = True
                    self._order(self._retire(link))

    async def _retire(self, link: Link) -> None:
        id = self._state.fresh("disconnect-")
        reason = {"reason": "connection is expired"}
        await self._write(link, self._system(link, id, "disconnect", reason))
        await asyncio.sleep(self._pause_s)
        await link.socket.close()

    def cut(self, connection_id: str | None = None) -> None:
        """Break one or all connections without a closing handshake."""
        with self._state.lock:
            for link in self.links.values():
                if connection_id in {None, link.id} and self._loop is not None:
                    self._loop.call_soon_threadsafe(link.socket.transport.abort)

    def inject(self, raw: str) -> None:
        """Send any text on every connection, as a platform gone mad would."""
        with self._state.lock:
            for link in self.links.values():
                self._order(self._write(link, raw))

    def _order(self, work: Coroutine[Any, Any, None]) -> None:
        loop = self._loop
        if loop is None:
            raise RuntimeError("not running")

        def spawn() -> None:
            task = loop.create_task(work)
            self._orders.add(task)
            task.add_done_callback(self._orders.discard)

        loop.call_soon_threadsafe(spawn)
