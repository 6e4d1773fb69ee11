"""Alerts are told, woken and passed on once, however many clocks tick and are killed over it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import build
from bot.workdays import ZONE
from config.settings import ChatSettings, Settings
from storage.crypto import Keystore
from storage.database import Tx, open_database
from storage.enums import Role, Stage
from storage.queries import intake, people, users
from storage.queries.common import insert, table, update
from storage.tables import Alert, AlertEvent, Identity, Message, Notice, Outbox, Teammate
from storage.viewer import SYSTEM
from tests.clock import FakeClock
from tests.integration.bureau import NOW, TODAY, raised
from tests.integration.programs.child import Child, children, wait_until
from tests.integration.programs.timed import seen

ALERTS, KILLS = 60, 2
#: A Tuesday evening, when nobody is disturbed, and the next morning.
NIGHT = datetime(2026, 11, 24, 23, tzinfo=ZONE)
MORNING = datetime(2026, 11, 25, 8, 31, tzinfo=ZONE)
LATER = datetime(2026, 11, 25, 12, 45, tzinfo=ZONE)  # four hours and a bit on: time is over
#: The whole product is imported by each, also where the machine is busy.
STARTS_S = 90.0


def fill(settings: Settings) -> None:
    """Three HR of one position, each with a chat; alerts that wait, and one in three put off."""
    app = build(settings, now=FakeClock(NIGHT))

    def work(tx: Tx) -> None:
        ids = []
        for number in range(3):
            login = f"hr{number}"
            ids.append(users.create_user(tx, login=login, name=login, role=Role.HR))
            intake.open_conversation(tx, app.road.vault, "webchat", f"w_{login}")
            here = table(Identity).c.address == f"w_{login}"
            update(tx, Identity, here, user_id=ids[-1])
        seat = people.create_position(tx, SYSTEM, title="后端工程师", owner_id=ids[0])
        for mate in ids[1:]:
            insert(tx, Teammate, {"position_id": seat, "user_id": mate, "added_at": tx.now})
        for number in range(ALERTS):
            who = people.create_candidate(
                tx, app.road.vault, SYSTEM, name=f"候选{number}", stage=Stage.OFFER,
                position_id=seat,
            )  # fmt: skip
            severity = NOW if number % 9 == 0 else TODAY
            words, source = f"话{number}", f"m_{number}"
            made = raised(tx, app.road, who, severity, "salary", words, source=source)
            if number % 3 == 1:
                until = MORNING - timedelta(minutes=1)
                update(tx, Alert, table(Alert).c.id == made, snoozed_until=until)

    try:
        app.database.submit(work).result(60)
    finally:
        app.database.close()


def at(folder: Path, moment: datetime) -> None:
    fresh = folder / "now.new"
    fresh.write_text(str(moment.timestamp()))
    fresh.replace(folder / "now")


def killed(running: Sequence[Child], folder: Path, moment: datetime, luck: random.Random) -> None:
    """A moment comes; clocks are killed over it, and those that are back look twice."""
    at(folder, moment)
    for kill in range(KILLS):
        victim = running[kill % len(running)]
        time.sleep(luck.random() * 0.15)
        victim.kill()
        victim.restart()
        victim.wait_ready(within=STARTS_S)

    before = [seen(folder, number)[1] for number in range(len(running))]
    wait_until(
        lambda: all(
            seen(folder, number)[0] >= moment.timestamp() and seen(folder, number)[1] >= 2
            and seen(folder, number)[1] != before[number]
            for number in range(len(running))
        ),
        within=STARTS_S,
        what="everybody looked",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_alerts_are_told_once_while_clocks_are_killed(database_url: str, tmp_path: Path) -> None:
    Keystore.create(tmp_path / "keys.json")
    chat = ChatSettings(quiet_hours=True)
    fill(Settings(data_dir=tmp_path, database_url=database_url, chat=chat))
    alone = database_url.startswith("sqlite")  # one file, one process
    luck = random.Random(7)
    at(tmp_path, NIGHT)
    count = 1 if alone else 2
    with children(count, "telling", database_url, str(tmp_path), folder=tmp_path) as running:
        for child in running:
            child.wait_ready(within=STARTS_S)
        killed(running, tmp_path, MORNING, luck)
        killed(running, tmp_path, MORNING + timedelta(minutes=1, seconds=5), luck)
        killed(running, tmp_path, LATER, luck)
        for child in running:
            child.end(within=30)
    check(database_url)


def check(url: str) -> None:
    database = open_database(url, now=lambda: LATER)

    def rows(model: Any) -> list[Any]:
        found: list[Any] = database.submit_read(lambda tx: tx.all(sa.select(table(model)))).result(
            30
        )
        return found

    try:
        notices, sends, events = rows(Notice), rows(Outbox), rows(AlertEvent)
        alerts, said = rows(Alert), rows(Message)
    finally:
        database.close()
    kinds = Counter(row.kind for row in events)
    assert kinds["raised"] == ALERTS
    assert kinds["woken"] == ALERTS // 3
    assert all(row.snoozed_until is None for row in alerts)
    # Each alert went up at most once to each level, and stands where its events say.
    ups = Counter((row.alert_id, row.about["level"]) for row in events if row.kind == "escalated")
    assert ups
    assert set(ups.values()) == {1}
    highest = {alert: max(n for a, n in ups if a == alert) for alert, _ in ups}
    assert {row.id: row.escalation for row in alerts} == {
        row.id: highest.get(row.id, 0) for row in alerts
    }
    # Whoever was shown a card has one, and nobody got two of one state.
    cards = Counter((row.payload, row.conversation_id) for row in sends if row.kind == "card")
    assert len([row for row in notices if row.state == "sent"]) <= len(cards)
    assert len({row.idem for row in sends}) == len(sends)
    shown = Counter(row.user_id for row in notices if row.state == "sent")
    assert shown
    assert not [row for row in notices if row.state == "waiting" and row.due_at < LATER]
    # Lines that gather several: one a colleague and window, each counting what it stands for.
    folds = [row.external_id for row in said if "folded:" in row.external_id]
    assert folds
    windows = Counter(one.rsplit(":", 1)[-1] for one in folds)
    assert all(times <= 3 for times in windows.values()), folds
