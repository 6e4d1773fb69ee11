"""The real application on a real socket, over a real database, with the real road behind it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
import uvicorn

from bot import attachments, pipeline
from bot.app import open_rulebook
from bot.channels import webchat
from bot.channels.base import Channel
from bot.delivery import ChannelDelivery
from bot.messages import Received
from bot.pipeline import Door, Road
from bot.rulebook import Rulebook
from bot.web import credentials
from bot.web.passwords import hash_password
from bot.web.server import Server, create
from bot.web.signin import TOTP
from bot.web.site import Site
from config.settings import Settings
from nlp.baseline import RuleReader
from nlp.reading import Reading, Utterance
from scheduler.embedded import EmbeddedEngine
from scheduler.engine import CONVERSATION, DELIVERY, FETCH, PULL
from scheduler.postgres import PostgresEngine
from scheduler.sender import Outlet, Sender
from storage.crypto import Keystore
from storage.database import Database, Tx, open_database
from storage.enums import InvitePurpose, Role, Stage
from storage.queries import invites, people, users
from storage.vault import Vault, seal
from storage.viewer import KEY_SCOPES, SYSTEM, Viewer
from tests.loopback import NO_TLS

PASSWORD = "correct horse battery 一诺"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@cache
def rules() -> RuleReader:
    """Built once a run: it loads a dictionary."""
    return RuleReader()


@cache
def rulebook(company: str) -> Rulebook:
    """Parsed once a run; nobody can change one."""
    return open_rulebook(Settings(company=company))


class Reader:
    """The rules, read in this process."""

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        return rules().read(batch)


class Clock:
    """The wall clock, which a test may turn forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, by: timedelta) -> None:
        self.ahead += by


@dataclass(kw_only=True)
class Person:
    """A console user with a signed-in browser."""

    id: str
    role: Role
    cookie: str
    csrf: str = ""

    @property
    def cookies(self) -> dict[str, str]:
        return {"sid": self.cookie}


