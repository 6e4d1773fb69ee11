"""The page of one alert: answered with a draft, put off, and everything it tells."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pytest

from bot import offering
from bot.alerts.later import Later, moments
from bot.offers.terms import Terms
from bot.web.notices import say
from storage.database import Tx
from storage.enums import AlertEventKind, AlertStatus, Author, NoticeState, Role
from storage.queries import alert_history, alerts, audit, notices, timeline
from storage.queries.common import insert, table, update
from storage.tables import AlertEvent, Conversation, Identity, Message, Notice
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, cookie_header, viewer
from tests.integration.web.test_chat import SALARY, open_alerts
from tests.integration.web.test_console import HTMX, with_alert

CHILDREN = "您结婚了吗，近期打算要孩子吗？"


def once_of(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def box_of(page: str) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    return unescape(found[1]).lstrip("\n") if found else ""


def words_of(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)))


async def said_by_hr(office: Office, candidate: str) -> list[str]:
    rows = await office.road.database.read(
        lambda tx: timeline.timeline(tx, office.road.vault, SYSTEM, candidate)
    )
    return [row.text for row in rows if row.author is Author.HR]


async def row_of(office: Office, alert_id: str) -> Any:
    return await office.road.database.read(
        lambda tx: alerts.get(tx, office.road.vault, SYSTEM, alert_id)
    )


async def happened(office: Office, alert_id: str) -> list[alert_history.Happened]:
    found = await office.road.database.read(lambda tx: alert_history.happened(tx, alert_id))
    return list(found)


async def press(office: Office, who: Person, path: str, **fields: str) -> httpx2.Response:
    """A form as the page's own script sends it."""
    return await office.http.post(
        path, data={"csrf": who.csrf, **fields}, headers={**cookie_header(who), **HTMX}
    )


async def test_the_page_has_the_words_the_question_and_a_draft_that_is_filled(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office, "张三丰")
    page = (await office.get(hr, f"/console/alerts/{alert_id}")).text
    assert "<mark>" in page
    assert office.road.rulebook.policy.questions["salary"] in page
    draft = box_of(page)
    assert draft.startswith("张三丰")
    assert "{" not in draft
    assert f'href="/console/candidates/{candidate}"' in page
    # One looked at a person's words: that is kept, once, and not again as the page refreshes.
    await office.get(
        hr, f"/console/alerts/{alert_id}", **HTMX, **{"HX-Trigger": "alert-state-refresh"}
    )
    links = await office.road.database.read(lambda tx: audit.page(tx, limit=50))
    read = [one for one in links if one.action == "candidate.read"]
    assert [(one.object, one.details["alert"]) for one in read] == [(candidate, alert_id)]


