"""The only wiring: settings in, a running product out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog

from bot import (
    asking,
    attachments,
    comparing,
    jobs,
    models,
    pipeline,
)
from bot.channels import base as channels
from bot.channels.base import Channel
from bot.consent import Form
from bot.delivery import ChannelDelivery
from bot.errors import NotReady
from bot.messages import Received
from bot.pipeline import Door, Road
from bot.risk import weights
from bot.risk.weights import Weights
from bot.rulebook import Rulebook, parse
from bot.ticking import ticks
from config import files
from config.settings import Settings
from nlp.process import ReaderProcess
from scheduler import postgres
from scheduler.clock import Clock
from scheduler.embedded import EmbeddedEngine
from scheduler.engine import COMPARE, CONVERSATION, DELIVERY, FETCH, PULL, Engine
from scheduler.guard import ClockGuard, Jump
from scheduler.postgres import PostgresEngine
from scheduler.sender import Outlet, Sender
from scheduler.sweep import Sweep
from storage import crypto, migrate
from storage.aead import SealBroken
from storage.crypto import Keystore
from storage.database import Database, Tx, open_database, utc_now
from storage.queries import users
from storage.vault import Vault, unseal

#: Where the weights in use are kept, and what their seal is bound to.
WEIGHTS_USED, WEIGHTS_PLACE = "risk.weights", "setting.value"
log = structlog.get_logger()

#: With pauses that double up to a quarter of an hour this is about six hours of outage.
SEND_ATTEMPTS = 32


class Part(StrEnum):
    """What one process does. SQLite has one process, so it does all."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"
    CLOCK = "clock"


@dataclass(slots=True, kw_only=True)
class App:
    """The running product."""

    settings: Settings
    part: Part
    database: Database
    road: Road
    door: Door
    sender: Sender
    sweep: Sweep
    clock: Clock
    reader: ReaderProcess
    schedule: dict[str, float]
    ready: bool = False
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    _ears: list[asyncio.Task[Any]] = field(default_factory=list)

    @property
    def works(self) -> bool:
        """Whether this process handles and delivers."""
        return self.part in (Part.ALL, Part.WORKER)

    @property
    def ticks(self) -> bool:
        """Whether this process is the clock."""
        return self.part in (Part.ALL, Part.CLOCK)

    async def start(self) -> None:
        """Start everything this part does; ready when it returns."""
        if self.part is not Part.CLOCK:
            for channel in self.road.channels.values():
                await channel.start()
        if self.works:
            await self.reader.start()
            self._tasks.append(_spawned(self.road.engine.run(), "engine"))
            for channel in self.road.channels.values():
                listening = channel.listen(self._accept)
                self._ears.append(_spawned(listening, f"listen-{channel.name}"))
            await self.sweep.start()
        if self.ticks:
            for name, tick in ticks(self.road, self.clock, self.sweep).items():
                self.clock.every(self.schedule[name], tick, name=name)
            await self.clock.start()
        self.ready = True
        log.info("app.started", part=str(self.part), database=self.database.dialect)

    async def stop(self) -> None:
        """Finish what is running and let go of everything."""
        self.ready = False
        if self.ticks:
            await self.clock.stop()
        # While the door is open: what was heard last can still be stored.
        for ear in self._ears:
            ear.cancel()
        await asyncio.gather(*self._ears, return_exceptions=True)
        await self.door.close()
        if self.works:
            self.sender.drain()
            await self.road.engine.stop()
            await self.reader.stop()
        for task in self._tasks:
            task.cancel()
        if self.part is not Part.CLOCK:
            for channel in self.road.channels.values():
                await channel.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.database.close()
        log.info("app.stopped", part=str(self.part))

    async def _accept(self, received: Received) -> None:
        await self.door.accept(received)


def _spawned(work: Any, name: str) -> asyncio.Task[Any]:
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        error = task.exception()
        if error is not None:
            log.error("app.task_failed", task=task.get_name(), error=type(error).__name__)


