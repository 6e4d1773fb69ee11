"""Running the product as a process: the address it may bind, the server, the first-run link."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import uvicorn
from fastapi import FastAPI

from bot.app import App
from bot.errors import NotReady
from bot.mailroom import posts_of
from bot.web.server import Server, create
from bot.web.site import Site
from config.settings import Settings
from storage.enums import InvitePurpose
from storage.queries import invites, users

SETUP_LIFETIME = timedelta(minutes=30)


def refuse_open_door(settings: Settings) -> None:
    """Bind beyond loopback only behind TLS or a named proxy. Raises ``NotReady``."""
    web = settings.web
    if _is_loopback(web.host) or (web.tls_cert and web.tls_key) or web.trusted_proxies:
        return
    raise NotReady(
        f"host {web.host} would serve people's data in plain text. Either keep 127.0.0.1, or set "
        "YINUO_WEB__TLS_CERT and YINUO_WEB__TLS_KEY, or name the TLS proxy in front: "
        "YINUO_WEB__TRUSTED_PROXIES='[\"10.0.0.2\"]'"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def setup_link(app: App) -> str | None:
    """A one-time link that makes the first account; None when there is one already."""
    token = secrets.token_urlsafe(32)

    def work(tx: Any) -> bool:
        if users.count_users(tx):
            return False
        invites.create_invite(
            tx,
            app.road.vault,
            token=token,
            purpose=InvitePurpose.SETUP,
            lifetime=SETUP_LIFETIME,
            created_by="first-run",
        )
        return True

    made = app.database.submit(work).result()
    return f"{app.settings.base_url}/setup/{token}" if made else None


def site_of(app: App) -> Site:
    """What the web layer may know of the product."""
    settings = app.settings
    return Site.of(
        road=app.road,
        door=app.door,
        ready=lambda: app.ready,
        base_url=settings.base_url,
        allowed_hosts=settings.web.allowed_hosts,
        trusted_proxies=settings.web.trusted_proxies,
        invite_days={name: getattr(settings, name).invite_days for name in app.road.channels},
        reader=app.reader if app.works else None,
        posts=posts_of(settings),
    )


def web_app(app: App, ready: Callable[[], None]) -> FastAPI:
    """The web application; it starts and stops the product with itself."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await app.start()
        settle()
        ready()
        try:
            yield
        finally:
            await app.stop()

    return create(site_of(app), lifespan=lifespan)


def settle() -> None:
    """What was made at the start stays: a full collection over it would stop everything for
    more than a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises ``NotReady`` when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.web.host else socket.AF_INET
    # Named as TCP, or asyncio leaves small answers waiting for the next packet.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.web.host, settings.web.port))
    except OSError as error:
        made.close()
        raise NotReady(
            f"port {settings.web.port} on {settings.web.host} cannot be used ({error.strerror}); "
            "stop what uses it, or choose another with --port"
        ) from error
    made.listen(1024)
    return made


def serve(app: App, door: socket.socket | None, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is running. No ``door``: no web."""
    settings = app.settings
    # Threads that come back from the database wait for a busy loop at most this long. At the
    # default of 5 ms a transaction of six statements would wait 30 ms.
    sys.setswitchinterval(0.0001)
    if door is None:
        asyncio.run(_without_web(app, ready))
        return
    config = uvicorn.Config(
        web_app(app, ready),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the site's own rule decides whom to believe
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
        lifespan="on",
        ssl_certfile=settings.web.tls_cert,
        ssl_keyfile=settings.web.tls_key,
    )
    Server(config).run(sockets=[door])


async def _without_web(app: App, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await app.start()
    ready()
    await stop.wait()
    await app.stop()
