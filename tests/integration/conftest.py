"""An HR's desk on each kind of database, and the command line."""

from __future__ import annotations

from collections.abc import Iterator
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
from tests.doubt import DoubtReader
from tests.integration.commands import Commands, commands
from tests.integration.hr import Desk

pytest.register_assert_rewrite("tests.integration.storm.verdict")


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
