"""The page and the list of what we owe candidates: each sees their own, and managers no words."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from bot.offers.pledge import Body, Open, Side
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries import offers, people, scheduled, users
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, cookie_header

SIGNING = "签字费 20,000 元什么时候发"


class Debts:
    """An HR who owes an answer and a point of a card, a manager who owes a hello."""

    def __init__(self, office: Office) -> None:
        self.office = office

    async def made(self) -> Debts:
        office = self.office
        self.hr = await office.user("hr", Role.HR)
        self.boss = await office.user("boss", Role.MANAGER)
        seat = await office.position(owner_id=self.hr.id, manager_id=self.boss.id)
        today = office.clock().astimezone(SHANGHAI).date()
        self.who = await office.candidate("陈一鸣", owner=self.hr.id, position_id=seat)
        self.new = await office.candidate(
            "李雷", stage=Stage.ACCEPTED, owner=self.hr.id, position_id=seat, start_on=today
        )

        def work(tx: Tx) -> None:
            row = people.get_candidate(tx, office.road.vault, SYSTEM, self.who)
            key = office.road.vault.key(tx, row.subject_id)
            at = tx.now - timedelta(hours=1)
            scheduled.plan_at(tx, kind="answer_due", person_id=self.who, anchor="m", at=at)
            offer = offers.draft(tx, key, self.who, {"base": 20_000}, by=self.hr.id)
            offers.move(tx, self.who, offer.id, "sent")
            point = Open(what=SIGNING, who=Side.COMPANY, by=today + timedelta(days=3))
            body = Body(agreed=(("固定薪资", "20,000 元/月"),), open=(point,))
            dumped = body.model_dump(mode="json")
            offers.write_card(tx, key, self.who, dumped, offer_id=offer.id, by=self.hr.id)

        await office.write(work)
        return self

    async def page(self, who: Person, query: str = "") -> str:
        answer = await self.office.get(who, f"/console/owed{query}")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def list(self, headers: dict[str, str], query: str = "") -> list[dict[str, Any]]:
        answer = await self.office.http.get(f"/api/v1/owed{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        assert answer.json()["next"] is None
        return found


@pytest.fixture
async def debts(office: Office) -> Debts:
    return await Debts(office).made()


def rows(html: str) -> list[str]:
    """The words of each line of the list."""
    found = re.findall(r'<li class="owed">(.*?)</li>', html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in found]


async def test_hr_reads_what_is_owed_and_goes_where_it_is_done(debts: Debts) -> None:
    html = await debts.page(debts.hr)
    lines = rows(html)
    assert len(lines) == 3
    assert [line.split(" ")[0] for line in sorted(lines)] == ["李雷", "陈一鸣", "陈一鸣"]
    assert any("答复对方 已超时 1 小时" in line for line in lines)
    assert any(f"承诺卡上待我方答复：{SIGNING}" in line for line in lines)
    assert any("今天入职，请姓名boss打个招呼" in line for line in lines)
    assert f'href="/console/candidates/{debts.who}/offers"' in html
    assert f'href="/console/candidates/{debts.who}"' in html
    assert "3 件" in html


async def test_a_manager_reads_their_own_and_nothing_of_pay_or_chats(debts: Debts) -> None:
    html = await debts.page(debts.boss, "?show=all")  # there is no such choice for them
    [line] = rows(html)
    assert "李雷" in line
    assert "今天入职，之前打个招呼" in line
    assert f'href="/console/candidates/{debts.new}"' in html
    assert "20,000" not in html
    assert "陈一鸣" not in html
    assert "show=all" not in html


async def test_another_hr_reads_nothing_and_an_admin_only_with_all(debts: Debts) -> None:
    other = await debts.office.user("other", Role.HR)
    admin = await debts.office.user("admin", Role.HR_ADMIN)
    for query in ("", "?show=mine", "?show=all"):
        assert "不欠谁什么" in await debts.page(other, query)
    assert rows(await debts.page(admin)) == []
    assert len(rows(await debts.page(admin, "?show=all"))) == 3


async def test_in_english_every_line_is_english(debts: Debts) -> None:
    await debts.office.post(
        debts.hr, "/console/settings/language", language="en", next="/console/owed"
    )
    lines = " / ".join(rows(await debts.page(debts.hr)))
    assert "Answer them 1 h overdue" in lines
    assert f"Our answer on the pledge: {SIGNING}" in lines
    assert "should say hello before the first day: Today" in lines


async def test_auditors_and_strangers_are_refused(debts: Debts) -> None:
    auditor = await debts.office.user("auditor", Role.AUDITOR)
    assert (await debts.office.get(auditor, "/console/owed")).status_code == 403
    assert (await debts.office.get(debts.hr, "/console/owed?show=x")).status_code == 422
    api = await debts.office.http.get("/api/v1/owed", headers=cookie_header(debts.boss))
    assert api.status_code == 403
    assert (await debts.office.http.get("/api/v1/owed")).status_code == 401


async def test_the_list_holds_the_same_as_the_page(debts: Debts) -> None:
    found = await debts.list(cookie_header(debts.hr), "?mine=true")
    assert {one["kind"] for one in found} == {"answer", "pledge", "greeting"}
    answer = next(one for one in found if one["kind"] == "answer")
    assert (answer["candidate_id"], answer["overdue"]) == (debts.who, True)
    assert answer["due_at"].endswith("Z") or "+00:00" in answer["due_at"]
    assert answer["due_on"] is None
    pledge = next(one for one in found if one["kind"] == "pledge")
    assert pledge["what"] == f"承诺卡上待我方答复：{SIGNING}"
    assert pledge["about"].startswith("l_")
    assert pledge["due_at"] is None
    [one] = await debts.list(cookie_header(debts.hr), "?limit=1")
    assert one["overdue"]


async def test_a_key_is_told_what_its_scopes_allow(debts: Debts) -> None:
    narrow = await debts.office.key("alert.read")
    assert {one["kind"] for one in await debts.list(narrow)} == {"answer"}
    assert len(await debts.list(narrow, "?mine=true")) == 1
    wide = await debts.office.key("alert.read", "offer.read", "candidate.read")
    assert {one["kind"] for one in await debts.list(wide)} == {"answer", "pledge", "greeting"}
    refused = await debts.office.http.get(
        "/api/v1/owed", headers=await debts.office.key("candidate.read")
    )
    assert refused.status_code == 403
    bad = await debts.office.http.get("/api/v1/owed?whose=me", headers=wide)
    assert bad.status_code == 422


async def test_a_name_of_a_colleague_stands_as_text(debts: Debts) -> None:
    evil = "<b>赵</b>{said}"
    await debts.office.write(lambda tx: users.change_user(tx, debts.boss.id, name=evil))
    html = await debts.page(debts.hr)
    assert "<b>赵" not in html
    assert "&lt;b&gt;赵&lt;/b&gt;{said}打个招呼" in html
