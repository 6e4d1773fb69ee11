"""A browser, and an office to talk to, for the tests of one module."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from bot.web.limits import Buckets
from storage.migrate import upgrade
from tests.e2e.browser import chromium
from tests.e2e.chatting import PHONE, Talk
from tests.e2e.office import Served, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'yinuo.db'}"
    upgrade(url)
    with served(url, folder, chat_pace=Buckets(rate=1000, burst=1000)) as made:
        yield made


@pytest.fixture
def talk(browser: Browser, opened: Served, request: pytest.FixtureRequest) -> Iterator[Talk]:
    candidate, url = opened.candidate()
    login = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    phone, desk = browser.new_context(**PHONE), opened.hr(browser, login)
    yield Talk(opened, phone, desk, candidate, url)
    phone.close()
    desk.close()


@pytest.fixture
def thinking(opened: Served) -> Iterator[None]:
    """The bot waits for people to stop typing, as it does in earnest."""
    road = opened.office.road
    road.pause = road.longest = timedelta(seconds=2)
    yield
    road.pause = road.longest = timedelta(0)