@dataclass(kw_only=True)
class Office:
    """A running installation and ways to reach it."""

    url: str
    site: Site
    road: Road
    clock: Clock
    settings: Settings
    http: httpx2.AsyncClient
    server: Server
    people: dict[str, Person] = field(default_factory=dict)

    async def write(self, work: Any) -> Any:
        return await self.road.database.write(work)

    async def user(self, login: str, role: Role) -> Person:
        """Somebody of ours, signed in."""
        cookie, digest = credentials.new_token()

        def work(tx: Tx) -> str:
            user_id = users.create_user(tx, login=login, name=f"姓名{login}", role=role)
            users.change_user(
                tx,
                user_id,
                totp_sealed=seal(self.road.vault.system, "A" * 32, TOTP, user_id),
            )
            users.open_session(
                tx,
                token_hash=digest,
                user_id=user_id,
                lifetime=timedelta(hours=8),
                agent="test",
                most=3,
            )
            return user_id

        made = Person(id=await self.write(work), role=role, cookie=cookie)
        made.csrf = credentials.csrf_token(self.site.key("csrf"), digest)
        self.people[login] = made
        return made

    async def account(self, login: str, role: Role = Role.HR) -> str:
        """Somebody of ours who can sign in with ``PASSWORD``; the TOTP secret."""
        secret = credentials.new_totp_secret()
        hashed = hash_password(PASSWORD)

        def work(tx: Tx) -> None:
            user_id = users.create_user(
                tx, login=login, name="王敏", role=role, password_hash=hashed
            )
            sealed = seal(self.road.vault.system, secret, TOTP, user_id)
            users.change_user(tx, user_id, totp_sealed=sealed)

        await self.write(work)
        return secret

    async def key(self, *scopes: str) -> dict[str, str]:
        """Headers of a new API key; without scopes it may do everything."""
        made = credentials.new_api_key()
        wanted = scopes or tuple(str(scope) for scope in KEY_SCOPES)
        await self.write(
            lambda tx: users.create_key(
                tx, key_id=made.id, name="test", secret_hash=made.secret_hash,
                scopes=wanted, days=10,
            )
        )  # fmt: skip
        return {"Authorization": f"Bearer {made.text}"}

    async def link(self, purpose: InvitePurpose, **who: Any) -> str:
        """A one-time link's token."""
        token = secrets.token_urlsafe(32)
        await self.write(
            lambda tx: invites.create_invite(
                tx, self.road.vault, token=token, purpose=purpose,
                lifetime=timedelta(minutes=30), created_by="test", **who,
            )
        )  # fmt: skip
        return token

    async def candidate(
        self,
        name: str = "张三",
        *,
        owner: str | None = None,
        stage: Stage = Stage.OFFER,
        **more: Any,
    ) -> str:
        return str(
            await self.write(
                lambda tx: people.create_candidate(
                    tx, self.road.vault, SYSTEM, name=name, stage=stage, owner_id=owner, **more
                )
            )
        )

    async def position(self, **fields: Any) -> str:
        return str(
            await self.write(
                lambda tx: people.create_position(
                    tx, SYSTEM, title=fields.pop("title", "后端工程师"), **fields
                )
            )
        )

    async def chat(self, candidate_id: str) -> str:
        """A candidate's chat token."""
        return await self.link(
            InvitePurpose.CHAT, channel="webchat", candidate_id=candidate_id, opens=True
        )

    async def post(self, who: Person, path: str, **fields: str) -> httpx2.Response:
        """A plain form of the console."""
        return await self.http.post(
            path, data={"csrf": who.csrf, **fields}, headers=cookie_header(who)
        )

    async def get(self, who: Person, path: str, **headers: str) -> httpx2.Response:
        return await self.http.get(path, headers={**cookie_header(who), **headers})

    async def until(self, ask: Any, *, within: float = 30.0) -> Any:
        """The first true answer."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while True:
            found = await ask()
            if found:
                return found
            assert loop.time() < end, "it never happened"
            await asyncio.sleep(0.05)


async def events_of(stream: httpx2.Response) -> AsyncIterator[tuple[str, str, str]]:
    """Name, data and id of what a stream says."""
    name, data, number = "message", "", ""
    async for line in stream.aiter_lines():
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data = value
        elif field == "id":
            number = value
        elif not line and data:
            yield name, data, number
            name, data, number = "message", "", ""


def cookie_header(who: Person) -> dict[str, str]:
    return {"Cookie": f"sid={who.cookie}"}


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).now()


def viewer(person: Person) -> Viewer:
    return Viewer.of_user(person.id, "x", person.role)


def road_on(
    database: Database,
    clock: Clock,
    settings: Settings,
    keystore: Keystore | None = None,
    more: Mapping[str, Channel] | None = None,
) -> tuple[Road, Sender]:
    """The road as ``bot.app`` builds it, with the reader in this process and the chat page, and
    ``more`` channels beside it.
    """
    engine: Any
    if database.dialect == "sqlite":
        engine = EmbeddedEngine(now=clock)
    else:
        engine = PostgresEngine(database.url.render_as_string(hide_password=False), now=clock)
    page = webchat.build(None, secret="s", base_url="http://127.0.0.1")
    road = Road(
        database=database,
        vault=Vault(keystore or Keystore.generate()),
        engine=engine,
        reader=Reader(),
        channels={"webchat": page, **(more or {})},
        rulebook=rulebook(settings.company),
        now=clock,
        base_url="http://127.0.0.1",
        pause=timedelta(0),
        longest=timedelta(0),
    )
    outlets = {
        name: Outlet(
            delivery=ChannelDelivery(road, one),
            rate=one.limits.rate,
            burst=one.limits.burst,
            dedupes=one.limits.dedupes,
        )
        for name, one in road.channels.items()
    }
    sender = Sender(database, engine, outlets, owner="test", lease=timedelta(seconds=60), now=clock)
    engine.handler(
        CONVERSATION, lambda key: pipeline.handle(road, key), concurrency=4, exclusive=True
    )
    engine.handler(DELIVERY, sender.woken, concurrency=len(outlets), exclusive=False)
    engine.handler(FETCH, lambda key: attachments.fetch(road, key), concurrency=1, exclusive=True)
    return road, sender


@contextlib.asynccontextmanager
async def running(
    database_url: str,
    tmp_path: Path,
    *,
    alone: bool = False,
    port: int = 0,
    keystore: Keystore | None = None,
    channels: Callable[[Clock], dict[str, Channel]] = lambda clock: {},
    **site_changes: Any,
) -> AsyncIterator[Office]:
    """An office on a port of its own. ``alone``: without the road's engine behind it.

    ``port`` and ``keystore`` are those of an earlier one that comes back; ``channels`` are spoken
    over beside the chat page.
    """
    clock = Clock()
    database = open_database(database_url, now=clock)
    settings = Settings(data_dir=tmp_path, company="远山科技")
    more = channels(clock)
    road, sender = road_on(database, clock, settings, keystore, more)
    door = Door(road)
    road.engine.handler(
        PULL, lambda key: pipeline.pull(road, door, key), concurrency=1, exclusive=True
    )

    async def accept(received: Received) -> None:
        await door.accept(received)

    # Named TCP: asyncio turns Nagle's 40 ms off only where the protocol is told.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(64)
        port = listening.getsockname()[1]
        road.base_url = f"http://127.0.0.1:{port}"
        site = Site.of(
            road=road,
            door=door,
            ready=lambda: True,
            base_url=settings.base_url,
            allowed_hosts=settings.web.allowed_hosts,
            trusted_proxies=settings.web.trusted_proxies,
            invite_days={"webchat": 30, "telegram": 7},
        )
        site = replace(site, base_url=road.base_url, **site_changes)
        config = uvicorn.Config(
            create(site), log_config=None, access_log=False, server_header=False,
            proxy_headers=False, lifespan="on", timeout_graceful_shutdown=5,
        )  # fmt: skip
        server = Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
        tasks = [asyncio.create_task(server.serve(sockets=[listening]))]
        if not alone:
            tasks.append(asyncio.create_task(road.engine.run()))
        for one in more.values():
            await one.start()
        ears = [asyncio.create_task(one.listen(accept)) for one in more.values()]
        async with httpx2.AsyncClient(base_url=road.base_url, timeout=20, verify=NO_TLS) as http:
            yield Office(
                url=road.base_url, site=site, road=road, clock=clock, settings=settings,
                http=http, server=server,
            )  # fmt: skip
        for ear in ears:
            ear.cancel()
        await asyncio.gather(*ears, return_exceptions=True)
        server.should_exit = True
        await tasks[0]
        await door.close()
        sender.drain()
        if not alone:
            await road.engine.stop()
            await tasks[1]
        for one in more.values():  # last: whoever still sends would open another connection
            await one.stop()
    database.close()


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """An installation on each kind of database."""
    async with running(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def small_office(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """An installation where the kind of database makes no difference."""
    async with running(sqlite_url, tmp_path) as made:
        yield made
