"""The tab of surveys on a candidate's record: sent, read, linked, stopped; and by whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.posting import Security, Sms, Way
from storage.enums import InvitationStatus, Role
from storage.queries import audit, surveys
from tests.fakes.post import mail_server, sms_service
from tests.integration.web.asking import asked
from tests.integration.web.conftest import Office
from tests.integration.web.test_survey_page import GOOD, Browser
from tests.posted import mail_of

LINK = re.compile(r"/f/[\w-]{40,}")


async def test_hr_sends_one_and_reads_what_was_said_and_changed(office: Office) -> None:
    case = await asked(office)
    here = f"/console/candidates/{case.id}/responses"
    assert "入职第一周" in (await office.get(case.hr, here)).text
    sent = await office.post(case.hr, here, survey="week1", via="chat")
    assert sent.headers["location"] == f"{here}?said=survey_sent"
    await case.hears("薪资怎么算")
    await case.say("不清楚")
    await case.hears("哪里不清楚？")
    await case.say("上一题")
    await case.hears("薪资怎么算", times=2)
    await case.say("清楚")
    await case.hears("和团队相处几分？")
    html = (await office.get(case.hr, here)).text
    assert "改之前：不清楚" in html
    assert "进行中" in html
    busy = await office.post(case.hr, here, survey="week1", via="chat")
    assert (busy.status_code, "还有一份问卷没答完" in busy.text) == (409, True)
    assert {"survey.send", "candidate.read"} <= set(await case.actions())


async def test_a_page_and_a_new_link_to_it(office: Office) -> None:
    case = await asked(office)
    here = f"/console/candidates/{case.id}/responses"
    assert (await office.post(case.hr, here, survey="week1", via="page")).status_code == 303
    row = await case.row()
    first = (await case.hears("/f/"))["text"]
    again = await office.post(case.hr, f"{here}/{row.id}/link")
    assert again.headers["location"].endswith("said=survey_sent")
    link = re.compile(r"/f/[\w-]{40,}")
    newer = (await case.hears("/f/", times=2))["text"]
    old, new = link.search(first), link.search(newer)
    assert old is not None
    assert new is not None
    assert (await Browser(case, old[0]).get()).status_code == 410
    assert (await Browser(case, new[0]).post(**GOOD)).status_code == 303
    html = (await office.get(case.hr, here)).text
    assert "18,000–20,000" in html
    assert "手机页面" in html
    late = await office.post(case.hr, f"{here}/{row.id}/link")
    assert (late.status_code, "已经结束" in late.text) == (409, True)


async def test_without_a_chat_the_link_is_shown_this_once(office: Office) -> None:
    case = await asked(office)
    alone = await office.candidate("李四", owner=case.hr.id)
    here = f"/console/candidates/{alone}/responses"
    sent = await office.post(case.hr, here, survey="week1", via="page")
    assert sent.status_code == 200
    assert re.search(r"/f/[\w-]{40,}", sent.text)
    assert not re.search(r"/f/[\w-]{40,}", (await office.get(case.hr, here)).text)
    chat = await office.post(case.hr, here, survey="week1", via="chat")
    assert chat.status_code == 409


async def test_stopped_it_is_over(office: Office) -> None:
    case = await asked(office)
    here = f"/console/candidates/{case.id}/responses"
    await office.post(case.hr, here, survey="week1", via="chat")
    row = await case.row()
    assert (await office.post(case.hr, f"{here}/{row.id}/stop")).status_code == 303
    assert (await case.row()).status is InvitationStatus.CANCELLED
    assert (await office.post(case.hr, f"{here}/{row.id}/stop")).status_code == 409


@pytest.mark.parametrize("fields", [{}, {"survey": "week1"}, {"survey": "week1", "via": "mail"}])
async def test_a_form_that_says_too_little_sends_nothing(
    small_office: Office, fields: dict[str, str]
) -> None:
    case = await asked(small_office)
    answer = await small_office.post(case.hr, f"/console/candidates/{case.id}/responses", **fields)
    assert (answer.status_code, "请选择一份问卷" in answer.text) == (422, True)


async def test_managers_and_colleagues_of_other_positions_see_nothing(
    small_office: Office,
) -> None:
    case = await asked(small_office)
    here = f"/console/candidates/{case.id}/responses"
    await small_office.post(case.hr, here, survey="week1", via="chat")
    row = await case.row()
    other = await small_office.user("other", Role.HR)
    manager = await small_office.user("boss", Role.MANAGER)
    auditor = await small_office.user("auditor", Role.AUDITOR)
    for person, status in ((other, 404), (manager, 403), (auditor, 403)):
        assert (await small_office.get(person, here)).status_code == status
        for path in ("", f"/{row.id}/stop", f"/{row.id}/link"):
            answer = await small_office.post(person, f"{here}{path}", survey="week1", via="chat")
            assert answer.status_code == status
    foreign = await asked(small_office, "李四")
    for path in ("stop", "link"):
        address = f"/console/candidates/{foreign.id}/responses/{row.id}/{path}"
        assert (await small_office.post(foreign.hr, address)).status_code == 404
    assert (await case.row()).status is InvitationStatus.OPEN


# --- the list -----------------------------------------------------------------------------------


async def test_a_survey_is_read_word_for_word_and_turned_off_and_on(office: Office) -> None:
    case = await asked(office)
    html = (await office.get(case.hr, "/console/surveys")).text
    for words in ("入职第一周", "四个问题，两分钟。只有招聘同事看得到。", "和团队相处几分？"):
        assert words in html
    off = await office.post(case.hr, "/console/surveys/week1", enabled="off")
    assert off.headers["location"].endswith("said=survey_off")
    here = f"/console/candidates/{case.id}/responses"
    assert (await office.post(case.hr, here, survey="week1", via="chat")).status_code == 409
    assert (await office.post(case.hr, "/console/surveys/week1", enabled="on")).status_code == 303
    assert (await office.post(case.hr, here, survey="week1", via="chat")).status_code == 303
    assert {"survey.on", "survey.off"} <= set(await case.actions())


@pytest.mark.parametrize(
    ("survey", "enabled"), [("none", "off"), ("week1", "maybe"), ("week1", "")]
)
async def test_what_is_no_survey_and_no_switch_changes_nothing(
    small_office: Office, survey: str, enabled: str
) -> None:
    case = await asked(small_office)
    answer = await small_office.post(case.hr, f"/console/surveys/{survey}", enabled=enabled)
    assert answer.status_code == 404
    row = await case.read(lambda tx, key: surveys.survey(tx, "week1"))
    assert row.enabled


async def test_who_may_not_read_surveys_is_not_offered_them(small_office: Office) -> None:
    await asked(small_office)
    for role in (Role.MANAGER, Role.AUDITOR):
        person = await small_office.user(f"x{role}", role)
        assert (await small_office.get(person, "/console/surveys")).status_code == 403
        answer = await small_office.post(person, "/console/surveys/week1", enabled="off")
        assert answer.status_code == 403


async def test_whom_no_chat_reaches_gets_the_link_by_mail_or_sms(
    office: Office, tmp_path: Path
) -> None:
    case = await asked(office)
    alone = await office.candidate("李四", owner=case.hr.id, phone="13800000001")
    here = f"/console/candidates/{alone}/responses"
    await office.post(case.hr, here, survey="week1", via="page")
    [row] = await office.write(lambda tx: surveys.of_candidate(tx, alone))
    path = f"{here}/{row.id}/letter"
    none = await office.post(case.hr, path, way="mail", to="li.si@example.com")
    assert (none.status_code, "请选择邮件或短信" in none.text) == (422, True), "nothing is set up"
    with mail_server(tmp_path, Security.TLS) as post, sms_service() as service:
        office.site.posts.update(  # type: ignore[attr-defined]
            {Way.MAIL: mail_of(post), Way.SMS: Sms(url=service.url, secret="s3cret")}
        )
        page = (await office.get(case.hr, here)).text
        assert "138****0001" in page
        assert 'type="email"' in page
        bad = await office.post(case.hr, path, way="mail", to="李四")
        assert (bad.status_code, "请填写对方的邮箱地址" in bad.text) == (422, True)
        sent = await office.post(case.hr, path, way="mail", to="li.si@example.com")
        assert sent.headers["location"] == f"{here}?said=letter_sent"
        sms = await office.post(case.hr, path, way="sms", to="+8613899999999")
        assert sms.headers["location"] == f"{here}?said=letter_sent"
        [taken] = service.taken
        assert taken["to"] == "+8613800000001", "the number on file, whatever the form says"
        [mail] = post.box.mails
        links = [LINK.search(text) for text in (mail.get_content(), taken["text"])]
        assert all(links)
        old, new = (str(link and link[0]) for link in links)
        assert (await Browser(case, old).get()).status_code == 410, "the newer link ends it"
        assert (await Browser(case, new).get()).status_code == 200
        post.box.full = True
        failed = await office.post(case.hr, path, way="mail", to="li.si@example.com")
        assert (failed.status_code, "没有发出：邮件服务器没有收下（452）" in failed.text) == (
            502,
            True,
        )
        assert LINK.search(failed.text), "the link is there to be passed on by hand"
    rows = await office.road.database.read(lambda tx: audit.page(tx, limit=200))
    ways = [row.details["way"] for row in rows if row.action == "survey.letter"]
    assert sorted(ways) == ["mail", "sms"]
    kept = [str(row.details) for row in rows]
    assert not [one for one in kept if "li.si" in one or "13800000001" in one]
