"""Offers and the 承诺卡 over HTTP: HR's page, the candidate's link, and who may not."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx2
import pypdfium2
import pytest
import sqlalchemy as sa

from bot import pledging
from storage.enums import InvitePurpose, Role
from storage.queries import alerts, audit, invites, offers, people
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, cookie_header

GOOD = {
    "base": "16,000",
    "months": "13",
    "level": "P6",
    "city": "杭州",
    "start_on": "2026-12-15",
    "contract_months": "36",
    "probation_months": "6",
    "probation_pay": "12,800",
    "name_0": "绩效奖",
    "amount_0": "12000",
    "per_0": "quarter",
    "when_0": "季度考核达到 B",
    "notes": "每周三可以在家办公",
}
LINK = re.compile(r"/f/([A-Za-z0-9_-]{40,64})")


class Case:
    """One candidate with a chat, one HR, and what they do."""

    def __init__(self, office: Office, hr: Person, candidate: str, chat: str) -> None:
        self.office, self.hr, self.id, self.chat = office, hr, candidate, chat

    @property
    def here(self) -> str:
        return f"/console/candidates/{self.id}"

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.office.post(self.hr, f"{self.here}{path}", **fields)

    async def page(self) -> str:
        answer = await self.office.get(self.hr, f"{self.here}/offers")
        assert answer.status_code == 200
        return answer.text

    async def read(self, work: Any) -> Any:
        vault = self.office.road.vault

        def whole(tx: Any) -> Any:
            row = people.get_candidate(tx, vault, SYSTEM, self.id)
            return work(tx, vault.key(tx, row.subject_id))

        return await self.office.road.database.read(whole)

    async def offers(self) -> list[offers.OfferRow]:
        return list(await self.read(lambda tx, key: offers.offers(tx, key, self.id)))

    async def cards(self) -> list[offers.PledgeRow]:
        return list(await self.read(lambda tx, key: offers.cards(tx, key, self.id)))

    async def requests(self) -> list[offers.RequestRow]:
        return list(await self.read(lambda tx, key: offers.requests(tx, key, self.id)))

    async def sent(self, **fields: str) -> str:
        """Draft and send an offer; the token of the link that came in the chat."""
        kept = await self.post("/offers", **{**GOOD, **fields})
        assert kept.headers["location"].endswith("said=offer_kept"), kept.text
        return await self.linked(f"/offers/{(await self.offers())[0].id}/send")

    async def linked(self, path: str, **fields: str) -> str:
        """Do what sends a link; its token, once the chat has said it."""
        before = len(await self.links())
        answer = await self.post(path, **fields)
        assert answer.headers["location"].endswith("said=link_sent"), answer.text

        async def newer() -> list[str]:
            return (await self.links())[before:]

        [token] = await self.office.until(newer)
        return str(token)

    async def links(self) -> list[str]:
        """Tokens of the links said in the chat, in their order."""
        said = (await self.office.http.get(f"/chat/{self.chat}/messages")).json()["items"]
        return [found[1] for one in said if (found := LINK.search(one["text"]))]

    async def actions(self) -> list[str]:
        rows = await self.office.road.database.read(lambda tx: audit.page(tx, limit=200))
        return [row.action for row in rows]


async def a_case(office: Office, name: str = "张三", **position: Any) -> Case:
    login = f"hr{len(office.people)}"
    hr = await office.user(login, Role.HR)
    place = await office.position(owner_id=hr.id, **position)
    candidate = await office.candidate(name, position_id=place)
    return Case(office, hr, candidate, await office.chat(candidate))


def card_of(html: str) -> str:
    """The card a page would confirm."""
    found = re.search(r'name="card" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def once_of(html: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', html)
    assert found is not None
    return found[1]


# --- HR's page ----------------------------------------------------------------------------------


async def test_a_version_is_checked_kept_and_sent(office: Office) -> None:
    case = await a_case(office, budget_low=14_000, budget_high=20_000, months=13)
    checked = await case.post("/offers", do="check", **GOOD)
    assert checked.status_code == 200
    assert "没有发现与法律或预算冲突的地方" in checked.text
    assert "每年 256,000 元" in checked.text
    assert await case.offers() == []
    token = await case.sent()
    [offer] = await case.offers()
    assert (offer.number, offer.state) == (1, "sent")
    assert offer.terms["bonuses"][0]["when"] == "季度考核达到 B"
    page = await case.page()
    assert "16,000 元/月（税前） × 13 个月" in page
    assert "每季 12,000 元，条件：季度考核达到 B" in page
    assert token not in page
    [card] = await case.cards()
    assert (card.ours_by, card.theirs_at) == (case.hr.id, None)
    actions = await case.actions()
    assert {"offer.read", "offer.draft", "offer.send", "pledge.link"} <= set(actions)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"contract_months": "12"}, "《劳动合同法》第十九条"),
        ({"contract_months": "2", "probation_months": "1"}, "不得约定试用期"),
        ({"probation_pay": "12,799"}, "《劳动合同法》第二十条"),
    ],
)
async def test_the_law_stops_a_version_and_names_its_article(
    small_office: Office, change: dict[str, str], says: str
) -> None:
    case = await a_case(small_office)
    for do in ("check", "keep"):
        answer = await case.post("/offers", do=do, **{**GOOD, **change}, reason="特批")
        assert answer.status_code == (200 if do == "check" else 422)
        assert says in answer.text
        assert "不能发出" in answer.text
        assert 'value="16,000"' in answer.text
    assert await case.offers() == []


async def test_the_budget_asks_for_a_reason_which_the_candidate_never_sees(
    office: Office,
) -> None:
    case = await a_case(office, budget_low=10_000, budget_high=15_000, months=12)
    bare = await case.post("/offers", **GOOD)
    assert bare.status_code == 422
    assert "固定 16,000 元高于职位预算 15,000 元" in bare.text
    token = await case.sent(reason="只剩这一个人选")
    assert "只剩这一个人选" in await case.page()
    assert "只剩这一个人选" not in (await office.http.get(f"/f/{token}")).text


async def test_a_budget_that_shrank_after_the_draft_stops_the_sending(office: Office) -> None:
    case = await a_case(office, budget_low=10_000, budget_high=20_000, months=20)
    await case.post("/offers", **GOOD)
    [draft] = await case.offers()
    smaller = await office.position(owner_id=case.hr.id, budget_low=9_000, budget_high=12_000)
    await office.write(lambda tx: people.assign(tx, SYSTEM, case.id, smaller))
    assert "固定 16,000 元高于职位预算 12,000 元" in await case.page()
    answer = await case.post(f"/offers/{draft.id}/send")
    assert answer.status_code == 409
    assert "请写明理由" in answer.text
    assert ((await case.offers())[0].state, await case.cards()) == ("draft", [])


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("base", "", "1 到 1000000"),
        ("base", "一万六", "1 到 1000000"),
        ("base", "1e5", "1 到 1000000"),
        ("base", "-1", "1 到 1000000"),
        ("base", "1000001", "1 到 1000000"),
        ("base", "16000.5", "1 到 1000000"),
        ("months", "11", "12 到 36"),
        ("months", "nan", "12 到 36"),
        ("start_on", "2026-02-30", "请选择一个日期"),
        ("contract_months", "0", "1 到 600"),
        ("probation_months", "25", "0 到 24"),
        ("amount_0", "", "1 到 1000000"),
        ("when_0", "", "没有条件的奖金"),
        ("name_0", "x" * 201, "最多 200 字"),
        ("per_0", "week", "多久发一次"),
        ("notes", "长" * 1001, "太长了"),
        ("level", "P6\nP7", "写成一行"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    small_office: Office, field: str, value: str, says: str
) -> None:
    case = await a_case(small_office)
    answer = await case.post("/offers", **{**GOOD, field: value})
    assert answer.status_code == 422
    assert says in answer.text
    assert "没有保存" in answer.text
    assert await case.offers() == []


async def test_full_width_numbers_are_numbers(small_office: Office) -> None:
    case = await a_case(small_office)
    await case.post("/offers", **{**GOOD, "base": "１６，０００"})
    assert (await case.offers())[0].terms["base"] == 16_000


async def test_a_new_version_shows_what_it_changes_and_ends_the_old_link(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    old = card_of((await office.http.get(f"/f/{token}")).text)
    changes = {"base": "17000", "probation_pay": "13600", "level": "", "name_0": "年终奖"}
    assert (await case.post("/offers", **{**GOOD, **changes})).status_code == 303
    page = await case.page()
    assert "与第 1 版相比" in page
    assert re.search(r"<del>16,000 元/月.*?</del><ins>17,000 元/月", page)
    assert re.search(r"绩效奖</dt><dd><del>每季.*?</del><ins>已去掉", page)
    gone = await office.http.get(f"/f/{token}")
    assert (gone.status_code, "已作废" in gone.text, "16,000" in gone.text) == (410, True, False)
    late = await office.http.post(f"/f/{token}/confirm", data={"card": old})
    assert late.status_code == 409
    assert [card.theirs_at for card in await case.cards()] == [None]


async def test_open_points_are_read_and_bad_ones_refused(office: Office) -> None:
    case = await a_case(office)
    await case.post("/offers", **GOOD)
    [offer] = await case.offers()
    point = {"what_0": "离职证明", "who_0": "candidate", "by_0": "2099-01-31"}
    for wrong in (
        {"by_0": "2020-01-01"},
        {"by_0": ""},
        {"what_0": "x" * 201},
        {"what_0": ""},
        {"who_0": "boss"},
        {"answer_by": "2020-01-01"},
    ):
        answer = await case.post(f"/offers/{offer.id}/send", **{**point, **wrong})
        assert answer.status_code == 422, wrong
    assert await case.cards() == []
    token = await case.linked(f"/offers/{offer.id}/send", **point, answer_by="2099-01-15")
    html = (await office.http.get(f"/f/{token}")).text
    assert "离职证明" in html
    assert "2099年1月31日" in html
    assert "请在 2099年1月15日 前答复" in html


async def test_without_a_chat_hr_gets_the_link_once(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate("李四", owner=hr.id)
    case = Case(office, hr, candidate, "")
    await case.post("/offers", **GOOD)
    answer = await case.post(f"/offers/{(await case.offers())[0].id}/send")
    assert answer.status_code == 200
    [token] = set(LINK.findall(answer.text))
    assert token not in await case.page()
    assert (await office.http.get(f"/f/{token}")).status_code == 200


# --- both confirm -------------------------------------------------------------------------------


async def test_the_candidate_confirms_once_and_both_see_when(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    page = await office.http.get(f"/f/{token}")
    assert page.headers["cache-control"] == "no-store"
    assert "张三，您好" in page.text
    assert "<script" not in page.text
    card = card_of(page.text)
    done = await office.http.post(f"/f/{token}/confirm", data={"card": card})
    assert done.headers["location"] == f"/f/{token}?said=confirmed"
    [row] = await case.cards()
    assert (row.theirs_via, row.theirs_at is not None) == ("page", True)
    again = await office.http.post(f"/f/{token}/confirm", data={"card": card})
    assert again.status_code == 409
    assert "已经确认过了" in again.text
    assert (await case.cards())[0].theirs_at == row.theirs_at
    shown = (await office.http.get(f"/f/{token}")).text
    assert "您已在" in shown
    assert "/confirm" not in shown
    assert (await case.actions()).count("pledge.confirm") == 1


async def test_a_rewritten_card_needs_both_again(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    card = card_of((await office.http.get(f"/f/{token}")).text)
    await office.http.post(f"/f/{token}/confirm", data={"card": card})
    point = {"what_0": "宿舍", "who_0": "company", "by_0": "2099-01-31"}
    assert (await case.post("/pledges", **point)).status_code == 303
    assert (await office.http.get(f"/f/{token}")).status_code == 410
    new, old = await case.cards()
    assert (new.number, new.ours_at, new.theirs_at) == (2, None, None)
    assert (old.theirs_at is not None, old.replaced_at is not None) == (True, True)
    # Nothing is sent before our side has confirmed; an old version cannot be.
    assert (await case.post("/pledges/link")).status_code == 409
    stale = await case.post(f"/pledges/{old.id}/confirm")
    assert stale.status_code == 409
    assert "已被更新、撤回" in stale.text
    assert (await case.post(f"/pledges/{new.id}/confirm")).status_code == 303
    second = await case.linked("/pledges/link")
    assert second != token
    late = await office.http.post(f"/f/{second}/confirm", data={"card": old.id})
    assert late.status_code == 409
    assert "已更新" in late.text
    good = await office.http.post(f"/f/{second}/confirm", data={"card": new.id})
    assert good.status_code == 303


async def test_after_a_withdrawal_the_link_opens_nothing(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    card = card_of((await office.http.get(f"/f/{token}")).text)
    [offer] = await case.offers()
    assert (await case.post(f"/offers/{offer.id}/settle", state="withdrawn")).status_code == 303
    row = await office.road.database.read(
        lambda tx: invites.by_token(tx, token, InvitePurpose.PLEDGE, channel=None)
    )
    assert row.revoked_at is not None
    for answer in (
        await office.http.get(f"/f/{token}"),
        await office.http.post(f"/f/{token}/confirm", data={"card": card}),
        await office.http.post(f"/f/{token}/request", data={"what": "改", "once": "o" * 22}),
    ):
        assert answer.status_code in (409, 410)
        assert "16,000" not in answer.text
        assert "张三" not in answer.text
    assert (await office.http.get(f"/f/{token}/pdf")).status_code == 404
    assert (await case.post(f"/pledges/{card}/confirm")).status_code == 409
    assert (await case.post("/pledges/link")).status_code == 409
    assert (await case.post(f"/offers/{offer.id}/settle", state="accepted")).status_code == 409
    assert (await case.cards())[0].theirs_at is None
    assert await case.requests() == []


async def test_a_link_ends_by_itself_also_one_that_was_used(office: Office) -> None:
    links = []
    for used in (True, False):
        case = await a_case(office)
        token = await case.sent()
        card = card_of((await office.http.get(f"/f/{token}")).text)
        if used:
            await office.http.post(f"/f/{token}/confirm", data={"card": card})
        links.append((token, card))
    office.clock.advance(timedelta(days=pledging.LINK_DAYS, minutes=1))
    for token, card in links:
        answer = await office.http.get(f"/f/{token}")
        assert (answer.status_code, "已过期" in answer.text) == (410, True)
        assert "16,000" not in answer.text
        late = await office.http.post(f"/f/{token}/confirm", data={"card": card})
        assert late.status_code == 409


async def test_a_link_leads_to_nobody_elses_card(office: Office) -> None:
    mine, theirs = await a_case(office), await a_case(office, "李四")
    token, other = await mine.sent(), await theirs.sent()
    foreign = card_of((await office.http.get(f"/f/{other}")).text)
    answer = await office.http.post(f"/f/{token}/confirm", data={"card": foreign})
    assert answer.status_code == 404
    assert [card.theirs_at for case in (mine, theirs) for card in await case.cards()] == [None] * 2
    # Links of other kinds open no card, and this one opens nothing else.
    assert (await office.http.get(f"/f/{mine.chat}")).status_code == 404
    assert (await office.http.get(f"/chat/{token}")).status_code == 404
    for spoilt in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", "é" * 43, "a" * 5_000):
        assert (await office.http.get(f"/f/{spoilt}")).status_code == 404


async def test_hr_does_not_reach_a_colleagues_offers_by_any_id(office: Office) -> None:
    mine, theirs = await a_case(office), await a_case(office, "李四")
    await mine.sent()
    await theirs.sent()
    [offer], [card] = await theirs.offers(), await theirs.cards()
    for path, fields in (
        (f"/offers/{offer.id}/send", {}),
        (f"/offers/{offer.id}/settle", {"state": "withdrawn"}),
        (f"/pledges/{card.id}/confirm", {}),
    ):
        assert (await mine.post(path, **fields)).status_code == 404
    assert (await office.get(mine.hr, f"{mine.here}/pledges/{card.id}/pdf")).status_code == 404
    assert (await office.get(mine.hr, f"{theirs.here}/offers")).status_code == 404
    assert (await theirs.offers())[0].state == "sent"


async def test_a_colleagues_browser_does_not_confirm_for_the_candidate(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    headers = cookie_header(case.hr)
    page = await office.http.get(f"/f/{token}", headers=headers)
    fields = {"card": card_of(page.text), "what": "改", "once": "o" * 22}
    for deed in ("confirm", "request"):
        answer = await office.http.post(f"/f/{token}/{deed}", data=fields, headers=headers)
        assert (answer.status_code, "不能代为确认" in answer.text) == (403, True)
    assert (await case.cards())[0].theirs_at is None
    assert await case.requests() == []


async def test_a_link_said_in_the_chat_is_the_candidates_alone(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    key = await office.key("chat.read")
    listed = await office.http.get(f"/api/v1/candidates/{case.id}/messages", headers=key)
    for answer in (await office.get(case.hr, case.here), listed):
        assert "/f/•••" in answer.text
        assert token not in answer.text


async def test_two_presses_at_once_confirm_once(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    data = {"card": card_of((await office.http.get(f"/f/{token}")).text)}
    answers = await asyncio.gather(
        *(office.http.post(f"/f/{token}/confirm", data=data) for _ in range(8))
    )
    assert sorted(one.status_code for one in answers) == [303] + [409] * 7
    assert (await case.actions()).count("pledge.confirm") == 1


# --- requests -----------------------------------------------------------------------------------


async def test_a_wish_is_dated_reaches_hr_and_is_answered(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    once = once_of((await office.http.get(f"/f/{token}")).text)
    data = {"what": "试用期能不能改成三个月？\r\n<b>谢谢</b>", "once": once}
    for _ in range(2):  # the same form twice asks once
        answer = await office.http.post(f"/f/{token}/request", data=data)
        assert answer.headers["location"] == f"/f/{token}?said=asked"
    [wish] = await case.requests()
    assert (wish.side, wish.state, wish.source) == ("candidate", "open", f"page:{once}")
    assert (await case.actions()).count("pledge.request") == 1
    [alert] = await office.road.database.read(
        lambda tx: alerts.page(tx, office.road.vault, SYSTEM, candidate_id=case.id)
    )
    assert (alert.topic, alert.severity) == ("change", "today")
    row = await office.road.database.read(
        lambda tx: people.get_candidate(tx, office.road.vault, SYSTEM, case.id)
    )
    assert row.score == 0  # a request is no black mark
    assert "试用期能不能改成三个月" in await case.page()
    path = f"/requests/{wish.id}/answer"
    assert (await case.post(path, state="agreed", answer="可以，改三个月")).status_code == 303
    again = await case.post(path, state="refused")
    assert (again.status_code, "已经答复过了" in again.text) == (409, True)
    shown = (await office.http.get(f"/f/{token}")).text
    assert "可以，改三个月" in shown
    assert "&lt;b&gt;谢谢&lt;/b&gt;" in shown
    [settled] = await case.requests()
    assert (settled.state, settled.settled_by) == ("agreed", case.hr.id)


async def test_wishes_have_bounds(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()
    for what, once in (("", "o" * 22), ("长" * 501, "o" * 22), ("改", "短"), ("改", "")):
        answer = await office.http.post(f"/f/{token}/request", data={"what": what, "once": once})
        assert answer.status_code == 422
    for number in range(pledging.MOST_OPEN):
        data = {"what": f"第{number}条", "once": f"once-{number:020d}"}
        assert (await office.http.post(f"/f/{token}/request", data=data)).status_code == 303
    data = {"what": "再来一条", "once": "once-" + "9" * 20}
    answer = await office.http.post(f"/f/{token}/request", data=data)
    assert (answer.status_code, "再来一条" in answer.text) == (409, True)
    assert len(await case.requests()) == pledging.MOST_OPEN


async def test_hr_notes_what_was_said_on_the_telephone(small_office: Office) -> None:
    case = await a_case(small_office)
    assert (await case.post("/requests", what="", side="candidate")).status_code == 422
    assert (await case.post("/requests", what="改", side="boss")).status_code == 422
    assert (
        await case.post("/requests", what="电话里想晚一周入职", side="candidate")
    ).status_code == 303
    [wish] = await case.requests()
    assert wish.source.startswith("console:")
    assert "由 HR 记录" in await case.page()


async def test_calls_without_end_are_slowed(small_office: Office) -> None:
    answers = [(await small_office.http.get(f"/f/{'a' * 43}")).status_code for _ in range(60)]
    assert answers[0] == 404
    assert answers[-1] == 429


# --- paper --------------------------------------------------------------------------------------


def told(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("name", ["张三", "歐陽龘堃", "㛃燚·买买提", "𠮷田<b>"])
async def test_the_paper_says_what_the_page_says(office: Office, name: str) -> None:
    case = await a_case(office, name)
    token = await case.sent(notes="薪資結構另議；每周三可以在家办公\n班车到滨江")
    by_link = await office.http.get(f"/f/{token}/pdf")
    by_hr = await office.get(case.hr, f"{case.here}/pledges/{(await case.cards())[0].id}/pdf")
    for answer in (by_link, by_hr):
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith("attachment")
        words = told(answer.content)
        html = (await office.http.get(f"/f/{token}")).text
        lines = re.findall(r"<dt>(.*?)</dt><dd><bdi>(.*?)</bdi></dd>", html, re.DOTALL)
        assert len(lines) == 8
        for label, value in lines:
            assert re.sub(r"\s", "", label + value) in words
        assert name.replace("𠮷", "〓(U+20BB7)") in words
        assert "尚未确认" in words
        assert "《劳动合同法》第十条" in words
    assert "pledge.print" in await case.actions()


# --- what the record keeps ----------------------------------------------------------------------


async def test_nothing_of_the_terms_stands_in_the_open(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent(notes="独一无二的约定")

    def whole(tx: Any) -> str:
        tables = ("offer", "pledge", "change_request", "audit", "invite", "message")
        rows = [tx.all(sa.text(f"select * from {name}")) for name in tables]  # noqa: S608
        return str(rows)

    stored = await office.road.database.read(whole)
    assert token not in stored
    assert "独一无二" not in stored
    assert "16000" not in stored


async def test_erased_people_have_no_card(office: Office) -> None:
    case = await a_case(office)
    token = await case.sent()

    def erase(tx: Any) -> None:
        tx.run(sa.text("update candidate set erased_at = created_at"))

    await office.write(erase)
    assert (await office.http.get(f"/f/{token}")).status_code == 404


async def test_a_link_is_kept_as_its_hash_only_and_ends_with_the_next(office: Office) -> None:
    case = await a_case(office)
    first = await case.sent()
    second = await case.linked("/pledges/link")
    assert (await office.http.get(f"/f/{first}")).status_code == 410
    assert (await office.http.get(f"/f/{second}")).status_code == 200
    row = await office.road.database.read(
        lambda tx: invites.by_token(tx, second, InvitePurpose.PLEDGE, channel=None)
    )
    assert row.token_hash == invites.token_hash(second)
