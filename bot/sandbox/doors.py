"""Opening the sandbox: its settings, its folder, and the links the visitor starts from."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot import app as product
from bot.app import App
from bot.errors import NotReady
from bot.sandbox import clock
from bot.sandbox.company import TELEGRAM, WEBCHAT, Sandbox, found
from bot.sandbox.definition import Script
from bot.sandbox.phone import Phones
from bot.words import fill, moment
from config.platforms import TelegramSettings
from config.settings import ChatSettings, Settings, WebSettings
from storage import sqlite
from storage.database import Tx
from storage.enums import InvitePurpose
from storage.queries import invites

SIGN_IN_WITHIN = timedelta(hours=12)
_DATABASE = "yinuo.db"
#: Everything a sandbox leaves in its folder.
_FILES = (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", "keys.json", clock.FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where the visitor goes first."""

    console: str  # one-time
    chat: str
    phone: str  # empty without the stand-in


def settings_of(
    script: Script, data_dir: Path, port: int, phones: Phones | None = None
) -> Settings:
    """The sandbox's settings: defaults and its own, nothing of the environment."""
    return Settings.model_construct(
        company=script.company.company,
        data_dir=data_dir,
        log_level="WARNING",
        web=WebSettings(port=port),
        # Whoever tries it out sees what happens, at night too.
        chat=ChatSettings(merge_pause_s=script.company.merge_pause_s, quiet_hours=False),
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
    """The links of this start."""
    road, admin = app.road, sandbox.script.admin
    sign_in, chat = secrets.token_urlsafe(32), secrets.token_urlsafe(32)

    def work(tx: Tx) -> None:
        invites.create_invite(
            tx,
            road.vault,
            token=sign_in,
            purpose=InvitePurpose.SIGNIN,
            lifetime=SIGN_IN_WITHIN,
            created_by=sandbox.admin.id,
            user_id=sandbox.admin.id,
        )
        # The chat of the history, not a new one: the visitor goes on where the story stands.
        invites.create_invite(
            tx,
            road.vault,
            token=chat,
            purpose=InvitePurpose.CHAT,
            lifetime=timedelta(days=app.settings.webchat.invite_days),
            created_by=sandbox.admin.id,
            channel=WEBCHAT,
            candidate_id=sandbox.played.candidate_id,
            opens=True,
        )

    await road.database.write(work)
    phone_url = ""
    if phones is not None and admin.telegram is not None and TELEGRAM in road.channels:
        phone_url = phones.url(admin.telegram, admin.name)
    return Links(
        console=f"{road.base_url}/signin/{sign_in}",
        chat=f"{road.base_url}/chat/{chat}",
        phone=phone_url,
    )


async def link_phone(app: App, sandbox: Sandbox, phones: Phones) -> None:
    """Tie the admin's phone to the console. ``app`` is running. Raises ``NotReady``."""
    admin = sandbox.script.admin
    if admin.telegram is None or TELEGRAM not in app.road.channels:
        return
    phones.know(
        (cast.story.telegram, cast.story.name)
        for cast in sandbox.cast.values()
        if cast.story.telegram is not None
    )
    cases = [one.candidate_id for one in sandbox.cast.values() if one.owner_id == sandbox.admin.id]
    await phones.link(app.road, sandbox.admin, admin.telegram, admin.name, cases=cases)


def spoken(sandbox: Sandbox, links: Links, now: datetime) -> str:
    """What the visitor reads in the terminal."""
    words, admin = sandbox.script.company.words, sandbox.script.admin
    lines = [
        fill(words.welcome, company=sandbox.script.company.company),
        fill(words.clock, start=moment(now)),
        "",
        fill(words.console, name=admin.name, link=links.console),
        fill(words.chat, name=sandbox.played.story.name, link=links.chat),
        fill(words.phone, name=admin.name, link=links.phone) if links.phone else words.phone_off,
        "",
        words.try_this,
        *(f"  {number}. {text}" for number, text in enumerate(words.tries, 1)),
    ]
    return "\n".join(lines)
