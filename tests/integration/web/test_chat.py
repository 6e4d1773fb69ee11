"""The candidate's page: what is written is kept, read, and heard by HR."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

from bot.web.chat import page
from bot.web.limits import Buckets
from storage.queries import alerts
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, events_of, running

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
    shown = await office.http.get(f"/chat/{token}")
    assert shown.status_code == 200
    assert "你好&lt;b&gt;" in shown.text
    assert "no-store" in shown.headers["cache-control"]


async def test_what_cannot_be_said_is_refused_kindly(office: Office) -> None:
    token = await office.chat(await office.candidate())
    path = f"/chat/{token}/messages"
    long = await office.http.post(path, json={"text": "长" * 20_001})
    assert long.status_code == 413
    assert "分成几条" in long.json()["text"]
    assert (await office.http.post(path, json={"text": "长" * 20_000})).status_code == 202
    for body in ({"text": " \n"}, {"text": ""}, {}, {"text": 3}, {"text": "a", "x": 1}, [], "a"):
        assert (await office.http.post(path, json=body)).status_code == 422, body
    plain = await office.http.post(path, data={"text": " "})
    assert (plain.status_code, plain.headers["location"]) == (303, f"/chat/{token}")


async def test_a_plain_form_that_is_not_taken_keeps_its_words(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    path = f"/chat/{token}/messages"
    text = "  <b>我想问\n入职材料 " + "长" * 19_990
    long = await small_office.http.post(path, data={"text": text})
    assert (long.status_code, "太长了" in long.text) == (413, True)
    assert f">\n{escape(text)}</textarea>" in long.text
    sent = [await small_office.http.post(path, data={"text": f"第{n}句"}) for n in range(12)]
    assert {one.status_code for one in sent} == {303, 429}
    assert "发得有点快" in sent[-1].text
    assert ">\n第11句</textarea>" in sent[-1].text
    assert int(sent[-1].headers["retry-after"]) > 0


async def test_a_browser_without_scripts_is_answered_in_pages(small_office: Office) -> None:
    seen = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path, form in (
        ("messages", {"data": {"text": "在吗"}}),
        ("files", {"files": {"file": b"a"}}),
    ):
        address = f"/chat/{'x' * 43}/{path}"
        answer = await small_office.http.post(address, headers=seen, **form)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "这个聊天链接打不开" in answer.text
        told = await small_office.http.post(address, **form)
        assert (told.status_code, told.json()["error"]) == (404, "not_found")


async def test_a_long_talk_is_told_stretch_by_stretch(database_url: str, tmp_path: Path) -> None:
    async with running(
        database_url, tmp_path, alone=True, chat_pace=Buckets(rate=1000, burst=1000)
    ) as office:
        token = await office.chat(await office.candidate())
        path = f"/chat/{token}/messages"
        total = page.SHOWN * 2 + 3
        said = [f"第{n}句" for n in range(total)]
        ids = [(await office.http.post(path, json={"text": one})).json()["id"] for one in said]
        found: list[Any] = []
        before: str | None = ""
        while before is not None:
            got = (await office.http.get(path, params={"before": before})).json()
            found, before = got["items"] + found, got["next"]
        assert [one["id"] for one in found] == ids
        html = (await office.http.get(f"/chat/{token}")).text
        assert (ids[2] in html, ids[3] in html) == (False, False)
        assert f'href="?before={ids[-page.SHOWN]}"' in html
        first = (await office.http.get(f"/chat/{token}", params={"before": ids[3]})).text
        assert (ids[0] in first, ids[3] in first, "?before=" in first) == (True, False, False)
        stranger = await office.chat(await office.candidate("李四"))
        own = (
            await office.http.get(f"/chat/{stranger}/messages", params={"before": ids[3]})
        ).json()
        assert own["items"] == []


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
            async for name, data, number in events_of(stream):
                if name == "message":
                    heard.append(json.loads(data))
                    assert heard[-1]["id"] == number

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.8)
    body = {"text": "我的进度", "client_id": "c-7"}
    sent = await office.http.post(f"/chat/{token}/messages", json=body)

    async def answered() -> bool:
        return any(one["direction"] == "out" for one in heard)

    await office.until(answered)
    mine = [one for one in heard if one["direction"] == "in"]
    assert mine[0]["id"] == sent.json()["id"]
    assert mine[0]["client_id"] == "c-7"
    assert {"id", "author", "text", "at", "state", "buttons", "files"} <= mine[0].keys()
    assert {one["client_id"] for one in heard if one["direction"] == "out"} == {""}
    listening.cancel()


async def test_a_stream_begins_with_what_was_said_while_away(office: Office) -> None:
    token = await office.chat(await office.candidate())
    await office.http.post(f"/chat/{token}/messages", json={"text": "在吗"})
    async with office.http.stream("GET", f"/chat/{token}/events") as stream:
        async for name, data, _ in events_of(stream):
            if name == "message":
                assert json.loads(data)["text"] == "在吗"
                break
