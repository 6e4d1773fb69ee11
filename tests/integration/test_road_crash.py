"""2,000 messages in 50 conversations, retries, duplicates, 6 x kill -9: nothing lost or doubled.

The platform is the fake Bot API: it pushes each update until it is acknowledged, some twice. The
product runs as real processes: one on SQLite, a web process and two workers on PostgreSQL.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app import open_storage
from config.settings import load
from storage.database import Database, Tx, open_database
from storage.enums import Role, Stage
from storage.queries import intake, people, users
from storage.queries.common import table, update
from storage.tables import Conversation, Factor, Identity, Message, Outbox, Reading
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.fakes.telegram import FakeTelegram
from tests.integration.house import SECRET, House, house

CONVERSATIONS, MESSAGES, KILLS = 50, 2000, 6
STILL_S, LONGEST_S = 60, 900
HR = 900
FIRST = 1000
SAID = (
    "薪资这块我还想再考虑一下",
    "好的收到",
    "请问体检去哪家医院",
    "我手上还有一家公司的offer在考虑",
    "下月3号我准时到",
    "我妈不太愿意我去外地",
)


@pytest.fixture
def fake() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False, speed=200.0) as platform:
        yield platform


def settle_in(database: Database, vault: Vault) -> None:
    """One HR with a chat, one position, candidates who are known on Telegram."""

    def work(tx: Tx) -> None:
        hr = users.create_user(tx, login="li", name="李娜", role=Role.HR)
        position = people.create_position(tx, SYSTEM, title="测试工程师", owner_id=hr)
        intake.open_conversation(tx, vault, "telegram", str(HR))
        identity = table(Identity)
        update(tx, Identity, identity.c.address == str(HR), user_id=hr)
        for number in range(CONVERSATIONS):
            candidate = people.create_candidate(
                tx,
                vault,
                SYSTEM,
                name=f"候选人{number}",
                stage=Stage.OFFER,
                position_id=position,
            )
            intake.open_conversation(
                tx, vault, "telegram", str(FIRST + number), candidate_id=candidate
            )

    database.submit(work).result()


@pytest.fixture
def installed(
    tmp_path: Path, database_url: str, fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    extra = {
        "YINUO_TELEGRAM__BOT_TOKEN": fake.token,
        "YINUO_TELEGRAM__ABROAD": "true",
        "YINUO_TELEGRAM__SECRET_TOKEN": SECRET,
        "YINUO_TELEGRAM__API_BASE": fake.api_base,
        "YINUO_TELEGRAM__BOT_USERNAME": fake.bot_username,
        "YINUO_TELEGRAM__MODE": "webhook",
        "YINUO_CHAT__MERGE_PAUSE_S": "0",
        # Two thousand readings one by one: what is tried here is the road, not the model.
        "YINUO_READER__ENGINE": "rules",
        "YINUO_ENGINE__LEASE_S": "5",
        "YINUO_ENGINE__STALLED_S": "4",
    }
    monkeypatch.setenv("YINUO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("YINUO_DATABASE_URL", database_url)
    database, vault = open_storage(load())
    settle_in(database, vault)
    database.close()
    for account in (HR, *range(FIRST, FIRST + CONVERSATIONS)):
        fake.user(account, f"人{account}").start()
    with house(tmp_path, database_url, **extra) as made:
        yield made


def roles(built: House) -> dict[str, str]:
    if built.database_url.startswith("sqlite"):
        return {"one": "all"}
    return {"web": "web", "worker-a": "worker", "worker-b": "worker", "clock": "clock"}


def test_nothing_is_lost_or_doubled(installed: House, fake: FakeTelegram) -> None:
    chance = random.Random(20261124)
    parts = roles(installed)
    for name, role in parts.items():
        installed.start(name, role)
    installed.wait_ready()
    fake.set_webhook(f"{installed.base_url}/hooks/telegram", SECRET)
    victims = [name for name in parts if name != "clock"]
    said: Counter[int] = Counter()
    kill_at = sorted(chance.sample(range(150, MESSAGES - 150), KILLS))
    for number in range(MESSAGES):
        account = FIRST + number % CONVERSATIONS
        if number % 20 == 0:
            fake.deliver_twice()
        fake.user(account).say(f"{number}：{chance.choice(SAID)}")
        said[account] += 1
        if number in kill_at:
            victim = victims[kill_at.index(number) % len(victims)]
            installed.kill(victim)
            time.sleep(chance.uniform(0.0, 0.3))
            installed.start(victim, parts[victim])
        time.sleep(0.004)
    database = open_database(installed.database_url, shared=True)
    try:
        wait_until_quiet(installed, database, fake)
        check(database, installed, fake)
    finally:
        database.close()


def wait_until_quiet(built: House, database: Database, fake: FakeTelegram) -> None:
    moved_at = began = time.monotonic()

    def work(tx: Tx) -> tuple[int, int]:
        message, outbox = table(Message), table(Outbox)
        new = tx.scalar(sa.select(sa.func.count()).where(message.c.status == "new"))
        unsent = tx.scalar(
            sa.select(sa.func.count()).where(outbox.c.status.in_(["new", "sending"]))
        )
        return int(new), int(unsent)

    left: tuple[int, int, int] = (-1, -1, -1)
    # Slow is fine, standing still is not.
    while time.monotonic() < min(moved_at + STILL_S, began + LONGEST_S):
        before, left = left, (fake.pending, *database.submit_read(work).result())
        if left != before:
            moved_at = time.monotonic()
        if left == (0, 0, 0):
            return
        time.sleep(0.5)
    raise AssertionError(f"still working (unacked, unread, unsent) = {left}\n{built.logs()}")


def check(database: Database, built: House, fake: FakeTelegram) -> None:
    message, reading, talk = table(Message), table(Reading), table(Conversation)

    def work(tx: Tx) -> None:
        rows = tx.all(
            sa.select(message.c.id, message.c.uid, message.c.status, message.c.attempts, talk.c.id)
            .join(talk, talk.c.id == message.c.conversation_id)
            .where(
                message.c.direction == "inbound",
                message.c.external_id.like("m:%"),
                talk.c.address != str(HR),
            )
        )
        greetings = CONVERSATIONS  # the /start each sent before
        assert len(rows) == MESSAGES + greetings, "acknowledged but missing, or stored twice"
        assert {row.status for row in rows} == {"done"}
        heard = tx.all(sa.select(reading.c.message_id, reading.c.covers, reading.c.created_at))
        covered = Counter(uid for row in heard for uid in row.covers)
        assert max(covered.values()) == 1, "a message was read into effect twice"
        assert len(covered) >= MESSAGES
        kept_in_order(rows, {row.message_id: row.created_at for row in heard})
        check_effects(tx, fake, built.kills)

    database.submit_read(work).result()


def kept_in_order(rows: list[sa.Row], at: dict[int, object]) -> None:
    last: dict[str, object] = {}
    for row in sorted(rows, key=lambda found: found[0]):
        moment = at.get(row[0])
        if moment is None:
            continue
        assert row[4] not in last or last[row[4]] <= moment, "answered out of order"
        last[row[4]] = moment


def check_effects(tx: Tx, fake: FakeTelegram, kills: int) -> None:
    factor, outbox, talk = table(Factor), table(Outbox), table(Conversation)
    doubled = tx.all(
        sa.select(factor.c.source, factor.c.rule)
        .group_by(factor.c.source, factor.c.rule)
        .having(sa.func.count() > 1)
    )
    assert doubled == []
    sends = tx.all(
        sa.select(outbox, talk.c.address).join(talk, talk.c.id == outbox.c.conversation_id)
    )
    unsent = [row for row in sends if row.status != "sent"]
    assert [(row.status, row.kind, row.attempts, row.error) for row in unsent] == []
    assert len({row.idem for row in sends}) == len(sends)
    texts = Counter(row.address for row in sends if row.kind == "text")
    repeats = 0
    for account in range(FIRST, FIRST + CONVERSATIONS):
        arrived = len(fake.user(account).received())
        assert arrived >= texts[str(account)], "a reply never arrived"
        repeats += arrived - texts[str(account)]
    # Telegram has no key to de-duplicate by: what was in flight at a kill may arrive twice.
    in_flight = 8 * kills
    assert repeats <= in_flight
    again = sum(1 for row in sends if row.attempts > 1)
    assert again >= repeats, "something was sent again under another key"
    cards = {row.payload for row in sends if row.kind == "card"}
    assert cards, "no alert reached HR"
