"""A survey asked in the chat: sent, answered, interrupted, put off, resumed, stopped."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from bot import asking
from bot.errors import Conflict
from storage.database import Tx
from storage.enums import InvitationStatus, Role
from storage.queries import alerts, surveys, timeline
from storage.viewer import SYSTEM
from tests.integration.web.asking import asked
from tests.integration.web.conftest import Office, viewer


async def test_one_question_a_message_from_the_intro_to_the_thanks(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    first = await case.hears("薪资怎么算，清楚吗？")
    assert first["text"].startswith("四个问题，两分钟。只有招聘同事看得到。")
    assert [one["label"] for one in first["buttons"]] == ["清楚", "不清楚"]
    for words, answer in (
        ("和团队相处几分？", "清楚"),
        ("最看重什么？", "还行，四分吧"),
        ("期望薪资？", "发展、薪资"),
        ("哪天方便聊？", "18到20k"),
    ):
        await case.say(answer)
        await case.hears(words)
    await case.say("12月3号")
    await case.hears("谢谢您，都记下了。")
    row = await case.row()
    assert (row.status, row.via) == (InvitationStatus.DONE, "webchat")
    values = await case.values()
    assert (values["pay"], values["team"], values["likes"]) == ("yes", 4, ["growth", "pay"])
    assert (values["wish"]["low"], values["wish"]["high"]) == (18_000, 20_000)
    assert values["day"].endswith("-12-03")
    assert "survey.send" in await case.actions()
    answers = await case.answers()
    assert answers["team"].text == "还行，四分吧"
    assert answers["team"].source.startswith("m_")


async def test_a_pay_complaint_reaches_hr_within_two_seconds(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    began = time.monotonic()
    await case.say("不清楚")

    async def raised() -> bool:
        found = await office.road.database.read(lambda tx: alerts.unresolved(tx, case.id))
        return any(one.topic == "salary" and one.severity == "now" for one in found)

    await office.until(raised, within=10)
    assert time.monotonic() - began < 2
    await case.hears("哪里不清楚？")


async def test_a_detour_is_answered_and_the_question_put_again_once(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("我的进度")
    await case.hears("薪资怎么算", times=2)
    await case.say("帮助")
    await case.hears("怎么说都行")
    assert len([one for one in await case.heard() if "薪资怎么算" in one["text"]]) == 2
    await case.say("清楚")
    await case.hears("和团队相处几分？")


async def test_put_off_and_days_later_taken_up_again(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("清楚")
    await case.hears("和团队相处几分？")
    await case.say("先不填了")
    await case.hears("不急")
    office.clock.advance(timedelta(days=3))
    case.chat = await office.chat(case.id)
    await case.say("继续")
    await case.hears("和团队相处几分？", times=2)
    await case.say("4分")
    await case.hears("最看重什么？")
    assert await case.values() == {"pay": "yes", "team": 4}


async def test_a_refusal_ends_it(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("不想填了")
    await case.hears("不再问您了")
    row = await case.row()
    assert (row.status, row.closed_at is not None) == (InvitationStatus.REFUSED, True)
    await case.say("清楚")  # words after the end are words
    await case.say("帮助")
    await case.hears("怎么说都行")
    assert await case.values() == {}


async def test_an_answer_read_back_one_and_given_again_is_an_edit(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("不清楚")
    await case.hears("哪里不清楚？")
    await case.say("上一题")
    await case.hears("薪资怎么算", times=2)
    await case.say("清楚")
    await case.hears("和团队相处几分？")
    row = await case.row()
    kept = await case.read(lambda tx, key: surveys.history(tx, key, row.id))
    assert [(one.value, one.superseded_at is None) for one in kept] == [
        ("no", False),
        ("yes", True),
    ]


async def test_two_answers_in_one_message_fill_two_questions(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("清楚，4分")
    await case.hears("最看重什么？")
    assert await case.values() == {"pay": "yes", "team": 4}


# --- what HR may --------------------------------------------------------------------------------


async def test_one_survey_at_a_time_and_none_while_a_colleague_talks(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    with pytest.raises(Conflict):
        await case.sent()
    rows = await case.read(lambda tx, key: surveys.of_candidate(tx, case.id))
    assert len(rows) == 1  # what could not be sent was not planned either
    other = await asked(office, "李四")
    await other.say("转人工")
    await other.hears("保持安静")
    with pytest.raises(Conflict):
        await other.sent()


async def test_a_survey_that_is_off_and_one_that_never_was_are_not_sent(office: Office) -> None:
    case = await asked(office)
    await office.write(lambda tx: surveys.switch(tx, "week1", False, by="u_1"))
    with pytest.raises(Conflict):
        await case.sent()


async def test_a_colleague_of_another_position_sends_nothing(office: Office) -> None:
    case = await asked(office)
    other = await office.user("other", Role.HR)
    with pytest.raises(Exception, match="no such candidate"):
        await asking.send(office.road, viewer(other), case.id, "week1", "chat")


async def test_what_hr_stopped_takes_no_answers_any_more(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    row = await case.row()
    await asking.stop(office.road, case.viewer, case.id, row.id)
    await case.say("清楚")
    await case.say("帮助")
    await case.hears("怎么说都行")
    assert await case.values() == {}
    with pytest.raises(Conflict):
        await asking.stop(office.road, case.viewer, case.id, row.id)
    assert (await case.row()).status is InvitationStatus.CANCELLED


async def test_put_again_asks_what_waits_and_ends_the_pause(office: Office) -> None:
    case = await asked(office)
    await case.sent()
    await case.hears("薪资怎么算")
    await case.say("晚点再填")
    await case.hears("不急")
    row = await case.row()

    def work(tx: Tx) -> set[str]:
        talk = timeline.reply_to(tx, SYSTEM, case.id, listens=office.road.listens)
        place = asking.Place(talk.id, talk.channel, talk.subject_id, case.id)
        road = office.road
        return asking.put_again(
            tx, road.vault, road.rulebook, road.channels, invitation_id=row.id, talk=place
        )

    woken = await office.write(work)
    assert woken == {"webchat"}
    await office.write(lambda tx: office.road.engine.wake(tx, "delivery", sorted(woken)))
    await case.hears("薪资怎么算", times=2)
    await case.say("清楚")
    await case.hears("和团队相处几分？")
