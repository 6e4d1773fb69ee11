"""The HTTP side of both hosts: recorder, trouble, tokens, permissions, limits and quota."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tests.fakes.dingtalk_endpoint import Ask, Endpoint, Host, read
from tests.fakes.dingtalk_errors import (
    OapiError,
    Refusal,
    V1Error,
    ip_refused,
    quota_used_up,
    scope_refused,
    too_often,
)
from tests.fakes.dingtalk_faults import AFTER, BEFORE, Fault, Faults, refused
from tests.fakes.dingtalk_state import Call, State
from tests.fakes.dingtalk_tokens import Tokens
from tests.fakes.telegram_http import Connections, Cut

VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
TOKEN_HEADER = "x-acs-dingtalk-access-token"
UNKNOWN = "Specified api is not found, please check your url and method."


class HttpSide:
    """One ASGI application that is api on one port and oapi on another."""

    def __init__(
        self,
        state: State,
        tokens: Tokens,
        endpoints: Sequence[Endpoint],
        faults: Faults,
    ) -> None:
        self._state = state
        self._tokens = tokens
        self._faults = faults
        self._connections = Connections()
        self._called: dict[str, deque[float]] = {}
        self._hosts: dict[Host, Starlette] = {
            "api": self._app("api", endpoints),
            "oapi": self._app("oapi", endpoints),
        }

    def _app(self, host: Host, endpoints: Sequence[Endpoint]) -> Starlette:
        routes = [
            Route(x.path, self._handler(x), methods=[x.verb]) for x in endpoints if x.host == host
        ]
        unknown = Route("/{path:path}", self._unknown(host), methods=VERBS)
        return Starlette(routes=[*routes, unknown])

    @contextlib.asynccontextmanager
    async def listening(self, listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Answer on these meanwhile; afterwards open calls are cut.

        Without uvicorn's own Server, which looks every 100 ms whether it shall stop.
        """
        protocol = self._connections.protocol()
        config = uvicorn.Config(
            self, http=protocol, ws="none", lifespan="off", log_config=None, proxy_headers=False
        )
        config.load()
        shared, loop = ServerState(), asyncio.get_running_loop()

        def accept() -> asyncio.Protocol:
            return protocol(config=config, server_state=shared, app_state={})

        servers = [await loop.create_server(accept, sock=listener) for listener in listeners]
        yield
        for server in servers:
            server.close()
        for connection in list(shared.connections):
            connection.transport.abort()
        for task in list(shared.tasks):
            task.cancel()
        await asyncio.gather(*shared.tasks, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        base = f"http://{scope['server'][0]}:{scope['server'][1]}"
        host: Host = "oapi" if base == self._state.bases["oapi"] else "api"
        await self._hosts[host](scope, receive, send)

    def _handler(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            ask = await read(request)
            call = self._record(endpoint.host, request, ask)
            response = await self._answer(endpoint, ask)
            call.status = 0 if isinstance(response, Cut) else response.status_code
            self._state.change()
            return response

        return handle

    def _unknown(self, host: Host) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            error: Refusal = V1Error(404, "InvalidAction.NotFound", UNKNOWN)
            if host == "oapi":
                error = OapiError(404, "请求的URI地址不存在")
            self._record(host, request, await read(request)).status = error.status
            return refused(error)

        return handle

    def _record(self, host: Host, request: Request, ask: Ask) -> Call:
        with self._state.lock:
            call = Call(
                host,
                request.method,
                request.url.path,
                ask.query,
                ask.headers,
                ask.json if ask.json is not None else ask.form,
                self._state.clock(),
                files={name: upload.data for name, upload in ask.files.items()},
            )
            self._state.calls.append(call)
            return call

    async def _answer(self, endpoint: Endpoint, ask: Ask) -> Response:
        if delay := self._faults.delay_s(endpoint):
            await asyncio.sleep(delay)
        if fault := self._faults.take(endpoint, BEFORE):
            return self._broken(fault, endpoint)
        try:
            with self._state.lock:
                self._admit(endpoint, ask)
                result = endpoint.answer(ask)
        except Refusal as error:
            return refused(error)
        if fault := self._faults.take(endpoint, AFTER):
            return self._broken(fault, endpoint)
        return result if isinstance(result, Response) else JSONResponse(result)

    def _broken(self, fault: Fault, endpoint: Endpoint) -> Response:
        if fault.kind in {"drop_before", "drop_after"}:
            return Cut(self._connections)
        return fault.response(endpoint)

    def _admit(self, endpoint: Endpoint, ask: Ask) -> None:
        state, host = self._state, endpoint.host
        if not endpoint.token:
            return
        if not state.ip_allowed:
            raise ip_refused(host)
        header = ask.headers.get(TOKEN_HEADER, "")
        self._tokens.check(host, header if host == "api" else ask.query.get("access_token", ""))
        if endpoint.scope in state.withheld:
            raise scope_refused(host, endpoint.scope)
        self._meter(endpoint)
        if endpoint.counted and state.spend("calls") > state.quota.api_calls:
            raise quota_used_up(host)

    def _meter(self, endpoint: Endpoint) -> None:
        """So many calls a second of one API by one app, no more."""
        if not self._state.limits:
            return
        now = self._state.pace()
        recent = self._called.setdefault(f"{endpoint.verb} {endpoint.path}", deque())
        while recent and now - recent[0] >= 1:
            recent.popleft()
        if len(recent) >= self._state.quota.qps:
            raise too_often(endpoint.host)
        recent.append(now)
