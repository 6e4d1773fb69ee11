"""The page of unclear readings: what HR sees of a doubt, and what becomes of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot import desk
from bot.errors import NotFound
from bot.web.limits import Buckets
from storage.enums import AlertStatus, Review, Role
from storage.queries import alerts, audit, review
from storage.queries.review import Labels, ReadingRow
from storage.viewer import SYSTEM
from tests.doubt import DOUBT, DoubtReader
from tests.integration.web.conftest import Office, Person, cookie_header, running, viewer
from tests.integration.web.test_chat import SALARY, open_alerts

HTMX = {"HX-Request": "true"}
UNCLEAR = f"嗯嗯薪资你们内部再看看，{DOUBT}"
LABELS = {"intent-salary": "1", "intent-terms": "1", "commitment": "1", "condition": "soft"}


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """An installation whose reader is sometimes unsure, on each kind of database."""
    fast = Buckets(rate=1000, burst=1000)
    async with running(database_url, tmp_path, chat_pace=fast) as made:
        made.road.reader = DoubtReader()
        yield made


async def waiting(office: Office, who: Person | None = None, *, done: bool = False) -> list[Any]:
    seen_by = SYSTEM if who is None else viewer(who)
    return await office.road.database.read(
        lambda tx: review.page(tx, office.road.vault, seen_by, done=done)
    )


async def doubted(office: Office, *texts: str, **candidate: Any) -> tuple[str, ReadingRow]:
    """A candidate who said something unclear, and its reading."""
    candidate_id = await office.candidate(**candidate)
    token = await office.chat(candidate_id)
    for text in texts or (UNCLEAR,):
        await office.http.post(f"/chat/{token}/messages", json={"text": text})

    async def there() -> list[ReadingRow]:
        return [row for row in await waiting(office) if row.candidate_id == candidate_id]

    [row] = await office.until(there)
    return candidate_id, row


async def deeds(office: Office, action: str) -> list[Any]:
    rows = await office.road.database.read(lambda tx: audit.page(tx))
    return [row for row in rows if row.action == action]


def plain(html: str) -> str:
    """The words of a page, without marks and their labels."""
    bare = re.sub(r'<span class="mark-label">.*?</span></mark>', "", html)
    return unescape(re.sub(r"<[^>]+>", "", bare))


async def test_an_unclear_reading_waits_on_the_page_and_alarms_nobody(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, row = await doubted(office)
    page = (await office.get(hr, "/console/review")).text
    assert f'id="review-{row.id}"' in page
    assert UNCLEAR in plain(page)
    assert f"<mark>{DOUBT}<" in page
    lean = re.search(r'<p class="lean">.*?</p>', page, re.DOTALL)
    assert lean is not None
    assert all(word in lean[0] for word in ("再考虑", "薪资", "倾向不来"))
    assert not re.search(r"[0-9]", plain(lean[0]))
    assert re.search(r'id="side-review"[^>]*>(<span[^>]*>[^<]*</span>)1<', page)
    assert await open_alerts(office, candidate) == []
    assert row.id not in (await office.get(hr, "/console/alerts")).text


async def test_an_alarm_and_small_talk_do_not_wait(office: Office) -> None:
    candidate = await office.candidate()
    token = await office.chat(candidate)
    for text in ("你好", SALARY):
        await office.http.post(f"/chat/{token}/messages", json={"text": text})
    await office.until(lambda: open_alerts(office, candidate))
    assert await waiting(office) == []


async def test_harmless_takes_it_off_the_list_once(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    candidate, row = await doubted(office)
    path = f"/console/review/{row.id}/answer"
    card = await office.http.post(
        path,
        data={"csrf": hr.csrf, "answer": "harmless"},
        headers={**cookie_header(hr), **HTMX},
    )
    assert card.text.lstrip().startswith("<article")
    assert "is-judged" in card.text
    again = await office.post(other, path, answer="harmless")
    assert again.headers["location"] == "/console/review?said=reviewed"
    assert await waiting(office) == []
    [kept] = await waiting(office, done=True)
    assert (kept.review, kept.reviewed_by) == (Review.HARMLESS, "姓名hr")
    assert row.id in (await office.get(hr, "/console/review?show=done")).text
    assert await open_alerts(office, candidate) == []
    [deed] = await deeds(office, "reading.review")
    assert (deed.actor, deed.object, deed.details) == (hr.id, row.id, {"answer": "harmless"})


async def test_worth_following_up_raises_one_ordinary_alert_in_ones_name(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, row = await doubted(office)
    path = f"/console/review/{row.id}/answer"
    for _ in range(2):
        answer = await office.post(hr, path, answer="follow_up")
        assert answer.headers["location"] == "/console/review?said=followed"
    await office.post(hr, path, answer="harmless")
    [alert] = await open_alerts(office, candidate)
    assert (alert.topic, alert.severity, alert.revision) == ("salary", "today", 1)
    assert (alert.raised_by, alert.source, alert.quote) == ("姓名hr", row.id, UNCLEAR)
    assert alert.status is AlertStatus.OPEN
    assert alert.evidence[0]["uid"] == row.id
    page = (await office.get(hr, "/console/alerts")).text
    assert "由 姓名hr 转为预警" in page
    [kept] = await waiting(office, done=True)
    assert kept.review is Review.FOLLOW_UP
    assert len(await deeds(office, "reading.review")) == 1


async def test_two_who_follow_up_at_once_raise_one_alert(office: Office) -> None:
    people = [await office.user(name, Role.HR) for name in ("hr", "hr2", "hr3")]
    candidate, row = await doubted(office)
    await asyncio.gather(
        *(desk.review(office.road, viewer(who), row.id, Review.FOLLOW_UP) for who in people)
    )
    [alert] = await open_alerts(office, candidate)
    assert alert.revision == 1


async def test_what_was_harmless_may_be_followed_up_later(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, row = await doubted(office)
    path = f"/console/review/{row.id}/answer"
    await office.post(hr, path, answer="harmless")
    await office.post(hr, path, answer="follow_up")
    assert len(await open_alerts(office, candidate)) == 1


async def test_corrected_labels_are_kept_and_are_a_look(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, row = await doubted(office)
    path = f"/console/review/{row.id}/labels"
    for _ in range(2):
        card = await office.http.post(
            path, data={"csrf": hr.csrf, **LABELS}, headers={**cookie_header(hr), **HTMX}
        )
    assert "标签由 姓名hr 更正" in card.text
    [kept] = await waiting(office, done=True)
    assert kept.corrected == Labels(
        intents=("salary", "terms"), commitment=1, reported=False, condition="soft"
    )
    assert (kept.review, kept.corrected_by) == (Review.LABELLED, "姓名hr")
    assert kept.read.commitment == -2
    [deed] = await deeds(office, "reading.label")
    assert deed.details == {"fields": ["intents", "commitment", "condition"]}
    assert await open_alerts(office, candidate) == []
    # Followed up afterwards it is raised by what it is now known to say.
    await desk.review(office.road, viewer(hr), row.id, Review.FOLLOW_UP)
    [alert] = await open_alerts(office, candidate)
    assert (alert.topic, alert.severity) == ("salary", "digest")


async def test_labels_that_say_nothing_are_refused_and_said_so(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    _, row = await doubted(office)
    path = f"/console/review/{row.id}/labels"
    none = {"commitment": "0", "condition": "none"}
    whole = await office.post(hr, path, **none)
    assert whole.status_code == 422
    assert "没有保存" in whole.text
    part = await office.http.post(
        path, data={"csrf": hr.csrf, **none}, headers={**cookie_header(hr), **HTMX}
    )
    assert part.status_code == 422
    assert '<details class="alert-more" open>' in part.text
    for wrong in ({"commitment": "4"}, {"commitment": "x"}, {"condition": "often"}):
        assert (await office.post(hr, path, **{**LABELS, **wrong})).status_code == 422
    assert (await office.post(hr, f"/console/review/{row.id}/answer")).status_code == 422
    assert len(await waiting(office)) == 1


async def test_an_alerts_labels_are_corrected_on_its_card(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    path = f"/console/alerts/{alert.id}/labels"
    card = await office.http.post(
        path, data={"csrf": hr.csrf, **LABELS}, headers={**cookie_header(hr), **HTMX}
    )
    assert card.text.lstrip().startswith("<article")
    assert "标签由 姓名hr 更正" in card.text
    assert (await office.post(hr, path, **LABELS)).headers["location"] == "/console/alerts"
    row = await office.road.database.read(
        lambda tx: review.get(tx, office.road.vault, SYSTEM, alert.source)
    )
    assert row.labels.intents == ("salary", "terms")
    assert row.review is None
    assert len(await deeds(office, "reading.label")) == 1
    [same] = await open_alerts(office, candidate)
    assert same.status is AlertStatus.OPEN
    assert "改标签" in (await office.get(hr, f"/console/candidates/{candidate}")).text


async def test_an_alert_no_reading_stands_behind_has_no_labels(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": "转人工"})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    assert alert.source is None
    assert (
        f"/console/alerts/{alert.id}/labels" not in (await office.get(hr, "/console/alerts")).text
    )
    refused = await office.post(hr, f"/console/alerts/{alert.id}/labels", **LABELS)
    assert refused.status_code == 409


async def test_a_doubt_about_a_colleagues_candidate_is_not_mine(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    manager = await office.user("m", Role.MANAGER)
    _, row = await doubted(office, owner=other.id)
    assert await waiting(office, hr) == []
    page = (await office.get(hr, "/console/review")).text
    assert row.id not in page
    assert re.search(r'id="side-review" hidden', page)
    answer = await office.post(hr, f"/console/review/{row.id}/answer", answer="harmless")
    assert answer.status_code == 404
    with pytest.raises(NotFound):
        await desk.relabel(office.road, viewer(hr), row.id, row.read)
    assert (await office.get(manager, "/console/review")).status_code == 403
    assert "/console/review" not in (await office.get(manager, "/console/candidates")).text
    assert len(await waiting(office, other)) == 1


async def test_a_form_that_is_not_ours_answers_nothing(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    _, row = await doubted(office)
    for token in ("", other.csrf):
        answer = await office.http.post(
            f"/console/review/{row.id}/answer",
            data={"csrf": token, "answer": "harmless"},
            headers=cookie_header(hr),
        )
        assert answer.status_code == 403
    assert len(await waiting(office)) == 1


async def test_a_long_queue_is_paged_newest_first_without_gap_or_repeat(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    made = [(await doubted(office, name=f"第{n}位"))[1].id for n in range(33)]
    seen: list[str] = []
    address: str | None = "/console/review"
    while address:
        page = (await office.get(hr, address)).text
        seen += re.findall(r'<article[^>]* id="review-(m_[a-z2-7]+)"', page)
        following = re.search(r'class="more" href="([^"]+)"', page)
        address = unescape(following[1]) if following else None
    assert seen == made[::-1]
    assert (await office.get(hr, "/console/review?cursor=abc")).status_code == 422


async def test_an_open_console_hears_of_a_new_doubt(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    auditor = await office.user("auditor", Role.AUDITOR)
    heard: dict[str, list[str]] = {"hr": [], "auditor": []}

    async def listen(name: str, who: Person) -> None:
        async with office.http.stream(
            "GET", "/console/events", headers=cookie_header(who)
        ) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    heard[name].append(line[7:])

    listening = [asyncio.create_task(listen(*one)) for one in (("hr", hr), ("auditor", auditor))]
    await asyncio.sleep(0.8)
    _, row = await doubted(office)

    async def told() -> bool:
        return "review" in heard["hr"]

    await office.until(told)
    heard["hr"].clear()
    await desk.review(office.road, viewer(hr), row.id, Review.HARMLESS)
    await office.until(told)
    assert "review" not in heard["auditor"]
    for task in listening:
        task.cancel()


async def test_new_evidence_of_the_reader_takes_the_name_off_an_alert(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": UNCLEAR})
    [row] = await office.until(lambda: waiting(office))
    await desk.review(office.road, viewer(hr), row.id, Review.FOLLOW_UP)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})

    async def joined() -> list[Any]:
        return [one for one in await open_alerts(office, candidate) if one.quote == SALARY]

    [alert] = await office.until(joined)
    assert (alert.revision, alert.raised_by) == (2, "")
    assert alert.source != row.id
    page = await office.road.database.read(
        lambda tx: alerts.page(tx, office.road.vault, SYSTEM, candidate_id=candidate)
    )
    assert len(page) == 1
