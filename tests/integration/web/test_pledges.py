"""The 承诺卡 over HTTP: both confirm, its paper, and what is kept of it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import sqlalchemy as sa

from bot import pledging
from storage.enums import InvitePurpose
from storage.queries import invites
from tests.integration.web.conftest import Office, cookie_header
from tests.integration.web.offering import a_case, card_of

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
