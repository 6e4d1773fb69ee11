"""「发到我的聊天」: a candidate's card in one's own chat, with what one may see then."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import offering, portraying
from bot.offers.terms import Terms
from scheduler.engine import DELIVERY
from scheduler.errors import GiveUp
from storage.database import Tx
from storage.enums import OutboxStatus, Role, Stage, StepKind
from storage.queries import audit, intake, people, steps, users
from storage.queries.common import table, update
from storage.tables import Candidate, Identity, Outbox
from storage.viewer import SYSTEM
from tests.contract.channel_places import Place
from tests.contract.places import CHANNELS
from tests.integration.web.conftest import Office, Person, running, viewer
from tests.integration.web.test_chat import SALARY, open_alerts

PLATFORMS = sorted(CHANNELS.keys() - {"webchat"})


class Lent:
    """A channel that its place started, listens with and stops."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def listen(self, accept: Any) -> None: ...


@asynccontextmanager
async def house(url: str, folder: Path, name: str) -> AsyncIterator[tuple[Office, Place]]:
    async with CHANNELS[name].place() as place:
        lent: dict[str, Any] = {name: Lent(place.channel)}
        async with running(url, folder, channels=lambda _: lent) as office:
            yield office, place


@pytest.fixture
async def telegram(sqlite_url: str, tmp_path: Path) -> AsyncIterator[tuple[Office, Place]]:
    async with house(sqlite_url, tmp_path, "telegram") as made:
        yield made


async def ties(office: Office, place: Place, user_id: str | None) -> str:
    """Whose the account is that the place's person writes from; its conversation."""
    at = place.person

    def work(tx: Tx) -> str:
        intake.open_conversation(tx, office.road.vault, at.channel, at.value)
        identity = table(Identity)
        here = (identity.c.channel == at.channel) & (identity.c.address == at.value)
        update(tx, Identity, here, user_id=user_id, linked_at=tx.now)
        return str(intake.talk_at(tx, office.road.vault, at.channel, at.value).id)

    return str(await office.write(work))


async def somebody(office: Office, hr: Person, manager: Person) -> str:
    """A candidate with an alert, an offer and a step."""
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    candidate = await office.candidate(position_id=position)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    await office.until(lambda: open_alerts(office, candidate))
    by = viewer(hr)
    offer = (await offering.draft(office.road, by, candidate, Terms(base=23_456))).offer.id
    await offering.send(office.road, by, candidate, offer, answer_by=None)

    def step(tx: Tx) -> None:
        day = tx.now.date() + timedelta(days=9)
        row = people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        key = office.road.vault.key(tx, row.subject_id)
        steps.plan(tx, key, candidate, StepKind.RESIGNATION, day, source="test")
        own, soon = StepKind.OTHER, day - timedelta(days=2)
        steps.plan(tx, key, candidate, own, soon, source="test", words="和前老板摊牌", token="t")

    await office.write(step)
    return candidate


async def received(office: Office, place: Place, count: int = 1) -> str:
    async def there() -> list[str]:
        texts = [one.text for one in place.shown() if "立体画像" in one.text]
        return texts if len(texts) >= count else []

    found = await office.until(there, within=20)
    assert len(found) == count
    return str(found[-1])


def same(page: str) -> str:
    """A page without what names the request."""
    return re.sub(r"<code>[^<]*</code>|/console/candidates/c_\w+|[0-9a-f]{16,}", "", page)


async def sends(office: Office) -> list[Any]:
    rows = table(Outbox)
    return list(
        await office.road.database.read(
            lambda tx: tx.all(rows.select().where(rows.c.kind == "portrait"))
        )
    )


async def told(office: Office) -> list[tuple[str, str, Any]]:
    rows = await office.road.database.read(lambda tx: audit.page(tx, limit=200))
    return [(row.actor, row.object, row.details) for row in rows if row.action == "candidate.card"]


@pytest.mark.parametrize("name", PLATFORMS)
async def test_hr_gets_the_whole_picture(database_url: str, tmp_path: Path, name: str) -> None:
    async with house(database_url, tmp_path, name) as (office, place):
        hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
        candidate = await somebody(office, hr, manager)
        await ties(office, place, hr.id)
        page = await office.get(hr, f"/console/candidates/{candidate}")
        assert "发到我的聊天" in page.text
        answer = await office.post(hr, f"/console/candidates/{candidate}/card")
        assert answer.headers["location"].endswith("?said=card_sent")
        text = await received(office, place)
        for said in ("张三", "后端工程师", "已发 offer", "23,456", "匹配度", "风险", "薪资"):
            assert said in text, said
        assert "下一步：" in text
        assert await told(office) == [(hr.id, candidate, {"channel": name})]
        [row] = await sends(office)
        assert row.payload == f"{candidate} {hr.id}"  # only who it is about and for


async def test_a_manager_s_card_has_no_pay_no_words_and_no_reasons(
    telegram: tuple[Office, Place],
) -> None:
    office, place = telegram
    hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
    candidate = await somebody(office, hr, manager)
    await ties(office, place, manager.id)
    await office.post(manager, f"/console/candidates/{candidate}/card")
    text = await received(office, place)
    assert "后端工程师" in text
    assert "下一步：提交离职申请" in text
    for secret in (
        "23,456",
        "offer 第",
        "已约定",
        "匹配度",
        "风险",
        SALARY,
        "预警",
        "最近一次对话",
        "摊牌",
    ):
        assert secret not in text, secret


