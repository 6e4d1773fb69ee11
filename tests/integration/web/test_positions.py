"""Positions in the console: changed, with what the team offers and by when; the match follows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from storage.enums import Role, Stage
from storage.queries import audit, people
from storage.queries.people import PositionRow
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, cookie_header
from tests.integration.web.test_record import text_of, told

PATH = "/console/positions"
GOOD = {
    "title": "后端工程师", "department": "支付", "city": "杭州市", "budget_low_k": "16",
    "budget_high_k": "22.5", "months": "13", "needed_by": "2026-12-10",
    "culture:growth": "1", "culture:team": "1",
}  # fmt: skip


async def stored(office: Office, position: str) -> PositionRow:
    return await office.road.database.read(lambda tx: people.get_position(tx, SYSTEM, position))


async def test_a_position_is_made_and_changed_with_values_place_and_day(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    assert (await office.post(hr, PATH, **GOOD)).status_code == 303
    [row] = await office.road.database.read(lambda tx: people.positions(tx, SYSTEM))
    assert (row.culture, row.needed_by) == (("growth", "team"), date(2026, 12, 10))
    page = (await office.get(hr, PATH)).text
    assert "12月10日 周四前到岗" in text_of(page)
    form = (await office.get(hr, f"{PATH}?edit={row.id}")).text
    for name, value in (("title", "后端工程师"), ("city", "杭州市"), ("budget_high_k", "22.5")):
        assert f'name="{name}"' in form
        assert f'value="{value}"' in form
    assert 'name="culture:growth" value="1" checked' in form
    assert 'name="culture:pay" value="1">' in form
    changed = {key: text for key, text in GOOD.items() if key != "culture:team"}
    changed |= {"city": "上海", "needed_by": "", "culture:craft": "1"}
    sent = await office.post(hr, f"{PATH}/{row.id}", **changed)
    assert sent.headers["location"] == f"{PATH}?said=position_created"
    now = await stored(office, row.id)
    assert (now.city, now.culture, now.needed_by) == ("上海", ("growth", "craft"), None)
    assert (now.owner_id, now.budget_high) == (row.owner_id, 22_500)


async def test_the_match_sees_values_and_day_and_says_who_offers_what(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    position = await office.position(owner_id=hr.id)
    who = await office.candidate(position_id=position)
    await told(
        office, hr, who, expect_values="成长、稳定", expect_start="2026-12-10", expect_pay="20k"
    )
    path = f"/console/candidates/{who}/match"
    before = text_of((await office.get(hr, path)).text)
    assert "职位没有填写团队能给到什么" in before
    assert "还没有定需要的入职日期" in before
    await office.post(hr, f"{PATH}/{position}", **{**GOOD, "city": ""})
    page = (await office.get(hr, path)).text
    after = text_of(page)
    assert "职位没有填写团队能给到什么" not in after
    assert "还没有定需要的入职日期" not in after
    assert "候选人看重 成长 稳定" in after
    assert "职位能给到 成长 团队氛围" in after
    assert f'href="{PATH}?edit={position}"' not in page  # what is missing is the candidate's
    await told(office, hr, who, expect_city="杭州")
    assert f'href="{PATH}?edit={position}"' in (await office.get(hr, path)).text


async def test_a_changed_budget_appraises_whom_it_is_about_and_nobody_else(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    position = await office.position(budget_low=20_000, budget_high=25_000, owner_id=hr.id)
    going = await office.candidate(position_id=position)
    ended = await office.candidate(position_id=position, stage=Stage.DECLINED)
    for who in (going, ended):
        await told(office, hr, who, expect_pay="24k", own_motive_first="薪资")

    async def scores() -> list[int]:
        def read(tx: Any) -> list[int]:
            return [
                people.get_candidate(tx, office.road.vault, SYSTEM, one).score
                for one in (going, ended)
            ]

        found: list[int] = await office.road.database.read(read)
        return found

    before = await scores()
    low = {**GOOD, "budget_low_k": "10", "budget_high_k": "12", "months": ""}
    await office.post(hr, f"{PATH}/{position}", **low)
    after = await scores()
    assert after[0] > before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "职\n位"},
        {"city": "长" * 61},
        {"budget_low_k": "30"},
        {"months": "nan"},
        {"months": "37"},
        {"needed_by": "明年"},
        {"needed_by": "1900-01-01"},
        {"needed_by": "2026-13-01"},
    ],
)
async def test_a_form_that_does_not_hold_changes_nothing_and_comes_back(
    small_office: Office, wrong: dict[str, str]
) -> None:
    office = small_office
    hr = await office.user("hr", Role.HR)
    position = await office.position(owner_id=hr.id)
    before = await stored(office, position)
    sent = await office.post(hr, f"{PATH}/{position}", **{**GOOD, **wrong})
    assert sent.status_code == 422
    assert "field-error" in sent.text
    assert f'action="{PATH}/{position}"' in sent.text
    assert 'name="culture:team" value="1" checked' in sent.text
    assert await stored(office, position) == before


async def test_values_nobody_defined_are_not_kept(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    position = await office.position(owner_id=hr.id)
    await office.post(hr, f"{PATH}/{position}", **{**GOOD, "culture:young": "1", "culture:": "1"})
    assert (await stored(office, position)).culture == ("growth", "team")


async def test_managers_change_nothing_and_unknown_positions_are_not_found(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    manager = await office.user("manager", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    assert (await office.post(manager, f"{PATH}/{position}", **GOOD)).status_code == 403
    seen = (await office.get(manager, f"{PATH}?edit={position}")).text
    assert '<form class="sheet' not in seen
    assert "?edit=" not in seen
    for none in ("p_none", "p_" + "a" * 36):
        assert (await office.post(hr, f"{PATH}/{none}", **GOOD)).status_code == 404
        assert (await office.get(hr, f"{PATH}?edit={none}")).status_code == 404
    without = await office.http.post(f"{PATH}/{position}", data=GOOD, headers=cookie_header(hr))
    assert without.status_code == 403


async def test_a_change_stands_in_the_audit_chain(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    position = await office.position(owner_id=hr.id)
    await office.post(hr, f"{PATH}/{position}", **GOOD)

    def read(tx: Any) -> list[tuple[str, str]]:
        return [(row.action, row.actor) for row in audit.entries(tx) if row.object == position]

    assert await office.road.database.read(read) == [("position.change", hr.id)]
