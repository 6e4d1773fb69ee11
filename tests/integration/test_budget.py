"""What a platform lets us say to somebody, and what happens to the rest.

微信客服 takes five messages within 48 hours of a customer's last one; DingTalk's API has a quota a
month. Outside, nothing is tried (the platform counts), HR reads on the person's page why the
message waits and what can be done, and it leaves when the person writes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.dingtalk import DingTalk
from bot.channels.wecom import WeCom
from bot.delivery import HELD
from scheduler.sweep import Sweep
from storage.database import Tx
from storage.enums import Role
from storage.queries import intake
from storage.queries.common import table
from storage.tables import Outbox
from tests.contract.place_dingtalk import config_for
from tests.contract.place_wecom import config_of
from tests.fakes.dingtalk import FakeDingTalk, Member, Quota, Unconfirmed
from tests.fakes.wecom import Customer, Doubts, FakeWeCom
from tests.integration.web.conftest import Clock, Office, Person, running

WINDOW = timedelta(hours=48)
PROACTIVE = "POST /v1.0/robot/oToMessages/batchSend"


class PlatformClock:
    """The platform's clock: the office's, once there is one."""

    def __init__(self) -> None:
        self.office = Clock()

    def __call__(self) -> float:
        return self.office().timestamp()

    def now(self) -> datetime:
        return self.office()


@dataclass
class Desk:
    """HR at the console, and one candidate on a platform. ``tried`` counts what was attempted."""

    office: Office
    hr: Person
    candidate: str
    tried: Callable[[], int]

    async def reply(self, text: str) -> None:
        """HR writes on the candidate's page."""
        path = f"/console/candidates/{self.candidate}/reply"
        answer = await self.office.post(self.hr, path, text=text)
        assert answer.status_code == 303

    async def page(self) -> str:
        """The candidate's page, without its markup."""
        page = await self.office.get(self.hr, f"/console/candidates/{self.candidate}")
        return re.sub(r"<[^>]*>", " ", page.text)

    async def ends(self) -> list[tuple[str, str]]:
        """Status and reason of everything that was to leave, oldest first."""
        rows = table(Outbox)
        found = await self.office.road.database.read(
            lambda tx: tx.all(sa.select(rows.c.status, rows.c.error).order_by(rows.c.id))
        )
        return [(row.status, row.error or "") for row in found]

    async def until(self, *statuses: str) -> None:
        """Until the rows have ended so."""

        async def ended() -> bool:
            return [status for status, _ in await self.ends()] == list(statuses)

        try:
            await self.office.until(ended)
        except AssertionError:
            raise AssertionError(await self.ends()) from None

    async def later(self, time: timedelta) -> None:
        """Time passes, and the sweep comes by.

        Wake-ups that PostgreSQL keeps go by its own clock, which no test turns forward.
        """
        self.office.clock.advance(time)
        await Sweep(self.office.road.database, self.office.road.engine).run()

    async def passes(self, time: timedelta) -> None:
        """Time passes; HR signs in again."""
        self.office.clock.advance(time)
        self.hr = await self.office.user(f"hr{self.office.clock().timestamp()}", Role.HR)


def words(texts: Sequence[str]) -> list[str]:
    """What HR wrote, which begins with who wrote it."""
    assert all(text.startswith("姓名hr") and "：" in text for text in texts)
    return [text.partition("：")[2] for text in texts]


async def bound(office: Office, channel: str, address: str) -> str:
    """A candidate who is known at an address and was greeted."""
    candidate = await office.candidate()

    def work(tx: Tx) -> None:
        intake.open_conversation(tx, office.road.vault, channel, address, candidate_id=candidate)
        tx.run(sa.text("UPDATE conversation SET state = '{\"greeted\": true}'"))

    await office.write(work)
    return candidate


# 微信客服


@dataclass
class KfDesk(Desk):
    """Over 微信客服."""

    fake: FakeWeCom
    li: Customer


@asynccontextmanager
async def at_kf(database_url: str, tmp_path: Path) -> AsyncIterator[KfDesk]:
    clock = PlatformClock()
    async with FakeWeCom(clock=clock, callback_limit_s=20, doubts=Doubts()) as fake:
        li = fake.customer("李娜")

        def channels(office_clock: Clock) -> dict[str, Any]:
            clock.office = office_clock
            return {"wecom": WeCom(config_of(fake), now=office_clock)}

        async with running(database_url, tmp_path, channels=channels) as office:
            fake.set_callback(f"{office.url}/hooks/wecom")
            address = f"kf/{fake.account.open_kfid}/{li.external_userid}"
            candidate = await bound(office, "wecom", address)
            yield KfDesk(
                office=office,
                hr=await office.user("hr", Role.HR),
                candidate=candidate,
                tried=lambda: sum(call.endpoint.startswith("kf/send_msg") for call in fake.calls),
                fake=fake,
                li=li,
            )


@pytest.fixture
async def kf(database_url: str, tmp_path: Path) -> AsyncIterator[KfDesk]:
    async with at_kf(database_url, tmp_path) as desk:
        yield desk


