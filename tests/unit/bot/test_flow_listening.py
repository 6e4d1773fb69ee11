"""The ear: facts, risk, alerts and timers out of what was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.conversation.flows import listening
from bot.turn import FactorSeen, Span
from bot.words import SHANGHAI, answer_by, moment
from nlp.reading import Amount
from nlp.scheme import Condition, Intent
from tests.builders import NOW, a_context, a_rulebook, heard

BOOK = a_rulebook()
HESITATION = "薪资这块我还想再考虑一下"


def test_a_harmless_message_leads_to_nothing_to_say() -> None:
    context = a_context("好的谢谢")
    outcome = listening.step(context, heard(context), BOOK, now=NOW)
    assert (outcome.replies, outcome.alerts, outcome.factors) == ((), (), ())
    assert outcome.score == 0
    assert outcome.level == "low"


def test_an_alert_is_answered_with_who_and_until_when() -> None:
    context = a_context(HESITATION)
    outcome = listening.step(context, heard(context, Intent.SALARY, commitment=-1), BOOK, now=NOW)
    until = answer_by(NOW, BOOK.policy.answer_hours, BOOK.calendar)
    [reply] = outcome.replies
    assert "李娜" in reply.text
    assert moment(until) in reply.text
    [plan] = outcome.plans
    assert (plan.kind, plan.at) == ("answer_due", until)
    assert plan.about == {"uid": "m_1", "conversation": "k_1"}
    assert [alert.topic for alert in outcome.alerts] == ["salary"]


@pytest.mark.parametrize("intent", sorted(listening.NEGOTIABLE))
def test_a_neutral_question_about_terms_is_owed_an_answer_without_an_alert(intent: Intent) -> None:
    context = a_context("这个能谈吗")
    outcome = listening.step(context, heard(context, intent), BOOK, now=NOW)
    assert outcome.alerts == ()
    assert len(outcome.replies) == 1


@pytest.mark.parametrize(
    ("intent", "reading"),
    [
        (Intent.SALARY, {"commitment": 2}),
        (Intent.SALARY, {"reported": True}),
        (Intent.LOGISTICS, {}),
        (Intent.SOCIAL, {}),
        (Intent.ACCEPT, {"commitment": 2}),
    ],
)
def test_where_nothing_is_owed_nothing_is_promised(
    intent: Intent, reading: dict[str, object]
) -> None:
    context = a_context("嗯嗯")
    outcome = listening.step(context, heard(context, intent, **reading), BOOK, now=NOW)
    assert outcome.replies == ()
    assert outcome.plans == ()


def test_a_muted_bot_hears_everything_and_says_nothing() -> None:
    context = a_context(HESITATION, muted=True)
    outcome = listening.step(context, heard(context, Intent.SALARY, commitment=-1), BOOK, now=NOW)
    assert outcome.replies == ()
    assert outcome.plans == ()
    assert outcome.state is None
    assert [alert.topic for alert in outcome.alerts] == ["salary"]
    assert [factor.rule for factor in outcome.factors] == ["pay_pressure"]


def test_the_promise_is_not_repeated_within_the_interval() -> None:
    every = timedelta(hours=BOOK.policy.ack_every_hours)
    for ago, replies in ((timedelta(minutes=1), 0), (every - timedelta(seconds=1), 0), (every, 1)):
        state = {"greeted": True, "handed_at": (NOW - ago).isoformat()}
        context = a_context(HESITATION, state=state)
        outcome = listening.step(
            context, heard(context, Intent.SALARY, commitment=-1), BOOK, now=NOW
        )
        assert len(outcome.replies) == replies
        assert outcome.alerts, "within the interval it is still heard"


def test_the_promise_is_remembered_beside_what_was_known() -> None:
    context = a_context(HESITATION, state={"greeted": True, "told_at": "x"})
    outcome = listening.step(context, heard(context, Intent.SALARY, commitment=-1), BOOK, now=NOW)
    assert outcome.state == {"greeted": True, "told_at": "x", "handed_at": NOW.isoformat()}


def test_a_named_day_is_a_plan_for_that_evening() -> None:
    context = a_context("周五前答复您")
    outcome = listening.step(
        context, heard(context, Intent.CONSIDER, deadline=date(2026, 11, 6)), BOOK, now=NOW
    )
    plans = {plan.kind: plan for plan in outcome.plans}
    evening = datetime(2026, 11, 6, 18, 0, tzinfo=SHANGHAI)
    assert plans["deadline"].at == evening
    assert plans["deadline"].at == datetime(2026, 11, 6, 10, 0, tzinfo=UTC)
    assert plans["deadline"].anchor == "m_1"


@pytest.mark.parametrize(
    ("now", "planned"),
    [
        (datetime(2026, 11, 6, 9, 59, tzinfo=UTC), 1),
        (datetime(2026, 11, 6, 10, 0, tzinfo=UTC), 0),
        (datetime(2026, 11, 9, 1, 0, tzinfo=UTC), 0),
    ],
)
def test_an_evening_that_is_over_is_not_planned(now: datetime, planned: int) -> None:
    context = a_context("周五前答复您")
    reading = heard(context, Intent.SOCIAL, deadline=date(2026, 11, 6))
    outcome = listening.step(context, reading, BOOK, now=now)
    assert len(outcome.plans) == planned


def test_any_message_voids_the_reminder_of_an_earlier_promise() -> None:
    context = a_context("我想好了")
    outcome = listening.step(context, heard(context), BOOK, now=NOW)
    assert outcome.cancel_plans == ("deadline",)


def test_a_sum_in_a_pay_message_is_a_fact() -> None:
    text = "期望两万五，最低两万"
    amounts = tuple(
        Amount(start=text.index(t), end=text.index(t) + len(t), text=t, kind="money", low=n, high=n)
        for t, n in (("两万五", 25_000.0), ("两万", 20_000.0))
    )
    context = a_context(text)
    outcome = listening.step(context, heard(context, Intent.SALARY, amounts=amounts), BOOK, now=NOW)
    [fact] = outcome.facts
    assert (fact.kind, fact.value) == ("pay_mentioned", "两万五")


@pytest.mark.parametrize(
    ("intent", "kind", "reported"),
    [
        (Intent.SALARY, "ratio", False),
        (Intent.LOGISTICS, "money", False),
        (Intent.SALARY, "money", True),
    ],
)
def test_other_sums_are_no_facts(intent: Intent, kind: str, reported: bool) -> None:
    amount = Amount(start=0, end=2, text="两万", kind=kind, low=20_000, high=None)
    context = a_context("两万")
    outcome = listening.step(
        context, heard(context, intent, amounts=(amount,), reported=reported), BOOK, now=NOW
    )
    assert outcome.facts == ()


def test_what_somebody_else_said_moves_no_score_and_raises_nothing() -> None:
    context = a_context("我同学说他不来了")
    outcome = listening.step(
        context, heard(context, Intent.DECLINE, commitment=-3, reported=True), BOOK, now=NOW
    )
    assert (outcome.alerts, outcome.factors, outcome.score) == ((), (), 0)


def test_the_score_counts_what_was_there_before() -> None:
    earlier = FactorSeen(
        rule="competing_offer", adds=25, fades_after_days=14, at=NOW - timedelta(days=7)
    )
    context = a_context("到不了两万我就不过去了", factors=(earlier,))
    outcome = listening.step(
        context,
        heard(context, Intent.SALARY, commitment=-2, condition=Condition.HARD),
        BOOK,
        now=NOW,
    )
    assert {factor.rule for factor in outcome.factors} == {"hard_condition", "pay_pressure"}
    assert outcome.score == round(12.5 + 30 + 20)
    assert outcome.level == "high"


def test_nothing_is_concluded_from_what_was_not_read() -> None:
    outcome = listening.step(a_context("[图片]"), None, BOOK, now=NOW)
    assert outcome.score is None
    assert outcome.replies == ()


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("我怀孕了，可能要晚两个月入职", False),
        ("孩子要上学，薪资能不能再谈谈", False),
        ("我是回族。薪资还想再谈谈", True),  # another sentence
        ("薪资还想再谈谈", True),
    ],
)
def test_what_somebody_tells_of_themselves_that_is_protected_moves_no_score(
    said: str, counts: bool
) -> None:
    context = a_context(said)
    words = "薪资" if "薪资" in said else "入职"
    at = said.index(words)
    intent = Intent.SALARY if "薪资" in said else Intent.ONBOARD_DATE
    told = heard(context, intent, Intent.CONSIDER, commitment=-2, condition=Condition.HARD)
    spans = (Span(uid=context.last.uid, start=at, end=at + 2, intent=str(intent)),)
    told = replace(told, spans=spans)
    outcome = listening.step(context, told, BOOK, now=NOW)
    assert bool(outcome.factors) is counts
    assert outcome.alerts, "a person still reads it and answers"
    assert (outcome.score == 0) is not counts
