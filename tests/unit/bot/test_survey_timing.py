"""When a survey is planned, moved and cancelled, and whether now is the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.surveys.shape import Event, Kind, Question, Start, Survey
from bot.surveys.timing import (
    Act,
    Changes,
    Plan,
    Planned,
    Seen,
    Why,
    changes,
    due_on,
    events,
    fate,
)
from bot.workdays import ZONE, Calendar
from storage.enums import InvitationStatus, Stage
from tests.builders import a_rulebook

TIMING = a_rulebook().timing
CALENDAR = Calendar()
MONDAY = date(2026, 11, 2)


def survey(event: Event = Event.ONBOARDED, *stages: Stage, id_: str = "s", **start: Any) -> Survey:
    return Survey(
        id=id_,
        title="问卷",
        intro="",
        thanks="",
        questions=(Question(id="q", ask="好吗？", kind=Kind.TEXT),),
        start=Start(after=event, **start),
        stages=stages,
    )


def planned(
    anchor: str, due: date, status: InvitationStatus = InvitationStatus.PLANNED, why: str = ""
) -> Planned:
    return Planned(id="iv_1", survey_id="s", anchor=anchor, status=status, due_on=due, why=why)


def changed(
    one: Survey,
    stage: Stage,
    stage_on: date,
    *existing: Planned,
    start_on: date | None = None,
    today: date = MONDAY,
) -> Changes:
    known = events(stage, stage_on, start_on)
    return changes([one], existing, known, stage, today=today, calendar=CALENDAR)


@pytest.mark.parametrize(
    ("start", "day", "due"),
    [
        ({"months": 1}, date(2026, 1, 31), date(2026, 2, 28)),
        ({"months": 1}, date(2028, 1, 31), date(2028, 2, 29)),
        ({"months": 3}, date(2026, 11, 30), date(2027, 2, 28)),
        ({"months": 12}, date(2028, 2, 29), date(2029, 2, 28)),
        ({"months": 1, "days": 1}, date(2026, 1, 31), date(2026, 3, 1)),
        ({"days": 3}, date(2026, 12, 30), date(2027, 1, 2)),
        ({"days": 3, "before": True}, date(2027, 1, 2), date(2026, 12, 30)),
        ({"months": 1, "before": True}, date(2026, 3, 31), date(2026, 2, 28)),
        ({"months": 1, "before": True}, date(2027, 1, 15), date(2026, 12, 15)),
        ({}, MONDAY, MONDAY),
    ],
)
def test_days_are_counted_by_the_calendar(start: dict[str, Any], day: date, due: date) -> None:
    assert due_on(Start(after=Event.ONBOARDED, **start), day) == due


def test_somebody_came_on_the_agreed_day_if_it_was_noted_soon_after() -> None:
    agreed = date(2026, 11, 2)
    assert events(Stage.ONBOARDED, date(2026, 11, 4), agreed)[Event.ONBOARDED] == agreed
    assert events(Stage.ONBOARDED, date(2026, 11, 16), agreed)[Event.ONBOARDED].day == 16
    assert events(Stage.ONBOARDED, date(2026, 10, 30), agreed)[Event.ONBOARDED].day == 30
    assert events(Stage.OFFER, MONDAY, agreed) == {Event.OFFER: MONDAY}  # nothing is agreed yet
    assert events(Stage.CONFIRMED, MONDAY, agreed) == {}


def test_an_event_plans_on_a_working_day_and_once() -> None:
    day3 = survey(days=5)  # a Saturday
    found = changed(day3, Stage.ONBOARDED, MONDAY)
    due = date(2026, 11, 9)
    assert found.plans == (
        Plan(id="", survey_id="s", anchor="onboarded:2026-11-02", due_on=due, at="10:00"),
    )
    again = changed(day3, Stage.ONBOARDED, MONDAY, planned("onboarded:2026-11-02", due))
    assert again == Changes()


@pytest.mark.parametrize("status", list(InvitationStatus))
def test_whatever_became_of_it_the_same_event_never_invites_again(status: InvitationStatus) -> None:
    before = planned("onboarded:2026-11-02", date(2026, 11, 5), status)
    assert changed(survey(days=3), Stage.ONBOARDED, MONDAY, before).plans == ()


def test_a_moved_first_day_moves_what_is_planned_by_it() -> None:
    ahead = survey(Event.START, days=3, before=True)
    before = planned("start:2026-11-16", date(2026, 11, 13))
    found = changed(ahead, Stage.ACCEPTED, MONDAY, before, start_on=date(2026, 11, 23))
    assert [(one.id, one.anchor, one.due_on.day) for one in found.plans] == [
        ("iv_1", "start:2026-11-23", 20)
    ]
    assert found.cancel == ()


def test_a_moved_first_day_asks_nobody_the_same_twice() -> None:
    ahead = survey(Event.START, days=3, before=True)
    done = planned("start:2026-11-16", date(2026, 11, 13), InvitationStatus.DONE)
    assert changed(ahead, Stage.ACCEPTED, MONDAY, done, start_on=date(2026, 11, 23)) == Changes()


def test_what_happened_on_a_day_is_not_moved_by_writing_the_stage_again() -> None:
    before = planned("accepted:2026-11-02", date(2026, 11, 9))
    later = date(2026, 11, 4)
    assert changed(survey(Event.ACCEPTED, days=5), Stage.ACCEPTED, later, before) == Changes()


def test_an_end_cancels_what_is_planned_and_what_is_open() -> None:
    waits = planned("onboarded:2026-11-02", date(2026, 11, 5))
    asked = replace(waits, id="iv_2", status=InvitationStatus.OPEN)
    done = replace(waits, id="iv_3", status=InvitationStatus.DONE)
    found = changed(survey(days=3), Stage.LEFT, MONDAY, waits, asked, done)
    assert found == Changes(cancel=(("iv_1", Why.ENDED), ("iv_2", Why.ENDED)))


def test_a_step_back_cancels_and_the_same_step_again_revives() -> None:
    one, due = survey(days=3), date(2026, 11, 5)
    back = changed(one, Stage.ACCEPTED, MONDAY, planned("onboarded:2026-11-02", due))
    assert back == Changes(cancel=(("iv_1", Why.STAGE),))
    gone = planned("onboarded:2026-11-02", due, InvitationStatus.CANCELLED, Why.STAGE)
    found = changed(one, Stage.ONBOARDED, MONDAY, gone)
    assert [(plan.id, plan.due_on) for plan in found.plans] == [("iv_1", due)]


def test_passing_a_stage_cancels_what_is_asked_only_there_and_keeps_the_rest() -> None:
    before = planned("onboarded:2026-11-02", date(2026, 12, 2))
    only = survey(Event.ONBOARDED, Stage.ONBOARDED, months=1)
    assert changed(only, Stage.CONFIRMED, MONDAY, before).cancel == (("iv_1", Why.STAGE),)
    both = survey(Event.ONBOARDED, Stage.ONBOARDED, Stage.CONFIRMED, months=1)
    assert changed(both, Stage.CONFIRMED, MONDAY, before) == Changes()


def test_what_hr_sent_by_hand_is_left_alone_by_stages() -> None:
    by_hand = planned("hand:1", MONDAY)
    assert changed(survey(days=3), Stage.ACCEPTED, MONDAY, by_hand) == Changes()


def test_what_is_long_past_is_not_asked_any_more() -> None:
    one, day = survey(days=3, valid_workdays=2), date(2026, 10, 23)  # due on Monday, 26 October
    assert changed(one, Stage.ONBOARDED, day, today=date(2026, 10, 28)).plans
    assert not changed(one, Stage.ONBOARDED, day, today=date(2026, 10, 29)).plans


# --- whether now is the moment ------------------------------------------------------------------


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


NOW = at(5, 16)  # a Thursday
SEEN = Seen(survey=survey(days=3), stage=Stage.ONBOARDED, due_on=date(2026, 11, 5))


def decided(now: datetime = NOW, **seen: Any) -> tuple[Act, Why | None, datetime | None]:
    found = fate(replace(SEEN, **seen), TIMING, CALENDAR, now)
    return found.act, found.why, found.until


def test_it_is_sent_when_nothing_speaks_against_it() -> None:
    assert decided() == (Act.SEND, None, None)
    assert decided(talked_at=NOW - timedelta(minutes=30))[0] is Act.SEND
    assert decided(asked_at=NOW - timedelta(hours=24))[0] is Act.SEND


@pytest.mark.parametrize(
    ("seen", "why", "until"),
    [
        ({"muted": True}, Why.HANDOVER, at(5, 17)),
        ({"talked_at": at(5, 15, 59)}, Why.TALK, at(5, 16, 29)),
        ({"another_open": True}, Why.OTHER, at(5, 17)),
        ({"asked_at": at(5, 9, 30)}, Why.APART, at(6, 9, 30)),
        ({"consents": False}, Why.CONSENT, at(6, 9, 30)),
        ({"unreached": Why.LATE}, Why.LATE, at(6, 9, 30)),
        ({"muted": True, "unreached": Why.LATE}, Why.HANDOVER, at(5, 17)),
    ],
)
def test_what_it_waits_for(seen: dict[str, Any], why: Why, until: datetime) -> None:
    assert decided(**seen) == (Act.WAIT, why, until)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(5, 8), at(5, 9, 30)),
        (at(5, 18), at(6, 9, 30)),
        (at(6, 18), at(9, 9, 30)),
        (at(7, 12), at(9, 9, 30)),
    ],
)
def test_nothing_leaves_at_night_or_on_a_day_off(now: datetime, until: datetime) -> None:
    assert decided(now) == (Act.WAIT, Why.HOURS, until)


def test_waiting_ends_where_writing_is_allowed() -> None:
    assert decided(at(6, 17, 40), muted=True) == (Act.WAIT, Why.HANDOVER, at(9, 9, 30))


def test_after_its_days_it_is_missed_and_says_what_stopped_it() -> None:
    last = at(12, 12)  # the fifth working day
    assert decided(last)[0] is Act.SEND
    assert decided(at(13, 12)) == (Act.MISS, Why.EXPIRED, None)
    assert decided(at(13, 12), stopped_by=Why.NEVER) == (Act.MISS, Why.NEVER, None)


def test_at_another_stage_or_switched_off_it_is_cancelled() -> None:
    only = survey(Event.ACCEPTED, Stage.ACCEPTED)
    assert decided(survey=only) == (Act.CANCEL, Why.STAGE, None)
    assert decided(survey=only, stage=Stage.DECLINED) == (Act.CANCEL, Why.STAGE, None)
    assert decided(survey=only, stage=Stage.OFFER)[:2] == (Act.WAIT, Why.STAGE)
    assert decided(survey=None) == (Act.CANCEL, Why.OFF, None)


def test_two_reminders_and_then_it_is_given_up() -> None:
    assert [TIMING.remind_on(sent) for sent in range(3)] == [1, 2, 3]
    assert TIMING.fallback_of("week1") is TIMING.fallback


def test_every_shipped_survey_is_planned_somewhere() -> None:
    book = a_rulebook()
    on = {Stage.INTERVIEW, Stage.OFFER, Stage.ACCEPTED, Stage.ONBOARDED}
    found: Sequence[str] = [
        plan.survey_id
        for stage in on
        for plan in changes(
            book.surveys.values(),
            [],
            events(stage, MONDAY, MONDAY if stage is Stage.ACCEPTED else None),
            stage,
            today=MONDAY,
            calendar=book.calendar,
        ).plans
    ]
    assert sorted(found) == sorted(one.id for one in book.surveys.values() if one.start)
