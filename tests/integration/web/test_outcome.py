"""How it ended: asked for when a stage ends, kept with reason, day and cost, put right later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.words import SHANGHAI
from storage.enums import Role, Stage
from storage.queries import offers, people
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, cookie_header
from tests.integration.web.test_record import EVIL, actions
from tests.integration.web.test_record import text_of as words_of


def path_of(candidate: str) -> str:
    return f"/console/candidates/{candidate}/outcome"


def today(office: Office) -> str:
    return office.road.now().astimezone(SHANGHAI).date().isoformat()


def good(office: Office, **more: str) -> dict[str, str]:
    return {
        "outcome": "reneged", "reason": "pay", "on_day": today(office), "cost": "8,000",
        "note": "另一家给了 20k", **more,
    }  # fmt: skip


async def kept(office: Office, candidate: str) -> tuple[Stage, list[Any]]:
    def read(tx: Any) -> tuple[Stage, list[Any]]:
        row = people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        key = office.road.vault.key(tx, row.subject_id)
        return row.stage, offers.endings(tx, key, candidate)

    found: tuple[Stage, list[Any]] = await office.road.database.read(read)
    return found


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        ("onboarded", "joined"),
        ("declined", "declined"),
        ("reneged", "reneged"),
        ("rescinded", "rescinded"),
    ],
)
async def test_a_stage_that_ends_something_asks_how_before_it_changes(
    small_office: Office, stage: str, outcome: str
) -> None:
    office = small_office
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(stage=Stage.ACCEPTED)
    sent = await office.post(hr, f"/console/candidates/{candidate}/stage", stage=stage)
    assert sent.headers["location"] == f"{path_of(candidate)}?asked={outcome}"
    assert await kept(office, candidate) == (Stage.ACCEPTED, [])
    page = (await office.get(hr, sent.headers["location"])).text
    assert f'value="{outcome}" required checked' in page
    assert "阶段要在记下结局后才会更新" in page
    done = await office.post(hr, path_of(candidate), **good(office, outcome=outcome))
    assert done.headers["location"] == f"{path_of(candidate)}?said=ended"
    now, [ending] = await kept(office, candidate)
    assert (now, ending.outcome) == (Stage(stage), outcome)


async def test_an_outcome_is_kept_with_reason_day_cost_and_who(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(stage=Stage.ACCEPTED)
    for _ in range(2):  # pressed twice, kept once
        assert (await office.post(hr, path_of(candidate), **good(office))).status_code == 303
    now, [ending] = await kept(office, candidate)
    assert now is Stage.RENEGED
    assert (ending.reason, ending.cost, ending.note) == ("pay", 8_000, "另一家给了 20k")
    assert ending.recorded_by == hr.id
    words = words_of((await office.get(hr, path_of(candidate))).text)
    for shown in ("接受后反悔", "薪资", "8,000 元", "另一家给了 20k", "姓名hr 记录", "以此为准"):
        assert shown in words
    put_right = good(office, outcome="declined", reason="competing_offer", note="", cost="")
    assert (await office.post(hr, path_of(candidate), **put_right)).status_code == 303
    now, [newest, older] = await kept(office, candidate)
    assert (now, newest.outcome, newest.cost) == (Stage.DECLINED, "declined", None)
    assert older.outcome == "reneged"
    assert await actions(office, candidate) == [
        "candidate.outcome",
        "candidate.read",
        "candidate.outcome",
    ]


async def test_a_renegotiation_ends_nothing(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(stage=Stage.ACCEPTED)
    await office.post(hr, path_of(candidate), **good(office, outcome="renegotiated"))
    now, [ending] = await kept(office, candidate)
    assert (now, ending.outcome) == (Stage.ACCEPTED, "renegotiated")


async def test_nobody_ends_in_a_way_their_stage_does_not_have(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    fresh = await office.candidate(stage=Stage.OFFER)
    sent = await office.post(hr, path_of(fresh), **good(office, outcome="left"))
    assert sent.status_code == 422
    assert "现在的阶段不能这样结束" in sent.text
    settled = await office.candidate(stage=Stage.CONFIRMED)
    assert 'value="joined"' not in (await office.get(hr, path_of(settled))).text
    sent = await office.post(hr, path_of(settled), **good(office, outcome="joined"))
    assert sent.status_code == 422
    assert await kept(office, settled) == (Stage.CONFIRMED, [])
    assert await kept(office, fresh) == (Stage.OFFER, [])


async def test_a_form_that_does_not_hold_together_says_where(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(stage=Stage.ACCEPTED)
    tomorrow = (office.road.now() + timedelta(days=1)).astimezone(SHANGHAI).date().isoformat()
    wrong: list[dict[str, str]] = [
        {"outcome": ""}, {"outcome": "fired"}, {"outcome": "reneged'--"},
        {"reason": ""}, {"reason": "because"}, {"reason": "x" * 5000},
        {"on_day": ""}, {"on_day": tomorrow}, {"on_day": "2026-02-30"}, {"on_day": "0001-01-01"},
        {"on_day": "20261101"}, {"on_day": "２０２６-１１-０１"},
        {"cost": "-1"}, {"cost": "1e9"}, {"cost": "10000001"}, {"cost": "nan"}, {"cost": "９"},
        {"cost": "9" * 400}, {"note": "长" * 2001}, {"note": "a\x08b"},
    ]  # fmt: skip
    for change in wrong:
        sent = await office.post(hr, path_of(candidate), **good(office, **change))
        assert sent.status_code == 422, change
        assert sent.text.count('class="field-error"') == 1, change
        assert len(sent.text) < 60_000
    assert await kept(office, candidate) == (Stage.ACCEPTED, [])


async def test_outcomes_are_for_hr_and_only_of_their_own_people(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    manager = await office.user("m", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    candidate = await office.candidate(position_id=position, stage=Stage.ACCEPTED)
    for who, expected in ((manager, 403), (other, 404)):
        assert (await office.get(who, path_of(candidate))).status_code == expected
        sent = await office.post(who, path_of(candidate), **good(office))
        assert sent.status_code == expected
    sent = await office.http.post(
        path_of(candidate), data={**good(office), "csrf": other.csrf}, headers=cookie_header(hr)
    )
    assert sent.status_code == 403
    assert await kept(office, candidate) == (Stage.ACCEPTED, [])


async def test_a_note_is_never_markup(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate(stage=Stage.ACCEPTED)
    back = await office.post(hr, path_of(candidate), **good(office, note=EVIL, cost=EVIL[:12]))
    assert back.status_code == 422
    await office.post(hr, path_of(candidate), **good(office, note=EVIL))
    page = (await office.get(hr, path_of(candidate))).text
    for html in (page, back.text):
        assert "<img" not in html
        assert "&lt;img" in html
    assert "{{7*7}}" in page
