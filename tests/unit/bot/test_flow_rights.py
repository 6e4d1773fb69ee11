"""更正 and 删除我的数据: asked in any wording, taken down once, answered with a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.conversation import router
from bot.conversation.flows import correcting, erasing
from bot.turn import AskRight, Outcome, OwedSeen
from bot.words import answer_by, moment
from nlp.scheme import Intent, Severity
from storage.enums import MessageKind
from tests.builders import NOW, a_candidate, a_colleague, a_context, a_rulebook, heard, said

BOOK = a_rulebook()


def decided(*texts: str, at: datetime = NOW, **changes: Any) -> Outcome:
    """What is decided about words of a candidate that nobody read."""
    return router.decide(a_context(*texts, **changes), None, BOOK, now=at)


def pressed(action: str, **changes: Any) -> Outcome:
    """What a press of one of our choices leads to."""
    return decided(said=(said(action, kind=MessageKind.PRESS),), **changes)


# --- correct --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["更正", "我要更正信息", "我的资料有误"])
def test_who_does_not_say_what_is_wrong_is_asked(text: str) -> None:
    outcome = decided(text)
    [reply] = outcome.replies
    assert "李娜" in reply.text
    assert outcome.alerts == ()
    assert outcome.state["asking"] == {"flow": "correcting", "at": NOW.isoformat()}


@pytest.mark.parametrize(
    "text", ["我的手机号写错了，应该是13800138000", "学历登记错了，是本科不是专科"]
)
def test_who_says_it_already_is_not_asked_again(text: str) -> None:
    outcome = decided(text)
    until = answer_by(NOW, BOOK.policy.answer_hours)
    assert moment(until) in outcome.replies[0].text
    [alert] = outcome.alerts
    assert (alert.topic, alert.quote, alert.severity) == ("correct", text, Severity.TODAY)
    assert outcome.rights == (AskRight(kind="correct"),)
    assert [plan.kind for plan in outcome.plans] == ["answer_due"]


def test_the_next_words_say_what_is_wrong() -> None:
    state = decided("更正").state
    outcome = decided("名字的最后一个字", state=state)
    assert [alert.quote for alert in outcome.alerts] == ["名字的最后一个字"]
    assert outcome.state["asking"] is None


@pytest.mark.parametrize("text", ["算了", "不用了。", "没事了"])
def test_who_thinks_better_of_it_asks_for_nothing(text: str) -> None:
    outcome = decided(text, state=decided("更正").state)
    assert (outcome.alerts, outcome.rights, outcome.plans) == ((), (), ())
    assert outcome.state["asking"] is None


@pytest.mark.parametrize("text", ["转人工", "我的进度", "帮助", "删除我的数据"])
def test_words_that_always_work_work_while_we_wait(text: str) -> None:
    assert not decided(text, state=decided("更正").state).flow.startswith("correcting")


def test_a_day_later_words_are_no_correction_any_more() -> None:
    late = (said("周五见", at=NOW + timedelta(hours=25)),)
    assert decided(said=late, state=decided("更正").state).flow == "listening"


def test_a_long_correction_is_kept_in_part() -> None:
    [alert] = decided("我的手机号写错了，" + "应该是1" * 9_000).alerts
    assert len(alert.quote) == correcting.KEPT


# --- erase ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["删除我的数据", "把我的东西都删干净", "麻烦清除我的个人资料，謝謝"]
)
def test_erasing_is_asked_once_more_and_nothing_is_done_before(text: str) -> None:
    outcome = decided(text)
    [reply] = outcome.replies
    assert reply.choices == (("确认删除", erasing.YES), ("先不删除", erasing.NO))
    assert (outcome.alerts, outcome.rights, outcome.plans, outcome.state) == ((), (), (), None)


def test_a_confirmed_wish_has_its_day_an_alert_and_a_reminder_before_the_limit() -> None:
    outcome = pressed(erasing.YES)
    [reply] = outcome.replies
    assert "最晚11月17日" in reply.text
    assert [alert.topic for alert in outcome.alerts] == ["erase"]
    assert outcome.rights == (AskRight(kind="erase"),)
    [plan] = outcome.plans
    assert (plan.kind, plan.at) == ("erase_due", NOW + timedelta(days=12))


def test_it_is_taken_down_once() -> None:
    state = pressed(erasing.YES).state
    for outcome in (pressed(erasing.YES, state=state), decided("删除我的数据", state=state)):
        assert (outcome.alerts, outcome.rights, outcome.plans) == ((), (), ())
        assert "不需要再发一次" in outcome.replies[0].text


def test_who_says_no_keeps_everything() -> None:
    outcome = pressed(erasing.NO)
    assert (outcome.alerts, outcome.rights, outcome.state) == ((), (), None)
    assert outcome.replies[0].text == BOOK.replies.erase_kept


@pytest.mark.parametrize("action", [erasing.YES, erasing.NO])
@pytest.mark.parametrize(
    "who", [{"candidate": None}, {"candidate": None, "staff": a_colleague()}, {"listens": True}]
)
def test_nobody_else_presses_it(action: str, who: dict[str, Any]) -> None:
    outcome = pressed(action, **who)
    assert (outcome.rights, outcome.alerts) == ((), ())


def test_an_action_that_is_typed_out_is_words() -> None:
    assert decided(erasing.YES).rights == ()


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["更正", "删除我的数据", "我的进度", "帮助"])
def test_they_are_answered_while_a_person_has_taken_over(text: str) -> None:
    assert decided(text, muted=True).replies


def test_a_copy_is_asked_for_and_nothing_else_is_said() -> None:
    outcome = decided("你们存了我哪些信息", muted=True)
    assert outcome.copies
    assert outcome.replies == ()


@pytest.mark.parametrize("text", ["删除我的数据", "我的数据", "更正", "我的进度怎么样了"])
def test_what_alarms_beside_it_is_heard(text: str) -> None:
    context = a_context(text, "我还是不来了")
    reading = heard(context, Intent.DECLINE, commitment=-3)
    outcome = router.decide(context, reading, BOOK, now=NOW)
    assert "decline" in [alert.topic for alert in outcome.alerts]
    assert outcome.score == 60


@pytest.mark.parametrize(
    "text", ["我删了之前的微信", "更正一下，是18k", "数据分析岗", "帮助很大", "进度款", "好"]
)
def test_lookalikes_ask_for_nothing(text: str) -> None:
    outcome = decided(text)
    assert (outcome.replies, outcome.rights, outcome.copies) == ((), (), False)


def test_progress_names_what_we_owe_and_by_when() -> None:
    owed = (OwedSeen(words="公积金\n" + "很长" * 40, by=NOW + timedelta(hours=24)),)
    [reply] = decided("我的进度", owed=owed).replies
    assert "公积金 很长" in reply.text
    assert "李娜最晚" + moment(NOW + timedelta(hours=24)) in reply.text
    assert "…" in reply.text


def test_only_a_candidate_has_rights_here() -> None:
    for text in ("删除我的数据", "我的数据", "更正"):
        assert not decided(text, candidate=None).rights
        assert decided(text, candidate=None, staff=a_colleague()).flow == "staff"
    assert a_candidate().owner_name == "李娜"
