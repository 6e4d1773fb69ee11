"""Offers over HTTP: HR's page, and requests to change."""

from __future__ import annotations

import re

import pytest

from bot import pledging
from storage.enums import Role
from storage.queries import alerts, people
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office
from tests.integration.web.offering import GOOD, LINK, Case, a_case, card_of, once_of

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
