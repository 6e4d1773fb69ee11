"""The candidate asks for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation.flows import handover
from bot.words import answer_by, moment
from nlp.scheme import Intent, Severity
from tests.builders import NOW, a_candidate, a_colleague, a_context, a_rulebook, heard

ASKS = (
    "转人工",
    "转人工客服",
    "人工",
    "真人",
    "人工客服",
    "我要转人工",
    "麻烦转一下人工",
    "能转人工吗？",
    "可以帮我转人工吗",
    "请转人工服务，谢谢",
    "我想找真人聊聊",
    "找个真人",
    "能不能找个真人跟我聊",
    "想和真人沟通",
    "有没有人工客服",
    "有人工吗",
    "没有人工吗",
    "让真人联系我",
    "真人回复一下",
    "能不能真人回复一下",
    "换个真人吧",
    "不想跟机器人聊了",
    "别和机器人说了，换人",
    "转 人工",
    "轉人工",
    "叫个真人来",
    "我要和真人谈薪资",
    "安排一个真人联系我吧",
    "转接人工",
    "转人工HR",
    "需要人工服务",
    "人工！",
    "你好，我要转人工。",
    "薪资的事我要跟真人谈",
    "不要机器人，转人工",
    "怎么还不转人工",
    "要不转人工吧",
)
SAYS_SOMETHING_ELSE = (
    "转人工智能部门",
    "我想转人工智能部门",
    "转人工智能方向可以吗",
    "我是做人工智能的",
    "想找人工智能的岗位",
    "人工费用怎么算",
    "人工成本很高",
    "和人工智能团队聊过了",
    "你是真人吗",
    "是人工还是机器人",
    "不用转人工了，谢谢",
    "不需要人工",
    "不要转人工",
    "先不转人工",
    "不想转人工",
    "没有人工智能经验",
    "我应聘人工客服岗",
    "想找人工客服的工作",
    "我做过真人秀策划",
    "跟真人聊过了",
    "这个要人工审核多久",
    "有人工智能方向吗",
    "需要人工标注的数据",
    "我没找人工",
    "我再考虑一下",
    "换人工智能公司了",
)


@pytest.mark.parametrize("text", ASKS)
def test_a_person_is_asked_for_in_ordinary_words(text: str) -> None:
    assert handover.wants(a_context(text), None)


@pytest.mark.parametrize("text", SAYS_SOMETHING_ELSE)
def test_words_that_only_look_like_it_are_not_taken_for_it(text: str) -> None:
    assert not handover.wants(a_context(text), None)


def test_one_of_several_messages_is_enough() -> None:
    assert handover.wants(a_context("你好", "转人工", "谢谢"), None)


@pytest.mark.parametrize("changes", [{"candidate": None}, {"candidate": None, "staff": None}])
def test_only_a_candidate_is_handed_over(changes: dict[str, None]) -> None:
    assert not handover.wants(a_context("转人工", **changes), None)
    assert not handover.wants(a_context("转人工", staff=a_colleague(), candidate=None), None)


def test_the_bot_says_who_answers_until_when_and_goes_quiet() -> None:
    book = a_rulebook()
    outcome = handover.step(a_context("转人工"), None, book, now=NOW)
    until = answer_by(NOW, book.policy.answer_hours, book.calendar)
    [reply] = outcome.replies
    assert "招聘同事李娜" in reply.text
    assert moment(until) in reply.text
    assert outcome.muted is True
    [plan] = outcome.plans
    assert (plan.kind, plan.at, plan.anchor) == ("answer_due", until, "m_1")


def test_an_unknown_owner_is_still_somebody() -> None:
    context = a_context("转人工", candidate=a_candidate(owner_id=None, owner_name=""))
    [reply] = handover.step(context, None, a_rulebook(), now=NOW).replies
    assert "招聘同事" in reply.text
    assert "{" not in reply.text


def test_the_owner_gets_an_alert_with_the_words_for_today() -> None:
    book = a_rulebook()
    [alert] = handover.step(a_context("转人工"), None, book, now=NOW).alerts
    assert (alert.topic, alert.severity, alert.quote) == ("handover", Severity.TODAY, "转人工")
    assert alert.due_at == NOW + timedelta(hours=book.policy.due_hours[Severity.TODAY])


def test_a_long_request_is_quoted_in_part() -> None:
    [alert] = handover.step(a_context("转人工" + "长" * 900), None, a_rulebook(), now=NOW).alerts
    assert len(alert.quote) == 200


def test_a_muted_bot_raises_the_alert_again_without_a_word() -> None:
    outcome = handover.step(a_context("转人工", muted=True), None, a_rulebook(), now=NOW)
    assert outcome.replies == ()
    assert outcome.alerts


def test_what_else_was_said_is_heard_too() -> None:
    context = a_context("我不来了，转人工")
    outcome = handover.step(
        context, heard(context, Intent.DECLINE, commitment=-3), a_rulebook(), now=NOW
    )
    assert [alert.topic for alert in outcome.alerts] == ["handover", "decline"]
    assert [factor.rule for factor in outcome.factors] == ["decline"]
    assert outcome.score == 60
    assert outcome.muted is True
