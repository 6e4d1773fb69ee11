"""The person's own rhythm: working hours only, their median, a question that waits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.risk.rhythm import Beat, asks, hours_between, usual_reply_h, waiting_h
from bot.words import SHANGHAI
from bot.workdays import Calendar

FRIDAY = datetime(2026, 10, 30, 17, 0, tzinfo=SHANGHAI)


def after(hours: float) -> datetime:
    return FRIDAY + timedelta(hours=hours)


def test_nights_and_weekends_are_no_waiting() -> None:
    assert hours_between(FRIDAY, after(64), SHANGHAI) == 1.0  # to Monday, 09:00
    assert hours_between(FRIDAY, after(66), SHANGHAI) == 3.0
    assert hours_between(after(2), after(40), SHANGHAI) == 0.0


def test_the_median_is_of_their_own_answers() -> None:
    monday = FRIDAY - timedelta(days=4, hours=7)
    beats = [
        beat
        for n, hours in enumerate((1, 2, 6))
        for beat in (
            Beat(True, monday + timedelta(days=n)),
            Beat(True, monday + timedelta(days=n, minutes=5)),
            Beat(False, monday + timedelta(days=n, hours=hours)),
        )
    ]
    assert usual_reply_h(beats, SHANGHAI) == 2.0
    assert usual_reply_h(beats[:6], SHANGHAI) is None


def test_a_question_waits_from_the_first_one_until_they_write() -> None:
    asked = [Beat(False, after(-9)), Beat(True, after(-8), asks=True), Beat(True, after(-1), True)]
    assert waiting_h(asked, FRIDAY, SHANGHAI) == 8.0
    assert waiting_h([*asked, Beat(False, FRIDAY)], after(70), SHANGHAI) is None
    assert waiting_h([Beat(True, after(-8))], FRIDAY, SHANGHAI) is None


@pytest.mark.parametrize(
    "text", ["体检约好了吗", "辞职信交了没有？", "请在周五前确认一下", "Any news?"]
)
def test_what_needs_an_answer(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", ["好的，收到", "入职材料清单见附件。", "我们周五见"])
def test_what_needs_none(text: str) -> None:
    assert not asks(text)


def test_with_a_calendar_holidays_are_no_waiting_and_worked_weekends_are() -> None:
    eve = datetime(2026, 9, 30, 17, 0, tzinfo=SHANGHAI)
    monday = datetime(2026, 10, 12, 10, 0, tzinfo=SHANGHAI)
    assert hours_between(eve, monday, SHANGHAI, Calendar()) == 1 + 9 + 9 + 9 + 1  # 8, 9, 10, 12
    beats = [Beat(True, eve, asks=True)]
    assert waiting_h(beats, datetime(2026, 10, 7, 18, tzinfo=SHANGHAI), SHANGHAI, Calendar()) == 1
    assert waiting_h(beats, datetime(2026, 10, 7, 18, tzinfo=SHANGHAI), SHANGHAI) == 1 + 5 * 9
