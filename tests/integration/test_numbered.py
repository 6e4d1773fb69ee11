"""A card without buttons is answered with a number."""

from __future__ import annotations

from typing import Any

import pytest

from bot import desk, pipeline
from bot.delivery import ChannelDelivery
from bot.messages import Address, Inbound, Received
from bot.words import moment
from scheduler.sender import Outlet, Sender
from storage.database import Tx
from storage.enums import AlertStatus, MessageKind, Stage, Verdict
from storage.queries import alerts, intake
from storage.queries.common import table, update
from storage.tables import Conversation, Identity
from storage.viewer import SYSTEM
from tests.integration.hr import NAME, Desk
from tests.integration.post import Post

REFUSAL = "到不了两万我就不过去了"


class Phone:
    """The HR's place on a platform without buttons."""

    def __init__(self, desk: Desk, name: str = "app/wangmin") -> None:
        self.desk, self.name, self.said = desk, name, 0
        self.post = Post(desk.road.now)
        channels: dict[str, Any] = {**desk.road.channels, "post": self.post}
        desk.road.channels = channels
        outlet = Outlet(
            delivery=ChannelDelivery(desk.road, self.post), rate=100, burst=100, dedupes=True
        )
        self.sender = Sender(
            desk.road.database, desk.road.engine, {"post": outlet}, owner="t", now=desk.road.now
        )

        def work(tx: Tx) -> str:
            intake.open_conversation(tx, desk.road.vault, "post", name)
            identity = table(Identity)
            update(tx, Identity, identity.c.address == name, user_id=desk.hr.id)
            row = tx.first(
                table(Conversation).select().where(table(Conversation).c.address == name)
            )
            return str(row.id)

        self.talk: str = desk.write(work)

    async def type(self, text: str) -> None:
        """The HR types something; everything it leads to leaves."""
        await self.accept(text)
        await self.answer()
        await self.sender.woken("post")

    async def accept(self, text: str) -> None:
        """What the HR types is stored, and not looked at yet."""
        self.said += 1
        message = Inbound(
            external_id=f"p{self.said}", sender=Address("post", self.name),
            kind=MessageKind.TEXT, text=text, sent_at=self.desk.road.now(),
        )  # fmt: skip
        await self.desk.app.door.accept(Received(messages=(message,)))

    async def answer(self) -> None:
        """What was stored first is decided."""
        await pipeline.handle(self.desk.road, self.talk)

    async def alerts(self) -> list[Any]:
        road = self.desk.road
        return await road.database.read(lambda tx: alerts.page(tx, road.vault, SYSTEM, limit=9))


@pytest.fixture
async def phone(hr_desk: Desk) -> Phone:
    """With a card of an alert on it."""
    made = Phone(hr_desk)
    talk = hr_desk.candidate(stage=Stage.OFFER)
    await hr_desk.say(talk, REFUSAL)
    await made.sender.woken("post")
    return made


async def test_the_card_numbers_its_choices(phone: Phone) -> None:
    [(text, _)] = phone.post.said
    assert text.endswith("请回复数字：\n1. 有用\n2. 误报\n3. 已处理\n4. 稍后")


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [("1", Verdict.USEFUL), ("２", Verdict.FALSE_ALARM), ("选 3", Verdict.HANDLED)],
)
async def test_a_typed_number_is_the_press(phone: Phone, typed: str, verdict: Verdict) -> None:
    await phone.type(typed)
    [alert] = await phone.alerts()
    assert alert.verdict is verdict
    assert len(phone.post.said) >= 2  # said back in words


async def test_the_last_number_puts_the_alert_off(phone: Phone) -> None:
    await phone.type("4")
    [alert] = await phone.alerts()
    assert (alert.status, alert.verdict) == (AlertStatus.OPEN, None)
    assert alert.snoozed_until is not None
    told = [text for text, _ in phone.post.said]
    assert any(text.startswith("好，") and moment(alert.snoozed_until) in text for text in told)
    card = next(text for text in told if "已推迟到" in text)
    assert card.endswith("1. 有用\n2. 误报\n3. 已处理")  # it is put off: what is left to choose


@pytest.mark.parametrize("typed", ["5", "0", "有", "1个问题", "12", "一"])
async def test_other_words_press_nothing(phone: Phone, typed: str) -> None:
    await phone.type(typed)
    [alert] = await phone.alerts()
    assert alert.verdict is None


async def test_after_the_alert_is_closed_a_number_is_only_a_number(phone: Phone) -> None:
    await phone.type("3")
    await phone.type("1")
    [alert] = await phone.alerts()
    assert alert.verdict is Verdict.HANDLED


async def test_a_stranger_s_number_presses_nothing(phone: Phone) -> None:
    def work(tx: Tx) -> None:
        update(tx, Identity, table(Identity).c.address == phone.name, user_id=None)

    phone.desk.write(work)
    await phone.type("2")
    [alert] = await phone.alerts()
    assert alert.verdict is None


async def test_a_number_typed_before_another_card_came_presses_nothing(phone: Phone) -> None:
    await phone.accept("2")
    other = phone.desk.candidate("李白", stage=Stage.OFFER)
    await phone.desk.say(other, REFUSAL)
    await phone.sender.woken("post")
    await phone.answer()
    assert [alert.verdict for alert in await phone.alerts()] == [None, None]
    await phone.type("2")  # about the card that came last
    judged = {alert.candidate_name: alert.verdict for alert in await phone.alerts()}
    assert judged == {"李白": Verdict.FALSE_ALARM, NAME: None}


async def test_a_number_typed_below_a_state_that_has_passed_presses_nothing(phone: Phone) -> None:
    [alert] = await phone.alerts()
    await desk.judge(phone.desk.road, phone.desk.hr, alert.id, Verdict.USEFUL, cause="console")
    await phone.accept("2")  # 误报 on the card they see, 已处理 on the one that is to come
    await phone.answer()
    [alert] = await phone.alerts()
    assert alert.verdict is Verdict.USEFUL
    await phone.sender.woken("post")
    await phone.type("1")
    [alert] = await phone.alerts()
    assert alert.verdict is Verdict.FALSE_ALARM
