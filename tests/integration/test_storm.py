"""200 messages, duplicated, reordered and retried, while tokens run out, calls are limited, answers
get lost and the product is killed: stored once, in order, answered once, on every platform.

The product runs as real processes: one on SQLite; web, worker and clock on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.app import open_storage
from config.settings import load
from storage.crypto import Keystore
from storage.database import Database, Tx, open_database
from storage.enums import Role
from storage.enums import Stage as At
from storage.queries import intake, people, users
from storage.queries.common import table, update
from storage.tables import Identity
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.integration.house import House, house
from tests.integration.storm.dingtalk import DingTalk
from tests.integration.storm.feishu import Feishu
from tests.integration.storm.script import script
from tests.integration.storm.stage import Stage
from tests.integration.storm.telegram import Telegram
from tests.integration.storm.verdict import Verdict
from tests.integration.storm.weather import Storm
from tests.integration.storm.webchat import WebChat
from tests.integration.storm.wecom import App, Kf

MESSAGES = 200
STAGES: dict[str, Callable[[], Stage]] = {
    "telegram-webhook": lambda: Telegram(10, "webhook"),
    "telegram-polling": lambda: Telegram(10, "polling"),
    "wecom-kf": lambda: Kf(10),
    "wecom-app": lambda: App(10),
    "dingtalk-stream": lambda: DingTalk(10, "stream"),
    "dingtalk-http": lambda: DingTalk(10, "http"),
    "feishu-webhook": lambda: Feishu(10, "webhook"),
    "feishu-socket": lambda: Feishu(10, "socket"),
    # A page may say 20 things a minute, 10 of them at once.
    "webchat": lambda: WebChat(20),
}
SETTINGS = {
    "READER__ENGINE": "rules",
    "ENGINE__LEASE_S": "5",
    "ENGINE__STALLED_S": "4",
}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made = STAGES[request.param]()
    yield made
    made.close()


@pytest.fixture
def installed(
    tmp_path: Path, database_url: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    monkeypatch.setenv("YINUO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("YINUO_DATABASE_URL", database_url)
    database, vault = open_storage(load())
    settle_in(database, vault, stage)
    database.close()
    settings = {f"YINUO_{name}": value for name, value in (SETTINGS | stage.settings()).items()}
    with house(tmp_path, database_url, **settings) as made:
        yield made


def settle_in(database: Database, vault: Vault, stage: Stage) -> None:
    """One HR, one position, and candidates who are known on the platform."""

    def work(tx: Tx) -> None:
        hr = users.create_user(tx, login="li", name="李娜", role=Role.HR)
        position = people.create_position(tx, SYSTEM, title="测试工程师", owner_id=hr)
        if stage.hr():
            intake.open_conversation(tx, vault, stage.channel, stage.hr())
            update(tx, Identity, table(Identity).c.address == stage.hr(), user_id=hr)
        candidates = [
            people.create_candidate(
                tx, vault, SYSTEM, name=f"候选人{number}", stage=At.OFFER, position_id=position
            )
            for number in range(stage.people)
        ]
        stage.settle(tx, vault, candidates)
        for number, candidate in enumerate(candidates):
            address = stage.address(number)
            intake.open_conversation(tx, vault, stage.channel, address, candidate_id=candidate)

    database.submit(work).result(30)


def roles(built: House) -> dict[str, str]:
    if built.database_url.startswith("sqlite"):
        return {"one": "all"}
    return {"worker": "worker", "web": "web", "clock": "clock"}


@pytest.mark.slow
@pytest.mark.timeout(900)  # it shares the machine with another
def test_a_storm_loses_nothing_and_repeats_nothing(installed: House, stage: Stage) -> None:
    said = script(stage.people, MESSAGES // stage.people)
    assert said.messages == MESSAGES
    database = open_database(installed.database_url, shared=True)
    try:
        Storm(installed, stage, said, roles(installed), database).run()
        vault = Vault(Keystore.load(installed.data / "keys.json"))
        Verdict(database, vault, stage, said).check()
    finally:
        database.close()
