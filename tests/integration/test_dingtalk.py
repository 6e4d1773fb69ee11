"""DingTalk in the running product: who is told what, and where, once and never in a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot import desk, jobs
from bot.channels.dingtalk_frames import HEARD_IN_GROUP
from config.settings import Settings
from scheduler.sender import Sender
from storage.crypto import Keystore
from storage.database import Tx
from storage.enums import Verdict
from storage.queries import scheduled
from storage.queries.common import table, update
from storage.tables import Candidate, Message, Outbox
from tests.fakes.dingtalk import FakeDingTalk
from tests.integration.dingtalk_floor import NAME, Floor, bound, running

REFUSAL = "到不了两万我就不过去了"
SESSION = "/robot/sendBySession"
SEND = "/v1.0/robot/oToMessages/batchSend"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(limits=False) as running_fake:
        yield running_fake


@pytest.fixture
def installed(tmp_path: Path, sqlite_url: str) -> Settings:
    """On the database where most is the same; what both must promise asks for ``settings``."""
    made = Settings(data_dir=tmp_path, database_url=sqlite_url)
    Keystore.create(made.keystore_path)
    return made


@pytest.fixture
async def floor(installed: Settings, fake: FakeDingTalk) -> AsyncIterator[Floor]:
    async with running(installed, fake) as made:
        await bound(made)
        yield made


# Numbered choices, where no card template is set up


@pytest.mark.parametrize(
    ("typed", "verdict", "note", "left"),
    [
        ("1", Verdict.USEFUL, "已记为有用", "1. [误报]"),
        ("选２", Verdict.FALSE_ALARM, "已记为误报", ""),
        ("3。", Verdict.HANDLED, "已记为已处理", ""),
    ],
)
async def test_a_typed_number_judges_the_alert_and_the_new_card_numbers_what_is_left(
    floor: Floor, typed: str, verdict: Verdict, note: str, left: str
) -> None:
    await floor.hears(await floor.candidate(), REFUSAL)
    _, card = await floor.said(2)
    assert NAME in card
    assert REFUSAL in card
    assert "请点选，或回复数字：" in card
    for number, label in enumerate(("有用", "误报", "已处理"), 1):
        assert f"{number}. [{label}](dtmd://" in card
    floor.li.say(typed)
    said = await floor.said(4)
    [alert] = await floor.alerts()
    assert alert.verdict is verdict
    assert note in said[2:]
    [again] = [one for one in said[2:] if one != note]
    assert left in again
    assert ("回复数字" in again) is bool(left)


async def test_a_number_that_was_meant_for_what_the_card_showed_before_judges_nothing(
    floor: Floor,
) -> None:
    await floor.hears(await floor.candidate(), REFUSAL)
    await floor.said(2)
    [alert] = await floor.alerts()
    floor.fake.fail_next(SESSION, 300001)
    floor.fake.fail_next(SEND, "send.too.fast")  # its new state comes a minute late
    await desk.judge(floor.app.road, floor.hr, alert.id, Verdict.USEFUL, cause="console")
    await floor.fake.until(lambda: floor.fake.calls_of(SEND))
    floor.li.say("2")  # 误报 on the card before their eyes, 已处理 on the one that comes
    await floor.answered(2)
    [alert] = await floor.alerts()
    assert alert.verdict is Verdict.USEFUL


async def test_a_tap_on_a_choice_is_noted_where_it_was_tapped(floor: Floor) -> None:
    await floor.hears(await floor.candidate(), REFUSAL)
    await floor.said(2)
    [alert] = await floor.alerts()
    floor.li.say(f"/press al:{alert.id}:handled")
    assert "已记为已处理" in await floor.said(4)
    [alert] = await floor.alerts()
    assert alert.verdict is Verdict.HANDLED


# Groups


async def test_in_a_group_it_is_only_said_that_we_heard(floor: Floor) -> None:
    await floor.hears(await floor.candidate(), REFUSAL)
    await floor.said(2)
    group = floor.fake.group("招聘群", [floor.li, floor.fake.member("u2")])
    for text in (f"{NAME}到哪一步了", "2"):
        floor.li.say(text, group)
    await floor.fake.until(lambda: len(group.texts()) == 2)
    said = await floor.said(5)  # help, and the press with the card's new state
    [alert] = await floor.alerts()
    assert alert.verdict is Verdict.FALSE_ALARM
    assert "已记为误报" in said
    assert group.texts() == [HEARD_IN_GROUP] * 2


async def test_a_group_is_told_that_something_cannot_wait_and_never_what(
    settings: Settings, fake: FakeDingTalk
) -> None:
    Keystore.create(settings.keystore_path)
    group = fake.group("招聘群", [fake.member("u1", "李HR"), fake.member("u2")])
    robot = group.webhook_robot(secret="SEC0001")
    given = {"group_robot_token": robot.token, "group_robot_secret": "SEC0001"}
    async with running(settings, fake, **given) as floor:
        await bound(floor)
        tomorrow = floor.app.road.now().date() + timedelta(days=1)
        await floor.hears(await floor.candidate("李白", date(2099, 1, 1)), REFUSAL)
        await floor.said(2)
        assert group.texts() == []  # it can wait
        fake.fail_next("/robot/send", 130101)  # ten minutes: what comes meanwhile says the same
        for _ in range(2):
            await floor.hears(await floor.candidate(NAME, tomorrow), "我决定不来了")
        await floor.said(4)
        await fake.until(lambda: fake.calls_of("/robot/send"))
        assert len(fake.calls_of("/robot/send")) == 1
        board = table(Message).c.external_id.startswith("out:board:")
        told = table(Message).select().where(board)
        assert len(await floor.app.database.read(lambda tx: tx.all(told))) == 1
        sender: Sender = floor.app.sender
        await floor.write(_due)
        await sender.woken("dingtalk")
        await fake.until(lambda: group.texts())
        [text] = group.texts()
        assert "需要立即处理" in text
        assert text.endswith(f"{settings.base_url}/console")
        for secret in (NAME, "不来", "拒绝", "李HR", "c_"):
            assert secret not in text


async def test_a_group_is_told_that_a_promised_answer_is_overdue(
    installed: Settings, fake: FakeDingTalk
) -> None:
    group = fake.group("招聘群", [fake.member("u1", "李HR")])
    token = group.webhook_robot().token
    async with running(installed, fake, group_robot_token=token) as floor:
        await floor.candidate()

        def plan(tx: Tx) -> None:
            person = tx.scalar(table(Candidate).select().with_only_columns(table(Candidate).c.id))
            scheduled.plan_at(tx, kind="answer_due", person_id=person, anchor="x", at=tx.now)

        await floor.write(plan)
        await floor.app.clock.fire_due(jobs.fire(floor.app.road))
        await fake.until(lambda: group.texts())
        [text] = group.texts()
        assert NAME not in text


def _due(tx: Tx) -> None:
    update(tx, Outbox, table(Outbox).c.status == "new", next_at=tx.now)


# Once


async def test_a_reply_goes_through_the_session_and_costs_nothing_of_the_quota(
    floor: Floor,
) -> None:
    assert [one.via for one in floor.li.received()] == ["session"]
    assert floor.fake.calls_of(SEND) == []


async def test_whoever_left_and_is_back_hears_of_alerts_again(floor: Floor) -> None:
    floor.fake.event("user_leave_org", UserId=["u1"])
    await floor.fake.until(lambda: not floor.fake.unacked)
    await floor.hears(await floor.candidate(), REFUSAL)
    await floor.alerts()
    floor.li.say("我回来了")  # the event that says so was missed
    await floor.said(2)
    await floor.hears(await floor.candidate("李白"), REFUSAL)
    _, _, card = await floor.said(3)
    assert "李白" in card


async def test_when_we_stop_nobody_is_listened_to_whom_we_could_not_store(floor: Floor) -> None:
    address = await floor.candidate()
    floor.reader.gate.clear()
    await floor.hears(address, REFUSAL)
    await asyncio.wait_for(floor.reader.reading.wait(), 10)
    stopping = asyncio.create_task(floor.app.stop())
    await floor.fake.until(lambda: not floor.fake.connections, timeout=3)
    assert not stopping.done()  # what was begun is still being ended
    floor.reader.gate.set()
    await stopping
