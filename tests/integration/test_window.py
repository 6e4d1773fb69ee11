"""When a platform lets us write: only to who has written, only so much, only for a while."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.delivery import HELD
from bot.errors import Hold
from bot.messages import Ticket
from storage.enums import OutboxStatus
from storage.tables import Conversation, Outbox
from tests.integration.town import Town


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
