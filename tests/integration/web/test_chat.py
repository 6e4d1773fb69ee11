"""The candidate's page: what is written is kept, read, and heard by HR."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from storage.queries import alerts
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office

SALARY = "薪资还能再谈谈吗？少于 28k 我没法接受"


async def open_alerts(office: Office, candidate: str) -> list[Any]:
    rows = await office.road.database.read(
        lambda tx: alerts.page(tx, office.road.vault, SYSTEM, candidate_id=candidate)
    )
    return list(rows)


async def test_a_message_becomes_an_alert_with_its_sentence(office: Office) -> None:
    candidate = await office.candidate()
    token = await office.chat(candidate)
    answer = await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    assert answer.status_code == 202
    assert answer.json()["id"].startswith("m_")
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    assert alert.quote == SALARY
    assert alert.topic == "salary"


async def test_the_same_client_id_is_the_same_message(office: Office) -> None:
    token = await office.chat(await office.candidate())
    body = {"text": "我再考虑一下", "client_id": "c-1"}
    answers = [await office.http.post(f"/chat/{token}/messages", json=body) for _ in range(3)]
    assert {one.status_code for one in answers} == {202}
    assert len({one.json()["id"] for one in answers}) == 1
    said = (await office.http.get(f"/chat/{token}/messages")).json()["items"]
    assert [one["text"] for one in said if one["direction"] == "in"] == ["我再考虑一下"]


async def test_the_page_shows_what_was_said_and_works_without_scripts(office: Office) -> None:
    token = await office.chat(await office.candidate())
    sent = await office.http.post(f"/chat/{token}/messages", data={"text": "你好<b>"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/chat/{token}")
    page = await office.http.get(f"/chat/{token}")
    assert page.status_code == 200
    assert "你好&lt;b&gt;" in page.text
    assert "no-store" in page.headers["cache-control"]


async def test_what_cannot_be_said_is_refused_kindly(office: Office) -> None:
    token = await office.chat(await office.candidate())
    path = f"/chat/{token}/messages"
    long = await office.http.post(path, json={"text": "长" * 20_001})
    assert long.status_code == 413
    assert "分成几条" in long.json()["text"]
    assert (await office.http.post(path, json={"text": "长" * 20_000})).status_code == 202
    for body in ({"text": " \n"}, {"text": ""}, {}, {"text": 3}, {"text": "a", "x": 1}, [], "a"):
        assert (await office.http.post(path, json=body)).status_code == 422, body
    plain = await office.http.post(path, data={"text": ""})
    assert (plain.status_code, "<form" in plain.text) == (422, True)


async def test_an_unknown_or_ended_link_is_a_kind_404(office: Office) -> None:
    token = await office.chat(await office.candidate())
    assert (await office.http.get(f"/chat/{token}")).status_code == 200
    for wrong in ("x" * 43, "..%2f", "１２", token[:-1]):
        page = await office.http.get(f"/chat/{wrong}")
        assert page.status_code == 404
        answer = await office.http.post(f"/chat/{wrong}/messages", json={"text": "a"})
        assert answer.status_code == 404
    office.clock.advance(timedelta(minutes=31))
    page = await office.http.get(f"/chat/{token}")
    assert page.status_code == 404
    assert "<!doctype html>" in page.text


async def test_who_writes_too_fast_is_asked_to_wait(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    path = f"/chat/{token}/messages"
    answers = [await small_office.http.post(path, json={"text": f"第{n}条"}) for n in range(12)]
    assert [one.status_code for one in answers[:10]] == [202] * 10
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    other = await small_office.chat(await small_office.candidate("李四"))
    free = await small_office.http.post(f"/chat/{other}/messages", json={"text": "你好"})
    assert free.status_code == 202


async def test_the_stream_tells_answers_and_own_messages_as_they_come(office: Office) -> None:
    token = await office.chat(await office.candidate())
    heard: list[dict[str, Any]] = []

    async def listen() -> None:
        async with office.http.stream("GET", f"/chat/{token}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:]))

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.8)
    sent = await office.http.post(f"/chat/{token}/messages", json={"text": "我的进度"})

    async def answered() -> bool:
        return any(one["direction"] == "out" for one in heard)

    await office.until(answered, within=5)
    mine = [one for one in heard if one["direction"] == "in"]
    assert mine[0]["id"] == sent.json()["id"]
    assert {"id", "author", "text", "at", "state", "buttons"} <= mine[0].keys()
    listening.cancel()


async def test_a_stream_begins_with_what_was_said_while_away(office: Office) -> None:
    token = await office.chat(await office.candidate())
    await office.http.post(f"/chat/{token}/messages", json={"text": "在吗"})
    async with office.http.stream("GET", f"/chat/{token}/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                assert json.loads(line[6:])["text"] == "在吗"
                break
