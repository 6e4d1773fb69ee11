"""What we owe by the clock: when to nudge, when to alarm, and whose press it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from pydantic import ValidationError

from bot.alerts import duties
from bot.conversation.flows import duty as flow
from bot.conversation.router import decide
from bot.turn import DutySeen, Outcome, StaffSeen
from bot.words import SHANGHAI
from bot.workdays import Calendar
from storage.enums import Duty, MessageKind, Role
from tests.builders import NOW, a_context, a_rulebook

BOOK = a_rulebook()
WHO = "c_" + "a" * 26
DAY = date(2026, 12, 14)
ACTION = f"dt:greeting:{WHO}:20261214"
CLOCK = duties.GreetingClock(nudge_days=3, alert_days=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "nudge", "alert"),
    [
        (at(1, 9), at(11, 10), at(13, 10)),
        (at(11, 15), at(11, 15), at(13, 10)),
        (at(13, 8), at(13, 8), at(13, 12)),  # four hours for the manager
        (at(14, 9), at(14, 9), at(14, 13)),
        (at(14, 15), at(14, 15), None),  # no time left to alarm about
    ],
)
def test_a_hello_is_due_before_the_first_day(
    now: datetime, nudge: datetime, alert: datetime | None
) -> None:
    assert duties.of_greeting(CLOCK, DAY, now) == duties.Moments(nudge=nudge, alert=alert)


def test_over_a_weekend_the_working_day_before_is_taken() -> None:
    monday = date(2026, 12, 14)
    found = duties.of_greeting(CLOCK, monday, at(1, 9), Calendar())
    assert found == duties.Moments(nudge=at(11, 10), alert=at(11, 14))  # Friday for both
    tuesday = duties.of_greeting(CLOCK, date(2026, 12, 15), at(1, 9), Calendar())
    assert tuesday == duties.Moments(nudge=at(11, 10), alert=at(14, 10))
    offer = duties.of_offer(
        duties.OfferClock(nudge_hours=24, alert_hours=48), at(11, 12), Calendar()
    )
    assert offer == duties.Moments(nudge=at(14, 10), alert=at(14, 14))


def test_nobody_is_nudged_at_night() -> None:
    clock = duties.OfferClock(nudge_hours=24, alert_hours=48)
    found = duties.of_offer(clock, at(1, 22))
    assert (found.nudge, found.alert) == (at(3, 10), at(4, 10))


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (duties.OfferClock, {"nudge_hours": 24, "alert_hours": 24}),
        (duties.OfferClock, {"nudge_hours": 0, "alert_hours": 24}),
        (duties.GreetingClock, {"nudge_days": 1, "alert_days": 1}),
        (duties.GreetingClock, {"nudge_days": 40, "alert_days": 1}),
    ],
)
def test_clocks_out_of_order_are_refused(model: type, values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        model(**values)


def test_an_action_is_read_back_and_short_enough() -> None:
    assert duties.action(WHO, DAY) == ACTION
    assert len(ACTION) <= 64
    assert duties.parse(ACTION) == DutySeen(duty=Duty.GREETING, candidate_id=WHO, ref="2026-12-14")


@pytest.mark.parametrize(
    "text",
    ["", "已打招呼", f"dt:offer:{WHO}:20261214", f"dt:greeting:{WHO}:20260230",
     f"dt:greeting:{WHO}:2026121", f"{ACTION}\n", "dt:greeting:c_x:20261214",
     f"dt:greeting:{WHO}:２０２６１２１４"],
)  # fmt: skip
def test_what_we_never_sent_is_no_action(text: str) -> None:
    assert duties.parse(text) is None


def pressed(duty: DutySeen | None, *, staff: bool = True) -> Outcome:
    context = a_context(ACTION)
    said = (replace(context.last, kind=MessageKind.PRESS),)
    member = StaffSeen(id="u_1", name="周经理", role=Role.MANAGER) if staff else None
    context = replace(context, said=said, duty=duty, staff=member, candidate=None)
    return decide(context, None, BOOK, now=NOW)


def test_a_press_is_done_once_and_a_foreign_one_refused() -> None:
    open_ = duties.parse(ACTION)
    assert open_ is not None
    done = pressed(open_)
    assert [one.duty for one in done.duties] == [open_]
    again = pressed(replace(open_, done=True))
    assert (again.duties, again.press_note) == ((), BOOK.replies.press_known)
    for refused in (pressed(None), pressed(open_, staff=False)):
        assert (refused.flow, refused.duties) == (flow.FLOW, ())
        assert refused.press_note == BOOK.replies.press_refused
