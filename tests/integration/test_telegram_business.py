"""王敏 lets the bot into her own Telegram: what 李娜 writes her there is heard, and she is alarmed
in her own chat with the bot. Nothing is ever said in her name.

Everything is real but the platform, which is the stand-in on loopback.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot import desk, rows
from bot.channels import telegram
from bot.delivery import ChannelDelivery
from bot.errors import Conflict
from bot.messages import Received
from bot.pipeline import Door, Road
from config.settings import Settings, TelegramSettings
from nlp.reading import Utterance
from scheduler.engine import DELIVERY
from scheduler.sender import Outlet, Sender
from storage.database import Database, open_database
from storage.enums import Role, Stage
from storage.queries import alerts, people, timeline, users
from storage.queries.common import table
from storage.tables import Conversation, Message, Outbox
from storage.viewer import SYSTEM, Viewer
from tests.fakes.telegram import FakeBusiness, FakeTelegram, FakeUser
from tests.integration.web.conftest import Clock, road_on, rules

SECRET = "5ec7e7" * 8
DOUBTS = "我再考虑考虑，薪资还是低了点"


@dataclass
class Town:
    """One installation that polls, an HR and a candidate with their phones."""

    fake: FakeTelegram
    road: Road
    database: Database
    viewer: Viewer
    candidate: str
    hr: FakeUser
    li: FakeUser
    own: FakeBusiness

    async def until(self, ask: Callable[[], Any]) -> None:
        """Wait for something on a phone."""
        await self.fake.until(ask, timeout=30)

    async def rows(self, model: Any) -> list[Any]:
        return await self.database.read(
            lambda tx: tx.all(table(model).select().order_by(table(model).c.id))
        )

    async def said(self) -> list[tuple[str, str]]:
        """The candidate's timeline over all conversations: author and words."""
        rows = await self.database.read(
            lambda tx: timeline.timeline(tx, self.road.vault, SYSTEM, self.candidate)
        )
        return [(row.author.value, row.text) for row in rows]

    async def alerts(self) -> list[Any]:
        return await self.database.read(
            lambda tx: alerts.page(tx, self.road.vault, SYSTEM, limit=9)
        )

    async def settled(self) -> None:
        """Until the bot has taken every update and answered every message."""
        await self.until(lambda: self.fake.pending == 0)
        for _ in range(1500):
            waiting = [row.status for row in await self.rows(Message) if row.status == "new"]
            going = [
                row.status for row in await self.rows(Outbox) if row.status in ("new", "sending")
            ]
            if not waiting and not going:
                return
            await asyncio.sleep(0.02)
        raise AssertionError((waiting, going))

    def spoken_in_her_name(self) -> list[str]:
        calls = [one for one in self.fake.calls if one.params.get("business_connection_id")]
        return [one.method for one in calls if one.method != "getbusinessconnection"]


async def _linked(fake: FakeTelegram, invited: desk.Invited, number: int, name: str) -> FakeUser:
    """Somebody opens their link, and is answered."""
    phone = fake.user(number, name)
    [token] = parse_qs(urlsplit(invited.url).query)["start"]
    phone.start(token)
    await fake.until(phone.texts, timeout=30)
    return phone


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    clock = Clock()
    rules().read([Utterance(text="你好", now=clock())])  # its dictionary takes seconds, once
    database = open_database(database_url, now=clock)
    road, _ = road_on(database, clock, Settings(data_dir=tmp_path))
    with FakeTelegram(limits=False) as fake:
        settings = TelegramSettings.model_validate(
            {"bot_token": fake.token, "api_base": fake.api_base, "bot_username": "yinuo_bot"}
        )
        channel = telegram.build(settings, secret=SECRET, base_url="http://127.0.0.1")
        road.channels = {"telegram": channel}
        delivery = ChannelDelivery(road, channel)
        outlets = {"telegram": Outlet(delivery=delivery, rate=100, burst=100, dedupes=False)}
        sender = Sender(database, road.engine, outlets, owner="t", now=clock)
        road.engine.handler(DELIVERY, sender.woken, concurrency=1, exclusive=False)
        door = Door(road)

        async def accept(received: Received) -> None:
            await door.accept(received)

        await channel.start()
        running = asyncio.create_task(road.engine.run())
        listening = asyncio.create_task(channel.listen(accept))

        def hire(tx: Any) -> tuple[str, str]:
            hr = users.create_user(tx, login="wangmin", name="王敏", role=Role.HR)
            made = people.create_candidate(
                tx, road.vault, SYSTEM, name="李娜", stage=Stage.OFFER, owner_id=hr
            )
            return hr, made

        hr_id, candidate = await database.write(hire)
        viewer = Viewer.of_user(hr_id, "王敏", Role.HR)
        colleague = await desk.invite_colleague(road, viewer, hr_id, "telegram")
        hr = await _linked(fake, colleague, 900, "王敏")
        invited = await desk.invite(road, viewer, candidate, "telegram", days=7)
        li = await _linked(fake, invited, 700, "李娜")
        made = Town(fake, road, database, viewer, candidate, hr, li, fake.business(hr))
        await made.settled()
        yield made
        await channel.stop()
        listening.cancel()
        await asyncio.wait([listening])
        await door.close()
        sender.drain()
        await road.engine.stop()
        await running
    database.close()


