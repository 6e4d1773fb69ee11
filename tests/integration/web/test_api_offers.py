"""The API's offers, cards and requests: what programs may do, and what stays people's."""

from __future__ import annotations

from typing import Any

import pytest

from bot import offering, pledging
from storage.enums import Role
from storage.queries import offers
from tests.integration.web.conftest import Office, viewer

GOOD: dict[str, Any] = {
    "base": 16_000,
    "months": 13,
    "bonuses": [{"name": "绩效奖", "amount": 12_000, "per": "quarter", "when": "季度考核达到 B"}],
    "start_on": "2026-12-15",
    "probation_months": 6,
    "probation_pay": 12_800,
}


async def start(office: Office, **position: Any) -> tuple[str, dict[str, str]]:
    place = await office.position(**position)
    return await office.candidate(position_id=place), await office.key("offer.read", "offer.write")


async def test_a_draft_is_made_once_and_listed(office: Office) -> None:
    candidate, key = await start(office)
    path = f"/api/v1/candidates/{candidate}/offers"
    headers = {**key, "Idempotency-Key": "once"}
    first = await office.http.post(path, json=GOOD, headers=headers)
    assert first.status_code == 201, first.text
    assert first.json()["state"] == "draft"
    assert first.json()["terms"]["bonuses"][0]["per"] == "quarter"
    again = await office.http.post(path, json=GOOD, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    other = await office.http.post(path, json={**GOOD, "base": 17_000}, headers=headers)
    assert other.status_code == 409
    for base in (16_500, 16_900):
        await office.http.post(
            path, json={**GOOD, "base": base, "probation_months": 0}, headers=key
        )
    page = (await office.http.get(f"{path}?limit=2", headers=key)).json()
    assert [one["number"] for one in page["items"]] == [3, 2]
    rest = (await office.http.get(f"{path}?limit=2&cursor={page['next']}", headers=key)).json()
    assert [(one["number"], one["state"]) for one in rest["items"]] == [(1, "replaced")]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"contract_months": 12}, "probation", "《劳动合同法》第十九条"),
        ({"probation_pay": 12_799}, "probation_pay", "《劳动合同法》第二十条"),
        ({"base": 16_001, "probation_months": 0}, "budget", "give a reason"),
    ],
)
async def test_what_stands_against_an_offer_is_a_422(
    office: Office, change: dict[str, Any], field: str, says: str
) -> None:
    candidate, key = await start(office, budget_low=10_000, budget_high=16_000, months=30)
    path = f"/api/v1/candidates/{candidate}/offers"
    answer = await office.http.post(path, json={**GOOD, **change}, headers=key)
    assert answer.status_code == 422
    assert {"field": field, "problem": says} in answer.json()["errors"]
    assert (await office.http.get(path, headers=key)).json()["items"] == []
    if field == "budget":
        body = {**GOOD, **change, "reason": "只剩这一个人选"}
        assert (await office.http.post(path, json=body, headers=key)).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"base": 0},
        {"base": "16000a"},
        {"base": 10**7},
        {"months": 11},
        {"start_on": "12/15"},
        {"bonuses": [{"name": "奖", "amount": 1, "per": "week", "when": "x"}]},
        {"bonuses": [{"name": "奖", "amount": 1, "per": "year", "when": ""}]},
        {"level": "P6\n"},
        {"notes": "x" * 1001},
        {"state": "sent"},
        {"approved_by": "u_1"},
    ],
)
async def test_a_field_that_cannot_be_is_named(
    small_office: Office, change: dict[str, Any]
) -> None:
    candidate, key = await start(small_office)
    path = f"/api/v1/candidates/{candidate}/offers"
    answer = await small_office.http.post(path, json={**GOOD, **change}, headers=key)
    assert answer.status_code == 422
    assert next(iter(change)) in answer.text


async def test_cards_and_requests_are_read(office: Office) -> None:
    candidate, key = await start(office)
    hr = await office.user("hr", Role.HR_ADMIN)
    path = f"/api/v1/candidates/{candidate}"
    made = await office.http.post(f"{path}/offers", json=GOOD, headers=key)
    await pledging.send(office.road, viewer(hr), candidate, made.json()["id"], answer_by=None)
    [card] = (await office.http.get(f"{path}/pledges", headers=key)).json()["items"]
    assert card["agreed"][0] == {"label": "固定薪资", "words": "16,000 元/月（税前） × 13 个月"}
    assert (card["ours_by"], card["theirs_at"]) == (hr.id, None)
    headers = {**key, "Idempotency-Key": "wish"}
    body = {"what": "想晚一周入职"}
    asked = await office.http.post(f"{path}/requests", json=body, headers=headers)
    again = await office.http.post(f"{path}/requests", json=body, headers=headers)
    assert (asked.status_code, again.json()["id"]) == (201, asked.json()["id"])
    assert (
        await office.http.post(f"{path}/requests", json={"what": " "}, headers=key)
    ).status_code == 422
    await offering.answer_change(
        office.road, viewer(hr), candidate, asked.json()["id"], "agreed", answer="可以"
    )
    [wish] = (await office.http.get(f"{path}/requests", headers=key)).json()["items"]
    assert (wish["state"], wish["answer"], wish["settled_by"]) == ("agreed", "可以", hr.id)


async def test_a_program_neither_sends_nor_confirms(office: Office) -> None:
    candidate, key = await start(office)
    path = f"/api/v1/candidates/{candidate}"
    made = (await office.http.post(f"{path}/offers", json=GOOD, headers=key)).json()["id"]
    for deed in (f"offers/{made}/send", f"offers/{made}/settle", "pledges"):
        answer = await office.http.post(f"{path}/{deed}", json={}, headers=key)
        assert answer.status_code in (404, 405)
    console = await office.http.post(
        f"/console/candidates/{candidate}/offers/{made}/send", headers=key
    )
    assert console.headers["location"].startswith("/signin")
    row = await office.road.database.read(lambda tx: offers.stands(tx, candidate))
    assert row is False


async def test_only_who_may_see_pay_sees_offers(office: Office) -> None:
    manager = await office.user("m", Role.MANAGER)
    place = await office.position(manager_id=manager.id)
    candidate = await office.candidate(position_id=place)
    for noun in ("offers", "pledges", "requests"):
        path = f"/api/v1/candidates/{candidate}/{noun}"
        assert (await office.get(manager, path)).status_code == 403
        key = await office.key("candidate.read", "chat.read")
        assert (await office.http.get(path, headers=key)).status_code == 403
    page = (await office.get(manager, f"/console/candidates/{candidate}")).text
    assert "/offers" not in page