def open_keystore(settings: Settings) -> Keystore:
    """The key-encryption keys; made on the very first run only."""
    if settings.keystore_path.exists():
        return Keystore.load(settings.keystore_path)
    if migrate.holds_sealed(settings.effective_database_url):
        raise NotReady(
            f"{settings.keystore_path} is missing, but the database has data sealed with it. "
            "Restore the key file from its backup; a new one could never open that data."
        )
    settings.keystore_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    log.info("keystore.created", path=str(settings.keystore_path))
    return Keystore.create(settings.keystore_path)


def open_storage(
    settings: Settings, *, now: Callable[[], datetime] = utc_now, shared: bool = False
) -> tuple[Database, Vault]:
    """The migrated database and the vault. Raises ``NotReady`` for keys of another database.

    ``shared``: for a short command beside a running server.
    """
    url = settings.effective_database_url
    if url.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    keystore = open_keystore(settings)
    migrate.upgrade(url)
    if not url.startswith("sqlite"):
        postgres.install(url)
    database = open_database(url, now=now, shared=shared)
    found = database.submit(lambda tx: _remember_keystore(tx, keystore)).result()
    if found != keystore.fingerprint:
        database.close()
        raise NotReady(
            f"{settings.keystore_path} is not the key file of this database "
            f"(fingerprint {keystore.fingerprint}, expected {found}). Restore the right one."
        )
    return database, Vault(keystore)


def _remember_keystore(tx: Tx, keystore: Keystore) -> str:
    found = users.setting(tx, "keystore")
    if not found:
        users.set_setting(tx, "keystore", keystore.fingerprint)
        return keystore.fingerprint
    return found


def open_rulebook(settings: Settings) -> Rulebook:
    """Words, policy and rules from ``config/`` and what replaces them."""
    override = settings.config_dir
    asked = settings.consent
    form = None
    if asked.analysis == "elsewhere":
        assert asked.form.since is not None  # the settings see to it
        form = Form(name=asked.form.name.strip(), since=asked.form.since)
    book = parse(
        settings.company,
        lambda name: files.read(name, override),
        lambda name: files.read_folder(name, override),
        form=form,
        privacy_url=f"{settings.base_url}/privacy",
    )
    return book if settings.chat.quiet_hours else replace(book, policy=book.policy.at_any_hour())


def named(rulebook: Rulebook, database: Database) -> Rulebook:
    """The rulebook with the company's name as it was given at the set-up."""
    company = database.submit_read(lambda tx: users.setting(tx, "company")).result()
    return replace(rulebook, company=company) if company else rulebook


def weights_kept(tx: Tx, vault: Vault, name: str) -> Weights | None:
    """Weights of the rules that were kept under a name. Raises ``NotReady`` when they were changed
    by anybody but the product."""
    token = users.setting(tx, name)
    if not token:
        return None
    try:
        return Weights.model_validate_json(unseal(vault.system, token, WEIGHTS_PLACE, name))
    except SealBroken as error:
        raise NotReady(f"{name}: 这份权重被改动过；请用 yinuo risk restore 恢复") from error


def weighed(rulebook: Rulebook, database: Database, vault: Vault) -> Rulebook:
    """The rulebook with the weights two people took into use, if they did."""
    used = database.submit_read(lambda tx: weights_kept(tx, vault, WEIGHTS_USED)).result()
    return replace(rulebook, risk=weights.applied(rulebook.risk, used))


def chosen(settings: Settings) -> list[str]:
    """Names of the channels that are set up and allowed where people's data has to stay."""
    return [
        name
        for name in channels.discover()
        if (section := getattr(settings, name, None)) is not None
        and section.enabled
        and not settings.forbids(name)
    ]


def open_channel(settings: Settings, keystore: Keystore, name: str) -> Channel:
    """One channel that is set up. Raises ``NotReady`` for what cannot be the platform's."""
    secret = crypto.derive(keystore, f"hook-{name}").hex()
    section = getattr(settings, name)
    made: Channel = channels.load(name).build(section, secret=secret, base_url=settings.base_url)
    return made


