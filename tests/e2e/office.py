"""The web application of the integration tests, for a browser: served from a thread of its own.

Lighter than the demo, and every test gets people of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext

from storage.enums import Role
from tests.integration.web.conftest import Office, Person, running

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Served:
    """A running office, called from the browser's thread."""

    office: Office
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return self.office.url

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of something the office does."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def candidate(self, name: str = "陈一鸣") -> tuple[str, str]:
        """A candidate's id and the address of their chat."""
        position = self.do(self.office.position(city="杭州"))
        candidate = self.do(self.office.candidate(name, position_id=position))
        return candidate, f"{self.url}/chat/{self.do(self.office.chat(candidate))}"

    def hr(self, browser: Browser, login: str) -> BrowserContext:
        """A desk with somebody of HR signed in."""
        person: Person = self.do(self.office.user(login, Role.HR))
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="zh-CN", accept_downloads=True
        )
        context.add_cookies([{"name": "sid", "value": person.cookie, "url": self.url}])
        return context


@contextmanager
def served(database_url: str, folder: Path, **changes: Any) -> Iterator[Served]:
    """An office until the block ends. ``changes``: as ``running`` takes them."""
    ready: Future[Served] = Future()
    ended = threading.Event()

    async def live() -> None:
        async with running(database_url, folder, **changes) as office:
            ready.set_result(Served(office, asyncio.get_running_loop()))
            await asyncio.to_thread(ended.wait)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=run, name="office")
    thread.start()
    try:
        yield ready.result(60)
    finally:
        ended.set()
        thread.join(30)
