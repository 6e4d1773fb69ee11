"""The HTTP side: routes, tokens, rates, ordered trouble. Business errors are a 200."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes import (
    wecom_app,
    wecom_contacts,
    wecom_kf,
    wecom_kf_admin,
    wecom_media,
    wecom_tokens,
    wecom_webhook,
)
from tests.fakes.telegram_http import Connections, Cut
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_faults import Faults
from tests.fakes.wecom_request import Asked, Blob, Endpoint, read
from tests.fakes.wecom_state import Call, State

PREFIX = "/cgi-bin"
VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
ENDPOINTS: dict[str, Endpoint] = {
    **wecom_tokens.ENDPOINTS,
    **wecom_kf.ENDPOINTS,
    **wecom_kf_admin.ENDPOINTS,
    **wecom_app.ENDPOINTS,
    **wecom_media.ENDPOINTS,
    **wecom_contacts.ENDPOINTS,
    **wecom_webhook.ENDPOINTS,
}


class JsonAnswer(JSONResponse):
    """UTF-8 as it is, named in the content type."""

    media_type = "application/json; charset=UTF-8"


class Api:
    """Answers everything under /cgi-bin for one corp."""

    def __init__(self, state: State, faults: Faults, connections: Connections) -> None:
        self._state = state
        self._faults = faults
        self._connections = connections
        self._open: dict[int, int] = {}  # calls being answered, by agentid

    def routes(self) -> list[Route]:
        return [Route(f"{PREFIX}/{{endpoint:path}}", self.call, methods=VERBS)]

    async def call(self, request: Request) -> Response:
        asked = await read(request, escapes_refused=self._state.doubts.escapes_refused)
        record = Call(
            asked.endpoint,
            asked.verb,
            asked.query,
            asked.body,
            asked.raw,
            self._state.clock(),
            {name: upload.data for name, upload in asked.uploads.items()},
        )
        with self._state.lock:
            self._state.calls.append(record)
        response = await self._respond(asked, record)
        record.status = 0 if isinstance(response, Cut) else response.status_code
        self._state.change()
        return response

    async def _respond(self, asked: Asked, record: Call) -> Response:
        name = asked.endpoint
        if name not in ENDPOINTS:
            return Response(status_code=404)
        if fault := self._faults.take(name, "drop_before", "status"):
            gone = fault.kind == "drop_before"
            return Cut(self._connections) if gone else Response(status_code=fault.number)
        try:
            answer = await self._answer(asked, record)
        except ApiError as error:
            return self._refused(asked, record, error)
        if self._faults.take(name, "drop_after"):
            record.errcode = 0
            return Cut(self._connections)
        record.errcode = 0
        if isinstance(answer, Blob):
            return _file(asked, answer)
        record.answer = {"errcode": 0, "errmsg": "ok"} | answer
        return JsonAnswer(record.answer)

    def _refused(self, asked: Asked, record: Call, error: ApiError) -> Response:
        body = error.body(asked.ip)
        record.errcode = error.errcode
        record.answer = ENDPOINTS[asked.endpoint].empty | body
        headers = {"Error-Code": str(error.errcode), "Error-Msg": body["errmsg"]}
        return JsonAnswer(record.answer, headers=headers)

    async def _answer(self, asked: Asked, record: Call) -> Json | Blob:
        """What the endpoint says; raises ApiError."""
        endpoint = ENDPOINTS[asked.endpoint]
        with self._state.lock:
            self._admit(asked, endpoint)
            record.agentid = asked.caller.agentid if asked.caller else None
        agentid = record.agentid or 0
        self._open[agentid] = self._open.get(agentid, 0) + 1
        try:
            if delay := self._faults.delay_s(asked.endpoint):
                await asyncio.sleep(delay)
            most = self._state.doubts.concurrent_calls
            if most is not None and self._open[agentid] > most:
                raise ApiError(45033, f"{most} at once")
            if asked.refusal is not None:
                raise asked.refusal
            with self._state.lock:
                return endpoint.handle(self._state, asked)
        finally:
            self._open[agentid] -= 1

    def _admit(self, asked: Asked, endpoint: Endpoint) -> None:
        """Ordered trouble, then the token, then the rates."""
        state = self._state
        if fault := self._faults.take(asked.endpoint, "errcode"):
            raise ApiError(fault.number, "ordered")
        if asked.verb not in endpoint.verbs:
            raise ApiError(43001 if "GET" in endpoint.verbs else 43002)
        if endpoint.token:
            asked.caller = wecom_tokens.caller(state, asked)
        if not state.meters.take(("ip", asked.ip), *state.limits.per_ip):
            raise ApiError(45009, "calls of this IP")
        if not state.meters.take(("api", asked.endpoint), *state.limits.per_corp_and_api):
            raise ApiError(45009, "calls of this API")


def _file(asked: Asked, blob: Blob) -> Response:
    """Bytes, whole or the asked range of them."""
    safe = blob.name.replace('"', "'").replace("\r", "").replace("\n", "")
    disposition = f'attachment; filename="{safe}"'.encode()
    data, status, extra = blob.data, 200, {}
    if asked.range:
        span = _span(asked.range, len(data))
        if span is None:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
        extra = {"Content-Range": f"bytes {span[0]}-{span[1]}/{len(data)}"}
        data, status = data[span[0] : span[1] + 1], 206
    response = Response(data, status, extra, blob.mime_type)
    response.raw_headers.append((b"content-disposition", disposition))
    return response


def _span(text: str, length: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None when it holds none."""
    first, dash, last = text.removeprefix("bytes=").partition("-")
    if not dash or not (first + last).isdecimal():
        return None
    if not first:
        start, end = max(length - int(last), 0), length - 1
    else:
        start, end = int(first), min(int(last) if last else length - 1, length - 1)
    return (start, end) if start <= end else None


async def not_found(request: Request, _: Exception) -> Response:
    return Response(status_code=404)
