"""One candidate from the interview to the third month: WeChat and the chat page, real wires, a
clock that is turned. Every survey leaves by itself; nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import asking, desk, jobs
from bot.channels.wecom import WeCom
from bot.web import intake
from bot.workdays import ZONE
from scheduler.clock import Clock as Ticking
from scheduler.sweep import Sweep
from storage.database import Tx
from storage.enums import InvitationStatus, Role, Stage
from storage.queries import alerts, people, scheduled, surveys
from storage.queries import intake as taken
from storage.queries.surveys import InvitationRow
from storage.viewer import SYSTEM
from tests.contract.place_wecom import config_of
from tests.fakes.wecom import Customer, FakeWeCom
from tests.fakes.wecom_doubts import Doubts
from tests.integration.test_budget import PlatformClock
from tests.integration.web.conftest import Clock, Office, Person, running, viewer


@dataclass
class Hiring:
    """The office, its HR, and somebody who is on 微信客服 and, once invited, on the chat page."""

    office: Office
    hr: Person
    fake: FakeWeCom
    li: Customer
    candidate: str
    page: str = ""
    _said: int = field(default=0)

    @property
    def today(self) -> date:
        return self.office.clock().astimezone(ZONE).date()

    async def until(self, day: date, clock: time = time(16, 5)) -> None:
        """Time passes to a moment, with a look of the clock every few hours."""
        end = datetime.combine(day, clock, ZONE)
        while (left := end - self.office.clock()) > timedelta():
            self.office.clock.advance(min(left, timedelta(hours=6)))
            await self.tick()
        await self.tick()

    async def tick(self) -> None:
        road = self.office.road
        await Ticking(road.database, now=self.office.clock).fire_due(jobs.fire(road))
        await Sweep(road.database, road.engine).run()

    async def move(self, stage: Stage, start_on: date | None = None) -> None:
        who = viewer(self.hr)
        await desk.move(self.office.road, who, self.candidate, stage, start_on=start_on)

    async def invitation(self, survey: str) -> InvitationRow:
        rows = await self.office.road.database.read(
            lambda tx: surveys.of_candidate(tx, self.candidate)
        )
        return next(row for row in rows if row.survey_id == survey)

    async def ended(self, survey: str, status: InvitationStatus) -> InvitationRow:
        async def there() -> InvitationRow | None:
            row = await self.invitation(survey)
            return row if row.status is status else None

        made: InvitationRow = await self.office.until(there)
        return made

    async def answers(self, survey: str) -> dict[str, Any]:
        row, vault = await self.invitation(survey), self.office.road.vault

        def work(tx: Tx) -> dict[str, Any]:
            key = vault.key(tx, people.get_candidate(tx, vault, SYSTEM, self.candidate).subject_id)
            return {k: one.value for k, one in surveys.answers(tx, key, row.id).items()}

        found: dict[str, Any] = await self.office.road.database.read(work)
        return found

    async def alerts(self) -> set[tuple[str, str]]:
        rows = await self.office.road.database.read(
            lambda tx: alerts.unresolved(tx, self.candidate)
        )
        return {(row.topic, row.severity) for row in rows}

    async def wechat(self, says: str, hears: str) -> None:
        """A line in WeChat, and what comes back there."""
        before = len(self._in_wechat())
        self.li.write(says)
        await self._heard(lambda: self._in_wechat()[before:], hears)

    def _in_wechat(self) -> list[str]:
        return [str(one.content) for one in self.li.seen()]

    async def asked_in_wechat(self, words: str) -> None:
        await self._heard(self._in_wechat, words)

    async def _heard(self, told: Any, words: str) -> None:
        async def there() -> bool:
            return any(words in one for one in told())

        try:
            await self.office.until(there)
        except AssertionError:
            raise AssertionError(told()) from None

    async def opens_page(self) -> None:
        """The chat page, by a link of today's."""
        self.page = await self.office.chat(self.candidate)

    async def on_page(self, says: str, hears: str) -> None:
        before = len(await self._lines())
        await self._posts(says)
        lines: list[str] = []

        async def there() -> bool:
            lines[:] = (await self._lines())[before:]
            return any(hears in one for one in lines)

        try:
            await self.office.until(there)
        except AssertionError:
            raise AssertionError(lines) from None

    async def _posts(self, says: str) -> None:
        """As the page does: it waits where somebody types faster than people do."""
        self._said += 1
        body = {"text": says, "client_id": f"c-{self._said}"}
        for _ in range(60):
            answer = await self.office.http.post(f"/chat/{self.page}/messages", json=body)
            if answer.status_code != 429:
                break
            await asyncio.sleep(1)
        assert answer.status_code == 202

    async def names_a_day(self, says: str) -> None:
        """Words on the page that need no answer, and a day in them."""
        await self._posts(says)

        async def kept() -> bool:
            return bool(
                await self.office.road.database.read(
                    lambda tx: scheduled.pending(
                        tx, kind="deadline", person_id=self.candidate, limit=1
                    )
                )
            )

        await self.office.until(kept)

    async def _lines(self) -> list[str]:
        got = await self.office.http.get(f"/chat/{self.page}/messages")
        return [one["text"] for one in got.json()["items"] if one["direction"] == "out"]


