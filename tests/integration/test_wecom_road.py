"""The whole road with WeCom at its end: hints, pages, answers, colleagues, and what gets lost."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import desk, jobs, pipeline
from bot.channels.wecom import WeCom
from bot.delivery import ChannelDelivery
from bot.pipeline import Door, Road
from config.settings import Settings
from scheduler.engine import DELIVERY, PULL
from scheduler.sender import Outlet, Sender
from storage.crypto import Keystore
from storage.database import Database, Tx, open_database
from storage.enums import InvitePurpose, OutboxStatus, Stage
from storage.queries import invites, people, queues, timeline
from storage.queries.common import table, update
from storage.tables import Conversation, Identity, Message, Outbox
from storage.viewer import SYSTEM
from tests.contract.place_wecom import CRYPTO, config_of, kf, sealed
from tests.fakes.wecom import Customer, FakeWeCom
from tests.integration.web.conftest import Clock, road_on


@dataclass
class Town:
    """A road whose only channel is WeCom."""

    road: Road
    door: Door
    sender: Sender
    channel: WeCom
    database: Database
    clock: Clock

    async def candidate(self, name: str = "李娜") -> tuple[str, str]:
        """Somebody with an invite link; their id and the link's token."""
        token = secrets.token_urlsafe(32)

        def work(tx: Tx) -> str:
            made = people.create_candidate(
                tx, self.road.vault, SYSTEM, name=name, stage=Stage.OFFER
            )
            invites.create_invite(
                tx, self.road.vault, token=token, purpose=InvitePurpose.CHAT,
                lifetime=timedelta(days=1), created_by="test", channel="wecom", candidate_id=made,
            )  # fmt: skip
            return str(made)

        return await self.database.write(work), token

    async def bound(self, li: Customer) -> str:
        """A candidate who writes from this chat and has been greeted."""
        candidate_id, _ = await self.candidate(li.person.nickname)
        li.write("你好")
        await self.tick()
        where = table(Identity).c.address == kf(li).value

        def work(tx: Tx) -> None:
            update(tx, Identity, where, candidate_id=candidate_id)
            talk = table(Conversation)
            update(tx, Conversation, talk.c.address == kf(li).value, state={"greeted": True})

        await self.until(lambda: li.texts())
        await self.database.write(work)
        return candidate_id

    async def hint(self, account: str, token: str) -> None:
        """A callback, as the web part hands it on."""
        event = (
            "<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event>"
            f"<Token><![CDATA[{token}]]></Token><OpenKfId><![CDATA[{account}]]></OpenKfId></xml>"
        )
        await self.door.accept(await self.channel.receive(sealed(event, crypto=CRYPTO)))

    async def tick(self) -> None:
        await jobs.pull(self.road)

    async def rows(self, model: Any) -> list[Any]:
        return await self.database.read(
            lambda tx: tx.all(table(model).select().order_by(table(model).c.id))
        )

    async def until(self, asked: Callable[[], Any]) -> None:
        for _ in range(1500):
            if asked():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("it never happened")


@pytest.fixture
async def fake() -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom() as running:
        yield running