async def test_an_edited_draft_reaches_the_candidate_and_everything_stands_together(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, token, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    once = once_of((await office.get(hr, path)).text)
    revision = (await row_of(office, alert_id)).revision
    answer = await press(office, hr, f"{path}/reply", text=" 我们今天聊聊薪资 \r\n好吗", once=once)
    assert answer.status_code == 200
    assert say("zh", "replied") in answer.text
    assert box_of(answer.text) == ""
    assert await said_by_hr(office, candidate) == ["我们今天聊聊薪资 \n好吗"]

    row = await row_of(office, alert_id)
    assert (row.status, row.verdict) == (AlertStatus.ACKNOWLEDGED, None)
    assert row.revision == revision + 1
    [replied] = [one for one in await happened(office, alert_id) if one.kind == "replied"]
    assert replied.by == "姓名hr"
    [talk] = await office.road.database.read(lambda tx: tx.all(table(Conversation).select()))
    assert talk.muted
    links = await office.road.database.read(lambda tx: audit.page(tx, limit=50))
    assert {"alert.reply", "chat.reply"} <= {one.action for one in links}

    async def arrived() -> bool:
        said = await office.http.get(f"/chat/{token}/messages")
        return "我们今天聊聊薪资" in said.text

    await office.until(arrived)
    page = (await office.get(hr, path)).text
    assert "姓名hr 已回复" in page
    assert "已发送" in page
    assert box_of(page) == ""  # answered: the same draft does not wait to be sent again
    assert "再看建议回复" in page
    inbox = (await office.get(hr, "/console/alerts")).text
    assert "姓名hr 已回复" in inbox
    # What the candidate says then wants another answer.
    await office.http.post(f"/chat/{token}/messages", json={"text": f"{SALARY}，真的"})

    async def joined() -> bool:
        return (await row_of(office, alert_id)).status is AlertStatus.OPEN

    await office.until(joined)
    page = (await office.get(hr, path)).text
    assert "姓名hr 已回复" not in page
    assert box_of(page).startswith("张三")


async def test_the_same_form_sent_again_is_one_message_and_changed_words_are_another(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    once = once_of((await office.get(hr, path)).text)
    answers = await asyncio.gather(
        *(press(office, hr, f"{path}/reply", text="我们聊聊", once=once) for _ in range(6))
    )
    assert {one.status_code for one in answers} == {200}
    assert (await office.post(hr, f"{path}/reply", text="我们聊聊", once=once)).status_code == 303
    assert await said_by_hr(office, candidate) == ["我们聊聊"]
    assert len([one for one in await happened(office, alert_id) if one.kind == "replied"]) == 1
    await press(office, hr, f"{path}/reply", text="我们明天聊聊", once=once)
    assert await said_by_hr(office, candidate) == ["我们聊聊", "我们明天聊聊"]
    assert (await press(office, hr, f"{path}/reply", text="x", once="short")).status_code == 422


@pytest.mark.parametrize("way", ["script", "form"])
async def test_a_question_that_may_not_be_asked_leaves_nothing_and_loses_nothing(
    office: Office, way: str
) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    once = once_of((await office.get(hr, path)).text)
    send = press if way == "script" else office_post
    answer = await send(office, hr, f"{path}/reply", text=CHILDREN, once=once)
    assert answer.status_code == 422
    assert box_of(answer.text) == CHILDREN
    assert str(office.road.rulebook.forbidden.why(CHILDREN)) in unescape(answer.text)
    assert await said_by_hr(office, candidate) == []
    assert (await row_of(office, alert_id)).status is AlertStatus.OPEN
    long = await send(office, hr, f"{path}/reply", text="字" * 4001, once=once)
    assert long.status_code == 422
    assert box_of(long.text) == "字" * 4001
    assert (await send(office, hr, f"{path}/reply", text=" \n ", once=once)).status_code == 422


async def office_post(office: Office, who: Person, path: str, **fields: str) -> httpx2.Response:
    return await office.post(who, path, **fields)


async def test_who_cannot_be_reached_is_said_with_what_else_to_do(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    once = once_of((await office.get(hr, path)).text)
    theirs = table(Identity).c.candidate_id == candidate
    await office.write(lambda tx: update(tx, Identity, theirs, reachable=False))
    # They went away while HR wrote: the words stay.
    answer = await press(office, hr, f"{path}/reply", text="今天能聊吗", once=once)
    assert answer.status_code == 422
    assert box_of(answer.text) == "今天能聊吗"
    plain = await office.post(hr, f"{path}/reply", text="今天能聊吗", once=once)
    assert plain.status_code == 409
    page = (await office.get(hr, path)).text
    assert say("zh", "unreachable") in page
    assert f"/console/candidates/{candidate}#invites" in page
    assert "<textarea" not in page
    assert await said_by_hr(office, candidate) == []


async def test_put_off_it_stays_open_and_says_who_and_until_when(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    _, _, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    answer = await press(office, hr, f"{path}/snooze", until="morning")
    assert answer.status_code == 200
    row = await row_of(office, alert_id)
    assert row.status is AlertStatus.OPEN
    wanted = moments(office.road.rulebook.calendar, office.clock())[Later.MORNING]
    assert row.snoozed_until == wanted
    for address in (path, "/console/alerts"):
        assert "姓名hr 推迟到" in (await office.get(hr, address)).text
    assert "推迟到" in words_of(answer.text[answer.text.index('id="alert-history"') :])
    # Once its moment has come nothing of it is left on the card.
    await office.write(
        lambda tx: update(
            tx, alerts.Alert, alerts.ALERT.c.id == alert_id,
            snoozed_until=office.clock() - timedelta(minutes=1),
        )
    )  # fmt: skip
    assert "姓名hr 推迟到" not in (await office.get(hr, "/console/alerts")).text
    assert (await press(office, hr, f"{path}/snooze", until="never")).status_code == 422
    await press(office, hr, f"{path}/verdict", verdict="handled", whole="1")
    closed = await office.post(hr, f"{path}/snooze", until="hour")
    assert closed.status_code == 409
    assert say("zh", "alert_closed") in closed.text


async def test_a_verdict_on_the_page_answers_with_the_page_and_the_next_alert(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    _, _, alert_id = await with_alert(office)
    _, _, other = await with_alert(office, "李四")
    path = f"/console/alerts/{alert_id}"
    answer = await press(office, hr, f"{path}/verdict", verdict="handled", whole="1")
    assert 'id="alert-state"' in answer.text
    assert f'href="/console/alerts/{other}"' in answer.text
    assert "标为“已处理”" in answer.text
    plain = await office.post(hr, f"{path}/verdict", verdict="useful", whole="1")
    assert plain.headers["location"] == path


async def test_labels_are_corrected_on_the_page(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    _, _, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    none = {"commitment": "0", "condition": "none", "whole": "1"}
    empty = await press(office, hr, f"{path}/labels", **none)
    assert empty.status_code == 422
    assert 'id="alert-state"' in empty.text
    assert say("zh", "labels_empty") in empty.text
    mended = await press(office, hr, f"{path}/labels", **none, **{"intent-social": "1"})
    assert 'id="alert-state"' in mended.text
    assert "标签由 姓名hr 更正" in mended.text
    plain = await office.post(hr, f"{path}/labels", **none, **{"intent-salary": "1"})
    assert plain.headers["location"] == path


async def test_the_history_tells_everything_in_words_in_both_languages(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    _, _, alert_id = await with_alert(office)
    other = await office.user("li", Role.HR)
    quiet = await office.user("quiet", Role.HR)

    def work(tx: Tx) -> None:
        for kind, who, about in (
            (AlertEventKind.RAISED, None, {}),
            (AlertEventKind.JOINED, None, {}),
            (AlertEventKind.ESCALATED, None, {"level": 2, "to": ["姓名admin"], "left_by": []}),
            (AlertEventKind.SNOOZED, other.id, {"until": office.clock().isoformat()}),
            (AlertEventKind.WOKEN, None, {}),
        ):
            cause = f"test:{kind}"
            assert notices.happened(tx, alert_id, kind, user_id=who, cause=cause, about=about)
            assert not notices.happened(tx, alert_id, kind, user_id=who, cause=cause, about={})
        tx.run(table(Notice).delete())
        rows = ((hr, "sent", ""), (other, "folded", "limit"), (quiet, "waiting", "quiet"))
        for person, state, why in rows:
            insert(
                tx, Notice,
                {
                    "alert_id": alert_id, "user_id": person.id, "state": NoticeState(state).value,
                    "why": why, "level": 0, "revision": 1, "due_at": office.clock(),
                    "sent_at": office.clock() if state == "sent" else None,
                    "created_at": office.clock(),
                },
            )  # fmt: skip

    await office.write(work)
    await press(office, hr, f"/console/alerts/{alert_id}/verdict", verdict="useful")
    page = (await office.get(hr, f"/console/alerts/{alert_id}")).text
    history = words_of(page[page.index('id="alert-history"') : page.index("alert-state-refresh")])
    for words in (
        *("程序 提出预警", "把新说的话并入这条", "上报管理员：姓名admin", "姓名li 推迟到"),
        *("重新提醒", "姓名hr 标为“有用”", "并入一条汇总", "短时间内太多", "安静时段"),
    ):
        assert words in history, words
    assert history.index("标为“有用”") < history.index("程序 提出预警")  # the newest first
    await office.post(hr, "/console/settings/language", language="en", next="/console")
    english = words_of((await office.get(hr, f"/console/alerts/{alert_id}")).text)
    for words in ("The program raised the alert", "took it to the admins", "quiet hours"):
        assert words in english


async def test_what_we_know_has_the_offer_and_the_budget(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    position = await office.position(owner_id=hr.id, budget_low=16_000, budget_high=22_000)
    candidate = await office.candidate("张三", position_id=position)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    by = viewer(hr)
    made = await offering.draft(office.road, by, candidate, Terms(base=18_000))
    page = (await office.get(hr, f"/console/alerts/{alert.id}")).text
    assert "18,000" not in page  # a draft is no offer yet
    await offering.send(office.road, by, candidate, made.offer.id, answer_by=None)
    page = words_of((await office.get(hr, f"/console/alerts/{alert.id}")).text)
    for words in ("18,000 元/月", "16–22k", "28k", "姓名hr"):
        assert words in page


async def test_another_persons_alert_is_unknown_and_a_manager_is_refused(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("li", Role.HR)
    manager = await office.user("boss", Role.MANAGER)
    candidate = await office.candidate("张三", owner=hr.id)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    path = f"/console/alerts/{alert.id}"
    forms: tuple[tuple[str, dict[str, str]], ...] = (
        ("reply", {"text": "您好", "once": "k" * 43}),
        ("snooze", {"until": "hour"}),
    )
    for who, status in ((other, 404), (manager, 403)):
        assert (await office.get(who, path)).status_code == status
        for deed, fields in forms:
            answer = await office.post(who, f"{path}/{deed}", **fields)
            assert answer.status_code == status
    assert (await office.get(hr, "/console/alerts/a_none")).status_code == 404
    assert await said_by_hr(office, candidate) == []
    rows = await office.road.database.read(
        lambda tx: tx.all(table(AlertEvent).select().where(table(AlertEvent).c.kind == "snoozed"))
    )
    assert rows == []


async def test_words_on_the_page_are_never_markup(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    evil = "<script>alert(1)</script>"
    candidate = await office.candidate(evil)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": f"{evil} {SALARY}"})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    path = f"/console/alerts/{alert.id}"
    once = once_of((await office.get(hr, path)).text)
    await press(office, hr, f"{path}/reply", text=f"</textarea>{evil}", once=once)
    again = await press(office, hr, f"{path}/reply", text=f"</textarea>{evil}{CHILDREN}", once=once)
    for page in ((await office.get(hr, path)).text, again.text):
        assert evil not in page
        assert "&lt;script&gt;" in page


async def test_a_failed_message_says_why_beside_its_words(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate, _, alert_id = await with_alert(office)
    path = f"/console/alerts/{alert_id}"
    once = once_of((await office.get(hr, path)).text)
    await press(office, hr, f"{path}/reply", text="今晚聊聊", once=once)

    async def sent() -> bool:
        return "已发送" in (await office.get(hr, path)).text

    await office.until(sent)
    said = table(Message)
    await office.write(
        lambda tx: update(tx, Message, said.c.author == Author.HR.value, status="dead")
    )
    page = (await office.get(hr, path)).text
    assert "没有送达" in page
    assert "今晚聊聊" in page
    assert candidate in page