@pytest.fixture
async def hiring(database_url: str, tmp_path: Path) -> AsyncIterator[Hiring]:
    clock = PlatformClock()
    async with FakeWeCom(clock=clock, callback_limit_s=20, doubts=Doubts()) as fake:
        li = fake.customer("李晓")

        def channels(office_clock: Clock) -> dict[str, Any]:
            clock.office = office_clock
            return {"wecom": WeCom(config_of(fake), now=office_clock)}

        async with running(database_url, tmp_path, channels=channels) as office:
            fake.set_callback(f"{office.url}/hooks/wecom")
            monday = office.clock().astimezone(ZONE).date()
            monday = office.road.rulebook.calendar.workday_after(monday, 1)
            office.clock.advance(datetime.combine(monday, time(9, 0), ZONE) - office.clock())
            hr = await office.user("hr", Role.HR)
            place = await office.position(owner_id=hr.id)
            who = viewer(hr)

            def work(tx: Tx) -> str:
                shipped = office.road.rulebook.surveys.values()
                surveys.sync(tx, [asking.edition(one) for one in shipped])
                made = intake.add_candidate(
                    tx, office.road, who, name="李晓", stage=Stage.INTERVIEW, position_id=place
                )
                at = f"kf/{fake.account.open_kfid}/{li.external_userid}"
                taken.open_conversation(tx, office.road.vault, "wecom", at, candidate_id=made)
                return made

            yield Hiring(office, hr, fake, li, await office.write(work))