async def test_a_doubt_in_her_own_chat_alarms_her_in_the_bots_and_stays_unanswered(
    town: Town,
) -> None:
    greeted = town.li.texts()
    helped = town.hr.texts()
    town.own.hears(town.li, DOUBTS)
    await town.until(lambda: len(town.hr.texts()) > len(helped))
    await town.settled()
    [alert] = await town.alerts()
    assert (alert.candidate_id, alert.topic) == (town.candidate, "salary")
    [card] = town.hr.received()[len(helped) :]
    assert alert.quote in card.text
    assert card.labels == ["有用", "误报", "已处理", "稍后"]
    # Not a word there, and none in the candidate's chat with the bot either.
    assert [one.text for one in town.own.chat(town.li)] == [DOUBTS]
    assert town.li.texts() == greeted
    assert town.spoken_in_her_name() == []
    assert ("candidate", DOUBTS) in await town.said()
    talks = {row.address for row in await town.rows(Conversation)}
    assert talks == {"700", "900", f"biz/{town.own.id}/700"}


async def test_the_same_doubt_said_to_the_bot_is_answered(town: Town) -> None:
    """The test above can fail."""
    town.li.say(DOUBTS)
    await town.until(lambda: any("王敏" in text for text in town.li.texts()[1:]))
    await town.settled()
    assert len(await town.alerts()) == 1


async def test_her_card_is_judged_in_her_chat_with_the_bot(town: Town) -> None:
    town.own.hears(town.li, DOUBTS)
    await town.until(lambda: any(one.labels for one in town.hr.received()))
    card = next(one for one in town.hr.received() if one.labels)
    town.hr.press(card.message_id, "有用")
    await town.until(lambda: town.hr.seen(card.message_id).edited)
    assert town.hr.answers() != []
    [alert] = await town.alerts()
    assert alert.verdict is not None
    assert town.spoken_in_her_name() == []


async def test_what_she_writes_there_is_hers_and_is_read_as_what_came_before(town: Town) -> None:
    town.own.says(town.li, "offer 收到了吗？下周一能来报到吗？")
    town.own.hears(town.li, DOUBTS)
    town.own.says(town.li, "底薪可以再谈")
    await town.settled()
    assert [pair for pair in await town.said() if pair[0] != "bot"][-3:] == [
        ("hr", "offer 收到了吗？下周一能来报到吗？"),
        ("candidate", DOUBTS),
        ("hr", "底薪可以再谈"),
    ]
    assert [row.muted for row in await town.rows(Conversation)] == [False] * 3
    stored = await town.rows(Message)
    assert [row.status for row in stored if row.author_id == town.viewer.id] == ["sent"] * 2
    [heard] = [row for row in stored if row.external_id == f"b:{town.own.id}:700:2"]
    before = await town.database.read(
        lambda tx: rows.before(tx, town.road.vault, heard.conversation_id, heard.id)
    )
    assert [(turn.role, turn.text) for turn in before] == [
        ("hr", "offer 收到了吗？下周一能来报到吗？")
    ]


