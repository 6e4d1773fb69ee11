"""The 承诺卡 in the chat: yes, or what to change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.conversation import router
from bot.conversation.flows import pledge
from bot.turn import AskChange, ConfirmPledge, Context, PledgeSeen
from nlp.scheme import Condition, Intent
from storage.enums import MessageKind
from tests.builders import NOW, a_candidate, a_context, a_rulebook, heard, said

CARD = "l_" + "k" * 26
YES, CHANGE = f"pl:{CARD}:yes", f"pl:{CARD}:change"
OPEN = PledgeSeen(id=CARD, worth="open")
ASKING = {"greeted": True, "asking": {"flow": "pledge", "card": CARD, "at": NOW.isoformat()}}


def pressed(action: str, worth: str | None = "open", **changes: Any) -> Context:
    return a_context(
        said=(said(action, kind=MessageKind.PRESS),),
        pledge=PledgeSeen(id=CARD, worth=worth) if worth else None,
        **changes,
    )


def decided(context: Context, *intents: Intent, **reading: Any) -> Any:
    read = None if context.is_press else heard(context, *intents, **reading)
    return router.decide(context, read, a_rulebook(), now=NOW)


def test_a_yes_confirms_the_card_and_tells_who_is_responsible() -> None:
    outcome = decided(pressed(YES))
    assert outcome.confirms == (ConfirmPledge(pledge_id=CARD),)
    assert [reply.text[:2] for reply in outcome.replies] == ["收到"]
    assert outcome.tells == ("陈一鸣确认了承诺卡（后端工程师）",)


@pytest.mark.parametrize(
    ("worth", "words"), [("confirmed", "已经确认过"), ("gone", "已被新的版本取代")]
)
def test_what_does_not_stand_open_is_not_confirmed(worth: str, words: str) -> None:
    outcome = decided(pressed(YES, worth))
    assert (outcome.confirms, outcome.tells) == ((), ())
    assert words in outcome.replies[0].text


def test_a_card_of_somebody_else_is_a_card_that_never_was() -> None:
    outcome = decided(pressed(YES, None))
    assert (outcome.confirms, outcome.replies) == ((), ())
    assert outcome.press_note == a_rulebook().replies.press_refused


def test_a_stranger_confirms_nothing() -> None:
    outcome = decided(pressed(YES, None, candidate=None))
    assert outcome.flow == "alert_action"
    assert outcome.confirms == ()


@pytest.mark.parametrize("text", [f"{YES} ", "pl:l_KKKK:yes", f"pl:{CARD}:no", f"al:{CARD}:yes"])
def test_only_what_we_offered_is_a_press_under_a_card(text: str) -> None:
    assert not pledge.wants(pressed(text), None)


def test_what_to_change_is_asked_and_kept_in_their_own_words() -> None:
    asked = decided(pressed(CHANGE))
    assert asked.state["asking"]["card"] == CARD
    assert "李娜" in asked.replies[0].text
    wish = a_context("试用期能不能改成三个月", state=asked.state, pledge=OPEN)
    outcome = decided(wish, Intent.TERMS, commitment=-1, condition=Condition.SOFT)
    assert AskChange(what="试用期能不能改成三个月") in outcome.requests
    assert outcome.alerts[0].topic == "change"
    assert outcome.state["asking"] is None
    assert "李娜" in outcome.replies[0].text
    assert {plan.kind for plan in outcome.plans} == {"answer_due"}


def test_words_after_the_question_are_heard_as_words_too() -> None:
    wish = a_context("不到两万我就不来了", state=ASKING, pledge=OPEN)
    outcome = decided(wish, Intent.SALARY, commitment=-2)
    assert {alert.topic for alert in outcome.alerts} >= {"change", "salary"}


@pytest.mark.parametrize("text", ["算了", "不用了。", "没有了", "先不改了吧"])
def test_who_thinks_better_of_it_asks_for_nothing(text: str) -> None:
    outcome = decided(a_context(text, state=ASKING))
    assert (outcome.requests, outcome.alerts) == ((), ())
    assert outcome.state["asking"] is None


@pytest.mark.parametrize("text", ["转人工", "我的进度"])
def test_words_that_always_work_work_while_we_wait(text: str) -> None:
    outcome = decided(a_context(text, state=ASKING))
    assert outcome.flow != "pledge"
    assert outcome.requests == ()


def test_days_later_words_are_no_answer_any_more() -> None:
    late = a_context(said=(said("我想问下班车", at=NOW + timedelta(hours=25)),), state=ASKING)
    assert decided(late).flow == "faq"


def test_a_greeting_does_not_bring_the_question_back() -> None:
    state = {"asking": ASKING["asking"]}
    outcome = decided(
        a_context("地点想改到上海", state=state, pledge=OPEN, candidate=a_candidate())
    )
    assert outcome.state["asking"] is None
    assert outcome.state["greeted"] is True


@pytest.mark.parametrize("state", [{"greeted": True}, ASKING])
@pytest.mark.parametrize("text", [YES, CHANGE])
def test_an_action_that_is_typed_out_is_no_press(text: str, state: dict[str, Any]) -> None:
    outcome = decided(a_context(text, state=state, pledge=OPEN if "asking" in state else None))
    assert outcome.confirms == ()
    assert outcome.flow == ("pledge+listening" if "asking" in state else "listening")


@pytest.mark.parametrize("seen", [None, PledgeSeen(id=CARD, worth="gone")])
def test_a_card_that_ended_while_they_were_thinking_is_not_changed(seen: Any) -> None:
    wish = a_context("地点想改到上海", state=ASKING, pledge=seen)
    outcome = decided(wish, Intent.TERMS, commitment=0)
    assert "已被新的版本取代" in outcome.replies[0].text
    assert [one.topic for one in outcome.alerts if one.topic == "change"] == []
    assert outcome.state["asking"] is None
