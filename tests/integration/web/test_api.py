"""The API's fixed shapes, its pages, and making something only once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from storage.enums import Role
from storage.queries import audit
from tests.integration.web.conftest import Office, cookie_header
from tests.integration.web.test_chat import SALARY


async def created(office: Office, key: dict[str, str], **fields: Any) -> dict[str, Any]:
    answer = await office.http.post(
        "/api/v1/candidates", json={"name": "张三", "stage": "offer", **fields}, headers=key
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_road_of_an_integration_from_candidate_to_alert(office: Office) -> None:
    key = await office.key()
    position = (
        await office.http.post("/api/v1/positions", json={"title": "后端工程师"}, headers=key)
    ).json()
    made = await created(office, key, phone="138 1234 5678", position_id=position["id"])
    assert made["phone"] == "138****5678"
    assert made["position"] == "后端工程师"
    invite = await office.http.post(
        f"/api/v1/candidates/{made['id']}/invites", json={"channel": "webchat"}, headers=key
    )
    assert invite.status_code == 201
    url = invite.json()["url"]
    assert url.startswith(f"{office.url}/chat/")
    assert datetime.fromisoformat(invite.json()["expires_at"]).tzinfo is not None
    sent = await office.http.post(f"{url}/messages", json={"text": SALARY})
    assert sent.status_code == 202

    async def raised() -> list[dict[str, Any]]:
        answer = await office.http.get(
            f"/api/v1/alerts?candidate={made['id']}&status=open", headers=key
        )
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    [alert] = await office.until(raised)
    assert {
        "id", "candidate_id", "kind", "severity", "status", "quote", "question", "evidence",
        "raised_at", "due_at",
    } <= alert.keys()  # fmt: skip
    assert (alert["candidate_id"], alert["kind"]) == (made["id"], "salary")
    assert alert["quote"] == SALARY
    assert alert["question"].endswith("？")
    for evidence in alert["evidence"]:
        assert SALARY[evidence["start"] : evidence["end"]] == evidence["text"]
        assert evidence["message_id"] == sent.json()["id"]
    one = await office.http.get(f"/api/v1/alerts/{alert['id']}", headers=key)
    assert {**one.json(), **alert} == one.json()
    said = await office.http.get(f"/api/v1/candidates/{made['id']}/messages", headers=key)
    first = said.json()["items"][0]
    assert first["text"] == SALARY
    assert (first["direction"], first["author"], first["channel"]) == (
        "inbound", "candidate", "webchat",
    )  # fmt: skip
    assert "salary" in first["intents"]


async def test_a_reply_reaches_the_candidate_and_is_said_once(office: Office) -> None:
    key = await office.key()
    made = await created(office, key)
    early = await office.http.post(
        f"/api/v1/candidates/{made['id']}/messages", json={"text": "您好"}, headers=key
    )
    assert early.status_code == 409
    token = await office.chat(made["id"])
    once = {**key, "Idempotency-Key": "reply-1"}
    path = f"/api/v1/candidates/{made['id']}/messages"
    answers = [
        await office.http.post(path, json={"text": "三丰你好"}, headers=once) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]

    async def arrived() -> list[Any]:
        items = (await office.http.get(f"/chat/{token}/messages")).json()["items"]
        return [one for one in items if one["author"] == "hr"]

    assert [one["text"] for one in await office.until(arrived)] == ["三丰你好"]


async def test_an_idempotency_key_makes_one_object_however_often_it_comes(office: Office) -> None:
    key = {**await office.key(), "Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(created(office, key) for _ in range(5)))
    assert len({one["id"] for one in answers}) == 1
    other = await office.http.post(
        "/api/v1/candidates", json={"name": "李四", "stage": "offer"}, headers=key
    )
    assert other.status_code == 409
    key_only = await office.key()
    someone = {**key_only, "Idempotency-Key": "k-1"}
    assert (await created(office, someone))["id"] != answers[0]["id"]
    for bad in (b"", "中文".encode(), b"a" * 121, b"a b"):
        wrong = await office.http.post(
            "/api/v1/candidates",
            json={"name": "a"},
            headers=[*key_only.items(), (b"Idempotency-Key", bad)],
        )
        assert wrong.status_code == 422


async def test_an_invite_asked_for_again_is_the_same_link(office: Office) -> None:
    key = {**await office.key(), "Idempotency-Key": "i-1"}
    made = await created(office, await office.key())
    path = f"/api/v1/candidates/{made['id']}/invites"
    first, again = [
        (await office.http.post(path, json={"channel": "webchat"}, headers=key)).json()
        for _ in range(2)
    ]
    assert first == again
    assert (await office.http.get(first["url"])).status_code == 200
    off = await office.http.post(path, json={"channel": "telegram"}, headers=await office.key())
    assert off.status_code == 409


async def test_pages_of_a_list_follow_each_other_without_gap_or_repeat(office: Office) -> None:
    key = await office.key()
    made = [(await created(office, key, name=f"第{n}位"))["id"] for n in range(7)]
    seen: list[str] = []
    cursor = ""
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = (await office.http.get(f"/api/v1/candidates?limit=3{more}", headers=key)).json()
        assert set(page) == {"items", "next"}
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == made[::-1]


async def test_messages_and_audit_are_paged_too(office: Office) -> None:
    key = await office.key()
    made = await created(office, key)
    token = await office.chat(made["id"])
    for n in range(5):
        await office.http.post(f"/chat/{token}/messages", json={"text": f"第{n}句话"})
    path, texts, cursor = f"/api/v1/candidates/{made['id']}/messages?limit=2", [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = (await office.http.get(path + more, headers=key)).json()
        texts += [one["text"] for one in page["items"] if one["direction"] == "inbound"]
        cursor = page["next"]
    assert texts == [f"第{n}句话" for n in range(5)]
    links = (await office.http.get("/api/v1/audit?limit=2", headers=key)).json()
    assert [one["action"] for one in links["items"]] == ["consent.given", "candidate.create"]
    assert {one["object"] for one in links["items"]} == {made["id"]}
    assert "张三" not in str(links)


async def test_a_stage_is_moved_and_dated(office: Office) -> None:
    key = await office.key()
    made = await created(office, key)
    moved = await office.http.post(
        f"/api/v1/candidates/{made['id']}/stage",
        json={"stage": "accepted", "start_on": "2026-12-01"},
        headers=key,
    )
    assert (moved.json()["stage"], moved.json()["start_on"]) == ("accepted", "2026-12-01")
    unknown = await office.http.post(
        "/api/v1/candidates/c_none/stage", json={"stage": "offer"}, headers=key
    )
    assert unknown.status_code == 404


async def test_a_verdict_is_a_persons(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    key = await office.key()

    async def raised() -> list[Any]:
        answer = await office.http.get(f"/api/v1/alerts?candidate={candidate}", headers=key)
        return list(answer.json()["items"])

    [alert] = await office.until(raised)
    path = f"/api/v1/alerts/{alert['id']}/verdict"
    assert (
        await office.http.post(path, json={"verdict": "useful"}, headers=key)
    ).status_code == 403
    headers = {**cookie_header(hr), "X-CSRF-Token": hr.csrf, "Idempotency-Key": "v-1"}
    for _ in range(2):
        said = await office.http.post(path, json={"verdict": "handled"}, headers=headers)
        assert (said.json()["status"], said.json()["verdict"]) == ("resolved", "handled")
    wrong = await office.http.post(path, json={"verdict": "great"}, headers=headers)
    assert wrong.status_code == 422


async def test_every_deed_of_a_person_stands_in_the_audit_chain(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    headers = {**cookie_header(hr), "X-CSRF-Token": hr.csrf}
    made = (
        await office.http.post("/api/v1/candidates", json={"name": "张三"}, headers=headers)
    ).json()["id"]
    await office.http.get(f"/api/v1/candidates/{made}", headers=headers)
    await office.get(hr, f"/console/candidates/{made}")
    await office.post(hr, f"/console/candidates/{made}/stage", stage="offer")
    await office.post(hr, f"/console/candidates/{made}/invites", channel="webchat")
    await office.post(hr, f"/console/candidates/{made}/reply", text="您好")
    await office.post(hr, f"/console/candidates/{made}/release")
    rows = await office.road.database.read(lambda tx: audit.page(tx))
    deeds = [(row.action, row.actor) for row in rows[::-1] if row.object == made]
    assert [action for action, _ in deeds] == [
        "candidate.create", "consent.given", "candidate.read", "candidate.read", "candidate.stage",
        "invite.create", "chat.reply", "chat.release",
    ]  # fmt: skip
    assert {actor for _, actor in deeds} == {hr.id}
    assert all(len(row.request_id) == 16 and len(row.ip_hmac) == 32 for row in rows)
    verdict = await office.road.database.read(
        lambda tx: audit.verify(tx, office.road.vault.keystore)
    )
    assert verdict.ok
