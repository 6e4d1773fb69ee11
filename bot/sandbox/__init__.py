"""The sandbox: an invented company with its own clock, phone and past. ``yinuo demo`` runs it.

It is founded from files alone, never from the environment, so no real account is touched.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import typer

from bot.app import App
from bot.errors import NotReady
from bot.sandbox import clock, definition, phone
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import Sandbox, found
from bot.sandbox.doors import Links, clear, link_phone, open_doors, prepare, settings_of, spoken
from bot.sandbox.passing import passed
from bot.sandbox.phone import Phones


def run(*, port: int, fast_forward: str, data_dir: Path, fresh: bool) -> None:
    """Serve the sandbox until SIGTERM or SIGINT. Raises ``BotError`` with what to do."""
    from bot import serving  # the web application: founding a company does without

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
        stack.callback(app.database.close)  # closed twice is closed
        if ahead:
            asyncio.run(passed(app, now, ahead))
        waiting: list[asyncio.Task[None]] = []  # a task nobody holds may be collected

        def ready() -> None:
            welcome = _welcome(app, sandbox, phones, now)
            waiting.append(asyncio.get_running_loop().create_task(welcome))

        serving.serve(app, door, ready)


async def _welcome(app: App, sandbox: Sandbox, phones: Phones | None, now: SandboxClock) -> None:
    typer.echo(spoken(sandbox, await open_doors(app, sandbox, phones), now()))
    if phones is not None:
        try:
            await link_phone(app, sandbox, phones)
        except NotReady as error:
            typer.echo(f"yinuo: {error}", err=True)


__all__ = [
    "Links",
    "Sandbox",
    "clear",
    "found",
    "link_phone",
    "open_doors",
    "prepare",
    "run",
    "settings_of",
    "spoken",
]
