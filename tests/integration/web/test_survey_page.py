"""A survey's page over HTTP: filled, resumed, changed, refused, forwarded, and after its end."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from bot import asking
from bot.surveys.definition import parse, plain
from storage.enums import InvitationStatus
from storage.queries import alerts, profile, surveys
from tests.integration.web.asking import WEEK1, Asked, asked
from tests.integration.web.conftest import Office, cookie_header

GOOD = {
    "q-pay": "yes",
    "q-team": "4",
    "q-likes-0": "growth",
    "q-likes-1": "pay",
    "q-wish": "18到20k",
    "q-day": "2026-12-03",
}


class Browser:
    """One browser at a link, with the cookies it was given."""

    def __init__(self, case: Asked, url: str) -> None:
        self.case, self.token = case, url.rpartition("/")[2]
        self.cookies: dict[str, str] = {}

    async def get(self, **headers: str) -> httpx2.Response:
        return await self.case.office.http.get(f"/f/{self.token}", headers=self._headers(headers))

    async def html(self) -> str:
        return (await self.get()).text

    async def post(self, path: str = "answers", /, **fields: str) -> httpx2.Response:
        revision = re.search(r'name="revision" value="(\d+)"', await self.html())
        sent = {"revision": revision[1] if revision else "0", "do": "finish", **fields}
        answer = await self.case.office.http.post(
            f"/f/{self.token}/{path}", data=sent, headers=self._headers({})
        )
        if kept := answer.headers.get("set-cookie"):
            assert "HttpOnly" in kept
            name, _, rest = kept.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        self.case.office.http.cookies.clear()  # the client's own: what is sent is this browser's
        told = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        return {**({"Cookie": told} if told else {}), **more}


async def linked(office: Office, name: str = "张三丰") -> tuple[Asked, Browser]:
    case = await asked(office, name)
    sent = await case.sent("page")
    assert sent.said
    await case.hears(sent.url)
    return case, Browser(case, sent.url)


async def test_filled_at_once_it_is_the_same_response_as_in_the_chat(office: Office) -> None:
    case, page = await linked(office)
    first = await page.get()
    assert first.headers["cache-control"] == "no-store"
    assert "四个问题，两分钟。只有招聘同事看得到。" in first.text
    assert "<script" not in first.text
    done = await page.post(**GOOD)
    assert (done.status_code, done.headers["location"]) == (303, f"/f/{page.token}")
    row = await case.row()
    assert (row.status, row.via) == (InvitationStatus.DONE, "page")
    values = await case.values()
    assert (values["pay"], values["team"], values["likes"]) == ("yes", 4, ["growth", "pay"])
    assert (values["wish"]["low"], values["day"]) == (18_000, "2026-12-03")
    assert "谢谢您，都记下了。" in await page.html()
    assert {"survey.send", "survey.answer"} <= set(await case.actions())


async def test_a_condition_is_asked_before_it_closes(office: Office) -> None:
    case, page = await linked(office)
    assert "哪里不清楚" not in await page.html()
    more = await page.post(**GOOD | {"q-pay": "no"})
    assert more.headers["location"] == f"/f/{page.token}?said=more#q-what"
    assert (await case.row()).status is InvitationStatus.OPEN
    assert "哪里不清楚" in await page.html()
    assert (await page.post(**GOOD | {"q-pay": "no", "q-what": "奖金怎么算"})).status_code == 303
    assert (await case.row()).status is InvitationStatus.DONE
    assert (await case.values())["what"] == "奖金怎么算"
    found = await office.road.database.read(lambda tx: alerts.unresolved(tx, case.id))
    assert [(one.topic, one.severity) for one in found] == [("salary", "now")]


async def test_saved_it_is_there_when_the_browser_comes_back(office: Office) -> None:
    case, page = await linked(office)
    saved = await page.post(do="save", **{"q-pay": "yes", "q-team": "2"})
    assert saved.headers["location"].startswith(f"/f/{page.token}?said=saved#q-likes")
    office.clock.advance(timedelta(days=3))
    html = await page.html()
    assert re.search(r'value="2" checked', html)
    assert re.search(r'value="yes" checked', html)
    await page.post(**GOOD | {"q-team": "5"})
    row = await case.row()
    kept = await case.read(lambda tx, key: surveys.history(tx, key, row.id))
    assert [one.value for one in kept if one.question == "team"] == [2, 5]


async def test_what_may_be_left_out_counts_as_skipped_and_what_may_not_is_asked(
    office: Office,
) -> None:
    case, page = await linked(office)
    bare = await page.post()
    assert bare.status_code == 422
    assert "这一题需要回答。" in bare.text
    assert await case.values() == {}
    assert (await page.post(**{"q-pay": "yes"})).status_code == 303
    assert (await case.values())["wish"] is None
    assert (await case.row()).status is InvitationStatus.DONE


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("q-day", "2026-02-30", "没有这一天"),
        ("q-day", "2月30日", "没有这一天"),
        ("q-wish", "很多很多", "看不懂这个金额"),
        ("q-team", "9", "请从给出的选项里选一个"),
        ("q-team", "٣", "请从给出的选项里选一个"),
        ("q-pay", "maybe", "请从给出的选项里选一个"),
        ("q-likes-1", "growth", "同一项选了两次"),
        ("q-likes-1", "nothing", "请从给出的选项里选一个"),
    ],
)
async def test_a_field_that_cannot_be_understood_says_so_and_keeps_the_rest(
    small_office: Office, field: str, text: str, words: str
) -> None:
    case, page = await linked(small_office)
    answer = await page.post(**GOOD | {field: text})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="growth" selected' in answer.text
    assert await case.values() == {}


@pytest.mark.parametrize("revision", ["-1", "x", "٣", "9" * 5_000, ""])
async def test_a_form_of_another_time_changes_nothing(small_office: Office, revision: str) -> None:
    case, page = await linked(small_office)
    answer = await page.post(**GOOD | {"revision": revision})
    assert answer.status_code in (409, 422)
    assert await case.values() == {}


async def test_chat_and_page_never_overwrite_each_other_silently(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    row = await case.row()
    sent = await asking.relink(office.road, case.viewer, case.id, row.id)
    page = Browser(case, sent.url)
    old = re.search(r'name="revision" value="(\d+)"', await page.html())
    assert old is not None
    await case.say("不清楚")
    await case.hears("哪里不清楚？")
    late = await page.post(**GOOD | {"revision": old[1]})
    assert late.status_code == 409
    assert "您刚才在聊天里或另一个窗口答过" in late.text
    assert await case.values() == {"pay": "no"}
    assert (await page.post(do="save", **{"q-team": "3"})).status_code == 303
    assert await case.values() == {"pay": "no", "team": 3}
    # It went on there: words in the chat are no answers until they say 继续.
    await case.say("奖金怎么发")
    await case.say("继续")
    await case.hears("哪里不清楚？", times=2)
    await case.say("奖金怎么发的没说清")
    await case.hears("最看重什么？")
    assert (await case.values())["what"] == "奖金怎么发的没说清"


async def test_of_many_forms_at_once_one_is_kept(office: Office) -> None:
    case, page = await linked(office)
    answers = await asyncio.gather(*(page.post(**GOOD) for _ in range(6)))
    codes = sorted(one.status_code for one in answers)
    assert codes[0] == 303
    assert set(codes[1:]) <= {409}
    row = await case.row()
    kept = await case.read(lambda tx, key: surveys.history(tx, key, row.id))
    assert len(kept) == len({one.question for one in kept})


async def test_a_refusal_ends_it(office: Office) -> None:
    case, page = await linked(office)
    assert (await page.post("refuse")).status_code == 303
    assert (await case.row()).status is InvitationStatus.REFUSED
    assert "不再问您了" in await page.html()
    late = await page.post(**GOOD)
    assert (late.status_code, await case.values()) == (409, {})


async def test_what_an_answer_means_reaches_the_record(office: Office) -> None:
    raw = plain(WEEK1)
    raw["questions"][4]["about"] = "expected_pay"
    case = await asked(office)
    told = parse(raw)
    await office.write(lambda tx: surveys.put(tx, asking.edition(told), by="u_1"))
    sent = await case.sent("page")
    await Browser(case, sent.url).post(**GOOD)
    facts = await case.read(lambda tx, key: profile.statements(tx, key, case.id))
    assert any(str(one.source).startswith("survey:week1") for one in facts)


# --- forwarded, ended, other people's -----------------------------------------------------------


async def test_a_forwarded_link_shows_a_surname_and_no_answers_and_takes_none(
    office: Office,
) -> None:
    case, page = await linked(office)
    await page.post(do="save", **{"q-pay": "yes", "q-wish": "18到20k"})
    other = Browser(case, page.token)
    html = await other.html()
    assert "张*" in html
    for secret in ("张三丰", "18到20k", "checked", "薪资怎么算"):
        assert secret not in html
    answer = await other.post(**GOOD | {"q-team": "1"})
    assert answer.status_code == 409
    assert set(await case.values()) == {"pay", "wish"}
    refused = await other.post("refuse")
    assert (refused.status_code, (await case.row()).status) == (409, InvitationStatus.OPEN)
    forged = Browser(case, page.token)
    forged.cookies = {"yinuo_form": "0" * 64}
    assert (await forged.post(**GOOD)).status_code == 409


async def test_what_was_said_in_the_chat_is_never_shown_on_the_page(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("不清楚")
    await case.hears("哪里不清楚？")
    await case.say("奖金说是保密的")
    await case.hears("和团队相处几分？")
    sent = await asking.relink(office.road, case.viewer, case.id, (await case.row()).id)
    page = Browser(case, sent.url)
    assert "奖金说是保密的" not in await page.html()
    await page.post(do="save", **{"q-team": "3"})
    html = await page.html()
    assert "奖金说是保密的" not in html
    assert "您在聊天里答过这一题" in html
    assert (await case.values())["what"] == "奖金说是保密的"


async def test_a_preview_of_the_link_uses_nothing_up(office: Office) -> None:
    case, page = await linked(office)
    for _ in range(3):
        assert (await Browser(case, page.token).get()).status_code == 200
    assert (await page.post(**GOOD)).status_code == 303


async def test_a_new_link_ends_the_old_one_and_time_ends_both(office: Office) -> None:
    case, page = await linked(office)
    sent = await asking.relink(office.road, case.viewer, case.id, (await case.row()).id)
    old, new = await page.get(), Browser(case, sent.url)
    assert (old.status_code, "已作废" in old.text) == (410, True)
    assert (await page.post(**GOOD)).status_code == 409
    office.clock.advance(timedelta(days=asking.LINK_DAYS, minutes=1))
    late = await new.get()
    assert (late.status_code, "已过期" in late.text) == (410, True)
    assert (await new.post(**GOOD)).status_code == 409
    assert await case.values() == {}


@pytest.mark.parametrize(
    "status", [InvitationStatus.DONE, InvitationStatus.REFUSED, InvitationStatus.UNANSWERED]
)
async def test_after_the_end_it_takes_nothing_and_says_so(
    small_office: Office, status: InvitationStatus
) -> None:
    case, page = await linked(small_office)
    row = await case.row()
    await small_office.write(lambda tx: surveys.close(tx, row.id, row.revision, status))
    answer = await page.post(**GOOD)
    assert (answer.status_code, await case.values()) == (409, {})
    assert "已经不能填写" in answer.text
    assert "<form" not in await page.html()


async def test_a_colleagues_browser_does_not_answer_for_the_candidate(office: Office) -> None:
    case, page = await linked(office)
    headers: dict[str, Any] = cookie_header(case.hr)
    for path in ("answers", "refuse"):
        answer = await office.http.post(f"/f/{page.token}/{path}", data=GOOD, headers=headers)
        assert (answer.status_code, "不能代为填写" in answer.text) == (403, True)
    assert await case.values() == {}


async def test_links_of_other_kinds_and_spoilt_ones_open_no_survey(office: Office) -> None:
    case, page = await linked(office)
    assert (await office.http.get(f"/chat/{page.token}")).status_code == 404
    for spoilt in (case.chat, page.token[:-1] + "_", "x", "é" * 43, "a" * 5_000):
        assert (await office.http.get(f"/f/{spoilt}")).status_code == 404
        answer = await office.http.post(f"/f/{spoilt}/answers", data=GOOD)
        assert answer.status_code == 404
    assert (await office.http.post(f"/f/{page.token}/confirm", data=GOOD)).status_code == 404


async def test_a_link_said_in_the_chat_is_the_candidates_alone(office: Office) -> None:
    case, page = await linked(office)
    shown = await office.get(case.hr, f"/console/candidates/{case.id}")
    assert "/f/•••" in shown.text
    assert page.token not in shown.text


async def test_markup_in_an_answer_stays_words(small_office: Office) -> None:
    _, page = await linked(small_office)
    evil = '"><script>alert(1)</script>'
    answer = await page.post(**GOOD | {"q-wish": evil, "q-pay": evil})
    assert answer.status_code == 422
    assert "<script" not in answer.text
