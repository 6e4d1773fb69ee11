"""The HTTP side of the Bot API: routes, tokens, status codes, long polling, closed connections."""

import asyncio
import re
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.fakes.telegram_errors import ApiError
from tests.fakes.telegram_faults import Fault, Faults
from tests.fakes.telegram_methods import METHODS, Described, allow_updates
from tests.fakes.telegram_params import Params, read
from tests.fakes.telegram_state import Call, Json, State

VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{3,80}")
POLL_LIMIT_S = 50
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
GATEWAY_PAGE = (
    "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n"
    "<center><h1>{0} {1}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Bell:
    """Wakes coroutines of one loop from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._loop.call_soon_threadsafe(self._swap)

    def _swap(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The coming ring; take it before looking at the state, then wait for it."""
        return self._event


class Connections:
    """Open client connections by peer address, so that one can be cut."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        transports = self._transports

        class Tracked(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                self.peer = tuple(transport.get_extra_info("peername")[:2])
                transports[self.peer] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.peer, None)
                super().connection_lost(exc)

        return Tracked

    def cut(self, client: Any) -> None:
        transport = self._transports.get(tuple(client))
        if transport is not None:
            transport.abort()


class Cut(Response):
    """No answer at all: the connection is closed under the caller."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._connections.cut(scope["client"])
        while (await receive())["type"] != "http.disconnect":
            pass


class BotApi:
    """Answers calls for one bot."""

    def __init__(self, state: State, faults: Faults, connections: Connections, bell: Bell) -> None:
        self._state = state
        self._faults = faults
        self._connections = connections
        self._bell = bell

    def routes(self) -> list[Route]:
        return [
            Route("/bot{token}/{method}", self.call, methods=VERBS),
            Route("/file/bot{token}/{path:path}", self.file, methods=["GET"]),
        ]

    def _refusal(self, token: str) -> ApiError | None:
        if not TOKEN.fullmatch(token):
            return ApiError(404, "Not Found")
        return None if token == self._state.token else ApiError(401, "Unauthorized")

    async def call(self, request: Request) -> Response:
        refusal = self._refusal(request.path_params["token"])
        if refusal is not None:
            return refused(refusal)
        method = request.path_params["method"].lower()
        try:
            params = await read(request)
        except ApiError as error:
            return refused(error)
        files = {name: upload.data for name, upload in params.uploads.items()}
        record = Call(method, params.values, self._state.clock(), files=files)
        with self._state.lock:
            self._state.calls.append(record)
        response = await self._answer(method, params)
        record.status = 0 if isinstance(response, Cut) else response.status_code
        self._state.change()
        return response

    async def _answer(self, method: str, params: Params) -> Response:
        if delay := self._faults.delay_s(method):
            await asyncio.sleep(delay)
        if fault := self._faults.take(method, "error", "drop_before"):
            return Cut(self._connections) if fault.kind == "drop_before" else failed(fault)
        try:
            result = await self.perform(method, params)
        except ApiError as error:
            return refused(error)
        except ConnectionAbortedError:
            return Cut(self._connections)
        if self._faults.take(method, "drop_after"):
            return Cut(self._connections)
        if isinstance(result, Described):
            body = {"ok": True, "result": result.result, "description": result.description}
            return JSONResponse(body)
        return JSONResponse({"ok": True, "result": result})

    async def perform(self, method: str, params: Params) -> Any:
        """Do what a method does; raises ApiError."""
        if method == "getupdates":
            return await self._get_updates(params)
        function = METHODS.get(method)
        if function is None:
            raise ApiError(404, "Not Found: method not found")
        with self._state.lock:
            return function(self._state, params)

    async def _get_updates(self, params: Params) -> list[Json]:
        state, loop = self._state, asyncio.get_running_loop()
        offset = params.integer("offset")
        limit = min(max(params.integer("limit", 100), 1), 100)
        deadline = loop.time() + min(max(params.integer("timeout"), 0), POLL_LIMIT_S)
        with state.lock:
            if state.webhook is not None:
                raise ApiError(409, WEBHOOK_ACTIVE)
            allow_updates(state, params)
            state.poll += 1
            mine = state.poll
            self._confirm(offset)
            state.change()  # an older poller notices that it is no longer alone
        while True:
            ring = self._bell.next()
            with state.lock:
                if state.webhook is not None:
                    raise ApiError(409, "Conflict: terminated by setWebhook request")
                if state.poll != mine:
                    raise ApiError(409, OTHER_POLLER)
                batch = state.batch(limit)
            left = deadline - loop.time()
            if batch or left <= 0:
                return batch
            try:
                await asyncio.wait_for(ring.wait(), left)
            except TimeoutError:
                continue

    def _confirm(self, offset: int) -> None:
        """Everything below `offset` was received; a negative one keeps only the last few."""
        waiting = sorted(self._state.updates, key=lambda update: update.id)
        known = waiting[:offset] if offset < 0 else [u for u in waiting if u.id < offset]
        for update in known:
            self._state.taken(update)

    async def file(self, request: Request) -> Response:
        refusal = self._refusal(request.path_params["token"])
        if refusal is not None:
            return refused(refusal)
        path = request.path_params["path"]
        with self._state.lock:
            record = Call("file", {"path": path}, self._state.clock(), status=200)
            self._state.calls.append(record)
            now = self._state.clock()
            for file in self._state.files.values():
                if file.path == path and now <= file.link_until:
                    return Response(file.data, media_type="application/octet-stream")
            record.status = 404
        return refused(ApiError(404, "Not Found"))


def refused(error: ApiError) -> Response:
    return JSONResponse(error.body(), status_code=error.code)


def failed(fault: Fault) -> Response:
    """An ordered error; gateway errors come as a page, not as JSON."""
    phrase = HTTPStatus(fault.status).phrase
    if fault.status in {502, 503, 504}:
        page = GATEWAY_PAGE.format(fault.status, phrase)
        return HTMLResponse(page, status_code=fault.status)
    if fault.status == 429 and fault.parameters is None:
        seconds = fault.retry_after or 1
        text = fault.description or f"Too Many Requests: retry after {seconds}"
        return refused(ApiError(429, text, {"retry_after": seconds}))
    return refused(ApiError(fault.status, fault.description or phrase, fault.parameters))


async def not_found(request: Request, _: Exception) -> Response:
    return refused(ApiError(404, "Not Found"))
