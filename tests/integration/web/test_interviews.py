"""Interviews on the record and over the API: noted once, cancelled, shown to whom they concern."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import copies
from bot.words import SHANGHAI
from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Opinion, Role
from storage.queries import audit, interviews, people
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person
from tests.integration.web.test_covering import api

TOKEN = re.compile(r'name="token" value="(vw_[a-z2-7]{26})"')
WORDS = "底子扎实，带过项目"


def when(office: Office, **ahead: float) -> dict[str, str]:
    at = (office.clock() + timedelta(**ahead)).astimezone(SHANGHAI)
    return {"day": at.date().isoformat(), "clock": f"{at:%H:%M}"}


async def desk(office: Office) -> tuple[Person, Person, Person, str]:
    hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
    guest = await office.user("guest", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    return hr, manager, guest, await office.candidate(position_id=position)


async def rows(office: Office, candidate: str) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        row = people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        return interviews.of_candidate(tx, office.road.vault.key(tx, row.subject_id), row.id)

    return list(await office.road.database.read(read))


async def said(office: Office, candidate: str, talk: str, by: Person) -> None:
    def work(tx: Tx) -> None:
        row = people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
        interviews.tell(tx, talk, Opinion.NO, by=by.id)
        key = office.road.vault.key(tx, row.subject_id)
        interviews.add_words(tx, key, talk, WORDS, by=by.id)

    await office.write(work)


async def test_a_form_twice_is_one_interview_and_it_can_be_cancelled(office: Office) -> None:
    hr, _, guest, who = await desk(office)
    base = f"/console/candidates/{who}"
    page = (await office.get(hr, f"{base}/record")).text
    found = TOKEN.search(page)
    assert found is not None
    fields = {**when(office, days=1), "interviewer": guest.id, "number": "", "token": found[1]}
    for _ in range(2):
        sent = await office.post(hr, f"{base}/interviews", **fields)
        assert sent.headers["location"].endswith("said=interview_added#interviews")
    [one] = await rows(office, who)
    assert (one.number, one.interviewer, one.created_by) == (1, "姓名guest", hr.id)
    page = (await office.get(hr, f"{base}/record")).text
    assert "面试官：姓名guest" in page
    assert "未开始" in page
    end = f"{base}/interviews/{one.id}/cancel"
    assert (await office.post(hr, end)).status_code == 303
    assert (await office.post(hr, end)).status_code == 409
    deeds = await office.road.database.read(lambda tx: audit.page(tx, limit=20))
    about = [row.action for row in deeds if row.action.startswith("interview.")]
    assert sorted(about) == ["interview.add", "interview.cancel"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"clock": "25:00"}, "请填写时间"),
        ({"clock": ""}, "请填写时间"),
        ({"day": "2026-02-30"}, "请选择一个日期"),
        ({"day": "1999-01-01"}, "请选择一个日期"),
        ({"number": "0"}, "请填写一个数字"),
        ({"number": "１"}, "请填写一个数字"),
        ({"interviewer": "u_none"}, "请选择在用账号的同事"),
    ],
)
async def test_a_form_that_makes_no_sense_comes_back(
    small_office: Office, changed: dict[str, str], says: str
) -> None:
    office = small_office
    hr, _, _, who = await desk(office)
    fields = {**when(office, days=1), "token": new_public_id("vw"), **changed}
    answer = await office.post(hr, f"/console/candidates/{who}/interviews", **fields)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert fields["token"] in answer.text
    assert await rows(office, who) == []


async def test_hr_reads_all_that_was_thought_and_whoever_held_one_only_their_own(
    office: Office,
) -> None:
    hr, manager, guest, who = await desk(office)
    made = []
    for holder in (manager, guest):
        body = {
            "at": (office.clock() - timedelta(hours=2)).isoformat(),
            "interviewer_id": holder.id,
        }
        sent = await api(office, hr, "POST", f"/candidates/{who}/interviews", body)
        assert sent.status_code == 201
        made.append(sent.json())
    assert [one["number"] for one in made] == [1, 2]
    await said(office, who, made[1]["id"], guest)
    record = f"/console/candidates/{who}/record"
    page = (await office.get(hr, record)).text
    assert WORDS in page
    assert "不合适" in page
    theirs = (await office.get(manager, record)).text
    assert WORDS not in theirs
    assert "姓名guest" not in theirs
    assert "第 1 轮" in theirs
    got = await api(office, manager, "GET", f"/candidates/{who}/interviews")
    assert [one["id"] for one in got.json()["items"]] == [made[0]["id"]]
    every = await api(office, hr, "GET", f"/candidates/{who}/interviews")
    assert [one["feedback"] for one in every.json()["items"]] == ["", WORDS]
    assert (await api(office, guest, "GET", f"/candidates/{who}/interviews")).status_code == 404
    # HR heard the first one at the door.
    told = f"/console/candidates/{who}/interviews/{made[0]['id']}/told"
    assert (await office.post(hr, told, verdict="yes")).status_code == 303
    assert (await office.post(hr, told, verdict="no")).status_code == 409
    assert [one.verdict for one in await rows(office, who)] == [Opinion.YES, Opinion.NO]


async def test_one_of_another_candidate_is_not_there(small_office: Office) -> None:
    office = small_office
    hr, _, _, who = await desk(office)
    other = await office.candidate("李四", owner=hr.id)
    body = {"at": (office.clock() - timedelta(hours=2)).isoformat()}
    made = (await api(office, hr, "POST", f"/candidates/{other}/interviews", body)).json()
    path = f"/candidates/{who}/interviews/{made['id']}"
    assert (await api(office, hr, "DELETE", path)).status_code == 404
    told = f"/console/candidates/{who}/interviews/{made['id']}/told"
    assert (await office.post(hr, told, verdict="yes")).status_code == 409
    fields = {**when(office, days=1), "token": made["id"]}
    answer = await office.post(hr, f"/console/candidates/{who}/interviews", **fields)
    assert answer.status_code == 409
    for wrong in ({"at": "2026-11-30T10:00:00"}, {"at": "1999-01-01T10:00:00Z"}, {"at": "soon"}):
        sent = await api(office, hr, "POST", f"/candidates/{who}/interviews", wrong)
        assert sent.status_code == 422


@pytest.mark.parametrize("whole", [True, False])
async def test_a_copy_for_the_person_says_what_was_thought_of_them_unless_policy_does_not(
    small_office: Office, whole: bool
) -> None:
    office = small_office
    _, _, guest, who = await desk(office)
    talk = new_public_id("vw")
    await office.write(
        lambda tx: interviews.add(
            tx, who, talk, at=tx.now, interviewer_id=guest.id, number=None, by="u_x"
        )
    )
    await said(office, who, talk, guest)
    rules = office.road.rulebook
    policy = rules.policy.model_copy(update={"copy_feedback": whole})

    def read(tx: Tx) -> copies.Copy:
        row = people.get_candidate(tx, office.road.vault, SYSTEM, who)
        told = replace(rules, policy=policy)
        return copies.copy(tx, office.road.vault, told, row, "远山科技")

    made = await office.road.database.read(read)
    [one] = made.interviews
    assert (one["number"], one["verdict"], one["feedback"]) == (
        (1, "不合适", WORDS) if whole else (1, "", "")
    )
    assert "姓名guest" not in json.dumps(made.plain(), ensure_ascii=False, default=str)
