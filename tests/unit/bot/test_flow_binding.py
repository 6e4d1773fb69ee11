"""Somebody opened an invite link."""

from __future__ import annotations

import pytest

from bot.conversation.flows import binding
from tests.builders import NOW, a_candidate, a_colleague, a_context, a_rulebook, an_invite

BOOK = a_rulebook()


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (("/start abc",), True),
        (("/start",), False),
        (("/startabc",), False),
        (("看看 /start abc",), False),
        (("/start abc", "你好"), False),
        (("你好", "/start abc"), False),
    ],
)
def test_only_a_start_with_something_behind_it_is_a_link(
    texts: tuple[str, ...], wanted: bool
) -> None:
    assert binding.wants(a_context(*texts, candidate=None), None) is wanted


def test_a_candidates_link_binds_the_chat_and_greets() -> None:
    context = a_context("/start abc", candidate=None, state={}, invite=an_invite())
    outcome = binding.step(context, None, BOOK, now=NOW)
    assert outcome.bind is not None
    assert (outcome.bind.invite_id, outcome.bind.candidate_id) == ("i_1", "c_1")
    assert outcome.bind.user_id is None
    [reply] = outcome.replies
    for part in ("陈一鸣", "示例科技", "自动程序", "（后端工程师）"):
        assert part in reply.text
    assert outcome.state == {"greeted": True}


def test_a_link_without_a_position_leaves_no_empty_brackets() -> None:
    context = a_context("/start abc", candidate=None, invite=an_invite(position_title=""))
    [reply] = binding.step(context, None, BOOK, now=NOW).replies
    assert "（）" not in reply.text


def test_a_colleagues_link_binds_them_and_says_what_will_come() -> None:
    invite = an_invite(candidate_id=None, user_id="u_1", name="李娜", position_title="")
    context = a_context("/start abc", candidate=None, state={}, invite=invite)
    outcome = binding.step(context, None, BOOK, now=NOW)
    assert outcome.bind is not None
    assert (outcome.bind.candidate_id, outcome.bind.user_id) == (None, "u_1")
    assert "预警卡片" in outcome.replies[0].text
    assert outcome.state is None


@pytest.mark.parametrize(
    "changes",
    [
        {"candidate": None, "invite": None},
        {"candidate": a_candidate(id="c_2"), "invite": an_invite()},
        {"candidate": None, "staff": a_colleague(), "invite": an_invite()},
    ],
    ids=["used up or unknown", "already a candidate's chat", "already a colleague's chat"],
)
def test_a_link_that_cannot_be_used_binds_nothing(changes: dict[str, object]) -> None:
    outcome = binding.step(a_context("/start abc", **changes), None, BOOK, now=NOW)
    assert outcome.bind is None
    assert outcome.replies[0].text == BOOK.replies.invite_bad


def test_whoever_comes_in_again_by_their_own_link_is_greeted_and_not_scolded() -> None:
    context = a_context("/start abc", candidate=a_candidate(), invite=None, returned=True)
    outcome = binding.step(context, None, BOOK, now=NOW)
    assert outcome.bind is None
    assert [reply.text for reply in outcome.replies] == [BOOK.replies.invite_known]
