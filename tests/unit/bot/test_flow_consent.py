"""Consent in the chat: asked with the greeting, answered in a word, taken back in another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.consent import ANALYSIS, ConsentSeen
from bot.conversation import router
from bot.conversation.flows import consent
from bot.turn import Context, Outcome
from nlp.scheme import Intent
from storage.enums import ConsentAnswer, MessageKind
from tests.builders import (
    NOW,
    a_context,
    a_rulebook,
    an_asking_rulebook,
    an_invite,
    heard,
    said,
)

BOOK = an_asking_rulebook()
SAY = BOOK.consents.say
VERSION = BOOK.analysis_version
OPEN = ConsentSeen(asked_at=NOW, asked_notice=VERSION, open=True)
GIVEN = ConsentSeen(
    answer=ConsentAnswer.GIVEN, notice=VERSION, source="m_0", answered_at=NOW, asked_at=NOW
)
REFUSED = ConsentSeen(
    answer=ConsentAnswer.REFUSED, notice=VERSION, source="m_0", answered_at=NOW, asked_at=NOW
)


def decide(context: Context) -> Outcome:
    return router.decide(context, None, BOOK, now=NOW)


def pressed(choice: str, seen: ConsentSeen, item: str = ANALYSIS, **more: Any) -> Context:
    action = f"cs:{item}:{BOOK.consents.version(item)[:12]}:{choice}"
    assert len(action) <= 64
    return a_context("x", said=(said(action, kind=MessageKind.PRESS),), consent=seen, **more)


def kept(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one.item, one.answer.value) for one in outcome.consents]


def test_the_first_contact_is_greeted_and_asked_in_one_message() -> None:
    outcome = decide(a_context("你好", state={}, consent=ConsentSeen()))
    [reply] = outcome.replies
    for part in ("自动程序", "会保存", "转人工", "是否同意", "不同意也不影响应聘"):
        assert part in reply.text
    assert [label for label, _ in reply.choices] == ["同意", "不同意", "了解详情"]
    assert all(len(action) <= 64 and action.isascii() for _, action in reply.choices)
    [link] = outcome.consents
    assert (link.answer, link.notice, link.source) == (ConsentAnswer.ASKED, VERSION, "m_1")


def test_the_first_words_are_answered_all_the_same() -> None:
    outcome = decide(a_context("我的进度", state={}, consent=ConsentSeen()))
    assert [reply.slot for reply in outcome.replies] == ["greeting", "status"]
    assert "后端工程师" in outcome.replies[1].text
    assert kept(outcome) == [(ANALYSIS, "asked")]


def test_a_bound_candidate_is_asked_with_the_greeting_of_the_link() -> None:
    invite = an_invite(consent=ConsentSeen())
    context = a_context("/start abc", candidate=None, consent=None, state={}, invite=invite)
    outcome = decide(context)
    [reply] = outcome.replies
    assert "是否同意" in reply.text
    assert reply.choices
    assert kept(outcome) == [(ANALYSIS, "asked")]
    again = a_context(
        "/start abc", candidate=None, consent=None, state={}, invite=an_invite(consent=GIVEN)
    )
    assert decide(again).replies[0].choices == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"muted": True},
        {"listens": True},
        {"rereads": True},
        {"candidate": None, "consent": None},
        {"consent": GIVEN},
        {"consent": REFUSED},
        {"consent": OPEN},
    ],
)  # fmt: skip
def test_nobody_is_asked_who_should_not_be(changes: dict[str, Any]) -> None:
    context = a_context("你好", **{"consent": ConsentSeen(), "state": {}} | changes)
    outcome = decide(context)
    assert kept(outcome) == []
    assert all(not reply.choices for reply in outcome.replies)


def test_where_the_company_asks_in_its_form_the_bot_never_does() -> None:
    context = a_context("你好", state={}, consent=ConsentSeen())
    outcome = router.decide(context, None, a_rulebook(), now=NOW)
    assert kept(outcome) == []


def test_after_a_no_they_are_asked_again_when_thirty_days_are_over_and_in_the_same_words() -> None:
    later = router.decide(
        a_context("在吗", consent=REFUSED), None, BOOK, now=NOW + timedelta(days=30)
    )
    assert kept(later) == [(ANALYSIS, "asked")]
    [reply] = later.replies
    assert reply.text == BOOK.consents.items[ANALYSIS].ask


@pytest.mark.parametrize("text", ["同意", "我同意", "可以，同意", "我同意自动分析"])
def test_a_yes_to_the_open_question_is_kept_with_where_it_was_said(text: str) -> None:
    outcome = decide(a_context(text, consent=OPEN))
    [link] = outcome.consents
    assert (link.answer, link.notice, link.source) == (ConsentAnswer.GIVEN, VERSION, "m_1")
    assert [reply.text for reply in outcome.replies] == [SAY.given]


def test_a_yes_is_none_where_our_question_is_not_the_open_one() -> None:
    for seen in (ConsentSeen(asked_at=NOW, asked_notice=VERSION), REFUSED):
        assert kept(decide(a_context("同意", consent=seen))) == []


@pytest.mark.parametrize("text", ["嗯", "好", "随便", "收到", "同意吧？", "👌", "1"])
def test_a_word_that_is_neither_is_asked_back_once(text: str) -> None:
    first = decide(a_context(text, consent=OPEN))
    assert kept(first) == []
    [reply] = first.replies
    assert "请明确回复" in reply.text
    assert len(reply.choices) == 3
    second = decide(a_context(text, consent=OPEN, state=first.state))
    assert kept(second) == []
    assert "consent" not in {reply.slot for reply in second.replies}


def test_a_word_days_later_is_not_taken_for_an_answer() -> None:
    late = a_context(said=(said("好的", at=NOW + timedelta(hours=25)),), consent=OPEN)
    assert decide(late).replies == ()


@pytest.mark.parametrize("text", ["不同意", "不想", "别分析", "别分析我的消息"])
def test_a_no_is_kept_at_once_and_the_colleague_hears_of_it(text: str) -> None:
    outcome = decide(a_context(text, consent=OPEN))
    assert kept(outcome) == [(ANALYSIS, "refused")]
    assert outcome.replies[0].text == SAY.refused
    [told] = outcome.tells
    assert "陈一鸣没有同意" in told
    again = decide(a_context("别再分析我的消息", consent=REFUSED))
    assert (kept(again), again.tells) == ([], ())
    assert again.replies[0].text == SAY.nothing


@pytest.mark.parametrize("text", ["撤回同意", "别再分析我的消息了", "撤回我的同意"])
def test_taking_it_back_asks_once_and_then_stops(text: str) -> None:
    asked = decide(a_context(text, consent=GIVEN))
    assert kept(asked) == []
    [reply] = asked.replies
    assert [label for label, _ in reply.choices] == ["确认撤回", "继续同意"]
    twice = decide(a_context(text, consent=GIVEN, state=asked.state))
    assert kept(twice) == [(ANALYSIS, "withdrawn")]
    done = decide(pressed("off", GIVEN))
    assert kept(done) == [(ANALYSIS, "withdrawn")]
    assert done.replies[0].text == SAY.withdrawn
    assert "撤回" in done.tells[0]
    stays = decide(pressed("keep", GIVEN))
    assert (kept(stays), stays.replies[0].text) == ([], SAY.kept)


def test_presses_of_the_question() -> None:
    assert kept(decide(pressed("yes", OPEN))) == [(ANALYSIS, "given")]
    assert kept(decide(pressed("no", OPEN))) == [(ANALYSIS, "refused")]
    assert kept(decide(pressed("yes", REFUSED))) == [(ANALYSIS, "given")]
    assert kept(decide(pressed("yes", GIVEN))) == []
    assert kept(decide(pressed("no", GIVEN))) == [], "what stands is taken back after a question"
    told = decide(pressed("more", OPEN))
    [reply] = told.replies
    for part in ("目的", "必要性", "信息种类", "期限", "/privacy"):
        assert part in reply.text
    assert "{" not in reply.text
    assert [label for label, _ in reply.choices] == ["同意", "不同意"]


def test_a_button_of_older_words_asks_in_the_new_ones_and_keeps_no_yes() -> None:
    old = f"cs:{ANALYSIS}:{'0' * 12}:yes"
    context = a_context("x", said=(said(old, kind=MessageKind.PRESS),), consent=OPEN)
    outcome = decide(context)
    assert kept(outcome) == [(ANALYSIS, "asked")]
    assert SAY.changed in outcome.replies[0].text


@pytest.mark.parametrize(
    "action",
    ["cs:", "cs:analysis:yes", "cs:analysis:" + "0" * 12 + ":maybe", "cs:../:" + "0" * 12 + ":yes"],
)
def test_an_action_we_never_sent_is_nothing(action: str) -> None:
    context = a_context("x", said=(said(action, kind=MessageKind.PRESS),), consent=OPEN)
    assert not consent.wants(context, None)
    assert kept(decide(context)) == []


def test_an_item_that_is_not_defined_is_refused() -> None:
    action = f"cs:blood_type:{'0' * 12}:yes"
    context = a_context("x", said=(said(action, kind=MessageKind.PRESS),), consent=OPEN)
    outcome = decide(context)
    assert (kept(outcome), outcome.press_note) == ([], BOOK.replies.press_refused)


@pytest.mark.parametrize("item", [one for one in BOOK.consents.items if one != ANALYSIS])
def test_every_other_item_can_be_asked_and_answered_by_itself(item: str) -> None:
    asked = consent.asking(BOOK, item, source="m_9")
    [reply] = asked.replies
    assert [one.item for one in asked.consents] == [item]
    assert "{" not in reply.text
    assert kept(decide(pressed("yes", GIVEN, item))) == [(item, "given")]
    assert kept(decide(pressed("no", GIVEN, item))) == [(item, "refused")]
    assert "{" not in decide(pressed("more", GIVEN, item)).replies[0].text


def test_a_yes_among_other_words_is_kept_and_the_others_are_answered() -> None:
    outcome = decide(a_context("同意", "转人工", consent=OPEN))
    assert outcome.muted
    assert {reply.slot for reply in outcome.replies} == {"handover", "consent"}
    [link] = outcome.consents
    assert (link.answer, link.source) == (ConsentAnswer.GIVEN, "m_1")
    no = decide(a_context("不同意", "工资多少", consent=OPEN))
    assert kept(no) == [(ANALYSIS, "refused")]


def test_what_is_read_back_is_heard_and_never_answered_nor_obeyed() -> None:
    for text in ("薪资再考虑一下", "转人工", "我的进度", "撤回同意", "/start abc", "同意"):
        context = a_context(text, rereads=True, consent=GIVEN, state={}, invite=an_invite())
        reading = heard(context, Intent.SALARY, commitment=-1)
        outcome = router.decide(context, reading, BOOK, now=NOW)
        assert (outcome.replies, outcome.bind, outcome.muted, outcome.state) == (
            (),
            None,
            None,
            None,
        )
        assert (outcome.consents, outcome.plans) == ((), ())
        assert bool(outcome.alerts) is not text.startswith("/start")
