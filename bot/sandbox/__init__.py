"""The sandbox: an invented company with its own clock, phone and past. ``yinuo demo`` runs it.

It is founded from files alone, never from the environment, so no real account is touched.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import typer

from bot import app as product
from bot import serving
from bot.app import App
from bot.errors import NotReady
from bot.sandbox import clock, definition, phone
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import TELEGRAM, Sandbox, found
from bot.sandbox.definition import Script
from bot.sandbox.phone import Phones
from bot.words import fill, moment
from config.settings import ChatSettings, Settings, TelegramSettings, WebSettings
from storage import sqlite
from storage.database import Tx
from storage.enums import InvitePurpose
from storage.queries import backfill, invites

LINK_LIFETIME = timedelta(hours=12)
_DATABASE = "yinuo.db"
#: Everything a sandbox leaves in its folder.
_FILES = (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", "keys.json", clock.FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where the visitor goes first."""

    console: str  # one-time
    chat: str
    phone: str  # empty without the stand-in


def run(*, port: int, fast_forward: str, data_dir: Path, fresh: bool) -> None:
    """Serve the sandbox until SIGTERM or SIGINT. Raises ``BotError`` with what to do."""
    ahead = clock.parse(fast_forward) if fast_forward else timedelta()
    script = definition.load()
    with ExitStack() as stack:
        door = serving.listen(settings_of(script, data_dir, port))
        stack.callback(door.close)
        port = door.getsockname()[1]
        clear(data_dir, fresh=fresh)
        now = SandboxClock(data_dir)
        phones = phone.switch_on(now, port=port + 1 if port < 65535 else 0)
        if phones is not None:
            stack.callback(phones.stop)
        settings = settings_of(script, data_dir, port, phones)
        app, sandbox = prepare(settings, now)
        now.fast_forward(ahead)
        waiting: list[asyncio.Task[None]] = []  # a task nobody holds may be collected

        def ready() -> None:
            welcome = _welcome(app, sandbox, phones, now)
            waiting.append(asyncio.get_running_loop().create_task(welcome))

        serving.serve(app, door, ready)


def settings_of(
    script: Script, data_dir: Path, port: int, phones: Phones | None = None
) -> Settings:
    """The sandbox's settings: defaults and its own, nothing of the environment."""
    return Settings.model_construct(
        company=script.company.company,
        data_dir=data_dir,
        log_level="WARNING",
        web=WebSettings(port=port),
        chat=ChatSettings(merge_pause_s=script.company.merge_pause_s),
        telegram=phones.settings if phones else TelegramSettings(),
    )


def clear(data_dir: Path, *, fresh: bool) -> None:
    """Make sure the folder is a sandbox's or new; ``fresh`` removes an old sandbox from it.

    Raises ``NotReady`` for a folder with a real installation, ``AlreadyRunning`` for a sandbox
    that is being served.
    """
    database = data_dir / _DATABASE
    ours = (data_dir / clock.FILE).exists()
    if not ours and (database.exists() or (data_dir / "keys.json").exists()):
        raise NotReady(
            f"{data_dir} holds an installation that is not a sandbox; choose another --data-dir"
        )
    if ours and fresh:
        with sqlite.lock_file(database):
            for name in _FILES:
                (data_dir / name).unlink(missing_ok=True)


def prepare(settings: Settings, now: Callable[[], datetime]) -> tuple[App, Sandbox]:
    """The product on the sandbox's settings and clock, with its company founded."""
    app = product.build(settings, now=now)
    try:
        return app, asyncio.run(found(app))
    except BaseException:
        app.database.close()
        raise


async def open_doors(app: App, sandbox: Sandbox, phones: Phones | None) -> Links:
    """The links of this start, with the admin's phone tied to the console. ``app`` is running."""
    road, admin = app.road, sandbox.script.admin
    sign_in, chat = secrets.token_urlsafe(32), secrets.token_urlsafe(32)

    def work(tx: Tx) -> None:
        invites.create_invite(
            tx,
            road.vault,
            token=sign_in,
            purpose=InvitePurpose.SIGNIN,
            lifetime=LINK_LIFETIME,
            created_by=sandbox.admin.id,
            user_id=sandbox.admin.id,
        )
        # The chat of the history, not a new one: the visitor goes on where the story stands.
        backfill.way_back(
            tx,
            sandbox.played.conversation_id,
            token=chat,
            lifetime=timedelta(days=30),
            created_by=sandbox.admin.id,
        )

    await road.database.write(work)
    phone_url = ""
    if phones is not None and admin.telegram is not None and TELEGRAM in road.channels:
        phones.know(
            (cast.story.telegram, cast.story.name)
            for cast in sandbox.cast.values()
            if cast.story.telegram is not None
        )
        await phones.link(road, sandbox.admin, admin.telegram, admin.name)
        phone_url = phones.url(admin.telegram, admin.name)
    return Links(
        console=f"{road.base_url}/signin/{sign_in}",
        chat=f"{road.base_url}/chat/{chat}",
        phone=phone_url,
    )


def spoken(sandbox: Sandbox, links: Links, now: datetime) -> str:
    """What the visitor reads in the terminal."""
    words, admin = sandbox.script.company.words, sandbox.script.admin
    lines = [
        fill(words.welcome, company=sandbox.script.company.company),
        fill(words.clock, start=moment(now)),
        "",
        fill(words.console, name=admin.name, owner=links.console),
        fill(words.chat, name=sandbox.played.story.name, owner=links.chat),
        fill(words.phone, name=admin.name, owner=links.phone) if links.phone else words.phone_off,
        "",
        words.try_this,
        *(f"  {number}. {text}" for number, text in enumerate(words.tries, 1)),
    ]
    return "\n".join(lines)


async def _welcome(app: App, sandbox: Sandbox, phones: Phones | None, now: SandboxClock) -> None:
    links = await open_doors(app, sandbox, phones)
    typer.echo(spoken(sandbox, links, now()))


__all__ = ["Links", "Sandbox", "found", "open_doors", "prepare", "run", "settings_of", "spoken"]
