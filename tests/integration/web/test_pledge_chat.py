"""The 承诺卡 confirmed where people talk: on the chat page, under a menu, by a number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.channels.wecom import WeCom
from storage.database import Tx
from storage.enums import Role
from storage.queries import intake
from storage.queries.common import table, update
from storage.tables import Identity
from tests.contract.place_wecom import config_of
from tests.fakes.wecom import Customer, Doubts, FakeWeCom, Member
from tests.integration.web.conftest import Clock, Office, running
from tests.integration.web.offering import GOOD, Case, a_case


async def say(case: Case, text: str, number: int) -> None:
    body = {"text": text, "client_id": f"c-{number}"}
    answer = await case.office.http.post(f"/chat/{case.chat}/messages", json=body)
    assert answer.status_code == 202


async def said(case: Case) -> list[dict[str, Any]]:
    answer = await case.office.http.get(f"/chat/{case.chat}/messages")
    return list(answer.json()["items"])


async def hears(case: Case, words: str) -> None:
    async def told() -> bool:
        return any(words in one["text"] for one in await said(case) if one["direction"] == "out")

    await case.office.until(told)


async def confirmed(case: Case) -> str | None:
    [card, *_] = await case.cards()
    return card.theirs_via


@pytest.mark.parametrize("answer", ["确认无误", " 确认无误！", "1", "选1"])
async def test_a_button_its_words_and_its_number_confirm(office: Office, answer: str) -> None:
    case = await a_case(office)
    await case.sent()
    [offer] = [one for one in await said(case) if one["buttons"]]
    labels = [button["label"] for button in offer["buttons"]]
    assert labels == ["确认无误", "想改一处"]
    assert "固定薪资：16,000 元/月" in offer["text"]
    await say(case, answer, 1)
    await hears(case, "您已确认这张承诺卡")
    assert await confirmed(case) == "webchat"
    assert (await case.actions()).count("pledge.confirm") == 1
    await say(case, "确认无误", 2)
    await hears(case, "已经确认过了")
    assert (await case.actions()).count("pledge.confirm") == 1


async def test_a_number_after_something_else_was_said_is_a_number(office: Office) -> None:
    case = await a_case(office)
    await case.sent()
    await say(case, "我的进度", 1)
    await hears(case, "目前阶段")
    await say(case, "1", 2)
    await say(case, "帮助", 3)
    await hears(case, "怎么说都行")
    assert await confirmed(case) is None


async def test_what_to_change_becomes_a_request_and_an_alert(office: Office) -> None:
    case = await a_case(office)
    await case.sent()
    await say(case, "想改一处", 1)
    await hears(case, "想改哪一条")
    await say(case, "工作地点想改到上海", 2)
    await hears(case, "已记下您的修改请求")
    [request] = await case.requests()
    assert (request.side, request.body["what"]) == ("candidate", "工作地点想改到上海")
    page = await case.office.get(case.hr, "/console/alerts")
    assert "工作地点想改到上海" in page.text
    assert await confirmed(case) is None


async def test_an_old_button_confirms_nothing_new(office: Office) -> None:
    case = await a_case(office)
    await case.sent()
    await case.post("/offers", **{**GOOD, "base": "15,000"})
    [draft, *_] = await case.offers()
    assert draft.state == "draft"
    await say(case, "确认无误", 1)
    await hears(case, "已被新的版本取代或已结束")
    assert await confirmed(case) is None


# 微信客服, with HR at the app beside it


@dataclass
class Desk:
    """A case over 微信客服, and the colleague it belongs to."""

    case: Case
    fake: FakeWeCom
    li: Customer
    owner: Member


@pytest.fixture
async def kf(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with FakeWeCom(callback_limit_s=20, doubts=Doubts()) as fake:
        li, owner = fake.customer("李娜"), fake.member("wangmin", "王敏")

        def channels(clock: Clock) -> dict[str, Any]:
            return {"wecom": WeCom(config_of(fake), now=clock)}

        async with running(database_url, tmp_path, channels=channels) as office:
            fake.set_callback(f"{office.url}/hooks/wecom")
            hr = await office.user("hr", Role.HR)
            place = await office.position(owner_id=hr.id)
            candidate = await office.candidate("李娜", position_id=place)
            vault = office.road.vault

            def work(tx: Tx) -> None:
                kf = f"kf/{fake.account.open_kfid}/{li.external_userid}"
                intake.open_conversation(tx, vault, "wecom", kf, candidate_id=candidate)
                intake.open_conversation(tx, vault, "wecom", f"app/{owner.userid}")
                theirs = table(Identity).c.address == f"app/{owner.userid}"
                update(tx, Identity, theirs, user_id=hr.id, linked_at=tx.now)

            await office.write(work)
            yield Desk(Case(office, hr, candidate, ""), fake, li, owner)


async def test_a_press_in_wechat_confirms_and_the_colleague_is_told(kf: Desk) -> None:
    case, office = kf.case, kf.case.office
    kf.li.write("您好")

    async def greeted() -> bool:
        return bool(kf.li.texts())

    await office.until(greeted)
    await case.post("/offers", **GOOD)
    [offer] = await case.offers()
    await case.post(f"/offers/{offer.id}/send")

    async def menu() -> Any:
        return next((one for one in kf.li.seen() if one.msgtype == "msgmenu"), None)

    await office.until(menu)
    kf.li.click("确认无误")

    async def yes() -> bool:
        return await confirmed(case) == "wecom"

    await office.until(yes)

    async def told() -> bool:
        return any("李娜确认了承诺卡" in one for one in kf.owner.texts())

    await office.until(told)
    page = (await office.get(case.hr, case.here)).text
    assert "确认无误" in page
    assert "pl:l_" not in page
