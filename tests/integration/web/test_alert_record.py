"""The alerts' own record in the console and the API: whose numbers, whose cases, whose hand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot import offering
from bot.offering import Outcome
from bot.web import verdicts
from bot.web.limits import Buckets
from bot.words import SHANGHAI
from storage.enums import Role, Stage
from storage.queries import audit, review, standings
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, cookie_header, running, viewer
from tests.integration.web.test_chat import SALARY, open_alerts
from tests.kinds import Kinds

HOME = "/console/alerts/record"
QUIET = "好的，那我先忙了"
LABELS = {"intent-decline": "1", "commitment": "-2", "condition": "none"}


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    fast = Buckets(rate=1000, burst=1000)
    async with running(database_url, tmp_path, chat_pace=fast) as made:
        yield made


async def left(
    office: Office, hr: Person, name: str, *said: str, alarmed: bool = False, **more: Any
) -> str:
    """A candidate of somebody's who said something and then declined."""
    who = await office.candidate(name, owner=hr.id, **more)
    if said:
        token = await office.chat(who)
        for text in said:
            await office.http.post(f"/chat/{token}/messages", json={"text": text})
        if alarmed:
            await office.until(lambda: open_alerts(office, who))
        else:
            await office.until(lambda: read(office, who))
    office.clock.advance(timedelta(seconds=2))
    await offering.end(
        office.road,
        viewer(hr),
        who,
        Outcome.DECLINED,
        reason="pay",
        note="",
        on_day=office.road.now().astimezone(SHANGHAI).date(),
        cost=None,
    )
    return who


async def read(office: Office, candidate_id: str) -> list[Any]:
    """The readings there are of somebody."""
    return await office.road.database.read(
        lambda tx: review.last_of(
            tx, office.road.vault, SYSTEM, candidate_id, until=tx.now + timedelta(days=1), limit=9
        )
    )


async def page_of(office: Office, who: Person, query: str = "") -> str:
    answer = await office.get(who, HOME + query)
    assert answer.status_code == 200
    return unescape(re.sub(r"<[^>]+>", "", answer.text))


async def deeds(office: Office, action: str) -> list[Any]:
    rows = await office.road.database.read(lambda tx: audit.page(tx, limit=500))
    return [row for row in rows if row.action == action]


