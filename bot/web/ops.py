"""What machines ask: are you alive, are you ready, how much; and the files of the pages."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from bot.errors import NotFound, StorageUnavailable
from bot.web.pages import STATIC_DIR
from bot.web.security import needs
from bot.web.site import Site
from storage.queries import users
from storage.viewer import Permission

ANSWERS_WITHIN = 2.0
#: A file whose address names its content may be kept; the others are asked for again.
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, max-age=300"
_SMALLER = ("text/", "image/svg", "application/javascript")
_SERVED = (".css", ".js", ".svg")
_COMMENTS = re.compile(rb"^[ \t]*(?://.*|/\*[^*]*\*/)\n", re.MULTILINE)
_INDENTS = re.compile(rb"^\s+", re.MULTILINE)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(include_in_schema=False)
ANYBODY = [needs(Permission.PUBLIC)]


@router.get("/healthz", dependencies=ANYBODY)
async def healthz() -> Response:
    """The process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", dependencies=ANYBODY)
async def readyz(request: Request) -> Response:
    """The database answers and everything has started; 503 otherwise."""
    site: Site = request.app.state.site
    database = "ok"
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            await site.road.database.read(lambda tx: users.setting(tx, "ready"))
    except (StorageUnavailable, TimeoutError):
        database = "away"
    ready = site.ready() and database == "ok"
    body = {"status": "ok" if ready else "not ready", "database": database}
    return JSONResponse(body, 200 if ready else 503, None if ready else {"Retry-After": "2"})


class _Numbers(Collector):
    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        for name, value in sorted(self._site.stats().items()):
            series, _, lane = name.partition(":")
            labels, values = (["lane"], [lane]) if lane else ([], [])
            if series.endswith("_total"):
                bare = series.removesuffix("_total")
                counter = CounterMetricFamily(f"yinuo_{bare}", bare, labels=labels)
                counter.add_metric(values, value)
                yield counter
            else:
                gauge = GaugeMetricFamily(f"yinuo_{series}", series, labels=labels)
                gauge.add_metric(values, value)
                yield gauge


@router.get("/metrics", dependencies=[needs(Permission.METRICS_READ)])
async def metrics(request: Request) -> Response:
    """Numbers for Prometheus: from this machine, or with a key of scope metrics.read."""
    registry = CollectorRegistry()
    registry.register(_Numbers(request.app.state.site))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=METRICS_TYPE)


# --- files ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    media_type: str
    etag: str


@cache
def _files() -> dict[str, _File]:
    """All files of the pages; nothing else has an address."""
    return {
        path.relative_to(STATIC_DIR).as_posix(): _read(served(path), path.name)
        for path in sorted(STATIC_DIR.rglob("*"))
        if path.is_file() and path.suffix in _SERVED
    }


def served(path: Path) -> bytes:
    """A file as browsers get it: ours without indents and without lines that only comment."""
    body = path.read_bytes()
    if path.suffix not in (".css", ".js") or path.parent != STATIC_DIR:
        return body
    return _INDENTS.sub(b"", _COMMENTS.sub(b"", body))


def _read(body: bytes, name: str) -> _File:
    media_type = mimetypes.types_map.get(name[name.rfind(".") :], "application/octet-stream")
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    packs = len(body) > 1000 and media_type.startswith(_SMALLER)
    packed = gzip.compress(body, mtime=0) if packs else None
    return _File(body, packed, media_type, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


@router.get("/static/{path:path}", dependencies=ANYBODY)
async def static(request: Request, path: str) -> Response:
    """A style, a script or an icon."""
    file = _files().get(path)
    if file is None:
        raise NotFound
    named = "v" in request.query_params or path.startswith("vendor/")
    headers = {
        "Cache-Control": FOR_EVER if named else ASK_AGAIN,
        "ETag": file.etag,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.packed, headers=headers, media_type=file.media_type)
    return Response(file.body, headers=headers, media_type=file.media_type)
