"""An HR's desk on each kind of database, the command line, and the platforms as stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import build
from config.settings import Settings
from storage.crypto import Keystore
from storage.database import Tx
from storage.enums import Role
from storage.queries import users
from storage.viewer import Viewer
from tests.contract.place_dingtalk import BUTTONS, TEMPLATE
from tests.doubt import DoubtReader
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import FakeWeCom
from tests.integration import asked
from tests.integration import town as towns
from tests.integration.commands import Commands, commands
from tests.integration.hr import Desk
from tests.integration.town import Town

pytest.register_assert_rewrite("tests.integration.storm.verdict", "tests.integration.platforms")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Of one installation on each kind of database."""
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture
def hr_desk(settings: Settings) -> Any:
    """The desk of 王敏."""
    Keystore.create(settings.keystore_path)
    app = build(settings)
    app.road.reader = DoubtReader()
    app.road.pause = app.road.longest = timedelta(0)

    def work(tx: Tx) -> str:
        return users.create_user(tx, login="wangmin", name="王敏", role=Role.HR)

    user_id = app.database.submit(work).result(20)
    viewer = Viewer.of_user(user_id, "王敏", Role.HR)
    yield Desk(app=app, road=app.road, hr=viewer)
    app.database.close()


@pytest.fixture(scope="session")
def yinuo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The command line: loading it takes seconds, running it does not."""
    with commands(tmp_path_factory.mktemp("yinuo")) as made:
        yield made


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """The road with a platform that is pulled, on each kind of database."""
    async with towns.running(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def wecom() -> Iterator[FakeWeCom]:
    with FakeWeCom() as fake:
        yield fake


@pytest.fixture
def dingtalk() -> Iterator[FakeDingTalk]:
    with FakeDingTalk(limits=False) as fake:
        fake.template(TEMPLATE, *BUTTONS)
        yield fake


@pytest.fixture
def feishu() -> Iterator[FakeFeishu]:
    with FakeFeishu(limits=False) as fake:
        yield fake


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False) as fake:
        yield fake


@pytest.fixture
async def chats(town: Town) -> asked.Chats:
    """Colleagues of every role who ask the bot in their own chats."""
    return await asked.staffed(town)


@pytest.fixture
async def firm(chats: asked.Chats) -> dict[str, str]:
    """Their candidates' ids by name."""
    return await asked.hired(chats)