async def test_each_sees_their_own_people_and_an_admin_everybody(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    admin = await office.user("admin", Role.HR_ADMIN)
    await left(office, hr, "安静", QUIET)
    await left(office, hr, "说过", SALARY, alarmed=True)
    await left(office, other, "别人", stage=Stage.OFFER)
    mine = await page_of(office, hr)
    assert "近 90 天有 2 位候选人退出，其中 1 位事先没有任何预警。" in mine
    assert "只统计您负责和能看到的候选人" in mine
    assert "安静" in mine
    assert "说过" not in mine
    assert "别人" not in mine
    all_ = await page_of(office, admin)
    assert "近 90 天有 3 位候选人退出，其中 2 位事先没有任何预警。" in all_
    assert "统计全公司的候选人" in all_
    assert "别人" in all_
    office.clock.advance(timedelta(days=40))
    later = await office.user("later", Role.HR_ADMIN)
    assert "近 30 天没有候选人退出。" in await page_of(office, later, "?days=30")
    assert "近 90 天有 3 位" in await page_of(office, later)
    assert (await office.get(later, HOME + "?days=7")).status_code == 422


async def test_a_missed_case_becomes_a_line_to_train_from(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    who = await left(office, hr, "安静", QUIET)
    case = f"{HOME}/missed/{who}"
    shown = await page_of(office, hr, f"?case={who}")
    assert QUIET in shown
    assert QUIET not in await page_of(office, hr)
    [last] = await read(office, who)
    early = await office.post(hr, case, found="said", days="90")
    assert early.status_code == 422
    assert "请先给那句该听出来的话改标签" in early.text
    assert QUIET in early.text
    for path, form in (
        (case, {"found": "unsaid", "days": "90"}),
        (f"{case}/labels/{last.id}", LABELS),
    ):
        assert (await office.post(other, path, **form)).status_code == 404
    empty = await office.post(hr, f"{case}/labels/{last.id}", commitment="0", condition="none")
    assert empty.status_code == 422
    card = await office.http.post(
        f"{case}/labels/{last.id}",
        data={"csrf": hr.csrf, **LABELS},
        headers={**cookie_header(hr), "HX-Request": "true"},
    )
    assert card.text.lstrip().startswith("<article")
    assert "标签由 姓名hr 更正" in card.text
    for _ in range(2):  # pressed twice it is one deed
        done = await office.post(hr, case, found="said", days="90")
        assert done.headers["location"] == f"{HOME}?days=90&said=looked_through"
    assert "有话没听出来，已标注" in await page_of(office, hr)
    [deed] = await deeds(office, "missed_case.review")
    assert (deed.actor, deed.object, deed.details) == (hr.id, who, {"found": "said"})
    lines = await office.road.database.read(
        lambda tx: list(verdicts.examples(tx, office.road.vault, SYSTEM))
    )
    assert [(line.text, line.commitment, line.alert) for line in lines] == [(QUIET, -2, True)]


async def test_a_case_that_is_none_and_a_reading_of_somebody_else(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    quiet = await left(office, hr, "安静", QUIET)
    heard = await left(office, hr, "说过", SALARY, alarmed=True)
    [said] = await read(office, heard)
    answer = await office.post(hr, f"{HOME}/missed/{heard}", found="unsaid", days="90")
    assert answer.status_code == 409
    answer = await office.post(hr, f"{HOME}/missed/{quiet}/labels/{said.id}", **LABELS)
    assert answer.status_code == 404
    [same] = await read(office, heard)
    assert same.corrected is None
    wrong = await office.post(hr, f"{HOME}/missed/{quiet}", found="maybe", days="90")
    assert wrong.status_code == 422


async def test_who_never_wrote_and_who_was_never_read(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    silent = await left(office, hr, "无言")
    assert "从没在聊天里写过字" in await page_of(office, hr, f"?case={silent}")
    answer = await office.post(hr, f"{HOME}/missed/{silent}", found="unsaid", days="90")
    assert answer.status_code == 303
    assert "确实什么都没说" in await page_of(office, hr)


async def test_a_kind_is_put_back_by_an_admin_only_and_once(office: Office) -> None:
    hr, admin = await office.user("hr", Role.HR), await office.user("admin", Role.HR_ADMIN)
    kinds = Kinds(office.road.database, office.road.vault, office.clock)
    kinds.judged(20, 10)
    kinds.judged(2, 0, "handover")
    kinds.decide()
    shown = await page_of(office, hr)
    assert "20/30 · 67%" in shown
    assert "95% 区间 49%–81%" in shown
    assert "只进每日摘要" in shown
    assert "判定还太少" in shown
    assert "我方事项，不会改为摘要" in shown
    assert "恢复即时提醒" not in shown
    assert "恢复即时提醒" in await page_of(office, admin)
    path = f"{HOME}/kinds/salary/restore"
    assert (await office.post(hr, path)).status_code == 403
    assert (await office.post(admin, f"{HOME}/kinds/handover/restore")).status_code == 404
    first, again = await office.post(admin, path), await office.post(admin, path)
    assert first.headers["location"] == f"{HOME}?said=kind_restored"
    assert again.headers["location"] == HOME
    assert await office.road.database.read(standings.demoted) == frozenset()
    [deed] = await deeds(office, "alert_kind.restore")
    assert (deed.actor, deed.object) == (admin.id, "salary")


async def test_the_card_says_that_its_kind_is_demoted(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    kinds = Kinds(office.road.database, office.road.vault, office.clock)
    kinds.judged(0, 30)
    kinds.decide()
    who = await office.candidate(owner=hr.id)
    kinds.alert(who)
    inbox = await office.get(hr, "/console/alerts")
    assert "此类预警近 30 条中 0 条有用" in inbox.text
    assert "此类已改为只进每日摘要" in inbox.text
    assert f'href="{HOME}"' in inbox.text


async def test_the_api_tells_the_record_and_lets_an_admin_restore(office: Office) -> None:
    hr, admin = await office.user("hr", Role.HR), await office.user("admin", Role.HR_ADMIN)
    await left(office, hr, "安静", QUIET)
    kinds = Kinds(office.road.database, office.road.vault, office.clock)
    kinds.judged(20, 10)
    gone = kinds.decide()
    assert gone is not None
    found = (await office.get(hr, "/api/v1/alerts/record?days=30")).json()
    assert (found["withdrawals"], found["silent"]) == (1, 1)
    [kind] = found["kinds"]
    assert (kind["kind"], kind["hits"], kind["judged"]) == ("salary", 20, 30)
    assert (kind["low"], kind["high"]) == (0.4878, 0.8077)
    assert kind["demoted_at"] is not None
    path, session = (
        "/api/v1/alerts/kinds/salary/restore",
        {
            **cookie_header(admin),
            "X-CSRF-Token": admin.csrf,
        },
    )
    key = await office.key("user.write")
    assert (await office.http.post(path, json={}, headers=key)).status_code == 403
    back = await office.http.post(path, json={}, headers=session)
    assert (back.status_code, back.json()["demoted_at"], back.json()["judged"]) == (200, None, 0)
    assert (await office.http.post(path, json={}, headers=session)).status_code == 409
    other = await office.http.post(path.replace("salary", "handover"), json={}, headers=session)
    assert other.status_code == 404
