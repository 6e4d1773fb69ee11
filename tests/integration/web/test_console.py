"""The console's pages: what HR sees, does, and is told when something cannot be done."""

from __future__ import annotations

import asyncio
import re
import time
from html import unescape
from pathlib import Path

import pytest

from bot.web.console.cards import segments
from bot.web.limits import Buckets
from bot.web.notices import say
from storage.enums import AlertStatus, Role
from storage.queries import alerts, people, timeline, users
from storage.queries.common import table, update
from storage.tables import Outbox
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, cookie_header, running
from tests.integration.web.test_chat import SALARY, open_alerts

HTMX = {"HX-Request": "true"}


async def with_alert(office: Office, name: str = "张三") -> tuple[str, str, str]:
    """A candidate, their chat token and an alert."""
    candidate = await office.candidate(name)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    return candidate, token, alert.id


async def test_the_inbox_shows_the_sentence_with_its_evidence_marked(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    _, _, alert_id = await with_alert(office)
    page = (await office.get(hr, "/console/alerts")).text
    assert f'id="alert-{alert_id}"' in page
    assert "<mark>" in page
    plain = re.sub(r'<span class="mark-label">.*?</span></mark>', "", page)
    assert SALARY in unescape(re.sub(r"<[^>]+>", "", plain))
    assert office.road.rulebook.policy.questions["salary"] in page


async def test_a_verdict_changes_the_card_and_empties_the_inbox(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office)
    card = await office.http.post(
        f"/console/alerts/{alert_id}/verdict",
        data={"csrf": hr.csrf, "verdict": "handled"},
        headers={**cookie_header(hr), **HTMX},
    )
    assert card.text.lstrip().startswith("<article")
    assert "is-judged" in card.text
    [row] = await open_alerts(office, candidate)
    assert (row.status, row.verdict_by) == (AlertStatus.RESOLVED, "姓名hr")
    assert alert_id not in (await office.get(hr, "/console/alerts")).text
    assert alert_id in (await office.get(hr, "/console/alerts?show=handled")).text
    plain = await office.post(hr, f"/console/alerts/{alert_id}/verdict", verdict="false_alarm")
    assert plain.status_code == 303
    assert (await office.post(hr, f"/console/alerts/{alert_id}/verdict")).status_code == 422


async def test_mine_are_those_of_my_people(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("admin", Role.HR_ADMIN)
    _, _, alert_id = await with_alert(office)
    assert alert_id in (await office.get(hr, "/console/alerts")).text
    assert alert_id not in (await office.get(hr, "/console/alerts?show=mine")).text
    candidate = await office.candidate("李四", owner=hr.id)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [mine] = await office.until(lambda: open_alerts(office, candidate))
    assert mine.id in (await office.get(hr, "/console/alerts?show=mine")).text
    assert mine.id not in (await office.get(other, "/console/alerts?show=mine")).text


async def test_a_long_inbox_is_paged_without_gap_or_repeat(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    made = [await with_alert(small_office, f"第{n}位") for n in range(33)]
    seen: list[str] = []
    address: str | None = "/console/alerts"
    while address:
        page = (await small_office.get(hr, address)).text
        seen += re.findall(r'<article[^>]* id="alert-(a_[a-z2-7]+)"', page)
        following = re.search(r'class="more" href="([^"]+)"', page)
        address = unescape(following[1]) if following else None
    assert sorted(seen) == sorted(alert_id for _, _, alert_id in made)


async def test_a_candidates_page_tells_what_was_said_why_and_by_whom(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, _ = await with_alert(office)
    page = (await office.get(hr, f"/console/candidates/{candidate}")).text
    assert "<mark>" in page
    assert any(rule.says in page for rule in office.road.rulebook.risk.values())
    assert "28k" in page
    sent = await office.post(hr, f"/console/candidates/{candidate}/reply", text="我们聊聊")
    assert sent.status_code == 303
    after = (await office.get(hr, f"/console/candidates/{candidate}?said=replied")).text
    assert "我们聊聊" in after
    assert "机器人已静音" in after
    await office.post(hr, f"/console/candidates/{candidate}/release")
    assert "机器人已静音" not in (await office.get(hr, f"/console/candidates/{candidate}")).text


async def test_what_may_have_arrived_twice_is_sent_and_says_so(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    await office.chat(candidate)
    await office.post(hr, f"/console/candidates/{candidate}/reply", text="材料收到了")
    path = f"/console/candidates/{candidate}"

    async def sent() -> bool:
        return "已发送" in (await office.get(hr, path)).text

    await office.until(sent)
    twice = say("zh", "sent_twice")
    assert twice not in (await office.get(hr, path)).text
    await office.write(lambda tx: update(tx, Outbox, table(Outbox).c.id > 0, doubtful=True))
    page = (await office.get(hr, path)).text
    assert "已发送" in page
    assert twice in page


async def test_older_talk_is_a_page_further_back(sqlite_url: str, tmp_path: Path) -> None:
    fast = Buckets(rate=1000, burst=1000)
    async with running(sqlite_url, tmp_path, chat_pace=fast) as office:
        hr = await office.user("hr", Role.HR)
        candidate = await office.candidate()
        token = await office.chat(candidate)
        for n in range(75):
            sent = await office.http.post(f"/chat/{token}/messages", json={"text": f"第{n}句"})
            assert sent.status_code == 202
        page = (await office.get(hr, f"/console/candidates/{candidate}")).text
        older = re.search(r'class="more timeline-part" href="([^"]+)"', page)
        assert older is not None
        before = (await office.get(hr, unescape(older[1]))).text
        assert "第74句" in page
        assert "第0句" in before
        shown, earlier = (set(re.findall(r'id="m-(m_[a-z2-7]+)"', html)) for html in (page, before))
        assert shown
        assert earlier
        assert not shown & earlier


async def test_a_new_record_is_made_or_the_form_says_why_not(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    made = await office.post(
        hr, "/console/candidates", name="欧阳雪", phone="13812345678", stage="offer"
    )
    page = (await office.get(hr, made.headers["location"])).text
    assert "欧阳雪" in page
    assert "138****5678" in page
    assert "13812345678" not in page
    again = await office.post(
        hr, "/console/candidates", name="", phone="abc", stage="offer", position_id="p_none"
    )
    assert again.status_code == 422
    assert again.text.count("field-error") == 3
    assert 'value="abc"' in again.text


async def test_an_invite_is_shown_once_and_opens_the_chat(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    path = f"/console/candidates/{candidate}"
    part = await office.http.post(
        f"{path}/invites",
        data={"csrf": hr.csrf, "channel": "webchat"},
        headers={**cookie_header(hr), **HTMX},
    )
    found = re.search(rf'value="({office.url}/chat/[A-Za-z0-9_-]+)"', part.text)
    assert found is not None
    assert (await office.http.get(found[1])).status_code == 200
    assert found[1] not in (await office.get(hr, path)).text
    off = await office.post(hr, f"{path}/invites", channel="wecom")
    assert off.status_code == 409


async def test_a_position_is_made_from_thousands(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    fields = {"title": "后端工程师", "budget_low_k": "16", "budget_high_k": "22.5", "months": "14"}
    assert (await office.post(hr, "/console/positions", **fields)).status_code == 303
    assert "16–22.5k" in (await office.get(hr, "/console/positions")).text
    for wrong in ({"budget_low_k": "30"}, {"months": "nan"}, {"title": " "}, {"months": "1e9"}):
        assert (
            await office.post(hr, "/console/positions", **{**fields, **wrong})
        ).status_code == 422


async def test_a_position_says_what_one_does(office: Office) -> None:
    """It is what career plans are compared with; too long a text comes back as it was written."""
    hr = await office.user("hr", Role.HR)
    does = "<b>回复售后咨询</b>，轮班\n一年后可做组长"
    fields = {"title": "在线客服", "requirements": f"  {does} "}
    assert (await office.post(hr, "/console/positions", **fields)).status_code == 303
    rows = await office.road.database.read(lambda tx: people.positions(tx, SYSTEM))
    assert [row.requirements for row in rows if row.title == "在线客服"] == [does]
    for length, status in ((4_000, 303), (4_001, 422)):
        answer = await office.post(
            hr, "/console/positions", title="客服", requirements="字" * length
        )
        assert answer.status_code == status
    assert "工作内容太长" in answer.text
    assert "字" * 4_001 in answer.text


async def test_the_console_speaks_the_language_one_chose(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    assert "候选人" in (await small_office.get(hr, "/console/candidates")).text
    back = await small_office.post(
        hr, "/console/settings/language", language="en", next="/console/candidates"
    )
    assert back.headers["location"] == "/console/candidates"
    assert 'lang="en"' in (await small_office.get(hr, "/console/candidates")).text
    away = await small_office.post(
        hr, "/console/settings/language", language="zh", next="//evil.cn"
    )
    assert away.headers["location"] == "/console"


async def test_another_device_of_mine_is_signed_out(small_office: Office) -> None:
    hr = await small_office.user("hr", Role.HR)
    page = (await small_office.get(hr, "/console/settings")).text
    assert page.count("当前设备") == 1
    other = await small_office.user("hr2", Role.HR)
    mine = await small_office.road.database.read(lambda tx: users.sessions_of(tx, hr.id))
    # Somebody else's session is not mine to end.
    await small_office.post(other, f"/console/settings/sessions/{mine[0].id}/revoke")
    assert (await small_office.get(hr, "/console/settings")).status_code == 200
    await small_office.post(hr, f"/console/settings/sessions/{mine[0].id}/revoke")
    assert (await small_office.get(hr, "/console/settings")).status_code == 303


async def test_words_of_a_person_are_never_markup(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    evil = "<script>alert(1)</script>"
    candidate = await office.candidate(evil)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": f"{evil} {SALARY} {{{{7*7}}}}"})
    await office.until(lambda: open_alerts(office, candidate))
    for path in ("/console/alerts", "/console/candidates", f"/console/candidates/{candidate}"):
        page = (await office.get(hr, path)).text
        assert evil not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize("event", ["alerts", "candidate"])
async def test_an_open_console_hears_of_a_new_message_within_a_second(
    office: Office, event: str
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    foreign = await office.candidate("李四", owner=(await office.user("hr2", Role.HR)).id)
    token, other = await office.chat(candidate), await office.chat(foreign)
    heard: list[tuple[float, str, str]] = []

    async def listen() -> None:
        async with office.http.stream(
            "GET", "/console/events", headers=cookie_header(hr)
        ) as stream:
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    heard.append((time.monotonic(), name, line[6:]))

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.8)
    await office.http.post(f"/chat/{other}/messages", json={"text": SALARY})
    began = time.monotonic()
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})

    async def told() -> list[tuple[float, str, str]]:
        wanted = {"alerts": "changed", "candidate": candidate}[event]
        return [one for one in heard if one[1:] == (event, wanted)]

    first = (await office.until(told))[0]
    assert first[0] - began < 2
    await asyncio.sleep(1)
    assert foreign not in {data for _, _, data in heard}
    listening.cancel()


async def test_overlapping_evidence_never_repeats_a_word() -> None:
    text = "薪资还能再谈谈吗"
    for spans in (
        [(0, 2, "salary"), (1, 4, "terms")],
        [(0, 99, "salary")],
        [(3, 3, "salary"), (2, 4, "terms")],
        [],
    ):
        assert "".join(part.text for part in segments(text, spans)) == text


async def test_a_handled_alert_no_longer_waits_for_anybody(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office)
    await office.post(hr, f"/console/alerts/{alert_id}/verdict", verdict="useful")
    row = await office.road.database.read(
        lambda tx: alerts.get(tx, office.road.vault, SYSTEM, alert_id)
    )
    assert row.status is AlertStatus.ACKNOWLEDGED
    said = await office.road.database.read(
        lambda tx: timeline.timeline(tx, office.road.vault, SYSTEM, candidate)
    )
    assert said[0].text == SALARY
