"""Somebody we do not know writes."""

from __future__ import annotations

from datetime import timedelta

from bot.conversation.flows import stranger
from tests.builders import NOW, a_colleague, a_context, a_rulebook


def test_a_stranger_is_told_how_to_become_known() -> None:
    context = a_context("在吗", candidate=None, state={})
    assert stranger.wants(context, None)
    outcome = stranger.step(context, None, a_rulebook(), now=NOW)
    [reply] = outcome.replies
    assert "邀请链接" in reply.text
    assert "示例科技" in reply.text
    assert outcome.state == {"told_at": NOW.isoformat()}


def test_they_are_told_once_a_day() -> None:
    day = timedelta(days=1)
    for ago, replies in ((timedelta(0), 0), (day - timedelta(seconds=1), 0), (day, 1)):
        state = {"told_at": (NOW - ago).isoformat()}
        context = a_context("在吗", candidate=None, state=state)
        outcome = stranger.step(context, None, a_rulebook(), now=NOW)
        assert len(outcome.replies) == replies
        assert (outcome.state is None) is (replies == 0)


def test_who_is_known_is_no_stranger() -> None:
    assert not stranger.wants(a_context("在吗"), None)
    assert not stranger.wants(a_context("在吗", candidate=None, staff=a_colleague()), None)


def test_while_a_colleague_talks_with_them_nothing_is_asked() -> None:
    context = a_context("在吗", candidate=None, state={}, muted=True)
    outcome = stranger.step(context, None, a_rulebook(), now=NOW)
    assert (outcome.replies, outcome.state) == ((), None)
