"""Which flow a turn belongs to."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.conversation import router
from nlp.scheme import Intent
from tests.builders import (
    ALERT_ID,
    NOW,
    a_candidate,
    a_colleague,
    a_context,
    a_press,
    a_rulebook,
    an_invite,
    heard,
)

BOOK = a_rulebook()
PRESS = actions.action(ALERT_ID, Press.USEFUL)
STAFF: dict[str, Any] = {"candidate": None, "staff": a_colleague()}


@pytest.mark.parametrize(
    ("context", "flow"),
    [
        (a_press(PRESS), "alert_action"),
        (a_press(PRESS, staff=None), "alert_action"),
        (a_context("/start abc", candidate=None, invite=an_invite()), "binding"),
        (a_context("/start abc"), "binding"),
        (a_context("/start abc", **STAFF), "binding"),
        (a_context("转人工", **STAFF), "staff"),
        (a_context("我的进度", **STAFF), "staff"),
        (a_context("转人工", candidate=None), "stranger"),
        (a_context("/start", candidate=None), "stranger"),
        (a_context("/start"), "status_words"),
        (a_context("转人工"), "handover+listening"),
        (a_context("我的进度", "转人工"), "handover+listening"),
        (a_context("我的进度"), "status_words"),
        (a_context("薪资再考虑一下"), "listening"),
        (a_context("转人工智能部门"), "listening"),
        (a_context(""), "listening"),
    ],
)
def test_the_first_flow_that_wants_a_turn_has_it(context: Any, flow: str) -> None:
    assert router.decide(context, None, BOOK, now=NOW).flow == flow


def test_whoever_and_whatever_it_is_exactly_one_flow_answers() -> None:
    people: tuple[dict[str, Any], ...] = (
        {"candidate": a_candidate()},
        {"candidate": None},
        STAFF,
    )
    texts = ("", "你好", "转人工", "我的进度", "帮助", "/start", "/start abc", PRESS)
    for who, text, muted, state in itertools.product(people, texts, (0, 1), ({}, {"greeted": 1})):
        context = a_context(text, **who, muted=bool(muted), state=state)
        outcome = router.decide(context, None, BOOK, now=NOW)
        first = outcome.flow.removeprefix("greeting+").partition("+")[0]
        assert first in {flow.FLOW for flow in router.FLOWS}
        slots = [reply.slot for reply in outcome.replies]
        assert len(slots) == len(set(slots)), "slots tell the replies of one turn apart"


def test_a_first_message_is_greeted_before_it_is_answered() -> None:
    context = a_context("薪资再考虑一下", state={})
    outcome = router.decide(context, heard(context, Intent.SALARY, commitment=-1), BOOK, now=NOW)
    assert outcome.flow == "greeting+listening"
    assert [reply.slot for reply in outcome.replies] == ["greeting", "handed"]
    assert outcome.state == {"greeted": True, "handed_at": NOW.isoformat()}
    assert len(outcome.alerts) == 1


def test_a_second_message_is_not_greeted() -> None:
    context = a_context("你好", state={})
    state = router.decide(context, heard(context), BOOK, now=NOW).state
    again = a_context("在吗", state=state)
    assert router.decide(again, heard(again), BOOK, now=NOW).replies == ()


def test_a_bound_candidate_was_greeted_with_the_link() -> None:
    context = a_context("/start abc", candidate=None, state={}, invite=an_invite())
    state = router.decide(context, None, BOOK, now=NOW).state
    first = a_context("你好", state=state)
    assert router.decide(first, heard(first), BOOK, now=NOW).replies == ()


@pytest.mark.parametrize("state", [{}, {"greeted": True}], ids=["first contact", "later"])
@pytest.mark.parametrize("text", ["你好", "薪资再考虑一下", "转人工", "我不来了，转人工"])
def test_a_muted_bot_says_nothing_but_still_hears(text: str, state: dict[str, Any]) -> None:
    context = a_context(text, muted=True, state=state)
    reading = heard(context, Intent.DECLINE, commitment=-3)
    outcome = router.decide(context, reading, BOOK, now=NOW)
    assert outcome.replies == ()
    assert "decline" in [alert.topic for alert in outcome.alerts]
    assert outcome.score == 60


def test_in_a_chat_we_only_listen_to_everything_is_heard_and_nothing_is_said() -> None:
    people: tuple[dict[str, Any], ...] = ({"candidate": a_candidate()}, {"candidate": None}, STAFF)
    texts = ("", "你好", "转人工", "我的进度", "帮助", "/start abc", "薪资再考虑一下", PRESS)
    for who, text, state in itertools.product(people, texts, ({}, {"greeted": True})):
        invite = an_invite() if text == "/start abc" else None
        context = a_context(text, **who, state=state, listens=True, invite=invite)
        reading = heard(context, Intent.SALARY, commitment=-1, deadline=date(2026, 11, 6))
        for read in (None, reading):
            outcome = router.decide(context, read, BOOK, now=NOW)
            assert outcome.flow == "overhearing"
            assert (outcome.replies, outcome.bind, outcome.press_note) == ((), None, "")
            assert (outcome.muted, outcome.state, outcome.verdicts) == (None, None, ())
            assert {plan.kind for plan in outcome.plans} <= {"deadline"}
        known = who.get("candidate") is not None
        assert [alert.topic for alert in outcome.alerts] == (["salary"] if known else [])


def test_the_same_turn_is_decided_the_same_way_again() -> None:
    context = a_context("我不来了，转人工", state={})
    reading = heard(context, Intent.DECLINE, commitment=-3)
    first = router.decide(context, reading, BOOK, now=NOW)
    assert router.decide(context, reading, BOOK, now=NOW) == first
