"""我的数据 over HTTP: asked in the chat, looked at and taken home, by nobody else."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from bot import jobs
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries import alerts, audit, invites, people, profile, scheduled, turns
from storage.queries.profile import NewStatement
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office
from tests.integration.web.offering import LINK, Case, a_case
from tests.integration.web.test_pledge_chat import hears, say


async def asked(case: Case, text: str = "你们存了我哪些信息", number: int = 1) -> str:
    """Ask in the chat; the token of the link that is said there."""
    before = len(await case.links())
    await say(case, text, number)

    async def newer() -> list[str]:
        return (await case.links())[before:]

    [token] = await case.office.until(newer)
    return str(token)


async def take(case: Case, token: str, form: str = "json") -> Any:
    return await case.office.http.post(f"/f/{token}/copy", data={"form": form})


async def keep(case: Case, kind: str, value: Any, source: str) -> None:
    said = [NewStatement(kind=kind, value=value)]

    def work(tx: Any) -> None:
        key = case.office.road.vault.key(tx, subject)
        profile.add(tx, key, case.id, said, source=source, said_at=tx.now)

    subject = await case.read(lambda tx, key: key.id)
    await case.office.write(work)


async def test_one_asks_looks_and_takes_it_home(office: Office) -> None:
    case = await a_case(office)
    await keep(case, "own.skills", "Python<b>", "m_x")
    await case.sent()
    token = await asked(case)
    page = await office.http.get(f"/f/{token}")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for words in ("Python&lt;b&gt;", "您的消息", "你们存了我哪些信息", "承诺卡第 1 版", "网页聊天"):
        assert words in page.text
    assert token not in page.text.replace(f'action="/f/{token}/copy"', "")
    taken = await take(case, token)
    assert taken.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    data = json.loads(taken.text)
    assert [one["value"] for one in data["statements"]] == ["Python<b>"]
    assert data["cards"][0]["agreed"]
    assert any(one["text"] == "你们存了我哪些信息" for one in data["messages"])
    assert not LINK.search(taken.text)
    file = await take(case, token, "html")
    assert file.headers["content-disposition"].startswith("attachment")
    assert "Python&lt;b&gt;" in file.text
    assert "<script" not in file.text
    actions = await case.actions()
    assert {"data.link", "data.read", "data.copy"} <= set(actions)
    assert actions.count("data.copy") == 2
    assert (
        await office.road.database.read(lambda tx: audit.verify(tx, office.road.vault.keystore))
    ).ok


async def test_what_others_said_of_them_and_our_drafts_are_not_in_it(small_office: Office) -> None:
    case = await a_case(small_office)
    await keep(case, "job.conduct", "前主管说他常迟到", f"form:{case.hr.id}")
    await keep(case, "own.education", "杭州电子科技大学", f"form:{case.hr.id}")
    kept = await case.post("/offers", base="16,000", months="13", notes="内部草稿")
    assert kept.status_code in (303, 422)
    text = (await take(case, await asked(case))).text
    assert "杭州电子科技大学" in text
    assert "迟到" not in text
    assert "内部草稿" not in text
    assert "adds" not in text


async def test_three_downloads_also_of_many_at_once(office: Office) -> None:
    case = await a_case(office)
    token = await asked(case)
    answers = await asyncio.gather(*(take(case, token) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200] * 3 + [409] * 5
    page = await office.http.get(f"/f/{token}")
    assert page.status_code == 200
    assert "已下载满 3 次" in page.text
    assert f'action="/f/{token}/copy"' not in page.text


async def test_a_link_ends_with_the_next_one_and_after_three_days(small_office: Office) -> None:
    case = await a_case(small_office)
    first = await asked(case)
    second = await asked(case, "把我的数据发我一份", 2)
    assert (await small_office.http.get(f"/f/{first}")).status_code == 410
    assert (await take(case, first)).status_code == 409
    assert (await take(case, second)).status_code == 200
    small_office.clock.advance(timedelta(hours=73))
    gone = await small_office.http.get(f"/f/{second}")
    assert gone.status_code == 410
    assert "这个链接已过期" in gone.text
    assert (await take(case, second)).status_code == 409


async def test_a_colleague_neither_looks_nor_takes(small_office: Office) -> None:
    case = await a_case(small_office)
    token = await asked(case)
    for role in (Role.MANAGER, Role.HR):
        who = await small_office.user(f"see{role}", role)
        page = await small_office.get(who, f"/f/{token}")
        assert page.status_code == 403
        assert "你们存了我哪些信息" not in page.text
        taken = await small_office.post(who, f"/f/{token}/copy", form="json")
        assert taken.status_code == 403
    assert "data.copy" not in await case.actions()


@pytest.mark.parametrize("form", ["", "xml", "../json", "JSON"])
async def test_a_form_nobody_offered_takes_nothing(small_office: Office, form: str) -> None:
    case = await a_case(small_office)
    token = await asked(case)
    assert (await take(case, token, form)).status_code == 422
    left = await small_office.road.database.read(
        lambda tx: invites.by_token(tx, token, invites.InvitePurpose.DATA, channel=None)
    )
    assert left.downloads == 0


async def test_links_of_one_purpose_open_nothing_of_another(small_office: Office) -> None:
    case = await a_case(small_office)
    pledged = await case.sent()
    token = await asked(case)
    assert (await take(case, pledged)).status_code == 404
    for path in ("confirm", "request"):
        data = {"card": "l_x", "what": "x", "once": "a" * 20}
        answer = await small_office.http.post(f"/f/{token}/{path}", data=data)
        assert answer.status_code == 404
    assert (await small_office.http.get(f"/f/{token}/pdf")).status_code == 404
    unknown = await small_office.http.get(f"/f/{'a' * 43}")
    assert unknown.status_code == 404
    assert (await take(case, "a" * 43)).status_code == 404


async def test_the_console_does_not_read_the_link(small_office: Office) -> None:
    case = await a_case(small_office)
    token = await asked(case)
    page = await small_office.get(case.hr, case.here)
    assert page.status_code == 200
    assert token not in page.text
    assert re.search(r"/f/", page.text)


async def test_erasing_reaches_hr_and_the_audit_chain(office: Office) -> None:
    case = await a_case(office)
    await say(case, "把我的资料都删了吧", 1)
    await hears(case, "删除后无法恢复")
    await say(case, "确认删除", 2)
    await hears(case, "15日内")
    assert (await case.actions()).count("right.ask") == 1
    await say(case, "删除我的数据", 3)
    await hears(case, "不需要再发一次")
    assert (await case.actions()).count("right.ask") == 1
    page = await office.get(case.hr, "/console/alerts")
    assert "要求删除" in page.text


@pytest.mark.parametrize("stage", [Stage.OFFER, Stage.DECLINED])
async def test_before_the_limit_hr_is_reminded_also_where_it_ended(
    small_office: Office, stage: Stage
) -> None:
    case = await a_case(small_office)
    await say(case, "删除我的数据", 1)
    await hears(case, "删除后无法恢复")
    await say(case, "1", 2)
    await hears(case, "15日内")
    road = small_office.road

    def fired(tx: Tx) -> list[str]:
        """What comes now; the severity of the alert that stands then."""
        row = people.get_candidate(tx, road.vault, SYSTEM, case.id)
        turns.touch(tx, case.id, row.version, stage=stage.value)
        for due in scheduled.claim_due(tx):
            scheduled.finish(tx, due, jobs.fire(road)(tx, due))
        return [one.severity for one in alerts.unresolved(tx, case.id) if one.topic == "erase"]

    small_office.clock.advance(timedelta(days=11, hours=23))
    assert await small_office.write(fired) == ["today"]
    small_office.clock.advance(timedelta(hours=2))
    assert await small_office.write(fired) == ["now"]