@pytest.fixture
async def town(fake: FakeWeCom, database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    clock = Clock()
    database = open_database(database_url, now=clock)
    road, _ = road_on(database, clock, Settings(data_dir=tmp_path), Keystore.generate())
    channel = WeCom(config_of(fake, open_kfids=()), now=clock)
    road.channels = {"wecom": channel}
    outlet = Outlet(delivery=ChannelDelivery(road, channel), rate=100, burst=100, dedupes=True)
    sender = Sender(database, road.engine, {"wecom": outlet}, owner="one", now=clock)
    door = Door(road)
    road.engine.handler(DELIVERY, sender.woken, concurrency=1, exclusive=False)
    road.engine.handler(
        PULL, lambda key: pipeline.pull(road, door, key), concurrency=2, exclusive=True
    )
    await channel.start()
    running = asyncio.create_task(road.engine.run())
    await fake.until(lambda: channel.accounts())
    yield Town(road, door, sender, channel, database, clock)
    await door.close()
    sender.drain()
    await road.engine.stop()
    await running
    await channel.stop()
    database.close()


async def test_whoever_comes_in_by_their_link_is_welcomed_at_once_and_then_answered(
    fake: FakeWeCom, town: Town
) -> None:
    candidate_id, token = await town.candidate()
    li = fake.customer("李娜")
    await town.channel.check()  # the link is known then
    li.enter(town.channel.invite_url("", token))
    await town.hint(fake.account.open_kfid, fake.account.log.issue(town.road.now().timestamp()))
    await town.until(lambda: li.texts())
    [welcome] = li.seen()
    assert welcome.by == "code"
    assert "李娜" in welcome.text
    li.write("转人工")
    await town.tick()  # the callback was lost
    await town.until(lambda: len(li.texts()) == 2)
    assert "转接" in li.texts()[1]
    rows = await town.database.read(
        lambda tx: timeline.timeline(tx, town.road.vault, SYSTEM, candidate_id)
    )
    assert [(row.author.value, row.text) for row in rows if row.author.value != "bot"] == [
        ("candidate", f"/start {token}"),
        ("candidate", "转人工"),
    ]
    assert [row.text for row in rows if row.author.value == "bot"] == li.texts()


async def test_every_account_has_its_own_place_and_no_message_is_lost_or_answered_twice(
    fake: FakeWeCom, town: Town
) -> None:
    fake.assign(second := fake.add_account("校招"))
    people_ = [fake.customer("李娜"), fake.customer("王强")]
    people_[1].account = second
    for one in people_:
        for n in range(7):
            one.write(f"第{n}句")
        one.account.log.page_items = 2
    await town.hint(second.open_kfid, "of somebody else")
    await asyncio.gather(*(town.tick() for _ in range(3)))
    for one in people_:
        await town.until(lambda one=one: one.texts())
    for _ in range(1500):
        stored = [row for row in await town.rows(Message) if row.direction == "inbound"]
        if len(stored) == 14:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    assert len(stored) == 14
    cursors = {
        one.account.open_kfid: await town.database.read(
            lambda tx, one=one: queues.at(tx, "wecom", one.account.open_kfid).cursor
        )
        for one in people_
    }
    assert len(set(cursors.values())) == 2
    assert all(cursors.values())
    assert [len(one.texts()) for one in people_] == [1, 1]  # strangers are told once
    calls = len(fake.calls_of("kf/sync_msg"))
    await town.tick()
    await fake.until(lambda: len(fake.calls_of("kf/sync_msg")) == calls + 2)
    assert len([row for row in await town.rows(Message) if row.direction == "inbound"]) == 14


async def test_an_answer_lost_or_a_sender_killed_says_nothing_twice(
    fake: FakeWeCom, town: Town
) -> None:
    li = fake.customer("李娜")
    await town.bound(li)
    fake.drop_after_delivery("kf/send_msg")
    li.write("我的进度")
    await town.tick()

    async def settled() -> list[str]:
        return [row.status for row in await town.rows(Outbox)]

    for _ in range(1500):
        if await settled() == [OutboxStatus.SENT.value] * 2:
            break
        await asyncio.sleep(0.02)
    assert await settled() == [OutboxStatus.SENT.value] * 2
    assert len(li.texts()) == 2
    # Killed between the sending and its record: another one finds the row.
    channel = WeCom(config_of(fake), now=town.road.now)
    [*_, row] = await town.rows(Outbox)

    def forget(tx: Tx) -> None:
        update(
            tx, Outbox, table(Outbox).c.id == row.id, status=OutboxStatus.SENDING.value,
            lease_until=tx.now - timedelta(seconds=1), receipt=None,
        )  # fmt: skip

    await town.database.write(forget)
    outlet = Outlet(delivery=ChannelDelivery(town.road, channel), rate=100, burst=100, dedupes=True)
    other = Sender(
        town.database, town.road.engine, {"wecom": outlet}, owner="two", now=town.road.now
    )
    await other.woken("wecom")
    assert await settled() == [OutboxStatus.SENT.value] * 2
    assert len(li.texts()) == 2
    await channel.stop()


async def test_a_colleague_who_takes_over_is_not_interrupted_and_the_bot_says_no_more(
    fake: FakeWeCom, town: Town
) -> None:
    li = fake.customer("李娜")
    await town.bound(li)
    boss = fake.servicer(fake.member("Wang", "王敏"))
    await town.channel.transfer(kf(li).value, ["app/wang"])
    said = len(li.texts())
    li.write("我的进度")  # the bot answers this even when muted, and is refused
    await town.tick()
    for _ in range(200):
        if OutboxStatus.HELD.value in [row.status for row in await town.rows(Outbox)]:
            break
        await asyncio.sleep(0.02)
    boss.write(li, "我是王敏，我来说")
    await town.tick()
    for _ in range(200):
        if OutboxStatus.HELD.value not in [row.status for row in await town.rows(Outbox)]:
            break
        await asyncio.sleep(0.02)
    boss.end(li)
    li.write("好的，谢谢")
    await town.tick()
    await asyncio.sleep(0.3)
    assert li.texts()[said:] == ["我是王敏，我来说"]


@pytest.mark.parametrize("happened", ["looked in", "took a word back"])
async def test_only_what_they_write_opens_the_window(
    fake: FakeWeCom, town: Town, happened: str
) -> None:
    """After 48 hours HR's words wait, unasked of the platform, whatever else they did."""
    li = fake.customer("李娜")
    candidate_id = await town.bound(li)
    word = li.write("我再想想")
    await town.tick()
    fake.state.clock = lambda: town.clock().timestamp()
    town.clock.advance(timedelta(hours=49))
    said = len(li.texts())
    if happened == "looked in":
        assert li.enter()  # with a welcome code, which lets one message through
        await town.tick()
        await town.until(lambda: len(li.texts()) == said + 1)
    else:
        li.recall(word)
        await town.tick()
    calls = len(fake.calls_of("kf/send_msg"))
    for n in range(2):
        await desk.reply(town.road, SYSTEM, candidate_id, f"想好了吗{n}", cause=f"c{n}")

    async def last() -> list[str]:
        return [row.status for row in await town.rows(Outbox)][-2:]

    for _ in range(300):
        if await last() == [OutboxStatus.HELD.value] * 2:
            break
        await asyncio.sleep(0.02)
    assert await last() == [OutboxStatus.HELD.value] * 2
    assert len(fake.calls_of("kf/send_msg")) == calls
    li.write("想好了")
    await town.tick()

    def ours() -> list[str]:
        return [text for text in li.texts() if text.startswith("想好了吗")]

    await town.until(lambda: len(ours()) == 2)
    assert ours() == ["想好了吗0", "想好了吗1"]
