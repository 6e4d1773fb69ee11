"""HR goes on with a candidate in WeCom's own client, and the bot keeps quiet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.wecom import WeCom
from storage.database import Tx
from storage.enums import Role
from storage.queries import audit, backfill, intake
from storage.queries.common import table, update
from storage.tables import Identity
from tests.contract.place_wecom import channel_of, kf, pulled
from tests.fakes.wecom import Customer, FakeWeCom
from tests.integration.web.conftest import Office, Person


@pytest.fixture
async def fake() -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom() as running:
        yield running


@pytest.fixture
async def channel(fake: FakeWeCom, office: Office) -> AsyncIterator[WeCom]:
    async with channel_of(fake) as running:
        office.road.channels["wecom"] = running  # type: ignore[index]
        yield running


@pytest.fixture
async def hr(office: Office) -> Person:
    """王敏, who has written to the app and is bound to her account."""
    made = await office.user("wangmin", Role.HR)

    def work(tx: Tx) -> None:
        for address in ("kf/wk1/wm1", "app/wangmin"):
            intake.open_conversation(tx, office.road.vault, "wecom", address)
            update(tx, Identity, table(Identity).c.address == address, user_id=made.id)

    await office.write(work)
    return made


async def bound(office: Office, li: Customer) -> str:
    """A candidate who wrote over customer service."""
    li.write("有人吗？我想问问落户")
    candidate = await office.candidate("李娜")
    await office.write(
        lambda tx: backfill.talk(
            tx, office.road.vault, candidate_id=candidate, channel="wecom", address=kf(li).value
        )
    )
    return candidate


async def muted(office: Office, li: Customer) -> bool:
    talk: Any = await office.write(
        lambda tx: backfill.talk(
            tx, office.road.vault, candidate_id="", channel="wecom", address=kf(li).value
        )
    )
    return bool(talk.muted)


async def test_the_viewer_takes_over_and_the_bot_is_muted(
    fake: FakeWeCom, office: Office, channel: WeCom, hr: Person
) -> None:
    li = fake.customer("李娜")
    servicer = fake.servicer(fake.member("WangMin", "王敏"))
    candidate = await bound(office, li)
    path = f"/console/candidates/{candidate}"
    assert f'action="{path}/handover"' in (await office.get(hr, path)).text
    answer = await office.post(hr, f"{path}/handover")
    assert answer.status_code == 303
    assert (li.session.state, li.session.servicer) == (3, "WangMin")
    assert await muted(office, li)
    page = (await office.get(hr, answer.headers["location"])).text
    assert "会话已转给你" in page
    assert "机器人已静音" in page
    rows = await office.road.database.read(lambda tx: audit.page(tx))
    assert [row.object for row in rows if row.action == "chat.hand_over"] == [candidate]
    servicer.write(li, "我是王敏，落户我来帮您问")
    [aside] = (await pulled(channel, li)).asides
    assert aside.words
    again = await office.post(hr, f"{path}/handover")
    assert again.status_code == 409
    assert "不允许这样转接" in again.text


async def test_what_was_transferred_is_muted_wherever_they_have_written_meanwhile(
    fake: FakeWeCom, office: Office, channel: WeCom, hr: Person
) -> None:
    li = fake.customer("李娜")
    fake.servicer(fake.member("WangMin", "王敏"))
    candidate = await bound(office, li)
    fake.slow("kf/service_state/trans", 2.0)
    path = f"/console/candidates/{candidate}"
    task = asyncio.create_task(office.post(hr, f"{path}/handover"))
    await asyncio.sleep(0.7)  # the platform is being asked
    phone = await office.chat(candidate)
    said = await office.http.post(f"/chat/{phone}/messages", json={"text": "换个地方说"})
    assert (said.status_code, task.done()) == (202, False)
    assert (await task).status_code == 303
    assert await muted(office, li)


async def test_who_does_not_serve_there_is_told_so(
    fake: FakeWeCom, office: Office, channel: WeCom, hr: Person
) -> None:
    li = fake.customer("李娜")
    candidate = await bound(office, li)
    answer = await office.post(hr, f"/console/candidates/{candidate}/handover")
    assert answer.status_code == 409
    assert "不是这个客服账号的接待人员" in answer.text
    assert li.session.state == 0
    assert not await muted(office, li)


async def test_without_an_account_there_or_a_client_there_is_no_button(
    fake: FakeWeCom, office: Office, channel: WeCom, hr: Person
) -> None:
    candidate = await bound(office, fake.customer("李娜"))
    other = await office.user("other", Role.HR_ADMIN)
    chatting = await office.candidate("张三", owner=hr.id)
    await office.chat(chatting)
    for who, about in ((other, candidate), (hr, chatting)):
        path = f"/console/candidates/{about}"
        assert "handover" not in (await office.get(who, path)).text
        answer = await office.post(who, f"{path}/handover")
        assert answer.status_code == 409
        assert "不能转接" in answer.text
    assert not any("service_state" in call.endpoint for call in fake.calls)
    manager = await office.user("boss", Role.MANAGER)
    denied = await office.post(manager, f"/console/candidates/{candidate}/handover")
    assert denied.status_code in (403, 404)