def open_channels(settings: Settings, keystore: Keystore) -> dict[str, Channel]:
    """The channels that are set up, by name. Raises ``NotReady``."""
    return {name: open_channel(settings, keystore, name) for name in chosen(settings)}


async def _compare(road: Road, key: str) -> None:
    await comparing.compare(road, key)


def build(
    settings: Settings, *, part: Part = Part.ALL, now: Callable[[], datetime] = utc_now
) -> App:
    """Wire the product. Raises ``NotReady``, ``AlreadyRunning`` or ``StorageUnavailable``."""
    database, vault = open_storage(settings, now=now)
    if database.dialect == "sqlite" and part is not Part.ALL:
        database.close()
        raise NotReady("SQLite serves one process: use --role all, or PostgreSQL for several")
    engine: Engine
    if database.dialect == "sqlite":
        engine = EmbeddedEngine(now=now)
    else:
        stalled = settings.engine.stalled_s
        engine = PostgresEngine(
            settings.effective_database_url, now=now, heartbeat_s=stalled / 3, stalled_s=stalled
        )
    rulebook = weighed(named(open_rulebook(settings), database), database, vault)
    database.submit(lambda tx: asking.sync(tx, rulebook)).result()
    reader = ReaderProcess(
        models.factory(settings.reader.engine, settings.reader.model, settings.data_dir),
        timeout=settings.engine.reader_timeout_s,
    )
    road = Road(
        database=database,
        vault=vault,
        engine=engine,
        reader=reader,
        comparer=reader,
        channels=open_channels(settings, vault.keystore),
        rulebook=rulebook,
        now=now,
        base_url=settings.base_url,
        pause=timedelta(seconds=settings.chat.merge_pause_s),
        longest=timedelta(seconds=settings.chat.merge_longest_s),
    )
    outlets = {
        name: Outlet(
            delivery=ChannelDelivery(road, channel),
            rate=channel.limits.rate,
            burst=channel.limits.burst,
            dedupes=channel.limits.dedupes,
            dedupes_for=channel.limits.dedupes_for,
        )
        for name, channel in road.channels.items()
    }
    owner = f"{os.uname().nodename[:20]}:{os.getpid()}:{secrets.token_hex(4)}"
    lease = timedelta(seconds=settings.engine.lease_s)
    sender = Sender(
        database, engine, outlets, owner=owner, lease=lease, attempts=SEND_ATTEMPTS, now=now
    )
    engine.handler(
        CONVERSATION,
        lambda key: pipeline.handle(road, key),
        concurrency=settings.engine.conversations,
        exclusive=True,
    )
    engine.handler(DELIVERY, sender.woken, concurrency=max(1, len(outlets)), exclusive=False)
    door = Door(road)
    engine.handler(PULL, lambda key: pipeline.pull(road, door, key), concurrency=4, exclusive=True)
    engine.handler(FETCH, lambda key: attachments.fetch(road, key), concurrency=2, exclusive=True)
    engine.handler(COMPARE, lambda key: _compare(road, key), concurrency=1, exclusive=True)
    guard = ClockGuard(_clock_jumped) if now is utc_now else None
    return App(
        settings=settings,
        part=part,
        database=database,
        road=road,
        door=door,
        sender=sender,
        sweep=Sweep(database, engine),
        clock=Clock(database, now=now, guard=guard),
        reader=reader,
        schedule=_schedule(settings),
    )


def _clock_jumped(jump: Jump) -> None:
    log.error("clock.jumped", direction=str(jump.direction), expected=jump.expected.isoformat())


def _schedule(settings: Settings) -> dict[str, float]:
    raw = files.read("schedule.yaml", settings.config_dir)
    if set(raw) != set(jobs.TICKS):
        raise NotReady(f"schedule.yaml must name exactly {', '.join(jobs.TICKS)}")
    return {name: float(tick["every_s"]) for name, tick in raw.items()}


def first_run(app: App) -> bool:
    """Whether nobody can sign in yet."""
    return app.database.submit_read(users.count_users).result() == 0


__all__ = ["App", "Part", "build", "first_run", "open_storage"]
