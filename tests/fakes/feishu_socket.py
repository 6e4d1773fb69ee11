"""Long connections: where to connect, frames both ways, acknowledgements, ends."""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.fakes.feishu_errors import log_id
from tests.fakes.feishu_frames import CONTROL, DATA, Frame
from tests.fakes.feishu_request import Asked, Endpoint
from tests.fakes.feishu_state import Json, State

PATH = "/ws/v2"
AUTH_FAILED, FORBIDDEN = 514, 403
NO_CREDENTIAL, TOO_MANY = 1000040344, 1000040350


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """How a client shall reconnect and ping; a count of -1 has no end."""

    reconnect_count: int = -1
    reconnect_interval_s: int = 120
    reconnect_nonce_s: int = 30
    ping_interval_s: int = 120

    def as_json(self) -> Json:
        return {
            "ReconnectCount": self.reconnect_count,
            "ReconnectInterval": self.reconnect_interval_s,
            "ReconnectNonce": self.reconnect_nonce_s,
            "PingInterval": self.ping_interval_s,
        }


@dataclass(frozen=True, slots=True)
class Ack:
    """An answer to a data frame; `late`: nobody waited for it any more."""

    message_id: str
    code: int
    data: Any
    headers: dict[str, str]
    late: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending went: the code of the acknowledgement, its data, and the error if any."""

    error: str
    code: int | None = None
    data: Any = None


@dataclass(slots=True, eq=False)
class Connection:
    """One open connection of the app."""

    id: str
    service_id: int
    socket: ServerConnection
    told: ClientConfig
    pings: int = 0
    acks: list[Ack] = field(default_factory=list)
    sent: list[Frame] = field(default_factory=list)
    waiting: dict[str, asyncio.Future[Outcome]] = field(default_factory=dict)


class LongConnections:
    """All connections of the app; every method but `endpoint` runs on the server's loop."""

    def __init__(self, state: State, config: ClientConfig, answer_s: float, most: int) -> None:
        self.config = config
        self.answer_s = answer_s  # real seconds
        self.connections: list[Connection] = []
        self.acks: list[Ack] = []
        self._state = state
        self._most = most
        self._base = ""
        self._tickets: dict[str, tuple[str, int]] = {}
        self._admitted: dict[UUID, tuple[str, int]] = {}

    # Connecting

    def endpoints(self) -> list[Endpoint]:
        path = "/callback/ws/endpoint"
        return [Endpoint(name="ws", verb="POST", path=path, answer=self.endpoint, token="none")]

    def endpoint(self, asked: Asked) -> Json:
        """An address for one connection, good for one handshake."""
        app, body = self._state.app, asked.body
        if not body.get("AppID") or not body.get("AppSecret"):
            return {"code": NO_CREDENTIAL, "msg": "app_id or app_secret is empty"}
        if body["AppID"] != app.app_id or body["AppSecret"] != app.secret:
            return {"code": AUTH_FAILED, "msg": "auth failed"}
        if not app.active:
            return {"code": FORBIDDEN, "msg": "forbidden"}
        if len(self.connections) >= self._most:
            return {"code": TOO_MANY, "msg": "the number of connections exceeded the limit"}
        device = str(self._state.random.getrandbits(62))
        ticket, service = self._state.fresh(""), self._state.random.randrange(1, 1 << 31)
        self._tickets[ticket] = (device, service)
        query = {"device_id": device, "service_id": service, "access_key": ticket, "fpid": 493}
        url = f"{self._base}{PATH}?{urlencode(query)}"
        return {
            "code": 0,
            "msg": "",
            "data": {"URL": url, "ClientConfig": self.config.as_json()},
        }

    @contextlib.asynccontextmanager
    async def serve(self, listener: socket.socket) -> AsyncIterator[None]:
        """Answer on a listening socket until the context ends; open connections are then cut."""
        self._base = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        server = await serve(
            self._serve,
            sock=listener,
            process_request=self._admit,
            compression=None,
            ping_interval=None,
            max_size=None,
        )
        try:
            yield
        finally:
            for connection in list(self.connections):
                connection.socket.transport.abort()
            server.close()
            await server.wait_closed()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        ticket = parse_qs(url.query).get("access_key", [""])[0]
        if url.path != PATH or ticket not in self._tickets:
            return _rejected(connection, AUTH_FAILED, "invalid ticket", 1000040345)
        if len(self.connections) >= self._most:
            return _rejected(connection, AUTH_FAILED, "too many connections", TOO_MANY)
        self._admitted[connection.id] = self._tickets.pop(ticket)
        return None

    async def _serve(self, ws: ServerConnection) -> None:
        connection = Connection(*self._admitted.pop(ws.id), ws, self.config)
        self.connections.append(connection)
        self._state.change()
        try:
            async for data in ws:
                await self._hear(connection, data)
        except ConnectionClosed:
            pass
        finally:
            self.connections.remove(connection)
            for future in connection.waiting.values():
                if not future.done():
                    future.set_result(Outcome("connection closed"))
            self._state.change()

    # Frames

    async def _hear(self, connection: Connection, data: str | bytes) -> None:
        try:
            frame = Frame.decode(data if isinstance(data, bytes) else data.encode())
        except ValueError:
            await connection.socket.close(1003, "no frame")
            return
        if frame.method == CONTROL and frame.header("type") == "ping":
            connection.pings += 1
            await connection.socket.send(self._pong(connection).encode())
        elif frame.method == DATA:
            self._acknowledged(connection, frame)
        self._state.change()

    def _pong(self, connection: Connection) -> Frame:
        """Carries the settings when they changed since the client last heard of them."""
        payload = b""
        if connection.told != self.config:
            connection.told = self.config
            payload = json.dumps(self.config.as_json()).encode()
        return Frame(
            service=connection.service_id,
            method=CONTROL,
            headers=(("type", "pong"),),
            payload=payload,
        )

    def _acknowledged(self, connection: Connection, frame: Frame) -> None:
        message_id = frame.header("message_id")
        try:
            answer = json.loads(frame.payload)
            code = int(answer["code"])
            data = json.loads(base64.b64decode(answer["data"])) if answer.get("data") else None
            outcome = Outcome("" if code == 200 else f"code {code}", code, data)
        except (ValueError, KeyError, TypeError):
            outcome = Outcome("unreadable answer", 0)
        future = connection.waiting.pop(message_id, None)
        late = future is None or future.done()
        ack = Ack(message_id, outcome.code or 0, outcome.data, dict(frame.headers), late)
        connection.acks.append(ack)
        self.acks.append(ack)
        if future is not None and not future.done():
            future.set_result(outcome)

    async def send(self, body: Json) -> Outcome:
        """Send an event over one connection, chosen by chance, and wait for its answer."""
        if not self.connections:
            away = self._state.unconfirmed.while_away
            return Outcome("lost" if away == "lost" else "no connection")
        connection = self._state.random.choice(self.connections)
        message_id = self._state.fresh("")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        connection.waiting[message_id] = future
        try:
            async with asyncio.timeout(self.answer_s):
                for frame in self._frames(connection, message_id, body):
                    connection.sent.append(frame)
                    await connection.socket.send(frame.encode())
                return await future
        except TimeoutError:
            return Outcome("timeout")
        except ConnectionClosed:
            return Outcome("connection closed")
        finally:
            connection.waiting.pop(message_id, None)

    async def put(self, frames: Iterable[Frame]) -> None:
        """Frames of a test's own making, over the only connection there is."""
        [connection] = self.connections
        for frame in frames:
            await connection.socket.send(frame.encode())

    def _frames(self, connection: Connection, message_id: str, body: Json) -> list[Frame]:
        payload = json.dumps(body, ensure_ascii=False).encode()
        size = self._state.unconfirmed.frame_bytes
        parts = [payload[at : at + size] for at in range(0, len(payload), size)]
        trace_id = self._state.fresh("")
        return [
            Frame(
                service=connection.service_id,
                method=DATA,
                seq_id=len(connection.sent) + seq + 1,
                log_id=self._state.random.getrandbits(63),
                headers=(
                    ("type", "event"),
                    ("message_id", message_id),
                    ("trace_id", trace_id),
                    ("sum", str(len(parts))),
                    ("seq", str(seq)),
                ),
                payload=part,
                log_id_new=log_id(),
            )
            for seq, part in enumerate(parts)
        ]

    async def close(self, *, abort: bool) -> None:
        """End every connection: with a close frame, or by cutting the line."""
        for connection in list(self.connections):
            if abort:
                connection.socket.transport.abort()
            else:
                await connection.socket.close(1001, "server going away")


def _rejected(connection: ServerConnection, status: int, msg: str, code: int) -> Response:
    """No handshake: what went wrong is in three headers."""
    response = connection.respond(HTTPStatus.FORBIDDEN, msg)
    response.headers["Handshake-Status"] = str(status)
    response.headers["Handshake-Msg"] = msg
    response.headers["Handshake-Autherrcode"] = str(code)
    return response