async def test_from_the_interview_to_the_third_month(hiring: Hiring) -> None:
    calendar = hiring.office.road.rulebook.calendar
    begun = hiring.today
    await hiring.wechat("您好，我是今天来面试的李晓", "自动程序")

    # The motivation survey comes by itself, is put off in WeChat, and ends on the page days later.
    await hiring.until(calendar.workday_after(begun, 1), time(10, 5))
    await hiring.asked_in_wechat("最看重什么")
    await hiring.wechat("发展、薪资", "期望的薪资")
    await hiring.wechat("先不填了", "不急")
    paused = await hiring.invitation("motivation")
    assert (paused.status, paused.at_question) == (InvitationStatus.OPEN, "pay")
    await hiring.until(hiring.today + timedelta(days=3), time(20, 0))
    await hiring.opens_page()
    await hiring.on_page("继续", "期望的薪资")
    await hiring.on_page("18到20k，14薪", "和别家谈")
    await hiring.on_page("没有", "往哪个方向")
    await hiring.on_page("带一个小团队", "决定不来")
    await hiring.on_page("没有", "")
    done = await hiring.ended("motivation", InvitationStatus.DONE)
    assert done.via == "webchat"
    told = await hiring.answers("motivation")
    assert told["reasons"] == ["growth", "pay"]
    assert (told["pay"]["low"], told["pay"]["high"], told["pay"]["months"]) == (18_000, 20_000, 14)

    # A day that is named is no alarm, and a nudge once it has passed.
    await hiring.move(Stage.OFFER)
    before = await hiring.alerts()
    named = hiring.today + timedelta(days=3)
    await hiring.names_a_day(f"offer看到了，{named.month}月{named.day}日前给您答复")
    await hiring.until(named, time(17, 0))
    assert await hiring.alerts() == before
    await hiring.until(named, time(18, 30))
    assert {topic for topic, _ in await hiring.alerts() - before} == {"deadline"}

    # Between the yes and the first day: refused, and not asked again.
    first_day = calendar.workday_after(hiring.today, 12)
    await hiring.move(Stage.ACCEPTED, first_day)
    due = (await hiring.invitation("steps")).due_on
    assert due is not None
    await hiring.until(due, time(16, 30))
    await hiring.opens_page()
    await hiring.on_page("不想填了", "不再问您")
    await hiring.ended("steps", InvitationStatus.REFUSED)

    # Joined. The third day is answered, the first week says that the pay is not what was agreed.
    await hiring.until(first_day, time(9, 0))
    await hiring.move(Stage.ONBOARDED)
    await hiring.until(await due_of(hiring, "day3"), time(16, 30))
    await hiring.opens_page()
    for says in ("四分吧", "都齐了", "没有"):
        await hiring.on_page(says, "")
    await hiring.ended("day3", InvitationStatus.DONE)
    await hiring.until(await due_of(hiring, "week1"), time(16, 30))
    assert ("salary", "now") not in await hiring.alerts()
    await hiring.opens_page()
    asked = hiring.office.clock()
    await hiring.on_page("和谈的不一样", "哪里不清楚")

    async def alarmed() -> bool:
        return ("salary", "now") in await hiring.alerts()

    await hiring.office.until(alarmed)
    [alert] = [
        row
        for row in await hiring.office.road.database.read(
            lambda tx: alerts.unresolved(tx, hiring.candidate)
        )
        if row.topic == "salary"
    ]
    assert alert.raised_at - asked < timedelta(seconds=10)
    for says in ("试用期打了八折，面试时没说", "聊过了", "4", "没有了"):
        await hiring.on_page(says, "")
    await hiring.ended("week1", InvitationStatus.DONE)

    # Month one is answered by nobody: two reminders, then it is a fact.
    await hiring.until(await due_of(hiring, "month1") + timedelta(days=15))
    silent = await hiring.invitation("month1")
    assert (silent.status, silent.reminders) == (InvitationStatus.UNANSWERED, 2)

    # Month three: every survey has left once, on a working day, inside the hours.
    await hiring.until(await due_of(hiring, "month3"), time(17, 0))
    rows = await hiring.office.road.database.read(
        lambda tx: surveys.of_candidate(tx, hiring.candidate)
    )
    names = ["day3", "month1", "month3", "motivation", "steps", "week1"]
    assert sorted(row.survey_id for row in rows) == names
    for row in rows:
        assert row.opened_at is not None
        at = row.opened_at.astimezone(ZONE)
        assert calendar.is_workday(at.date()).works, row.survey_id
        assert time(9, 30) <= at.time() < time(18, 0), row.survey_id


async def due_of(hiring: Hiring, survey: str) -> date:
    """The day a survey is to leave: what its plan says, moved to a working day."""
    due = (await hiring.invitation(survey)).due_on
    assert due is not None
    calendar = hiring.office.road.rulebook.calendar
    return due if calendar.is_workday(due).works else calendar.workday_after(due, 1)


async def test_who_cannot_be_written_to_stands_there_with_the_reason(hiring: Hiring) -> None:
    """Over 微信客服 nobody may be written to two days after their last word."""
    await hiring.wechat("您好", "自动程序")
    await hiring.move(Stage.ACCEPTED)
    due = (await hiring.invitation("steps")).due_on
    assert due is not None
    await hiring.until(due, time(17, 0))
    hiring.hr = await hiring.office.user("hr2", Role.HR_ADMIN)
    page = (
        await hiring.office.get(hiring.hr, f"/console/candidates/{hiring.candidate}/responses")
    ).text
    assert "距对方上一条消息已超过平台允许的时间" in page
    # They write again: it leaves by itself.
    hiring.li.write("不好意思刚看到，我这边一切顺利")

    async def arrived() -> bool:
        found = await hiring.office.get(hiring.hr, f"/console/candidates/{hiring.candidate}")
        return "不好意思刚看到" in found.text

    await hiring.office.until(arrived)
    calendar = hiring.office.road.rulebook.calendar
    await hiring.until(calendar.workday_after(hiring.today, 1), time(17, 0))
    await hiring.asked_in_wechat("离职申请交了吗")
