"""What whoever held an interview presses and writes after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.alerts import duties
from bot.conversation.flows import feedback
from bot.conversation.router import decide
from bot.inquiry import ColleagueSeen
from bot.questions import Ask
from bot.turn import Context, DutySeen, Outcome, StaffSeen
from bot.words import SHANGHAI
from bot.workdays import Calendar
from storage.enums import Duty, MessageKind, Role
from tests.builders import NOW, a_context, a_rulebook, said

TALK = "vw_" + "b" * 26
WHO = "c_" + "a" * 26
BOOK = a_rulebook()
MANAGER = StaffSeen(id="u_1", name="赵工", role=Role.MANAGER)
ASKED = {"feedback": {"id": TALK, "until": (NOW + timedelta(minutes=30)).isoformat()}, "kept": 1}


def seen(choice: str = "", **more: Any) -> DutySeen:
    return DutySeen(duty=Duty.FEEDBACK, candidate_id=WHO, ref=TALK, choice=choice, **more)


def pressed(choice: str, **more: Any) -> Context:
    return a_context(
        said=(said(duties.tells(TALK, choice), kind=MessageKind.PRESS),),
        candidate=None, staff=MANAGER, duty=seen(choice, **more), state={"kept": 1},
    )  # fmt: skip


def wrote(text: str, state: dict[str, Any] = ASKED) -> Context:
    return a_context(said=(said(text),), candidate=None, staff=MANAGER, duty=seen(), state=state)


def decided(context: Context) -> Outcome:
    return decide(context, None, BOOK, now=NOW)


@pytest.mark.parametrize("choice", ["yes", "unsure", "no"])
def test_a_press_is_kept_and_a_sentence_may_follow(choice: str) -> None:
    outcome = decided(pressed(choice))
    [told] = outcome.duties
    assert (told.duty.choice, told.words, told.user_id) == (choice, None, "u_1")
    assert outcome.state is not None
    assert outcome.state["kept"] == 1
    assert feedback.awaited(outcome.state) == (TALK, NOW + timedelta(minutes=30))
    assert BOOK.replies.feedback_choices[choice] in outcome.replies[0].text


def test_the_same_again_is_known_and_another_changes_it() -> None:
    known = decided(pressed("no", done=True, known="no"))
    assert (known.duties, known.press_note) == ((), BOOK.replies.press_known)
    assert decided(pressed("yes", done=True, known="no")).duties[0].duty.choice == "yes"


def test_what_a_colleague_said_stays() -> None:
    outcome = decided(pressed("yes", done=True, known="no", by="李总"))
    assert (outcome.duties, outcome.press_note) == ((), "李总已经反馈过这次面试了。")


def test_told_another_way_asks_for_no_sentence() -> None:
    outcome = decided(pressed("other"))
    assert outcome.duties[0].duty.choice == "other"
    assert outcome.state == {"kept": 1}
    assert outcome.replies == ()


def test_nobody_they_may_speak_of_is_refused() -> None:
    context = replace(pressed("yes"), duty=None)
    outcome = decided(context)
    assert (outcome.duties, outcome.press_note) == ((), BOOK.replies.press_refused)


def test_the_sentence_is_kept_once_with_a_way_back() -> None:
    outcome = decided(wrote("底子扎实"))
    assert [one.words for one in outcome.duties] == ["底子扎实"]
    assert outcome.state == {"kept": 1}
    [reply] = outcome.replies
    assert reply.choices == (("撤回这句", f"dt:feedback:{TALK}:undo"),)
    [back] = decided(pressed("undo", done=True, known="yes")).duties
    assert back.words == ""
    assert decided(pressed("undo")).duties == ()


@pytest.mark.parametrize(
    "text",
    [
        "张三到哪一步了",
        "他什么时候能来？",
        "这周谁入职",
        "我的候选人",
        "我欠候选人什么",
        "今天要处理的",
        "发问卷给李四",
        "帮助",
        "这样可以吗",
    ],
)
def test_a_question_is_no_sentence_about_the_candidate(text: str) -> None:
    assert feedback.wants(wrote(text), None) is False


def test_what_is_understood_as_a_question_is_answered_and_not_kept() -> None:
    asking = ColleagueSeen(role=Role.MANAGER, ask=Ask.MINE)
    outcome = decided(replace(wrote("我的候选人"), colleague=asking))
    assert (outcome.flow, outcome.duties) == ("colleague", ())


def test_without_a_press_before_it_or_too_late_nothing_is_taken() -> None:
    late = {"feedback": {"id": TALK, "until": (NOW - timedelta(minutes=1)).isoformat()}}
    assert feedback.wants(wrote("底子扎实", {}), None) is False
    assert feedback.wants(wrote("底子扎实", late), None) is False
    assert feedback.wants(replace(wrote("底子扎实"), duty=None), None) is False


@pytest.mark.parametrize("text", ["很" * 301, "可以，就是已婚未育"])
def test_what_cannot_be_kept_is_said_and_may_be_said_again(text: str) -> None:
    outcome = decided(wrote(text))
    assert outcome.duties == ()
    assert outcome.state is None  # it still waits
    assert "没有记下" in outcome.replies[0].text


def test_an_action_is_short_and_a_forged_one_is_none() -> None:
    for choice in ("yes", "unsure", "no", "other", "undo"):
        action = duties.tells(TALK, choice)
        assert len(action.encode()) <= 64
        assert duties.parse(action) == replace(seen(choice), candidate_id="")
    for forged in (f"dt:feedback:{TALK}:hire", f"dt:feedback:{WHO}:yes", "dt:feedback::yes"):
        assert duties.parse(forged) is None


def test_it_is_asked_the_next_working_morning_and_hr_later() -> None:
    clock = duties.FeedbackClock(nudge_hours=20, alert_hours=44)
    friday = datetime(2026, 12, 11, 16, tzinfo=SHANGHAI)
    found = duties.of_feedback(clock, friday, friday, Calendar())
    monday = datetime(2026, 12, 14, 10, tzinfo=SHANGHAI)
    assert found == duties.Moments(nudge=monday, alert=monday + timedelta(hours=4))
    noted_late = datetime(2026, 12, 16, 15, tzinfo=SHANGHAI)
    found = duties.of_feedback(clock, friday, noted_late, Calendar())
    assert found == duties.Moments(nudge=noted_late, alert=noted_late + timedelta(hours=4))
