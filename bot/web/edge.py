"""The outermost layer of the web server: what every call passes, whatever it is for.

Host names we do not answer to, bodies that are too large, unknown errors and the headers of
every answer are dealt with here, outside of FastAPI, so that no route can forget them.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.errors import answer
from bot.web.multipart import carries
from bot.web.site import Network, Site
from scheduler.retry import where
from storage.chance import random_bytes

log = structlog.get_logger()

BODY = 1024 * 1024
HOOK_BODY = 256 * 1024
#: A file of 10 MB, with room to say kindly that a larger one is too large.
UPLOAD_BODY = 12 * 1024 * 1024
MAX_QUERY = 4096
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?", re.ASCII)
#: Answered all the time; only what goes wrong there is worth a line.
_QUIET = ("/hooks/", "/static/", "/healthz", "/readyz", "/metrics", "/chat/", "/f/")


class Edge:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(self._site, scope, receive, send)
        try:
            refused = call.refusal()
            if refused is not None:
                await refused(scope, receive, call.send)
            else:
                await self._app(scope, call.receive, call.send)
        except ClientDisconnect:
            call.status = call.status or 499
        except Exception as error:  # noqa: BLE001 - the HTTP edge: nothing may end the server
            await self._broken(call, error)
        finally:
            call.report()

    async def _broken(self, call: _Call, error: Exception) -> None:
        log.error(
            "http.broken",
            request=call.request_id,
            error=type(error).__name__,
            where=where(error),
        )
        if not call.status:
            response = answer(Request(call.scope, call.receive), error)
            await response(call.scope, call.receive, call.send)


class _Call:
    """One request on its way through."""

    def __init__(self, site: Site, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.status = 0
        self.request_id = random_bytes(8).hex()
        self._site, self._receive, self._send = site, receive, send
        self._began = time.perf_counter()
        self._left = _body_limit(scope["path"])
        scope["yinuo.request_id"] = self.request_id
        _believe_proxy(scope, site.trusted_proxies)

    def refusal(self) -> PlainTextResponse | None:
        """An answer for what never reaches a route."""
        hosts = _headers(self.scope, b"host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return PlainTextResponse("unknown host\n", 400)
        query = self.scope.get("query_string", b"")
        if len(query) > MAX_QUERY or b"%00" in query:
            return PlainTextResponse("this query cannot be read\n", 400)
        if "\x00" in self.scope["path"]:
            return PlainTextResponse("there is no such thing\n", 404)
        declared = _headers(self.scope, b"content-length")
        if declared and (not declared[0].isdigit() or int(declared[0]) > self._left):
            return PlainTextResponse("too many bytes\n", 413)
        return None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        return found is not None and found[1] in self._site.allowed_hosts

    async def receive(self) -> Message:
        """The next piece of the body; 413 once it is more than declared or allowed."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HTTPException(413)
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """The next piece of the answer, with the headers every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            headers += [pair for pair in _HEADERS if pair[0] not in present]
            if self._site.secure:
                headers.append(_HSTS)
            if b"cache-control" not in present:
                headers.append((b"cache-control", b"no-store"))
            headers.append((b"x-request-id", self.request_id.encode()))
            message["headers"] = headers
        await self._send(message)

    def report(self) -> None:
        """One line for the log: the route as it is declared, never the address called."""
        if self.status < 400 and self.scope["path"].startswith(_QUIET):
            return
        route = self.scope.get("route")
        log.info(
            "http.answered",
            request=self.request_id,
            method=self.scope["method"],
            route=getattr(route, "path", "-"),
            status=self.status,
            ms=round((time.perf_counter() - self._began) * 1000, 1),
        )


def _body_limit(path: str) -> int:
    if path.startswith("/hooks/"):
        return HOOK_BODY
    return UPLOAD_BODY if carries(path) else BODY


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _believe_proxy(scope: Scope, trusted: tuple[Network, ...]) -> None:
    """Take caller and scheme from the headers of a proxy we were told of, and of nobody else."""
    client = scope.get("client")
    if not trusted or client is None or not _among(client[0], trusted):
        return
    hops = [hop.strip() for line in _headers(scope, b"x-forwarded-for") for hop in line.split(",")]
    for hop in reversed(hops):
        scope["client"] = (hop[:64], 0)
        if not _among(hop, trusted):
            break
    proto = _headers(scope, b"x-forwarded-proto")
    if proto and proto[-1].strip().lower() in ("http", "https"):
        scope["scheme"] = proto[-1].strip().lower()


def _among(host: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)