async def test_whoever_may_not_know_of_the_person_gets_nothing(
    telegram: tuple[Office, Place],
) -> None:
    office, place = telegram
    hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
    candidate = await somebody(office, hr, manager)
    for login, role, status in (
        ("other", Role.HR, 404),
        ("boss", Role.MANAGER, 404),
        ("auditor", Role.AUDITOR, 403),
    ):
        who = await office.user(login, role)
        await ties(office, place, who.id)
        answer = await office.post(who, f"/console/candidates/{candidate}/card")
        assert answer.status_code == status, role
        unknown = await office.post(who, "/console/candidates/c_unknown/card")
        assert unknown.status_code == status
        assert same(unknown.text) == same(answer.text)
    bare = await office.http.post(
        f"/console/candidates/{candidate}/card", headers={"Cookie": f"sid={hr.cookie}"}
    )
    assert bare.status_code == 403  # no token of our own form
    assert await sends(office) == []
    assert await told(office) == []


async def test_without_a_chat_the_page_says_how_to_connect_one(
    telegram: tuple[Office, Place],
) -> None:
    office, place = telegram
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(owner=hr.id)
    page = await office.get(hr, f"/console/candidates/{candidate}")
    assert "连接聊天收卡片" in page.text
    assert "发到我的聊天</span>" not in page.text
    answer = await office.post(hr, f"/console/candidates/{candidate}/card")
    assert answer.status_code == 409
    assert "还没有连接" in answer.text
    assert 'href="/console/settings"' in answer.text
    # One who blocked the bot cannot be reached either.
    await ties(office, place, hr.id)
    at = place.person
    await office.write(lambda tx: intake.set_reachable(tx, at.channel, at.value, reachable=False))
    answer = await office.post(hr, f"/console/candidates/{candidate}/card")
    assert answer.status_code == 409
    assert await sends(office) == []


async def test_pressing_twice_sends_once_and_later_again(telegram: tuple[Office, Place]) -> None:
    office, place = telegram
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(owner=hr.id)
    await ties(office, place, hr.id)
    now = office.clock()
    office.clock.advance(timedelta(seconds=61 - now.second))  # early in a minute
    for _ in range(2):
        await office.post(hr, f"/console/candidates/{candidate}/card")
    await received(office, place)
    office.clock.advance(timedelta(minutes=2))
    await office.post(hr, f"/console/candidates/{candidate}/card")
    await received(office, place, 2)
    assert len(await sends(office)) == 2


@pytest.mark.parametrize("change", ["owner", "role", "disabled", "retied", "untied", "erased"])
async def test_what_changed_before_it_left_stops_it(
    database_url: str, tmp_path: Path, change: str
) -> None:
    async with house(database_url, tmp_path, "telegram") as (office, place):
        hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
        candidate = await office.candidate(owner=hr.id, stage=Stage.ACCEPTED)
        talk = await ties(office, place, hr.id)
        payload = f"{candidate} {hr.id}"
        drawn = await office.road.database.read(
            lambda tx: portraying.card(tx, office.road, payload, talk)
        )
        assert "张三" in drawn.title
        person = table(Candidate).c.id == candidate

        def work(tx: Tx) -> None:
            if change == "owner":
                update(tx, Candidate, person, owner_id=other.id)
            elif change == "role":
                users.change_user(tx, hr.id, role=Role.AUDITOR.value)
            elif change == "disabled":
                users.change_user(tx, hr.id, disabled_at=tx.now)
            elif change == "erased":
                update(tx, Candidate, person, erased_at=tx.now)

        await office.write(work)
        if change in ("retied", "untied"):
            await ties(office, place, other.id if change == "retied" else None)
        with pytest.raises(GiveUp, match="没有发送"):
            await office.road.database.read(
                lambda tx: portraying.card(tx, office.road, payload, talk)
            )


async def test_one_that_may_not_leave_any_more_is_given_up(sqlite_url: str, tmp_path: Path) -> None:
    async with CHANNELS["telegram"].place() as place:
        lent: dict[str, Any] = {"telegram": Lent(place.channel)}
        async with running(sqlite_url, tmp_path, alone=True, channels=lambda _: lent) as office:
            hr = await office.user("hr", Role.HR)
            candidate = await office.candidate(owner=hr.id)
            await ties(office, place, hr.id)
            await office.post(hr, f"/console/candidates/{candidate}/card")
            await office.write(lambda tx: users.change_user(tx, hr.id, disabled_at=tx.now))
        async with running(
            sqlite_url, tmp_path, keystore=office.road.vault.keystore, channels=lambda _: lent
        ) as again:

            async def dead() -> bool:
                return [row.status for row in await sends(again)] == [OutboxStatus.DEAD.value]

            await again.write(lambda tx: again.road.engine.wake(tx, DELIVERY, ["telegram"]))
            await again.until(dead)
            assert not [one for one in place.shown() if "立体画像" in one.text]
