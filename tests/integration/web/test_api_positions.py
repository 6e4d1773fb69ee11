"""Positions over the API: all they say, changed in part, refused whole."""

from __future__ import annotations

from typing import Any

import pytest

from storage.enums import Role
from storage.queries import audit
from tests.integration.web.conftest import Office
from tests.integration.web.test_record import told

PATH = "/api/v1/positions"
WHOLE = {
    "title": "后端工程师", "department": "支付", "city": "杭州", "budget_low": 16000,
    "budget_high": 22000, "months": 13.5, "level": "P6", "headcount": 2,
    "requirements": "写过三年服务端", "culture": ["growth", "team"], "needed_by": "2026-12-10",
}  # fmt: skip


async def test_all_a_position_says_goes_in_and_out(office: Office) -> None:
    key, hr = await office.key(), await office.user("hr", Role.HR)
    made = await office.http.post(PATH, json={**WHOLE, "owner_id": hr.id}, headers=key)
    assert made.status_code == 201
    got = (await office.http.get(f"{PATH}/{made.json()['id']}", headers=key)).json()
    assert {name: got[name] for name in WHOLE} == WHOLE
    assert got["owner_id"] == hr.id


async def test_what_is_not_given_stays_and_null_takes_away(office: Office) -> None:
    key = await office.key()
    made = (await office.http.post(PATH, json=WHOLE, headers=key)).json()
    path = f"{PATH}/{made['id']}"
    got = (
        await office.http.patch(path, json={"city": "苏州", "needed_by": None}, headers=key)
    ).json()
    assert {name: got[name] for name in WHOLE} == {**WHOLE, "city": "苏州", "needed_by": None}
    rows = await office.road.database.read(lambda tx: audit.page(tx, limit=5))
    assert ("position.change", made["id"]) in {(row.action, row.object) for row in rows}


async def test_who_is_for_it_is_appraised_again(office: Office) -> None:
    key, hr = await office.key(), await office.user("hr", Role.HR)
    rich = {"title": "后端工程师", "budget_low": 20_000, "budget_high": 25_000}
    made = (await office.http.post(PATH, json=rich, headers=key)).json()
    who = await office.candidate(position_id=made["id"])
    await told(office, hr, who, expect_pay="24k", own_motive_first="薪资")

    async def score() -> int:
        found = await office.http.get(f"/api/v1/candidates/{who}", headers=key)
        return int(found.json()["score"])

    before = await score()
    less = {"budget_low": 10_000, "budget_high": 12_000}
    await office.http.patch(f"{PATH}/{made['id']}", json=less, headers=key)
    assert await score() > before


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"culture": ["wealth"]}, 422),
        ({"title": None}, 422),
        ({"title": ""}, 422),
        ({"headcount": 0}, 422),
        ({"needed_by": "2026-02-30"}, 422),
        ({"budget_low": 30000}, 409),
        ({"budget_low": 9, "budget_high": 8}, 422),
        ({"owner_id": "u_nobody"}, 422),
        ({"id": "p_other"}, 422),
    ],
)
async def test_a_wrong_change_changes_nothing(
    office: Office, wrong: dict[str, Any], status: int
) -> None:
    key = await office.key()
    made = (await office.http.post(PATH, json=WHOLE, headers=key)).json()
    path = f"{PATH}/{made['id']}"
    answer = await office.http.patch(path, json={**wrong, "city": "苏州"}, headers=key)
    assert answer.status_code == status, answer.text
    assert (await office.http.get(path, headers=key)).json() == made


async def test_an_unknown_position_is_not_there(office: Office) -> None:
    key = await office.key()
    answer = await office.http.patch(f"{PATH}/p_none", json={"city": "苏州"}, headers=key)
    assert answer.status_code == 404
