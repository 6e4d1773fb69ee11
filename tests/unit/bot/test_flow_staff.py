"""A colleague writes to the bot."""

from __future__ import annotations

from bot.conversation.flows import staff
from tests.builders import NOW, a_colleague, a_context, a_rulebook


def test_a_colleague_is_told_what_can_be_done_here() -> None:
    context = a_context("在吗", candidate=None, staff=a_colleague())
    assert staff.wants(context, None)
    outcome = staff.step(context, None, a_rulebook(), now=NOW)
    assert [reply.text for reply in outcome.replies] == [a_rulebook().replies.staff_help]
    assert (outcome.alerts, outcome.plans, outcome.muted) == ((), (), None)


def test_a_candidate_is_not_a_colleague() -> None:
    assert not staff.wants(a_context("在吗"), None)
