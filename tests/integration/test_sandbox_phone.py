"""The phone of the sandbox's HR: linked as anybody's, and shown what is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bot import sandbox
from bot.app import App, build
from bot.sandbox import phone
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import Sandbox, found
from storage.crypto import Keystore
from storage.queries import users
from tests.integration.test_sandbox import settings_for


@contextmanager
def telegram(now: Callable[[], datetime]) -> Iterator[phone.Phones]:
    phones = phone.switch_on(now)
    assert phones is not None
    try:
        yield phones
    finally:
        phones.stop()


async def started(
    data_dir: Path, database_url: str, now: Callable[[], datetime], phones: phone.Phones
) -> tuple[App, Sandbox]:
    settings = settings_for(data_dir, database_url)
    settings = settings.model_copy(update={"telegram": phones.settings})
    if not settings.keystore_path.exists():
        Keystore.create(settings.keystore_path)
    app = build(settings, now=now)
    company = await found(app)
    await app.start()
    return app, company


async def test_the_admins_phone_is_linked_by_start_and_shows_what_is_open(
    tmp_path: Path, sqlite_url: str
) -> None:
    clock = SandboxClock(tmp_path)
    with telegram(clock) as phones:
        app, company = await started(tmp_path, sqlite_url, clock, phones)
        try:
            links = await sandbox.open_doors(app, company, phones)
            await sandbox.link_phone(app, company, phones)
            assert "/phone/900?name=%E6%9D%8E%E5%A8%9C" in links.phone
            accounts = await app.database.read(
                lambda tx: users.chat_accounts(tx, company.users["lina"])
            )
            assert [account.channel for account in accounts] == ["telegram"]
            shown = phones.platform.user(900)
            await phones.platform.until(lambda: sum(bool(m.buttons) for m in shown.received()) == 3)
            assert shown.chat()[0].text.startswith("/start ")
        finally:
            await app.stop()
    # The next start has a new, empty platform; the phone is linked still, and is not asked again.
    with telegram(clock) as phones:
        app, company = await started(tmp_path, sqlite_url, clock, phones)
        try:
            await sandbox.link_phone(app, company, phones)
            assert phones.platform.user(900).chat() == []
        finally:
            await app.stop()