def told(page: str, reason: str) -> bool:
    """Whether the page says why, and what HR can do: a sentence each."""
    return all(sentence in page for sentence in reason.split("。"))


async def wrote(desk: KfDesk, text: str) -> None:
    """The customer writes, and it is stored."""
    desk.li.write(text)

    async def stored() -> bool:
        return text in await desk.page()

    await desk.office.until(stored)


async def test_the_sixth_message_waits_untried_until_they_write(kf: KfDesk) -> None:
    await wrote(kf, "您好")
    for number in range(5):
        await kf.reply(f"第{number}条回复")
    await kf.until(*["sent"] * 5)
    await kf.reply("第六条回复")
    await kf.until(*["sent"] * 5, "held")
    assert kf.tried() == 5
    page = await kf.page()
    assert told(page, HELD["used"])
    assert "等对方开口" in page
    await wrote(kf, "收到了")
    await kf.until(*["sent"] * 6)
    assert words(kf.li.texts())[-1] == "第六条回复"
    assert kf.tried() == 6
    assert not told(await kf.page(), HELD["used"])


async def test_two_days_later_nothing_is_tried_and_hr_is_told_what_to_do(kf: KfDesk) -> None:
    await wrote(kf, "您好")
    await kf.passes(WINDOW + timedelta(minutes=1))
    await kf.reply("还在考虑吗？")
    await kf.reply("方便回个话")
    await kf.until("held", "held")
    assert kf.tried() == 0
    page = await kf.page()
    assert told(page, HELD["late"])
    assert "电话或邮件" in page
    await wrote(kf, "不好意思才看到")
    await kf.until("sent", "sent")
    assert words(kf.li.texts()) == ["还在考虑吗？", "方便回个话"]
    assert kf.tried() == 2


async def test_nobody_who_never_wrote_is_written_to(kf: KfDesk) -> None:
    await kf.reply("您好，我是李娜")
    await kf.until("held")
    assert kf.tried() == 0
    assert told(await kf.page(), HELD["never"])


async def test_too_many_calls_are_given_their_minute(kf: KfDesk) -> None:
    await wrote(kf, "您好")
    kf.fake.fail_next("kf/send_msg", 45009)
    await kf.reply("第一条")
    await kf.office.until(lambda: once_tried(kf))
    await kf.later(timedelta(seconds=50))
    await asyncio.sleep(0.3)
    assert (kf.tried(), kf.li.texts()) == (1, [])
    await kf.later(timedelta(seconds=15))
    await kf.until("sent")
    assert (kf.tried(), words(kf.li.texts())) == (2, ["第一条"])


async def once_tried(desk: Desk) -> bool:
    return [status for status, _ in await desk.ends()] == ["new"] and desk.tried() == 1


# DingTalk


@dataclass
class DingDesk(Desk):
    """Over DingTalk's stream."""

    fake: FakeDingTalk
    wang: Member


@pytest.fixture
async def ding(database_url: str, tmp_path: Path) -> AsyncIterator[DingDesk]:
    clock = PlatformClock()
    again = Unconfirmed(queued_while_away=True)
    async with FakeDingTalk(clock=clock, quota=Quota(api_calls=50), unconfirmed=again) as fake:
        wang = fake.member("wang", "王强")

        def channels(office_clock: Clock) -> dict[str, Any]:
            clock.office = office_clock
            return {"dingtalk": DingTalk(config_for(fake), now=office_clock)}

        async with running(database_url, tmp_path, channels=channels) as office:
            candidate = await bound(office, "dingtalk", "u/wang")
            yield DingDesk(
                office=office,
                hr=await office.user("hr", Role.HR),
                candidate=candidate,
                tried=lambda: len(fake.calls_of(PROACTIVE)),
                fake=fake,
                wang=wang,
            )


async def said(desk: DingDesk, text: str) -> None:
    """The colleague writes to the robot, and it is stored."""
    desk.wang.say(text)

    async def stored() -> bool:
        return text in await desk.page()

    await desk.office.until(stored)


async def test_a_used_up_quota_holds_what_is_said_and_says_so(ding: DingDesk) -> None:
    await said(ding, "你好")
    await ding.passes(timedelta(hours=2))  # the address they could be answered at has died
    ding.fake.use_up(calls=50)
    await ding.reply("第一条")
    await ding.until("held")
    assert ding.tried() == 1  # that is how we learn of it
    await ding.reply("第二条")
    await ding.until("held", "held")
    assert ding.tried() == 1
    page = await ding.page()
    assert "额度已用完" in page
    assert "续购" in page
    assert "再次开口后自动发出" in page
    await said(ding, "在吗")
    await ding.until("sent", "sent")
    assert words(ding.wang.texts()) == ["第一条", "第二条"]
    assert ding.tried() == 1


async def test_a_quota_that_was_bought_is_noticed(ding: DingDesk) -> None:
    ding.fake.use_up(calls=50)
    await ding.reply("第一条")
    await ding.until("held")
    ding.fake.state.quota = Quota(api_calls=10_000)
    await ding.passes(timedelta(hours=4))
    await ding.reply("第二条")
    await ding.until("held", "sent")
    assert words(ding.wang.texts()) == ["第二条"]
