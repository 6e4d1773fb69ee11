"""Flows beside each other: what one waits for does not swallow what another answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation import router
from bot.turn import Context, Outcome
from nlp.scheme import Intent
from storage.enums import ConsentAnswer, MessageKind
from tests.builders import NOW, a_context, an_asking_rulebook, heard, said
from tests.unit.bot.test_flow_consent import BOOK, GIVEN, REFUSED, kept
from tests.unit.bot.test_flow_survey import seen


def decide(context: Context, *intents: Intent) -> Outcome:
    return router.decide(context, heard(context, *intents), an_asking_rulebook(), now=NOW)


@pytest.mark.parametrize("at", ["pay", "more"])
@pytest.mark.parametrize("text", ["报到要带什么", "五险一金怎么交"])
def test_a_question_with_a_known_answer_is_answered_and_the_open_one_put_again(
    at: str, text: str
) -> None:
    outcome = decide(a_context(text, survey=seen(at), consent=GIVEN))
    assert outcome.answers == ()
    assert [reply.slot for reply in outcome.replies] == ["faq", "survey"]
    assert "来源" in outcome.replies[0].text


def test_an_open_text_question_keeps_words_that_only_touch_a_known_subject() -> None:
    outcome = decide(a_context("社保比说好的交得少", survey=seen("more"), consent=GIVEN))
    assert [one.question for one in outcome.answers] == ["more"]


@pytest.mark.parametrize("text", ["我的进度", "帮助", "我要看看你们存了我什么数据", "转人工"])
def test_words_that_always_work_do_so_while_a_survey_is_open(text: str) -> None:
    outcome = decide(a_context(text, survey=seen("more"), consent=GIVEN))
    assert outcome.answers == ()
    assert outcome.flow.partition("+")[0] in ("status_words", "handover")


@pytest.mark.parametrize(
    "text", ["撤回同意", "我要撤回之前给你们的授权", "不要再自动分析我说的话了"]
)
def test_consent_is_taken_back_in_any_wording_also_in_a_survey(text: str) -> None:
    outcome = decide(a_context(text, survey=seen("more"), consent=GIVEN))
    [reply] = outcome.replies[:1]
    assert outcome.answers == ()
    assert [action.rsplit(":", 1)[1] for _, action in reply.choices] == ["off", "keep"]


def test_who_wants_everything_erased_is_not_read_from_then_on() -> None:
    press = said("er:yes", kind=MessageKind.PRESS)
    outcome = router.decide(a_context("x", said=(press,), consent=GIVEN), None, BOOK, now=NOW)
    assert kept(outcome) == [("analysis", ConsentAnswer.WITHDRAWN.value)]
    assert [right.kind for right in outcome.rights] == ["erase"]
    never = replace(a_context("x", said=(press,)), consent=REFUSED)
    assert kept(router.decide(never, None, BOOK, now=NOW)) == []


def test_without_consent_questions_are_answered_all_the_same() -> None:
    context = a_context("报到要带什么", consent=REFUSED)
    outcome = router.decide(context, None, an_asking_rulebook(), now=NOW)
    assert [reply.slot for reply in outcome.replies] == ["faq"]
