"""An alert is put off, at the desk as by a press: it stays open and says who did it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import desk
from bot.errors import Conflict, NotFound
from storage.enums import AlertEventKind, AlertStatus, Stage, Verdict
from storage.queries import alerts, snoozes
from storage.queries.common import table
from storage.tables import AlertEvent
from storage.viewer import SYSTEM
from tests.integration.hr import Desk

HESITATION = "薪资这块我还想再考虑一下"


@pytest.fixture
async def alert_id(hr_desk: Desk) -> str:
    talk = hr_desk.candidate(stage=Stage.OFFER)
    await hr_desk.say(talk, HESITATION)
    [row] = await listed(hr_desk)
    return str(row.id)


async def listed(hr_desk: Desk) -> list[Any]:
    road = hr_desk.road
    return await road.database.read(lambda tx: alerts.page(tx, road.vault, SYSTEM, limit=9))


async def events(hr_desk: Desk) -> list[Any]:
    event = table(AlertEvent)
    wanted = sa.select(event).where(event.c.kind == AlertEventKind.SNOOZED.value)
    return await hr_desk.road.database.read(lambda tx: tx.all(wanted))


async def test_it_stays_open_and_says_who_put_it_off(hr_desk: Desk, alert_id: str) -> None:
    road = hr_desk.road
    [before] = await listed(hr_desk)
    until = await desk.snooze(road, hr_desk.hr, alert_id, None, cause="console:1")
    [after] = await listed(hr_desk)
    assert (after.status, after.verdict) == (AlertStatus.OPEN, None)
    assert after.snoozed_until == until
    assert after.revision == before.revision + 1
    put_off = await road.database.read(lambda tx: snoozes.standing(tx, alert_id))
    assert put_off is not None
    assert (put_off.by, put_off.until) == (hr_desk.hr.name, until)
    [event] = await events(hr_desk)
    assert (event.user_id, event.about) == (hr_desk.hr.id, {"until": until.isoformat()})


async def test_the_same_cause_again_changes_nothing(hr_desk: Desk, alert_id: str) -> None:
    road, until = hr_desk.road, hr_desk.road.now() + timedelta(hours=3)
    for _ in range(2):
        await desk.snooze(road, hr_desk.hr, alert_id, until, cause="console:1")
    [row] = await listed(hr_desk)
    assert len(await events(hr_desk)) == 1
    assert row.snoozed_until == until


@pytest.mark.parametrize("hours", [-1, 0, 24 * 15])
async def test_a_moment_that_makes_no_sense_is_refused(
    hr_desk: Desk, alert_id: str, hours: int
) -> None:
    road, until = hr_desk.road, hr_desk.road.now() + timedelta(hours=hours)
    with pytest.raises(Conflict):
        await desk.snooze(road, hr_desk.hr, alert_id, until, cause="console:1")
    assert await events(hr_desk) == []


async def test_what_is_resolved_cannot_be_put_off(hr_desk: Desk, alert_id: str) -> None:
    await desk.judge(hr_desk.road, hr_desk.hr, alert_id, Verdict.HANDLED, cause="console:1")
    with pytest.raises(Conflict):
        await desk.snooze(hr_desk.road, hr_desk.hr, alert_id, None, cause="console:2")
    assert await events(hr_desk) == []


async def test_a_verdict_ends_it(hr_desk: Desk, alert_id: str) -> None:
    await desk.snooze(hr_desk.road, hr_desk.hr, alert_id, None, cause="console:1")
    await desk.judge(hr_desk.road, hr_desk.hr, alert_id, Verdict.USEFUL, cause="console:2")
    [row] = await listed(hr_desk)
    assert row.snoozed_until is None


async def test_only_graver_words_of_the_candidate_end_it(hr_desk: Desk) -> None:
    talk = hr_desk.candidate(stage=Stage.OFFER)
    await hr_desk.say(talk, HESITATION)
    [row] = await listed(hr_desk)
    until = await desk.snooze(hr_desk.road, hr_desk.hr, row.id, None, cause="console:1")
    await hr_desk.say(talk, HESITATION)
    [row] = await listed(hr_desk)
    assert (row.severity, row.snoozed_until) == ("digest", until)
    await hr_desk.say(talk, "到不了两万我就不过去了")
    [row] = await listed(hr_desk)
    assert (row.severity, row.snoozed_until) == ("today", None)


async def test_who_may_not_see_it_learns_nothing(hr_desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.snooze(hr_desk.road, hr_desk.hr, "a_" + "a" * 26, None, cause="console:1")
