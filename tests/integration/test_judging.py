"""A kind of alert loses its own cards by its record, says so, and comes back: on the road."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import desk, jobs
from bot.alerts import actions
from bot.errors import Conflict
from bot.judging import restore
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import Role, Verdict
from storage.queries import audit, standings
from storage.tables import Message
from storage.viewer import SYSTEM, Viewer
from tests.integration.test_owing import HR, Firm, firm
from tests.kinds import Kinds

__all__ = ["firm"]
ADMIN, SECOND = "app/admin", "app/second"


class Office(Firm):
    """A firm with two admins, and alerts to judge."""

    def __init__(self, firm: Firm) -> None:
        self.__dict__.update(firm.__dict__)
        self.kinds = Kinds(self.town.database, self.road.vault, self.town.clock)

    def judged(self, hits: int, misses: int, topic: str = "salary") -> list[str]:
        return self.kinds.judged(hits, misses, topic)

    async def say(self, alert_id: str, verdict: Verdict) -> None:
        """HR judges at the desk."""
        self.town.clock.advance(timedelta(seconds=1))
        viewer = Viewer.of_user(self.kinds.hr.id, "wang", Role.HR)
        cause = f"test:{self.town.clock()}"
        await desk.judge(self.road, viewer, alert_id, verdict, cause=cause)

    async def fresh(self, topic: str = "salary") -> str:
        return self.kinds.alert(self.kinds.candidate(), topic)

    async def demoted(self) -> set[str]:
        return set(await self.town.database.read(standings.demoted))

    async def deeds_of(self, *kinds: str) -> list[Any]:
        rows = await self.town.database.read(lambda tx: audit.page(tx, limit=500))
        return [one for one in rows if one.action in kinds][::-1]

    async def news(self) -> list[str]:
        """What the admins were told of kinds."""
        await jobs.judge(self.road)
        return [text for text in await self.told() if text.startswith("预警「") or "恢复" in text]


@pytest.fixture
async def office(firm: Firm) -> Office:
    made = Office(firm)
    await made.colleague(ADMIN, Role.HR_ADMIN)
    return made


async def test_the_verdict_that_crosses_the_line_demotes_in_its_own_commit(office: Office) -> None:
    office.judged(20, 9)
    last = await office.fresh()
    assert await office.demoted() == set()
    await office.say(last, Verdict.FALSE_ALARM)
    assert await office.demoted() == {"salary"}
    [deed] = await office.deeds_of("alert_kind.demote")
    assert (deed.actor, deed.object, deed.details) == (
        SYSTEM.id,
        "salary",
        {"hits": 20, "judged": 30},
    )
    assert await office.town.database.read(lambda tx: audit.verify(tx, office.road.vault.keystore))


async def test_the_admins_are_told_once_each_and_nobody_else(office: Office) -> None:
    await office.colleague(SECOND, Role.HR_ADMIN)
    office.judged(20, 9)
    await office.say(await office.fresh(), Verdict.FALSE_ALARM)
    told = await office.news()
    text = (
        "预警「薪资」最近 30 条里 20 条不是误报（67%，95% 区间 49%–81%），低于 70%，"
        "已改为只进每日摘要；「立即」的仍会马上提醒。达到 80% 会自动恢复，也可以手动恢复："
    )
    assert told == [f"{text}{office.road.base_url}/console/alerts/record"] * 2
    await asyncio.gather(*[jobs.judge(office.road) for _ in range(4)])
    assert await office.news() == told
    rows = await office.town.rows(Message)
    places = {row.conversation_id for row in rows if row.external_id.startswith("out:kind:")}
    assert places == {office.talks[ADMIN], office.talks[SECOND]}


async def test_nobody_is_told_at_night(office: Office) -> None:
    office.judged(20, 9)
    at = office.town.clock().astimezone(SHANGHAI)
    night = datetime.combine(at.date() + timedelta(days=1), datetime.min.time(), SHANGHAI)
    office.town.clock.advance(night + timedelta(hours=2) - at)
    await office.say(await office.fresh(), Verdict.FALSE_ALARM)
    assert await office.demoted() == {"salary"}
    assert await office.news() == []
    office.town.clock.advance(timedelta(hours=9))
    assert len(await office.news()) == 1


async def test_it_comes_back_by_its_record_and_says_so(office: Office) -> None:
    office.judged(0, 30)
    await jobs.judge(office.road)  # the clock finds what no verdict did
    assert await office.demoted() == {"salary"}
    for _ in range(24):
        await office.say(await office.fresh(), Verdict.USEFUL)
    assert await office.demoted() == set()
    [gone, back] = await office.deeds_of("alert_kind.demote", "alert_kind.restore")
    assert (gone.details, back.details) == (
        {"hits": 0, "judged": 30},
        {"hits": 24, "judged": 30},
    )
    assert back.actor == SYSTEM.id
    assert (await office.news())[-1].startswith("预警「薪资」最近 30 条里 24 条不是误报（80%")


async def test_a_corrected_verdict_moves_the_counts(office: Office) -> None:
    office.judged(20, 8)
    first, second = await office.fresh(), await office.fresh()
    await office.say(first, Verdict.USEFUL)
    await office.say(second, Verdict.FALSE_ALARM)
    assert await office.demoted() == set()
    await office.say(first, Verdict.FALSE_ALARM)
    assert await office.demoted() == {"salary"}


async def test_what_we_owe_people_is_never_demoted(office: Office) -> None:
    office.judged(0, 30, "handover")
    await office.say(await office.fresh("handover"), Verdict.FALSE_ALARM)
    await jobs.judge(office.road)
    assert await office.demoted() == set()


async def test_a_press_in_chat_counts_too(office: Office) -> None:
    office.judged(20, 9)
    last = await office.fresh()
    await office.write(
        lambda tx: tx.run(standings.CANDIDATE.update().values(owner_id=office.ids[HR]))
    )
    await office.press(HR, actions.action(last, Verdict.FALSE_ALARM))
    assert await office.demoted() == {"salary"}


async def test_put_back_by_hand_once_with_its_link_and_the_other_admins_told(
    office: Office,
) -> None:
    await office.colleague(SECOND, Role.HR_ADMIN)
    office.judged(0, 30)
    await jobs.judge(office.road)
    before = await office.news()
    admin = Viewer.of_user(office.ids[ADMIN], "同事app/admin", Role.HR_ADMIN)
    office.town.clock.advance(timedelta(seconds=1))

    def work(tx: Tx) -> None:
        restore(tx, office.road.vault, office.road.rulebook, admin, "salary")

    await office.write(work)
    with pytest.raises(Conflict):
        await office.write(work)
    assert await office.demoted() == set()
    [deed] = await office.deeds_of("alert_kind.restore")
    assert (deed.actor, deed.object) == (admin.id, "salary")
    [news] = (await office.news())[len(before) :]
    assert news.startswith("同事app/admin已把预警「薪资」恢复为即时提醒")
    await jobs.judge(office.road)
    assert await office.demoted() == set()  # its verdicts begin anew


async def test_two_hrs_who_judge_at_once_demote_it_once(office: Office) -> None:
    office.judged(20, 8)
    pair = [await office.fresh() for _ in range(2)]
    await asyncio.gather(*[office.say(one, Verdict.FALSE_ALARM) for one in pair])
    assert await office.demoted() == {"salary"}
    [deed] = await office.deeds_of("alert_kind.demote")
    assert deed.details == {"hits": 20, "judged": 30}
