"""Consents on the pages and over the interface: the notice, the ledger, papers, what came along."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.consent import ANALYSIS
from storage.database import Tx
from storage.enums import Role
from storage.queries import codes, consents
from storage.queries.common import table
from storage.tables import AuditRow, Reading
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office

LACKS = "未同意自动分析"
PAPER = {"item": ANALYSIS, "note": "人事柜 3"}


@pytest.fixture
def asking(office: Office) -> Office:
    """A company whose bot asks for consent itself."""
    road = office.road
    road.rulebook = replace(road.rulebook, form=None)
    return office


async def ledger(office: Office, who: str) -> list[tuple[str, str, str]]:
    def read(tx: Tx) -> list[tuple[str, str, str]]:
        links = consents.ledger(tx, SYSTEM, who)
        return [(one.item, one.answer.value, one.source) for one in links]

    return list(await office.road.database.read(read))


async def said(office: Office, token: str, text: str) -> None:
    answer = await office.http.post(f"/chat/{token}/messages", json={"text": text})
    assert answer.status_code == 202


async def read_count(office: Office) -> int:
    return len(await office.road.database.read(lambda tx: tx.all(table(Reading).select())))


async def test_anybody_can_read_the_whole_notice(office: Office) -> None:
    answer = await office.http.get("/privacy")
    assert answer.status_code == 200
    for part in ("远山科技", "自动程序，非真人", "180 天", "撤回同意", "背景调查", "人才库"):
        assert part in answer.text
    assert office.road.rulebook.analysis_version[:12] in answer.text
    assert "{" not in answer.text.partition("<main")[2].partition("</main")[0]


async def test_hr_sees_that_nothing_is_read_and_managers_do_not(asking: Office) -> None:
    hr = await asking.user("hr1", Role.HR)
    manager = await asking.user("boss", Role.MANAGER)
    seat = await asking.position(owner_id=hr.id, manager_id=manager.id)
    who = await asking.candidate(position_id=seat)
    for path in (f"/console/candidates/{who}", "/console/candidates"):
        assert LACKS in (await asking.get(hr, path)).text
        seen = await asking.get(manager, path)
        assert seen.status_code == 200
        assert LACKS not in seen.text
        assert "同意记录" not in seen.text


async def test_a_consent_on_paper_is_kept_with_its_note_and_reads_back(asking: Office) -> None:
    hr = await asking.user("hr1", Role.HR)
    who = await asking.candidate(owner=hr.id)
    token = await asking.chat(who)
    await said(asking, token, "薪资太低了，我可能不来了")

    async def asked() -> bool:
        return len(await ledger(asking, who)) == 1

    await asking.until(asked)
    assert await read_count(asking) == 0
    answer = await asking.post(hr, f"/console/candidates/{who}/consents", **PAPER)
    assert answer.status_code == 303
    assert (await ledger(asking, who))[1:] == [(ANALYSIS, "given", f"paper:{hr.id}:人事柜 3")]

    async def read() -> bool:
        return await read_count(asking) == 1

    await asking.until(read)
    page = (await asking.get(hr, f"/console/candidates/{who}")).text
    assert LACKS not in page
    assert "人事柜 3" in page
    rows = await asking.road.database.read(lambda tx: tx.all(table(AuditRow).select()))
    [link] = [row for row in rows if row.action == "consent.given"]
    assert (link.actor, link.object) == (hr.id, who)
    assert "柜" not in str(link.details)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"item": "analysis", "note": ""}, 422),
        ({"item": "analysis", "note": "  "}, 422),
        ({"item": "analysis", "note": "柜" * 26}, 422),
        ({"item": "analysis", "note": "a\u0007"}, 422),
        ({"item": "blood_type", "note": "柜 3"}, 422),
        ({"note": "柜 3"}, 422),
        ({}, 422),
    ],
)
async def test_a_paper_without_item_or_note_is_not_recorded(
    asking: Office, fields: dict[str, str], status: int
) -> None:
    hr = await asking.user("hr1", Role.HR)
    who = await asking.candidate(owner=hr.id)
    answer = await asking.post(hr, f"/console/candidates/{who}/consents", **fields)
    assert answer.status_code == status
    assert await ledger(asking, who) == []


async def test_another_hrs_candidate_is_like_none(asking: Office) -> None:
    hr, other = await asking.user("hr1", Role.HR), await asking.user("hr2", Role.HR)
    who = await asking.candidate(owner=other.id)
    for path in (who, "c_none"):
        answer = await asking.post(hr, f"/console/candidates/{path}/consents", **PAPER)
        assert answer.status_code == 404
    assert await ledger(asking, who) == []


async def created(office: Office, **body: Any) -> Any:
    key = await office.key()
    return await office.http.post(
        "/api/v1/candidates", json={"name": "张三", "stage": "offer", **body}, headers=key
    )


async def test_the_interface_brings_consents_along_and_shows_those_that_stand(
    asking: Office,
) -> None:
    bare = (await created(asking)).json()
    assert bare["consents"] == []
    assert await ledger(asking, bare["id"]) == []
    told = [{"item": ANALYSIS, "source": "招聘网站投递页 2026-11"}]
    made = await created(asking, consents=told)
    assert made.status_code == 201
    [stands] = made.json()["consents"]
    assert (stands["item"], stands["source"]) == (ANALYSIS, "api:招聘网站投递页 2026-11")
    key = await asking.key()
    path = f"/api/v1/candidates/{made.json()['id']}"
    assert (await asking.http.get(path, headers=key)).json()["consents"] == [stands]
    narrow = await asking.key("candidate.read")
    assert (await asking.http.get(path, headers=narrow)).json()["consents"] == []


@pytest.mark.parametrize(
    "told",
    [
        [{"item": "blood_type", "source": "表"}],
        [{"item": ANALYSIS, "source": ""}],
        [{"item": ANALYSIS, "source": "表" * 51}],
        [{"item": ANALYSIS}],
        [{"item": ANALYSIS, "source": "表", "answer": "given"}],
        [{"item": ANALYSIS, "source": "表"}] * 21,
        {"item": ANALYSIS},
    ],
)
async def test_consents_that_cannot_be_are_refused_with_the_whole_request(
    asking: Office, told: Any
) -> None:
    answer = await created(asking, consents=told)
    assert answer.status_code == 422
    key = await asking.key()
    assert (await asking.http.get("/api/v1/candidates", headers=key)).json()["items"] == []


async def test_where_the_companys_form_asks_a_new_record_says_so(office: Office) -> None:
    hr = await office.user("hr1", Role.HR)
    form = office.road.rulebook.form
    assert form is not None
    answer = await office.post(hr, "/console/candidates", name="王新", stage="offer")
    assert answer.status_code == 303
    who = answer.headers["location"].rpartition("/")[2].partition("?")[0]
    assert await ledger(office, who) == [(ANALYSIS, "given", form.source)]
    made = (await created(office)).json()
    assert await ledger(office, made["id"]) == [(ANALYSIS, "given", form.source)]
    page = (await office.get(hr, f"/console/candidates/{who}")).text
    assert form.name in page
    assert LACKS not in page


async def test_a_code_is_shown_once_beside_the_invites_and_opens_the_record(
    office: Office,
) -> None:
    hr, other = await office.user("hr1", Role.HR), await office.user("hr2", Role.HR)
    who = await office.candidate(owner=hr.id)
    made = await office.post(hr, f"/console/candidates/{who}/code")
    assert made.status_code == 200
    [code] = set(re.findall(r"\b[A-Z3-9]{4}-[A-Z3-9]{4}\b", made.text))
    assert codes.typed(code) is not None
    assert code not in (await office.get(hr, f"/console/candidates/{who}")).text
    for path in (who, "c_none"):
        assert (await office.post(other, f"/console/candidates/{path}/code")).status_code == 404
    rows = await office.road.database.read(lambda tx: tx.all(table(AuditRow).select()))
    assert [row.object for row in rows if row.action == "invite.code"] == [who]
    assert all(code not in str(tuple(row)) for row in rows)
