"""The HTTP side: recorder, ordered trouble, tokens, scopes, and the limits of the app."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fakes.feishu_errors import ApiError, refused, scope_missing, too_often
from tests.fakes.feishu_faults import AFTER, BEFORE, Faults, refusal
from tests.fakes.feishu_request import Asked, Endpoint, read
from tests.fakes.feishu_state import Call, State
from tests.fakes.telegram_http import Connections, Cut

#: Header names as the platform spells them; the official client looks for nothing else.
SPELT = {
    name.lower().encode(): name.encode()
    for name in ("Content-Type", "Content-Length", "Content-Disposition", "Location")
}
VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class OpenApi:
    """Answers for every endpoint it was given."""

    def __init__(
        self,
        state: State,
        endpoints: Sequence[Endpoint],
        faults: Faults,
        connections: Connections,
    ) -> None:
        self._state = state
        self._faults = faults
        self._connections = connections
        routes = [Route(x.path, self._handler(x), methods=[x.verb]) for x in endpoints]
        unknown = Route("/{path:path}", self._unknown, methods=VERBS)
        self.app = Starlette(routes=[*routes, unknown])

    def _handler(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            asked = await read(request)
            call = self._record(endpoint.name, request, asked)
            response = await self._answer(endpoint, asked)
            self._close(call, response)
            return response

        return handle

    async def _unknown(self, request: Request) -> Response:
        call = self._record("unknown", request, await read(request))
        response = PlainTextResponse("404 page not found", status_code=404)
        self._close(call, response)
        return response

    def _record(self, name: str, request: Request, asked: Asked) -> Call:
        with self._state.lock:
            call = Call(
                name,
                request.method,
                request.url.path,
                dict(asked.query),
                dict(asked.headers),
                asked.recorded(),
                self._state.clock(),
                files={name: upload.data for name, upload in asked.files.items()},
            )
            self._state.calls.append(call)
            return call

    def _close(self, call: Call, response: Response) -> None:
        response.raw_headers = [(SPELT.get(name, name), x) for name, x in response.raw_headers]
        call.status = 0 if isinstance(response, Cut) else response.status_code
        if isinstance(response, JSONResponse):
            call.code = json.loads(bytes(response.body)).get("code")
        self._state.change()

    async def _answer(self, endpoint: Endpoint, asked: Asked) -> Response:
        if delay := self._faults.delay_s(endpoint.name):
            await asyncio.sleep(delay)
        if fault := self._faults.take(endpoint.name, BEFORE):
            return Cut(self._connections) if fault.kind == "drop_before" else fault.response()
        try:
            with self._state.lock:
                result = endpoint.answer(self._admit(endpoint, asked))
        except ApiError as error:
            return refusal(error)
        if fault := self._faults.take(endpoint.name, AFTER):
            return Cut(self._connections) if fault.kind == "drop_after" else fault.response()
        return result if isinstance(result, Response) else JSONResponse(result)

    def _admit(self, endpoint: Endpoint, asked: Asked) -> Asked:
        """The request with its person, if token, scopes and limits let it through."""
        if endpoint.token == "none":
            return asked
        state = self._state
        token = state.tokens.check(asked.headers.get("authorization", ""), endpoint.token)
        if endpoint.token == "user":
            asked = dataclasses.replace(asked, person=state.people[token.open_id])
        elif not state.app.active:
            raise refused(230006)
        if endpoint.scopes and not state.app.granted(*endpoint.scopes):
            raise scope_missing(endpoint.scopes)
        full = state.rates.spend(f"app:{endpoint.name}", endpoint.limits)
        if full is not None:
            raise too_often(full.limit, full.reset_s)
        return asked
