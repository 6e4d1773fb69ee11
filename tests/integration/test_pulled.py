"""Platforms that hint and are pulled, and on which colleagues write beside us."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot import pipeline
from bot.errors import Stale, TryLater
from bot.messages import Aside, Bounce, Inbound, Pull, Receipt, Received
from bot.turn import Outcome, Reply
from storage.database import Tx
from storage.enums import Author, MessageKind, OutboxStatus, ScheduledStatus, Stage
from storage.queries import asides, carried, people, queues, scheduled, timeline
from storage.queries.common import table, update
from storage.tables import Conversation, Identity, Message, Outbox, Scheduled
from storage.viewer import SYSTEM
from tests.integration.town import WHO, Town


async def test_a_hint_brings_every_message_of_every_page_once(town: Town) -> None:
    one, two, three = (town.message(n, f"第{n}句") for n in (1, 2, 3))
    town.post.pages = [
        (Received(messages=(one, two)), True),
        (Received(), True),  # an empty page that says there is more
        (Received(messages=(two, three)), False),
    ]
    hint = Received(pulls=(Pull(channel="post", account="one", token="T1"),))
    await town.door.accept(hint)
    for _ in range(1500):
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
    for _ in range(1500):
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
