"""First contact."""

from __future__ import annotations

from bot.conversation.flows import greeting
from tests.builders import NOW, a_candidate, a_colleague, a_context, a_press, a_rulebook


def test_the_first_words_say_what_this_is_and_how_to_reach_a_person() -> None:
    outcome = greeting.step(a_context("你好", state={}), None, a_rulebook(), now=NOW)
    [reply] = outcome.replies
    for part in ("陈一鸣", "示例科技", "自动程序", "保存", "李娜", "转人工", "我的进度"):
        assert part in reply.text
    assert outcome.state == {"greeted": True}


def test_greeting_happens_once() -> None:
    fresh = a_context("你好", state={})
    assert greeting.wants(fresh, None)
    after = greeting.step(fresh, None, a_rulebook(), now=NOW).state
    assert not greeting.wants(a_context("你好", state=after), None)


def test_a_greeting_keeps_what_else_was_remembered() -> None:
    context = a_context("你好", state={"told_at": "x"})
    outcome = greeting.step(context, None, a_rulebook(), now=NOW)
    assert outcome.state == {"told_at": "x", "greeted": True}


def test_a_muted_bot_does_not_greet_and_does_not_make_up_for_it_later() -> None:
    outcome = greeting.step(a_context("你好", state={}, muted=True), None, a_rulebook(), now=NOW)
    assert outcome.replies == ()
    assert outcome.state == {"greeted": True}


def test_strangers_colleagues_and_presses_are_not_greeted() -> None:
    assert not greeting.wants(a_context("你好", state={}, candidate=None), None)
    assert not greeting.wants(
        a_context("你好", state={}, candidate=None, staff=a_colleague()), None
    )
    assert not greeting.wants(a_press("x", candidate=a_candidate(), staff=None), None)


def test_a_name_with_braces_stays_a_name() -> None:
    context = a_context("你好", state={}, candidate=a_candidate(name="{owner}"))
    [reply] = greeting.step(context, None, a_rulebook(), now=NOW).replies
    assert "您好{owner}，" in reply.text
