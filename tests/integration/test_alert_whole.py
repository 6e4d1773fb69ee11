"""One alert's whole life on each platform: a sentence, the right colleague's card at once, a press
that both devices show and the kind's record counts; and another that nobody touches, which goes up
and is told in the next morning's digest."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import digests, reminding
from bot.app import build
from config.settings import Settings
from storage.crypto import Keystore
from storage.database import Tx
from storage.enums import AlertEventKind, AlertStatus, Stage
from storage.queries import alerts, people, standings
from storage.queries.common import insert, table
from storage.tables import AlertEvent, Teammate
from storage.viewer import SYSTEM, Viewer
from tests.clock import FakeClock
from tests.doubt import DoubtReader
from tests.integration.colleagues import PLATFORMS, Office
from tests.integration.hr import Desk
from tests.said import said

DECLINES = "我考虑好了，还是不去了，谢谢"
COMPARES = "我手上还有另一家的offer，薪资高一些，还在比较"


@pytest.fixture(params=sorted(PLATFORMS))
async def office(
    request: pytest.FixtureRequest, settings: Settings, clock: FakeClock
) -> AsyncIterator[Office]:
    """Monday, 09:00: two colleagues with phones on one platform."""
    Keystore.create(settings.keystore_path)
    chat = settings.chat.model_copy(update={"quiet_hours": True})
    app = build(settings.model_copy(update={"chat": chat}), now=clock)
    app.road.reader = DoubtReader()
    app.road.pause = app.road.longest = timedelta(0)
    async with PLATFORMS[request.param]() as platform:
        yield Office(Desk(app=app, road=app.road, hr=SYSTEM), platform)
    app.database.close()


def owned(
    office: Office, name: str, owner: Viewer, helper: Viewer, stage: Stage = Stage.ACCEPTED
) -> tuple[str, str, str]:
    """A candidate of one's position, which the other helps with."""
    talk = office.candidate(name, stage)

    def work(tx: Tx) -> None:
        position = people.create_position(tx, SYSTEM, title="后端工程师", owner_id=owner.id)
        people.assign(tx, SYSTEM, talk[0], position)
        more = {"position_id": position, "user_id": helper.id, "added_at": tx.now}
        insert(tx, Teammate, more)

    office.desk.write(work)
    return talk


async def found(office: Office, candidate_id: str) -> Any:
    road = office.desk.road
    [row] = await road.database.read(
        lambda tx: alerts.page(tx, road.vault, SYSTEM, candidate_id=candidate_id, limit=9)
    )
    return row


async def digests_of(office: Office, address: str) -> list[str]:
    """The morning digests in a colleague's chat."""
    road = office.desk.road
    texts = await road.database.read(lambda tx: said(tx, road.vault, address))
    return [text for text in texts if text.startswith("【今日要看】")]


async def escalations(office: Office) -> list[dict[str, Any]]:
    event = table(AlertEvent)
    wanted = sa.select(event).where(event.c.kind == AlertEventKind.ESCALATED.value)
    rows = await office.desk.road.database.read(lambda tx: tx.all(wanted))
    return [row.about for row in rows]


async def test_from_the_sentence_to_the_digest(office: Office, clock: FakeClock) -> None:
    desk, road = office.desk, office.desk.road
    first, second = office.viewers
    mine, theirs = office.phones

    # A first sentence loads what every later one finds loaded; the best of some is the bar's, for
    # others run beside.
    took = [9.9]
    for name in ("卫平", "褚健", "冯雪", "何苗"):
        began = time.monotonic()
        await office.says(owned(office, name, second, first), DECLINES)
        took.append(time.monotonic() - began)
    assert min(took) < 2, f"{took} s after the merging pause"
    theirs_before = len(theirs.cards())

    # A sentence; who owns the case has the card, and nobody else.
    talk = owned(office, "欧阳雪", first, second)
    await office.says(talk, DECLINES)
    [(text, labels)] = mine.cards()
    assert "欧阳雪" in text
    assert DECLINES in text
    assert [one for one in labels if one in ("有用", "误报", "已处理", "稍后")] == [
        "有用", "误报", "已处理", "稍后",
    ]  # fmt: skip
    assert len(theirs.cards()) == theirs_before

    # Nobody touches it: it goes to who helps, who is told whose it was.
    clock.advance(timedelta(hours=1))
    await reminding.tick(road)
    await office.leave()
    [(text, _)] = [one for one in theirs.cards() if "欧阳雪" in one[0]]
    assert len(await escalations(office)) == 5
    assert (await found(office, talk[0])).status is AlertStatus.OPEN

    # One press: both devices show it, and the kind's record counts it.
    await office.press(1, "有用")
    for phone in (mine, theirs):
        text = [one for one, _ in phone.cards() if "欧阳雪" in one][-1]
        assert "赵敏" in text
        assert "有用" in text
    row = await found(office, talk[0])
    assert (row.status, row.verdict_by) == (AlertStatus.ACKNOWLEDGED, "赵敏")
    [rate] = await road.database.read(lambda tx: standings.rates(tx))
    assert (rate.topic, rate.hits, rate.judged) == (row.topic, 1, 1)
    before = (len(mine.cards()), len(theirs.cards()))
    await reminding.tick(road)
    await office.leave()
    assert (len(mine.cards()), len(theirs.cards())) == before, "somebody works on it"

    # Another, in the evening, that nobody touches: told next morning, once.
    clock.advance(timedelta(hours=12, minutes=30))  # 22:30
    late = owned(office, "司马睿", first, second, Stage.OFFER)
    await office.says(late, COMPARES)
    assert (await found(office, late[0])).severity == "today"
    assert not [text for text, _ in mine.cards() if "司马睿" in text], "nobody is woken for it"
    clock.advance(timedelta(hours=10, minutes=35))  # Tuesday, 09:05
    for _ in range(2):
        await reminding.tick(road)
        await digests.send(road, desk.app.clock)
        await office.leave()
    assert len([text for text, _ in mine.cards() if "司马睿" in text]) == 1, "the card, once"
    [told] = await digests_of(office, mine.address)
    assert "司马睿" in told
    assert "欧阳雪" in told
