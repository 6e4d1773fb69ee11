"""An alert is answered: one unit of work, one message, and its card says who it was."""

from __future__ import annotations

from typing import Any

import pytest

from bot import answering_alerts, desk, showing
from bot.errors import MayNotAsk, NotFound
from storage.enums import AlertEventKind, AlertStatus, Author, Stage, Verdict
from storage.queries import alert_history, alerts, audit, timeline
from storage.viewer import SYSTEM
from tests.integration.hr import Desk

HESITATION = "薪资这块我还想再考虑一下"
REPLY = "谢谢您直说，明天下午通个电话好吗？"


@pytest.fixture
async def talk(hr_desk: Desk) -> Any:
    made = hr_desk.candidate(stage=Stage.OFFER)
    await hr_desk.say(made, HESITATION)
    return made


async def only(hr_desk: Desk) -> Any:
    road = hr_desk.road
    [row] = await road.database.read(lambda tx: alerts.page(tx, road.vault, SYSTEM, limit=9))
    return row


async def said(hr_desk: Desk, candidate_id: str) -> list[str]:
    road = hr_desk.road
    rows = await road.database.read(
        lambda tx: timeline.timeline(tx, road.vault, SYSTEM, candidate_id)
    )
    return [row.text for row in rows if row.author is Author.HR]


async def replies(hr_desk: Desk, alert_id: str) -> list[alert_history.Happened]:
    found = await hr_desk.road.database.read(lambda tx: alert_history.happened(tx, alert_id))
    return [one for one in found if one.kind == AlertEventKind.REPLIED]


async def test_the_card_says_who_answered_until_the_candidate_goes_on(
    hr_desk: Desk, talk: Any
) -> None:
    road, before = hr_desk.road, await only(hr_desk)

    async def shown() -> Any:
        return await road.database.read(lambda tx: showing.seen(tx, road, hr_desk.hr, before.id))

    assert (await shown()).draft
    await answering_alerts.reply(road, hr_desk.hr, before.id, REPLY, cause="console:1")
    card, after = await shown(), await only(hr_desk)
    assert (card.answered_by, card.draft) == ("王敏", "")
    assert (after.status, after.revision) == (AlertStatus.ACKNOWLEDGED, before.revision + 1)
    await hr_desk.say(talk, "薪资还是太低了，我再考虑考虑")
    card = await shown()
    assert card.answered_at is None
    assert card.draft
    assert (await only(hr_desk)).status is AlertStatus.OPEN


async def test_the_same_cause_again_is_the_same_message(hr_desk: Desk, talk: Any) -> None:
    road, row = hr_desk.road, await only(hr_desk)
    made = [
        await answering_alerts.reply(road, hr_desk.hr, row.id, REPLY, cause="console:1")
        for _ in range(3)
    ]
    assert len(set(made)) == 1
    assert await said(hr_desk, row.candidate_id) == [REPLY]
    [event] = await replies(hr_desk, row.id)
    assert (event.by, event.about) == ("王敏", {"message": made[0]})
    links = await road.database.read(lambda tx: audit.page(tx, limit=9))
    assert [one.object for one in links if one.action == "alert.reply"] == [row.id]


async def test_what_is_resolved_may_still_be_answered_and_stays_resolved(
    hr_desk: Desk, talk: Any
) -> None:
    road, row = hr_desk.road, await only(hr_desk)
    await desk.judge(road, hr_desk.hr, row.id, Verdict.HANDLED, cause="console:1")
    await answering_alerts.reply(road, hr_desk.hr, row.id, REPLY, cause="console:2")
    assert (await only(hr_desk)).status is AlertStatus.RESOLVED
    assert len(await replies(hr_desk, row.id)) == 1


async def test_what_may_not_be_said_or_cannot_leave_leaves_no_trace(
    hr_desk: Desk, talk: Any
) -> None:
    road, row = hr_desk.road, await only(hr_desk)
    with pytest.raises(MayNotAsk):
        await answering_alerts.reply(
            road, hr_desk.hr, row.id, "您结婚了吗，打算要孩子吗？", cause="console:1"
        )
    with pytest.raises(NotFound):
        await answering_alerts.reply(road, hr_desk.hr, "a_" + "a" * 26, REPLY, cause="console:2")
    assert await said(hr_desk, row.candidate_id) == []
    assert await replies(hr_desk, row.id) == []
    assert (await only(hr_desk)).revision == row.revision