async def test_an_edit_is_read_and_what_was_said_first_stays(town: Town) -> None:
    in_hers = town.own.hears(town.li, "好的，下周一见")
    in_the_bots = town.li.say("材料我准备好了")
    await town.settled()
    assert await town.alerts() == []
    town.own.edits(town.li, in_hers, "我不去了，抱歉")
    await town.until(lambda: any(one.labels for one in town.hr.received()))
    town.li.edit(in_the_bots, "薪资还是低了，我再考虑考虑")
    await town.settled()
    assert {alert.topic for alert in await town.alerts()} >= {"decline", "salary"}
    theirs = [text for author, text in await town.said() if author == "candidate"]
    for text in (
        "好的，下周一见",
        "我不去了，抱歉",
        "材料我准备好了",
        "薪资还是低了，我再考虑考虑",
    ):
        assert theirs.count(text) == 1
    assert town.spoken_in_her_name() == []


async def test_her_mother_is_nobodys_business(town: Town) -> None:
    mother = town.fake.user(701, "妈妈")
    before = len(await town.rows(Message))
    town.own.hears(mother, "周末回家吗")
    town.own.says(mother, "回")
    town.own.hears(town.fake.user(702, "新来的候选人"), "你好，我想问下薪资")
    town.own.hears(town.hr, "自言自语")
    await town.settled()
    assert len(await town.rows(Message)) == before
    assert len(await town.rows(Conversation)) == 2


@pytest.mark.parametrize("trouble", ["off", "no_right", "stranger", "disabled"])
async def test_nobody_is_heard_whom_she_does_not_let_us_hear(town: Town, trouble: str) -> None:
    own = town.own
    match trouble:
        case "off":
            own.switch(on=False)
            own._connection.enabled = True  # Telegram sends on all the same
        case "no_right":
            own.grant("can_reply")
        case "stranger":
            own = town.fake.business(town.fake.user(903, "陌生人"))
        case "disabled":
            await town.database.write(
                lambda tx: users.change_user(tx, town.viewer.id, disabled_at=tx.now)
            )
    before = len(await town.rows(Message))
    own.hears(town.li, DOUBTS)
    own.says(town.li, "别担心")
    await town.settled()
    assert len(await town.rows(Message)) == before
    assert await town.alerts() == []


async def test_a_reply_from_the_console_goes_to_the_candidates_chat_with_the_bot(
    town: Town,
) -> None:
    town.own.hears(town.li, DOUBTS)
    await town.settled()
    await desk.reply(town.road, town.viewer, town.candidate, "明天给你电话", cause="1")
    await town.until(lambda: any("：明天给你电话" in one for one in town.li.texts()))
    assert len(town.own.chat(town.li)) == 1
    town.li.block()
    await town.settled()
    with pytest.raises(Conflict):
        await desk.reply(town.road, town.viewer, town.candidate, "在吗", cause="2")
    assert town.spoken_in_her_name() == []


async def test_who_blocked_the_bot_gets_nothing_until_they_let_it_in_again(town: Town) -> None:
    town.hr.block()
    await town.settled()
    seen = len(town.hr.received())
    town.own.hears(town.li, DOUBTS)  # her account still lets it listen
    await town.settled()
    assert len(await town.alerts()) == 1
    assert [row for row in await town.rows(Outbox) if row.kind == "card"] == []
    town.hr.unblock()
    await town.settled()
    town.own.hears(town.li, "我不去了，抱歉")
    await town.until(lambda: len(town.hr.received()) > seen)


async def test_a_message_that_was_refused_is_dead_with_words_for_hr(town: Town) -> None:
    town.li.account.deactivated = True  # of which Telegram tells nobody
    await desk.reply(town.road, town.viewer, town.candidate, "在吗", cause="1")
    await town.settled()
    [row] = [row for row in await town.rows(Outbox) if row.status == "dead"]
    assert "注销" in row.error
    assert row.attempts == 1
