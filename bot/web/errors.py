"""What a caller is told when something cannot be done: one mapping, three voices.

The API and the machines' addresses answer problem+json (RFC 9457), the candidate's chat a short
JSON, the console a page. No answer repeats what was sent, and a refusal is always the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from bot.errors import (
    BotError,
    Conflict,
    Malformed,
    MayNotAsk,
    NotFound,
    NotReady,
    Refused,
    Stale,
    StorageError,
    StorageUnavailable,
    TooLong,
    TryLater,
)
from bot.web import public_views
from bot.web.shell import outside

PROBLEM = "application/problem+json"
RETRY_AFTER_S = 2


class WebError(BotError):
    """Anything the web layer itself refuses."""


class NotSignedIn(WebError):
    """Nobody, or a session that ended. Sign in, or send a key."""


class Forbidden(WebError):
    """Known, but without the permission; or a form that is not ours."""


class Unreadable(Malformed):
    """The body is not what it says it is."""


class WrongType(WebError):
    """A content type this address does not take."""


class Invalid(WebError):
    """Fields with values that cannot be. ``fields``: name -> what is wrong, never the value."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("some fields cannot be used")
        self.fields = dict(fields)


class TooFast(WebError):
    """More than is allowed in this time. Try again after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many requests")
        self.seconds = max(1, round(seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as the wire carries it."""

    status: int
    code: str
    detail: str
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_of(error: Exception, too_long: str) -> Problem:
    """The one mapping from errors to answers; what is not in it is a 500."""
    match error:
        case NotSignedIn():
            headers = {"WWW-Authenticate": 'Bearer realm="yinuo"'}
            return Problem(
                status=401, code="not_signed_in", detail="sign in or send a key", headers=headers
            )
        case Forbidden() | Refused():
            return Problem(status=403, code="refused", detail="this is not allowed")
        case NotFound():
            return Problem(status=404, code="not_found", detail="there is no such thing")
        case TooLong():
            return Problem(status=413, code="too_long", detail=too_long)
        case WrongType():
            return Problem(status=415, code="wrong_type", detail=str(error))
        case Invalid():
            return Problem(
                status=422, code="invalid", detail="some fields cannot be used", fields=error.fields
            )
        case RequestValidationError():
            fields = _fields(error.errors())
            return Problem(
                status=422, code="invalid", detail="some fields cannot be used", fields=fields
            )
        case MayNotAsk():
            return Problem(status=422, code="may_not_ask", detail=str(error))
        case TooFast():
            return Problem(
                status=429,
                code="too_fast",
                detail="too many requests; try again later",
                headers={"Retry-After": str(error.seconds)},
            )
        case Malformed():
            return Problem(status=400, code="malformed", detail=str(error) or "cannot be read")
        case Conflict() | Stale():
            return Problem(status=409, code="conflict", detail=str(error) or "try again")
        case StorageUnavailable() | NotReady() | TryLater():
            return Problem(
                status=503,
                code="unavailable",
                detail="try again in a moment; nothing was stored",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        case HTTPException():
            return _of_http(error)
        case _:
            return Problem(status=500, code="internal", detail="this went wrong on our side")


def _of_http(error: HTTPException) -> Problem:
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    details = {404: "there is no such thing", 405: "not this method", 413: "too many bytes"}
    status = error.status_code
    return Problem(
        status=status,
        code=codes.get(status, "malformed"),
        detail=details.get(status, "this cannot be read"),
        headers=dict(error.headers or {}),
    )


def _fields(errors: Sequence[Any]) -> dict[str, str]:
    """Places and complaints of a validation, without any value."""
    found: dict[str, str] = {}
    for complaint in errors[:20]:
        place = ".".join(str(part)[:40] for part in complaint["loc"][:6])
        shown = place if place.isascii() and place.isprintable() else "body"
        found[shown] = str(complaint["type"])
    return found


def as_json(problem: Problem, request_id: str) -> Response:
    """RFC 9457."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.code,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.fields:
        body["errors"] = [{"field": k, "problem": v} for k, v in problem.fields.items()]
    return JSONResponse(body, problem.status, dict(problem.headers), PROBLEM)


def as_chat(problem: Problem) -> Response:
    """What the chat page's script needs to know."""
    body = {"error": problem.code, "text": problem.detail}
    return JSONResponse(body, problem.status, dict(problem.headers))


def as_page(request: Request, problem: Problem, request_id: str) -> Response:
    """A page for people."""
    path = request.url.path
    home = "/console" if path.startswith("/console") else ""
    page = public_views.ErrorPage(
        status=problem.status,
        request_id=request_id,
        home=home,
        chat=problem.status == 404 and path.startswith("/chat/"),
        why=problem.detail if problem.code == "may_not_ask" else "",
    )
    html = outside(request, "error.html", page)
    return HTMLResponse(html, problem.status, dict(problem.headers))


def answer(request: Request, error: Exception) -> Response:
    """The answer to an error, in the voice of the address it happened at."""
    site = request.app.state.site
    problem = problem_of(error, site.road.rulebook.replies.too_long)
    request_id = str(request.scope.get("yinuo.request_id", ""))
    path = request.url.path
    if path.startswith("/console") and problem.status == 401:
        return _to_signin(request)
    if path.startswith("/chat/"):
        # The page itself, or a plain form of it: a browser without scripts shows the answer.
        seen = path.rstrip("/").count("/") == 2 or "text/html" in request.headers.get("accept", "")
        return as_page(request, problem, request_id) if seen else as_chat(problem)
    if path == "/" or path.startswith(("/console", "/signin", "/setup", "/join/", "/f/")):
        return as_page(request, problem, request_id)
    return as_json(problem, request_id)


def _to_signin(request: Request) -> Response:
    """Send people to sign in, and back to the page they wanted to read."""
    if request.url.path == "/console/events":
        return Response(status_code=401)
    ended = "&ended=1" if request.scope.get("yinuo.session_ended") else ""
    wanted = quote(request.url.path, safe="/") if request.method == "GET" else "/console"
    address = f"/signin?next={wanted}{ended}"
    if request.headers.get("hx-request"):
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


async def _answered(request: Request, error: Exception) -> Response:
    return answer(request, error)


def install(app: FastAPI) -> None:
    """Let every known error be answered by the mapping; unknown ones are the edge's."""
    for kind in (BotError, StorageError, TryLater, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answered)
