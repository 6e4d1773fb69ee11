"""Surveys and responses over the API."""

from __future__ import annotations

import pytest

from storage.queries import surveys
from tests.integration.web.asking import asked
from tests.integration.web.conftest import Office

API = "/api/v1"


async def test_surveys_are_listed_page_by_page_and_read_one_by_one(office: Office) -> None:
    await asked(office)
    second = (await office.road.database.read(surveys.surveys))[0]
    other = surveys.Edition(
        id="day3", title="第三天", digest="c" * 40, definition=second.definition
    )
    await office.write(lambda tx: surveys.put(tx, other, by="u_1"))
    key = await office.key("survey.read")
    first = (await office.http.get(f"{API}/surveys?limit=1", headers=key)).json()
    assert [one["id"] for one in first["items"]] == ["day3"]
    rest = await office.http.get(f"{API}/surveys?cursor={first['next']}", headers=key)
    assert [(one["id"], one["origin"]) for one in rest.json()["items"]] == [("week1", "file")]
    assert rest.json()["next"] is None
    one = (await office.http.get(f"{API}/surveys/week1", headers=key)).json()
    assert one["definition"]["questions"][0]["id"] == "pay"
    assert (await office.http.get(f"{API}/surveys/none", headers=key)).status_code == 404
    assert (await office.http.get(f"{API}/surveys?cursor=x", headers=key)).status_code == 422


async def test_a_program_asks_and_reads_the_answers(office: Office) -> None:
    case = await asked(office)
    key = await office.key("survey.read", "survey.write")
    made = await office.http.post(
        f"{API}/candidates/{case.id}/responses", json={"survey_id": "week1"}, headers=key
    )
    assert made.status_code == 201
    assert made.json()["url"] is None
    await case.hears("薪资怎么算")
    await case.say("不清楚")
    await case.hears("哪里不清楚？")
    again = await office.http.post(
        f"{API}/candidates/{case.id}/responses", json={"survey_id": "week1"}, headers=key
    )
    assert again.status_code == 409
    listed = await office.http.get(f"{API}/responses?candidate={case.id}", headers=key)
    [row] = listed.json()["items"]
    assert (row["id"], row["status"], row["via"]) == (made.json()["id"], "open", "webchat")
    assert "answers" not in row
    whole = (await office.http.get(f"{API}/responses/{row['id']}", headers=key)).json()
    [answer] = whole["answers"]
    assert (answer["question"], answer["value"], answer["answer"], answer["source"]) == (
        "pay", "no", "不清楚", "chat",
    )  # fmt: skip
    assert "survey.read" in await case.actions()


async def test_a_page_is_asked_for_by_its_link(office: Office) -> None:
    case = await asked(office)
    key = await office.key("survey.write")
    body = {"survey_id": "week1", "via": "page"}
    made = await office.http.post(f"{API}/candidates/{case.id}/responses", json=body, headers=key)
    url = made.json()["url"]
    assert made.json()["said"]
    assert (await office.http.get(url)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"survey_id": "none"}, 404),
        ({"survey_id": "week1", "via": "mail"}, 422),
        ({"survey_id": "week1", "more": 1}, 422),
        ({}, 422),
    ],
)
async def test_what_cannot_be_asked_is_refused_and_plans_nothing(
    small_office: Office, body: dict[str, object], status: int
) -> None:
    case = await asked(small_office)
    key = await small_office.key()
    made = await small_office.http.post(
        f"{API}/candidates/{case.id}/responses", json=body, headers=key
    )
    assert made.status_code == status
    assert await case.read(lambda tx, key: surveys.of_candidate(tx, case.id)) == []


async def test_scopes_and_strangers(small_office: Office) -> None:
    case = await asked(small_office)
    sent = await case.sent()
    weak = await small_office.key("candidate.read", "chat.read")
    for path in ("surveys", "surveys/week1", "responses", f"responses/{sent.invitation_id}"):
        assert (await small_office.http.get(f"{API}/{path}", headers=weak)).status_code == 403
        assert (await small_office.http.get(f"{API}/{path}")).status_code == 401
    reads = await small_office.key("survey.read")
    refused = await small_office.http.post(
        f"{API}/candidates/{case.id}/responses", json={"survey_id": "week1"}, headers=reads
    )
    assert refused.status_code == 403
    for path in ("responses/iv_none", "responses?status=never", "responses?cursor=x"):
        answer = await small_office.http.get(f"{API}/{path}", headers=reads)
        assert answer.status_code in (404, 422)


async def test_the_same_key_asks_once(office: Office) -> None:
    case = await asked(office)
    key = await office.key("survey.write") | {"Idempotency-Key": "k-1"}
    path, body = f"{API}/candidates/{case.id}/responses", {"survey_id": "week1", "via": "page"}
    first = await office.http.post(path, json=body, headers=key)
    again = await office.http.post(path, json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {
        "id": first.json()["id"], "url": None, "expires_at": None, "said": False,
    }  # fmt: skip
    other = await office.http.post(path, json={"survey_id": "week1"}, headers=key)
    assert other.status_code == 409
    assert len(await case.read(lambda tx, key: surveys.of_candidate(tx, case.id))) == 1
