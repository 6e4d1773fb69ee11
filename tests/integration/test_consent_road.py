"""Consent on the road, on each kind of database: nothing is read without it, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import consenting, pipeline
from bot.consent import ANALYSIS
from bot.conversation.router import decide
from bot.errors import Stale
from bot.messages import Address, Inbound, Received
from storage.database import Tx
from storage.enums import Author, MessageKind, MessageStatus
from storage.queries import alerts, audit, consents, people
from storage.queries.common import table, update
from storage.tables import Fact, Factor, Message, Outbox, Reading, Scheduled
from storage.viewer import SYSTEM
from tests.integration.hr import Desk

DOUBT = "薪资太低了，我可能不来了"


@pytest.fixture
def asks(hr_desk: Desk) -> Desk:
    """The desk of a company whose bot asks for consent itself."""
    hr_desk.road.rulebook = replace(hr_desk.road.rulebook, form=None)
    return hr_desk


def rows(desk: Desk, model: Any) -> list[Any]:
    return list(desk.write(lambda tx: tx.all(table(model).select())))


def ledger(desk: Desk, who: str) -> list[str]:
    return [one.answer.value for one in desk.write(lambda tx: consents.ledger(tx, SYSTEM, who))]


def delivered(desk: Desk) -> None:
    """What we said has arrived."""

    def work(tx: Tx) -> None:
        made, out = table(Message), table(Outbox)
        update(tx, Message, made.c.status == MessageStatus.QUEUED.value, status="sent")
        update(tx, Outbox, out.c.sent_at.is_(None), sent_at=tx.now, status="sent")

    desk.write(work)


async def handled(desk: Desk, talk: tuple[str, str, str]) -> None:
    """Everything that waits in a conversation, as its wake-ups would."""
    for _ in range(6):
        await pipeline.handle(desk.road, talk[1])


async def test_without_consent_nothing_is_read_and_the_first_words_are_answered(
    asks: Desk,
) -> None:
    who = asks.candidate()
    await asks.say(who, DOUBT)
    assert rows(asks, Reading) == []
    assert rows(asks, Factor) == []
    assert rows(asks, Fact) == []
    assert await asks.road.database.read(
        lambda tx: alerts.page(tx, asks.road.vault, SYSTEM, limit=9)
    ) == []  # fmt: skip
    assert ledger(asks, who[0]) == ["asked"]
    [asked] = [row for row in rows(asks, Message) if row.author == Author.BOT.value]
    assert [label for label, _ in asked.choices] == ["同意", "不同意", "了解详情"]
    await asks.say(who, "在吗")
    assert ledger(asks, who[0]) == ["asked"], "an asking is not repeated"


async def test_a_yes_reads_back_what_was_said_once_and_says_nothing_of_it(asks: Desk) -> None:
    who = asks.candidate()
    doubt = await asks.say(who, DOUBT)
    delivered(asks)
    await asks.say(who, "同意")
    assert ledger(asks, who[0]) == ["asked", "given"]
    before = len([row for row in rows(asks, Message) if row.author == Author.BOT.value])
    await handled(asks, who)
    [reading] = rows(asks, Reading)
    assert reading.covers == [doubt]
    raised = await asks.road.database.read(
        lambda tx: alerts.page(tx, asks.road.vault, SYSTEM, limit=9)
    )
    assert [row.source for row in raised] == [doubt]
    said = [row for row in rows(asks, Message) if row.author == Author.BOT.value]
    assert len(said) == before, "what is read back is not answered"
    assert {row.status for row in rows(asks, Message)} <= {"done", "sent", "queued"}
    await handled(asks, who)
    assert len(rows(asks, Reading)) == 1


async def test_what_the_reading_broke_off_in_is_read_by_the_next_attempt(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, DOUBT)
    delivered(asks)
    await asks.say(who, "同意")
    turned = await pipeline.look(asks.road, who[1])
    assert turned is not None
    assert turned.context.rereads  # and here the process dies
    await handled(asks, who)
    assert len(rows(asks, Reading)) == 1


async def test_only_the_last_fourteen_days_are_read_back(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, DOUBT)
    await asks.say(who, "我再考虑考虑")
    delivered(asks)

    def work(tx: Tx) -> None:
        made = table(Message)
        first = min(row.id for row in tx.all(made.select()))
        update(tx, Message, made.c.id == first, sent_at=tx.now - timedelta(days=15))

    asks.write(work)
    await asks.say(who, "同意")
    await handled(asks, who)
    assert len(rows(asks, Reading)) == 1


async def test_taking_it_back_ends_the_reading_and_what_it_added(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, "你好")
    delivered(asks)
    await asks.say(who, "同意")
    await asks.say(who, DOUBT)
    await handled(asks, who)

    def score(tx: Tx) -> int:
        return people.get_candidate(tx, asks.road.vault, SYSTEM, who[0]).score

    assert asks.write(score) > 0
    await asks.say(who, "别再分析我的消息了")
    delivered(asks)
    await asks.say(who, "确认撤回")
    assert ledger(asks, who[0]) == ["asked", "given", "withdrawn"]
    assert asks.write(score) == 0
    assert asks.write(lambda tx: people.factors(tx, who[0])) == []
    assert rows(asks, Factor), "the record is kept"
    assert len(rows(asks, Message)) >= 8
    readings = len(rows(asks, Reading))
    await asks.say(who, "我不来了")
    await handled(asks, who)
    assert len(rows(asks, Reading)) == readings
    assert not asks.write(lambda tx: consenting.analysed(tx, asks.road.rulebook, who[0]))


async def test_a_day_they_named_is_forgotten_with_the_consent(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, "你好")
    delivered(asks)
    await asks.say(who, "同意")
    await handled(asks, who)
    await asks.say(who, "我再考虑一下，下周五前给您答复")

    def planned(tx: Tx) -> list[str]:
        return [row.status for row in tx.all(table(Scheduled).select()) if row.kind == "deadline"]

    assert asks.write(planned) == ["pending"]
    await asks.say(who, "撤回同意")
    await asks.say(who, "撤回同意")
    assert ledger(asks, who[0]) == ["asked", "given", "withdrawn"]
    assert asks.write(planned) == ["cancelled"]


async def test_a_yes_to_a_colleague_is_no_consent(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, "你好")
    delivered(asks)
    asks.answered(who, "月薪一万八，同意吗？")
    await asks.say(who, "同意")
    assert ledger(asks, who[0]) == ["asked"]
    assert rows(asks, Reading) == []


async def test_a_changed_notice_asks_again_and_reads_nothing_until_then(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, "你好")
    delivered(asks)
    await asks.say(who, "同意")
    await handled(asks, who)
    readings = len(rows(asks, Reading))
    book = asks.road.rulebook
    item = book.consents.items[ANALYSIS]
    changed = item.model_copy(update={"period": item.period + "。"})
    again = book.consents.model_copy(update={"items": {**book.consents.items, ANALYSIS: changed}})
    asks.road.rulebook = replace(book, consents=again)
    await asks.say(who, DOUBT)
    assert len(rows(asks, Reading)) == readings
    assert ledger(asks, who[0]) == ["asked", "given", "asked"]


async def test_every_link_stands_in_the_audit_chain(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, "你好")
    delivered(asks)
    await asks.say(who, "不同意")
    assert ledger(asks, who[0]) == ["asked", "refused"]
    found = asks.write(lambda tx: tx.all(audit.AUDIT.select().order_by(audit.AUDIT.c.seq)))
    assert [row.action for row in found if row.object == who[0]] == [
        "consent.asked",
        "consent.refused",
    ]


async def test_where_the_form_asks_everybody_it_covers_is_read_until_they_take_it_back(
    hr_desk: Desk,
) -> None:
    who = hr_desk.candidate()
    await hr_desk.say(who, DOUBT)
    assert len(rows(hr_desk, Reading)) == 1
    assert ledger(hr_desk, who[0]) == []
    await hr_desk.say(who, "撤回同意")
    delivered(hr_desk)
    await hr_desk.say(who, "确认撤回")
    assert ledger(hr_desk, who[0]) == ["withdrawn"]
    read = len(rows(hr_desk, Reading))
    await hr_desk.say(who, DOUBT)
    assert len(rows(hr_desk, Reading)) == read


async def test_two_processes_with_the_same_yes_keep_it_once(asks: Desk) -> None:
    who = asks.candidate()
    await asks.say(who, DOUBT)
    delivered(asks)
    stored = Inbound(
        external_id="yes", sender=Address("webchat", who[2]), kind=MessageKind.TEXT, text="同意",
        sent_at=asks.road.now(),
    )  # fmt: skip
    await asks.app.door.accept(Received(messages=(stored,)))
    book = asks.road.rulebook
    turned = [await pipeline.look(asks.road, who[1]) for _ in range(2)]
    for one in turned:
        assert one is not None
        outcome = decide(one.context, None, book, now=asks.road.now())
        if one is turned[0]:
            await pipeline.record(asks.road, one, None, outcome)
        else:
            with pytest.raises(Stale):
                await pipeline.record(asks.road, one, None, outcome)
    await handled(asks, who)
    assert ledger(asks, who[0]) == ["asked", "given"]
    assert len(rows(asks, Reading)) == 1
