"""Platforms that hint and are pulled, and that let us write only to who has written.

The platform here is a few lists in memory behind the ``Channel`` seam; the real protocols are
tested with their channels.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import attachments, pipeline, records
from bot.delivery import HELD, ChannelDelivery
from bot.errors import GiveUp, Hold, NotFound, Stale, TryLater
from bot.messages import (
    Address,
    Aside,
    Bounce,
    Inbound,
    Media,
    Pull,
    Receipt,
    Received,
    Ticket,
)
from bot.pipeline import Door, Road
from bot.turn import Outcome, Reply
from config.settings import Settings
from scheduler.engine import CONVERSATION, DELIVERY, FETCH, PULL
from scheduler.sender import Outlet, Sender
from storage.database import Database, Tx, open_database
from storage.enums import (
    Author,
    MediaKind,
    MediaState,
    MessageKind,
    OutboxStatus,
    ScheduledStatus,
    Stage,
)
from storage.queries import (
    asides,
    carried,
    media,
    outbox,
    people,
    queues,
    scheduled,
    timeline,
)
from storage.queries.common import table, update
from storage.queries.media import Attached
from storage.tables import AttachmentPart, Conversation, Identity, Message, Outbox, Scheduled
from storage.viewer import SYSTEM
from tests.integration.post import Post
from tests.integration.web.conftest import Clock, road_on

WHO = Address("post", "kf/one/wm1")


@dataclass
class Town:
    """The road with that platform on it."""

    road: Road
    door: Door
    sender: Sender
    post: Post
    clock: Clock
    database: Database

    def message(self, number: int, text: str = "你好", **more: Any) -> Inbound:
        return Inbound(
            external_id=f"in{number}", sender=WHO, kind=MessageKind.TEXT, text=text,
            sent_at=self.clock(), **more,
        )  # fmt: skip

    async def hear(self, *messages: Inbound) -> None:
        await self.door.accept(Received(messages=messages))

    async def reply(self, text: str, idem: str, author: Author = Author.HR) -> None:
        """Something of ours to say, as the console puts it."""

        def work(tx: Tx) -> None:
            talk = tx.first(table(Conversation).select())
            key = self.road.vault.key(tx, talk.subject_id)
            sends = records.said_by_us(tx, key, talk, idem=idem, text=text, author=author)
            self.road.engine.wake(tx, DELIVERY, sorted(outbox.enqueue(tx, sends)))

        await self.database.write(work)

    async def rows(self, model: Any) -> list[Any]:
        return await self.database.read(
            lambda tx: tx.all(table(model).select().order_by(table(model).c.id))
        )

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.rows(Outbox)]

    async def until(self, *statuses: OutboxStatus) -> None:
        wanted = [status.value for status in statuses]
        for _ in range(200):
            if await self.statuses() == wanted:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(await self.statuses())


async def _nobody(key: str) -> None:
    """What is said here is kept and not answered: only what the tests say leaves."""


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    clock = Clock()
    database = open_database(database_url, now=clock)
    road, _ = road_on(database, clock, Settings(data_dir=tmp_path))
    post = Post(clock)
    road.channels = {"post": post}
    outlets = {
        "post": Outlet(delivery=ChannelDelivery(road, post), rate=100, burst=100, dedupes=True)
    }
    sender = Sender(database, road.engine, outlets, owner="t", now=clock)
    door = Door(road)
    road.engine.handler(CONVERSATION, _nobody, concurrency=1, exclusive=True)
    road.engine.handler(DELIVERY, sender.woken, concurrency=1, exclusive=False)
    road.engine.handler(
        PULL, lambda key: pipeline.pull(road, door, key), concurrency=2, exclusive=True
    )
    road.engine.handler(
        FETCH, lambda key: attachments.fetch(road, key), concurrency=1, exclusive=True
    )
    running = asyncio.create_task(road.engine.run())
    yield Town(road, door, sender, post, clock, database)
    await door.close()
    sender.drain()
    await road.engine.stop()
    await running
    database.close()


async def test_a_hint_brings_every_message_of_every_page_once(town: Town) -> None:
    one, two, three = (town.message(n, f"第{n}句") for n in (1, 2, 3))
    town.post.pages = [
        (Received(messages=(one, two)), True),
        (Received(), True),  # an empty page that says there is more
        (Received(messages=(two, three)), False),
    ]
    hint = Received(pulls=(Pull(channel="post", account="one", token="T1"),))
    await town.door.accept(hint)
    for _ in range(200):
        if len(town.post.asked) == 3:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    stored = [row.external_id for row in await town.rows(Message) if row.direction == "inbound"]
    assert stored == ["in1", "in2", "in3"]
    assert town.post.asked == [("", "T1"), ("1", ""), ("2", "")]
    at = await town.database.read(lambda tx: queues.at(tx, "post", "one"))
    assert (at.cursor, at.token) == ("3", "")


async def test_a_page_that_could_not_be_had_is_asked_for_again(town: Town) -> None:
    town.post.pages = [(Received(messages=(town.message(1),)), False)]
    town.post.broken = TryLater("busy")
    with pytest.raises(TryLater):
        await pipeline.pull(town.road, town.door, "post:one")
    town.post.broken = None
    await pipeline.pull(town.road, town.door, "post:one")
    assert len([row for row in await town.rows(Message) if row.direction == "inbound"]) == 1


async def test_a_queue_that_does_not_move_is_left_to_the_next_tick(town: Town) -> None:
    town.post.pages = [(Received(messages=(town.message(1),)), True)]
    town.post.stuck = True
    await asyncio.wait_for(pipeline.pull(town.road, town.door, "post:one"), 5)
    assert len(town.post.asked) == 1


async def test_both_sides_of_a_talk_stand_in_the_order_it_was_had_in(town: Town) -> None:
    start = town.clock()
    at = [start + timedelta(seconds=n) for n in range(5)]
    texts = ["有人吗", "在吗？", "我在", "您请讲", "想问薪资"]
    said = [
        Inbound(external_id=f"in{n}", sender=WHO, kind=MessageKind.TEXT, text=texts[n],
                sent_at=at[n])
        for n in (0, 1, 4)
    ]  # fmt: skip
    ours = [
        Aside(external_id=f"s{n}", to=WHO, by="app/lisi", text=texts[n], sent_at=at[n])
        for n in (3, 2)
    ]
    page = Received(messages=(*said, said[0]), asides=tuple(ours))
    town.post.pages = [(page, False)]
    await pipeline.pull(town.road, town.door, "post:one")
    talk = (await town.rows(Conversation))[0]
    rows = await town.database.read(lambda tx: timeline.chat(tx, town.road.vault, talk.id))
    assert [row.text for row in rows] == texts
    assert (town.road.counts.accepted, town.road.counts.duplicates) == (3, 1)


async def test_outside_the_window_nothing_is_tried_and_hr_reads_why(town: Town) -> None:
    await town.hear(town.message(1))
    await town.until()
    town.clock.advance(timedelta(hours=1))
    await town.reply("还在考虑吗？", "a")
    await town.until(OutboxStatus.HELD)
    assert town.post.said == []
    [row] = await town.rows(Outbox)
    assert row.error == HELD["late"]
    assert row.attempts == 0


async def test_what_was_held_leaves_in_order_when_they_write(town: Town) -> None:
    await town.hear(town.message(1))
    town.clock.advance(timedelta(hours=2))
    await town.reply("一", "a")
    await town.reply("二", "b")
    await town.until(OutboxStatus.HELD, OutboxStatus.HELD)
    await town.hear(town.message(2))
    await town.until(OutboxStatus.SENT, OutboxStatus.SENT)
    assert [text for text, _ in town.post.said] == ["一", "二"]


async def test_no_more_is_sent_than_the_window_has(town: Town) -> None:
    await town.hear(town.message(1))
    for number in range(3):
        await town.reply(f"回复{number}", f"r{number}")
    await town.until(OutboxStatus.SENT, OutboxStatus.SENT, OutboxStatus.HELD)
    [*_, held] = await town.rows(Outbox)
    assert held.error == HELD["used"]
    town.clock.advance(timedelta(minutes=1))
    await town.hear(town.message(2))
    await town.until(OutboxStatus.SENT, OutboxStatus.SENT, OutboxStatus.SENT)


async def test_a_platform_whose_clock_is_behind_does_not_use_up_the_window(town: Town) -> None:
    await town.hear(town.message(1))
    await town.reply("一", "a")
    await town.until(OutboxStatus.SENT)
    behind = town.message(2)
    await town.hear(replace(behind, sent_at=behind.sent_at - timedelta(seconds=30)))
    for number in range(2):
        await town.reply(f"回复{number}", f"r{number}")
    await town.until(OutboxStatus.SENT, OutboxStatus.SENT, OutboxStatus.SENT)


async def test_who_writes_while_it_is_being_refused_is_written_to(town: Town) -> None:
    """Their message finds nothing held yet that it could free, and there may be no other."""
    await town.hear(town.message(1))

    async def writes() -> None:
        await town.hear(town.message(2))

    town.post.refusals = [(writes, Hold("对方上一条消息之后的回复条数已用完"))]
    await town.reply("一", "a")
    await town.until(OutboxStatus.SENT)
    assert [text for text, _ in town.post.said] == ["一"]


async def test_who_wrote_before_it_was_refused_is_waited_for(town: Town) -> None:
    await town.hear(town.message(1))
    town.post.refusals = [(_nothing, Hold("会话已经结束")), (_nothing, Hold("会话已经结束"))]
    await town.reply("一", "a")
    await town.until(OutboxStatus.HELD)
    await asyncio.sleep(0.2)
    assert len(town.post.refusals) == 1


async def _nothing() -> None:
    """Nothing happens meanwhile."""


async def test_a_platform_whose_clock_is_ahead_allows_no_more(town: Town) -> None:
    ahead = replace(town.message(1), sent_at=town.clock() + timedelta(seconds=20))
    await town.hear(ahead)
    for number in range(3):
        await town.reply(f"回复{number}", f"r{number}")
    await town.until(OutboxStatus.SENT, OutboxStatus.SENT, OutboxStatus.HELD)
    assert len(town.post.said) == 2


async def test_old_words_do_not_leave_by_themselves(town: Town) -> None:
    await town.hear(town.message(1))
    town.clock.advance(timedelta(hours=2))
    await town.reply("上周的话", "a")
    await town.until(OutboxStatus.HELD)
    town.clock.advance(timedelta(days=4))
    await town.hear(town.message(2))
    await asyncio.sleep(0.2)
    assert await town.statuses() == [OutboxStatus.HELD.value]


async def test_a_ticket_opens_the_window_while_it_lives(town: Town) -> None:
    ticket = Ticket(value="welcome-1", until=town.clock() + timedelta(days=1))
    await town.hear(town.message(1, ticket=ticket))
    town.clock.advance(timedelta(hours=2))
    await town.reply("欢迎", "a")
    await town.until(OutboxStatus.SENT)
    assert town.post.said == [("欢迎", "welcome-1")]
    talk = (await town.rows(Conversation))[0]
    assert "welcome-1" not in (talk.ticket_sealed or "")


async def test_a_colleague_in_the_platforms_client_is_kept_and_silences_us(town: Town) -> None:
    await town.hear(town.message(1))
    aside = Aside(external_id="s1", to=WHO, by="app/lisi", text="我来跟进", sent_at=town.clock())
    await town.door.accept(Received(asides=(aside,)))
    await town.door.accept(Received(asides=(aside,)))
    ours = [row for row in await town.rows(Message) if row.direction == "outbound"]
    assert [(row.author, row.status) for row in ours] == [("hr", "sent")]
    assert (await town.rows(Conversation))[0].muted


async def test_a_colleague_who_speaks_while_we_decide_is_not_talked_over(town: Town) -> None:
    await town.hear(town.message(1))
    talk = (await town.rows(Conversation))[0]
    turned = await pipeline.look(town.road, talk.id)
    assert turned is not None
    assert not turned.context.muted
    aside = Aside(external_id="s1", to=WHO, by="app/lisi", text="我来跟进", sent_at=town.clock())
    await town.door.accept(Received(asides=(aside,)))
    outcome = Outcome(flow="x", replies=(Reply(slot="x", text="请稍等"),))
    with pytest.raises(Stale):
        await pipeline.record(town.road, turned, None, outcome)
    again = await pipeline.look(town.road, talk.id)
    assert again is not None
    assert again.context.muted


async def test_what_the_bot_did_not_get_to_say_is_not_said_after_a_colleague(town: Town) -> None:
    await town.hear(town.message(1))
    town.clock.advance(timedelta(hours=2))
    await town.reply("机器人的话", "a", author=Author.BOT)
    await town.reply("王敏的话", "b")
    await town.until(OutboxStatus.HELD, OutboxStatus.HELD)
    aside = Aside(external_id="s1", to=WHO, by="app/lisi", text="我来跟进", sent_at=town.clock())
    await town.door.accept(Received(asides=(aside,)))
    await town.hear(town.message(2))
    await town.until(OutboxStatus.SENT)
    assert [text for text, _ in town.post.said] == ["王敏的话"]
    [dead, *_] = [row for row in await town.rows(Message) if row.direction == "outbound"]
    assert (dead.status, dead.error) == ("dead", asides.OVERTAKEN)


@pytest.mark.parametrize("words", [True, False])
async def test_a_colleague_s_words_are_the_answer_that_was_due(town: Town, words: bool) -> None:
    """Only having taken the chat is none."""
    await town.hear(town.message(1))
    hired = await town.database.write(
        lambda tx: people.create_candidate(
            tx, town.road.vault, SYSTEM, name="李娜", stage=Stage.OFFER
        )
    )

    def plan(tx: Tx) -> None:
        update(tx, Identity, table(Identity).c.address == WHO.value, candidate_id=hired)
        scheduled.plan_at(
            tx, kind="answer_due", person_id=hired, anchor="m", at=tx.now + timedelta(hours=1),
            about={},
        )  # fmt: skip

    await town.database.write(plan)
    aside = Aside(
        external_id="s1", to=WHO, by="app/lisi", text="x", sent_at=town.clock(), words=words
    )
    await town.door.accept(Received(asides=(aside,)))
    [due] = await town.rows(Scheduled)
    wanted = ScheduledStatus.CANCELLED if words else ScheduledStatus.PENDING
    assert due.status == wanted.value


async def test_a_channel_is_told_what_was_tried_before(town: Town) -> None:
    await town.hear(town.message(1))
    town.post.broken = TryLater("busy", timedelta(seconds=0.1))
    await town.reply("一", "a")
    for _ in range(200):
        if town.post.again:
            break
        await asyncio.sleep(0.02)
    town.post.broken = None
    await town.until(OutboxStatus.SENT)
    assert (town.post.again[0], town.post.again[-1]) == (False, True)


async def test_what_the_platform_lost_later_is_shown_as_lost(town: Town) -> None:
    await town.hear(town.message(1))
    await town.reply("一", "a")
    await town.until(OutboxStatus.SENT)
    bounce = Bounce(channel="post", receipt=Receipt("r1"), reason="对方已拒收")
    await town.door.accept(Received(bounces=(bounce,)))
    [row] = await town.rows(Outbox)
    assert (row.status, row.error) == ("dead", "对方已拒收")
    [said] = [row for row in await town.rows(Message) if row.direction == "outbound"]
    assert said.status == "dead"


async def test_an_unknown_kind_is_kept_as_it_came_and_sealed(town: Town) -> None:
    await town.hear(town.message(1, "[暂不支持的消息]", raw='{"msgtype":"x"}'))
    [row] = await town.rows(Message)
    raw = await town.database.read(lambda tx: carried.raw(tx, town.road.vault, row.uid))
    assert raw == '{"msgtype":"x"}'
    assert "msgtype" not in row.raw_sealed


async def attached(town: Town, name: str = "王小明简历.pdf") -> Attached:
    resume = Media(id="MID-1", kind=MediaKind.FILE, name=name, size=0)
    await town.hear(town.message(1, "[文件]", media=(resume,)))
    return await seen(town)


async def seen(town: Town) -> Attached:
    def look(tx: Tx) -> Attached:
        [uid] = [row.uid for row in tx.all(table(Message).select())]
        [found] = media.of_messages(tx, town.road.vault, [uid])
        return found

    return await town.database.read(look)


async def settled(town: Town, state: MediaState) -> Attached:
    for _ in range(300):
        found = await seen(town)
        if found.state is state:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found.state)


async def test_a_file_is_fetched_and_comes_back_as_it_was(town: Town) -> None:
    data = random.Random(1).randbytes(700_000)
    town.post.files["MID-1"] = [data[at : at + 50_001] for at in range(0, len(data), 50_001)]
    await attached(town)
    found = await settled(town, MediaState.KEPT)
    assert (found.name, found.kind, found.size) == ("王小明简历.pdf", MediaKind.FILE, len(data))
    assert b"".join([part async for part in attachments.stream(town.road, found)]) == data
    parts = await town.database.read(lambda tx: tx.all(table(AttachmentPart).select()))
    assert len(parts) == 3
    assert not any(data[:40] in bytes(part.sealed) for part in parts)


async def test_a_file_gets_the_name_that_came_with_its_bytes(town: Town) -> None:
    town.post.files["MID-1"] = [b"%PDF-"]
    town.post.names["MID-1"] = "李娜-简历.pdf"
    await attached(town, name="")
    await settled(town, MediaState.KEPT)
    for _ in range(200):
        if (found := await seen(town)).name:
            break
        await asyncio.sleep(0.02)
    assert found.name == "李娜-简历.pdf"


async def test_a_file_that_cannot_be_had_now_is_had_later(town: Town) -> None:
    town.post.files["MID-1"] = [b"x"]
    town.post.broken = TryLater("busy")
    await attached(town)
    await asyncio.sleep(0.2)
    assert (await seen(town)).state is MediaState.NEW
    town.post.broken = None
    await settled(town, MediaState.KEPT)


@pytest.mark.parametrize("why", ["gone", "large"])
async def test_a_file_that_will_never_come_is_marked(town: Town, why: str) -> None:
    if why == "gone":
        town.post.broken = GiveUp("文件已过期")
    else:
        town.post.files["MID-1"] = [bytes(1024 * 1024)] * 21
    await attached(town)
    found = await settled(town, MediaState.GONE)
    assert await town.database.read(lambda tx: tx.all(table(AttachmentPart).select())) == []
    with pytest.raises(NotFound):
        [part async for part in attachments.stream(town.road, found)]
