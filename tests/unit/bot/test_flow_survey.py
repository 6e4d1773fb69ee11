"""A survey in the chat: what is an answer, what is not, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.asked import LATER, MUTED, GiveAnswer, MoveInvitation, SurveySeen, action
from bot.conversation import router
from bot.surveys.definition import parse, plain
from bot.turn import Context, Outcome
from nlp.reading import Turn
from nlp.scheme import Intent
from storage.enums import InvitationStatus, MessageKind
from tests.builders import NOW, a_context, a_rulebook, heard, said

IV = "iv_" + "k" * 26
BOOK = a_rulebook()
SURVEY = parse(
    {
        "id": "week1",
        "title": "第一周",
        "intro": "三个问题，只有招聘同事看得到。",
        "thanks": "谢谢您！",
        "questions": [
            {
                "id": "pay",
                "ask": "薪资清楚吗？",
                "kind": "choice",
                "options": [
                    {"value": "yes", "label": "清楚"},
                    {"value": "no", "label": "不清楚"},
                ],
                "alerts": [{"if": "{pay} = no", "topic": "salary", "severity": "now"}],
            },
            {"id": "what", "ask": "哪里不清楚？", "kind": "text", "when": "{pay} = no"},
            {"id": "team", "ask": "团队几分？", "kind": "scale", "range": [1, 5]},
            {"id": "day", "ask": "哪天方便聊？", "kind": "date"},
            {"id": "more", "ask": "还有什么想说的？", "kind": "text"},
        ],
    }
)


def seen(at: str = "pay", **changes: Any) -> SurveySeen:
    made = SurveySeen(
        invitation_id=IV,
        survey_id="week1",
        status=InvitationStatus.OPEN,
        definition=plain(SURVEY),
        answers={},
        at=at,
        asked_again=False,
        asked_at=NOW,
        revision=3,
        here=True,
    )
    return replace(made, **changes)


def says(
    text: str, survey: SurveySeen, *intents: Intent, context: Context | None = None, **reading: Any
) -> Outcome:
    told = replace(context or a_context(text), survey=survey)
    return router.decide(told, heard(told, *intents, **reading), BOOK, now=NOW)


def presses(survey: SurveySeen, question: int, option: int, **changes: Any) -> Outcome:
    pressed = said(action(IV, question, option), kind=MessageKind.PRESS)
    context = a_context(said=(pressed,), survey=survey, **changes)
    return router.decide(context, None, BOOK, now=NOW)


def given(outcome: Outcome) -> list[tuple[str, Any]]:
    return [(one.question, one.value) for one in outcome.answers]


# --- answers ------------------------------------------------------------------------------------


def test_words_answer_the_open_question_and_the_next_is_asked() -> None:
    outcome = says("清楚的", seen())
    assert given(outcome) == [("pay", "yes")]
    [moved] = outcome.surveys
    assert moved == MoveInvitation(invitation_id=IV, revision=3, at="team", here=True)
    [reply] = outcome.replies
    assert reply.text.startswith("团队几分？")
    assert reply.choices == tuple((str(n + 1), action(IV, 2, n)) for n in range(5))


def test_a_press_answers_like_words_and_raises_what_the_question_says() -> None:
    outcome = presses(seen(), 0, 1)
    assert given(outcome) == [("pay", "no")]
    assert outcome.surveys[0].at == "what"
    assert [(one.topic, str(one.severity)) for one in outcome.alerts] == [("salary", "now")]
    assert outcome.press_note == BOOK.replies.press_noted


def test_the_last_answer_closes_it_with_thanks() -> None:
    answers = {"pay": ("yes", "清楚"), "team": (4, "4"), "day": ("2026-12-01", "1号")}
    outcome = says("食堂不错", seen("more", answers=answers))
    assert given(outcome) == [("more", "食堂不错")]
    assert outcome.surveys[0].status is InvitationStatus.DONE
    assert [one.text for one in outcome.replies] == ["谢谢您！"]


@pytest.mark.parametrize("text", ["先不填了", "晚点再填", "以后再说"])
def test_it_can_be_put_off(text: str) -> None:
    outcome = says(text, seen())
    [moved] = outcome.surveys
    assert (moved.status, moved.why, moved.at) == (InvitationStatus.OPEN, LATER, "pay")
    assert [one.text for one in outcome.replies] == [BOOK.replies.survey_later.strip()]
    assert (outcome.answers, outcome.facts) == ((), ())


@pytest.mark.parametrize("text", ["不想填了", "别再问了", "不填了"])
def test_a_refusal_ends_it_and_is_a_fact_and_no_reason(text: str) -> None:
    outcome = says(text, seen())
    assert [one.status for one in outcome.surveys] == [InvitationStatus.REFUSED]
    assert [one.kind for one in outcome.facts] == ["survey_refused"]
    assert (outcome.answers, outcome.factors, outcome.alerts) == ((), (), ())


def test_a_skipped_question_is_an_empty_answer() -> None:
    outcome = says("跳过", seen())
    assert [(one.value, one.text) for one in outcome.answers] == [(None, "")]
    assert outcome.surveys[0].at == "team"


def test_what_fits_no_kind_is_asked_again_once_and_then_kept_as_words() -> None:
    first = says("2月30日", seen("day"))
    assert first.answers == ()
    assert (first.surveys[0].at, first.surveys[0].asked_again) == ("day", True)
    assert "不存在" in first.replies[0].text
    assert "哪天方便聊？" in first.replies[0].text
    again = says("2月30日", seen("day", asked_again=True))
    assert again.answers == (
        GiveAnswer(invitation_id=IV, question="day", value=None, text="2月30日"),
    )
    assert again.surveys[0].at == "pay"


def test_a_very_long_answer_is_kept_whole() -> None:
    text = "说来话长，" * 4_000
    outcome = says(text, seen("more"))
    assert outcome.answers[0].text.strip() == text.strip()


# --- what is no answer --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "flow"),
    [("转人工", "handover"), ("我的进度", "status_words"), ("帮助", "status_words")],
)
def test_words_that_always_work_go_first(text: str, flow: str) -> None:
    outcome = says(text, seen())
    assert outcome.flow.startswith(flow)
    assert outcome.answers == ()


def test_a_detour_puts_the_open_question_again_once() -> None:
    first = says("我的进度", seen())
    assert [one.slot for one in first.replies] == ["status", "survey"]
    assert "薪资清楚吗？" in first.replies[1].text
    assert first.surveys == (
        MoveInvitation(invitation_id=IV, revision=3, at="pay", asked_again=True, here=True),
    )
    second = says("我的进度", seen(asked_again=True))
    assert [one.slot for one in second.replies] == ["status"]
    assert second.surveys == ()


def test_who_asks_for_a_person_is_not_asked_anything() -> None:
    outcome = says("转人工", seen())
    assert [one.slot for one in outcome.replies] == ["handover"]
    assert outcome.surveys == ()


def test_a_signal_in_between_is_a_signal_and_no_answer() -> None:
    outcome = says("我不来了，抱歉", seen("team"), Intent.DECLINE, commitment=-3)
    assert outcome.flow == "listening"
    assert [one.topic for one in outcome.alerts] == ["decline"]
    assert (outcome.answers, outcome.surveys) == ((), ())


def test_an_answer_is_heard_as_words_too() -> None:
    outcome = says("薪资太低，我想走了", seen("more"), Intent.LEAVE_SIGNAL, commitment=-2)
    assert given(outcome) == [("more", "薪资太低，我想走了")]
    assert "leave_signal" in [one.topic for one in outcome.alerts]


@pytest.mark.parametrize("text", ["公司班车几点？", "食堂在哪里", "社保怎么交呢"])
def test_a_question_of_theirs_is_no_answer(text: str) -> None:
    outcome = says(text, seen("more"), Intent.LOGISTICS)
    assert outcome.answers == ()
    assert "还有什么想说的？" in outcome.replies[-1].text


def test_days_later_only_what_is_plainly_an_answer_is_taken_for_one() -> None:
    later = NOW + timedelta(days=3)

    def late(text: str, at: str) -> Outcome:
        context = a_context(said=(said(text, at=later),))
        return says(text, seen(at), context=context)

    assert late("您好，我周一到", "more").answers == ()
    assert given(late("4分", "team")) == [("team", 4)]


def test_words_to_a_colleague_are_theirs() -> None:
    context = a_context("清楚的", before=(Turn(role="hr", text="offer 上的条款清楚吗？"),))
    outcome = says("清楚的", seen(), context=context)
    assert (outcome.answers, outcome.surveys) == ((), ())


@pytest.mark.parametrize("text", ["清楚的", "继续"])
def test_while_hr_has_taken_over_nothing_is_asked(text: str) -> None:
    outcome = says(text, seen(), context=a_context(text, muted=True))
    assert (outcome.answers, outcome.surveys, outcome.replies) == ((), (), ())
    assert presses(seen(), 0, 0, muted=True).surveys[0].why == MUTED
    assert presses(seen(), 0, 0, muted=True).replies == ()


def test_in_a_chat_we_only_listen_to_nothing_is_taken() -> None:
    outcome = says("清楚的", seen(), context=a_context("清楚的", listens=True))
    assert (outcome.answers, outcome.surveys, outcome.replies) == ((), (), ())


# --- another channel, another day ---------------------------------------------------------------


def test_words_on_another_channel_are_no_answers_until_one_goes_on_there() -> None:
    elsewhere = seen("team", here=False)
    assert says("4分", elsewhere).answers == ()
    outcome = says("继续填吧", elsewhere)
    [moved] = outcome.surveys
    assert (moved.at, moved.here, moved.why) == ("team", True, "")
    assert "团队几分？" in outcome.replies[0].text


@pytest.mark.parametrize("text", ["继续", "好的，继续填", "我们接着来吧", "继续上次的问卷"])
def test_what_was_put_off_goes_on_when_they_say_so(text: str) -> None:
    outcome = says(text, seen("team", pausing=LATER))
    assert outcome.surveys[0].at == "team"


@pytest.mark.parametrize("text", ["4分", "继续考虑一下", "继续在原公司"])
def test_what_was_put_off_stays_so_until_then(text: str) -> None:
    outcome = says(text, seen("team", pausing=LATER))
    assert (outcome.answers, outcome.surveys) == ((), ())


def test_without_an_open_survey_nothing_is_different() -> None:
    for survey in (None, seen(status=InvitationStatus.DONE)):
        context = replace(a_context("继续"), survey=survey)
        outcome = router.decide(context, heard(context), BOOK, now=NOW)
        assert (outcome.flow, outcome.surveys) == ("listening", ())


# --- presses of old questions -------------------------------------------------------------------


def test_a_press_of_an_old_question_changes_its_answer_and_says_so() -> None:
    answers = {"pay": ("yes", "清楚"), "team": (2, "2")}
    outcome = presses(seen("day", answers=answers), 2, 3)
    assert given(outcome) == [("team", 4)]
    assert [one.slot for one in outcome.replies] == ["changed"]
    assert "团队几分？" in outcome.replies[0].text
    assert outcome.surveys[0].at == "day"


def test_a_changed_answer_may_open_another_question() -> None:
    answers = {"pay": ("yes", "清楚"), "team": (4, "4"), "day": ("2026-12-01", "1号")}
    outcome = presses(seen("more", answers=answers), 0, 1)
    assert given(outcome) == [("pay", "no")]
    assert outcome.surveys[0].at == "more"  # what is open stays open; the new one comes after it
    last = says("没有了", seen("more", answers={**answers, "pay": ("no", "不清楚")}))
    assert last.surveys[0].at == "what"


def test_a_question_that_is_not_asked_any_more_takes_no_press() -> None:
    answers = {"pay": ("yes", "清楚")}
    hidden = SURVEY.questions[1]
    assert hidden.id == "what"
    outcome = presses(seen("team", answers=answers), 1, 0)
    assert outcome.answers == ()


@pytest.mark.parametrize(
    "status", [one for one in InvitationStatus if one is not InvitationStatus.OPEN]
)
def test_a_press_after_the_end_keeps_nothing_and_says_so(status: InvitationStatus) -> None:
    outcome = presses(seen(status=status), 0, 0)
    assert (outcome.answers, outcome.surveys) == ((), ())
    assert [one.text for one in outcome.replies] == [BOOK.replies.survey_closed]


@pytest.mark.parametrize(("question", "option"), [(99, 0), (0, 9), (3, 0), (4, 0)])
def test_a_press_we_never_offered_is_refused(question: int, option: int) -> None:
    outcome = presses(seen(), question, option)
    assert (outcome.answers, outcome.surveys) == ((), ())
    assert outcome.press_note == BOOK.replies.press_refused


def test_a_press_of_somebody_elses_survey_is_refused() -> None:
    for survey in (None, seen(invitation_id="iv_" + "z" * 26)):
        outcome = presses(survey, 0, 0)  # type: ignore[arg-type]
        assert outcome.answers == ()
        assert outcome.press_note == BOOK.replies.press_refused
    stranger = presses(seen(), 0, 0, candidate=None)
    assert (stranger.flow, stranger.answers) == ("alert_action", ())


def test_an_action_fits_what_platforms_carry() -> None:
    assert len(action(IV, 99, 99).encode()) <= 64
    assert isinstance(NOW, datetime)
