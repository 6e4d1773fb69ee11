"""What we owe a candidate by the clock: an offer that waits, a hello before the first day, a word
after an interview.

Whoever owes it is nudged first, in their own chat; when that did not help, HR is alarmed. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.turn import DutySeen
from bot.words import SHANGHAI, answer_by
from bot.workdays import Calendar
from storage.enums import Duty

OFFER_LATE, GREETING, FEEDBACK_LATE = "offer_late", "greeting", "feedback_late"
_ACTION = re.compile(r"dt:(greeting):(c_[a-z2-7]{26}):(\d{8})", re.ASCII)
_FEEDBACK = re.compile(r"dt:(feedback):(vw_[a-z2-7]{26}):(yes|unsure|no|other|undo)", re.ASCII)
_MORNING = time(10)
#: Between the nudge and the alarm, at least.
_TIME_TO_ACT = timedelta(hours=4)
#: Days on end on which nobody works.
_LONGEST_BREAK = 14


class OfferClock(BaseModel):
    """Hours an offer may stay a draft before its owner is nudged, and before HR is alarmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nudge_hours: float = Field(gt=0, le=720)
    alert_hours: float = Field(gt=0, le=720)

    @model_validator(mode="after")
    def _in_order(self) -> OfferClock:
        if self.alert_hours <= self.nudge_hours:
            raise ValueError("alert_hours comes after nudge_hours")
        return self


class GreetingClock(BaseModel):
    """Days before the first day on which the manager is nudged, and HR alarmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nudge_days: int = Field(ge=1, le=30)
    alert_days: int = Field(ge=0, le=30)

    @model_validator(mode="after")
    def _in_order(self) -> GreetingClock:
        if self.alert_days >= self.nudge_days:
            raise ValueError("alert_days is nearer to the first day than nudge_days")
        return self


class FeedbackClock(OfferClock):
    """Hours after an interview at which whoever held it is asked, and HR alarmed."""


class Duties(BaseModel):
    """``duties`` of ``config/policy.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    offer: OfferClock
    greeting: GreetingClock
    feedback: FeedbackClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When to nudge and when to alarm; ``alert`` None: there is no time left for that."""

    nudge: datetime
    alert: datetime | None


def of_offer(clock: OfferClock, drafted_at: datetime, calendar: Calendar | None = None) -> Moments:
    """For an offer drafted then; never at night, nor on a day on which nobody works."""
    nudge = answer_by(drafted_at, clock.nudge_hours, calendar)
    alert = answer_by(drafted_at, clock.alert_hours, calendar)
    return Moments(nudge=nudge, alert=max(alert, nudge + _TIME_TO_ACT))


def of_feedback(
    clock: FeedbackClock, held_at: datetime, now: datetime, calendar: Calendar | None = None
) -> Moments:
    """For an interview held then; of one noted late, from now."""
    nudge = max(now, answer_by(held_at, clock.nudge_hours, calendar))
    alert = answer_by(held_at, clock.alert_hours, calendar)
    return Moments(nudge=nudge, alert=max(alert, nudge + _TIME_TO_ACT))


def of_greeting(
    clock: GreetingClock, start_on: date, now: datetime, calendar: Calendar | None = None
) -> Moments:
    """For a first day: on the working day before, where nobody works on the day. Who accepts late
    is greeted at once; the alarm leaves four hours for it."""
    nudge = max(now, _morning(start_on, clock.nudge_days, calendar))
    alert = max(nudge + _TIME_TO_ACT, _morning(start_on, clock.alert_days, calendar))
    evening = datetime.combine(start_on, time(18), SHANGHAI)
    return Moments(nudge=nudge, alert=alert if alert < evening else None)


def _morning(day: date, before: int, calendar: Calendar | None) -> datetime:
    day -= timedelta(days=before)
    for _ in range(_LONGEST_BREAK):
        if calendar is None or calendar.is_workday(day).works:
            break
        day -= timedelta(days=1)
    return datetime.combine(day, _MORNING, SHANGHAI)


def action(candidate_id: str, start_on: date) -> str:
    """What comes back when the button under the nudge is pressed; at most 64 bytes."""
    return f"dt:{Duty.GREETING.value}:{candidate_id}:{start_on:%Y%m%d}"


def parse(text: str) -> DutySeen | None:
    """The duty that an action names, not done yet as far as it says; None: nothing we sent."""
    if (told := _FEEDBACK.fullmatch(text)) is not None:
        return DutySeen(duty=Duty(told[1]), candidate_id="", ref=told[2], choice=told[3])
    found = _ACTION.fullmatch(text)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found[3])
    except ValueError:
        return None
    return DutySeen(duty=Duty(found[1]), candidate_id=found[2], ref=day.isoformat())


def tells(interview_id: str, choice: str) -> str:
    """What comes back when a button under the question after an interview is pressed."""
    return f"dt:{Duty.FEEDBACK.value}:{interview_id}:{choice}"


def topic(duty: Duty) -> str:
    """The topic of policy.yaml that HR is alarmed under."""
    return TOPICS[duty]


TOPICS: Mapping[Duty, str] = {
    Duty.OFFER: OFFER_LATE,
    Duty.GREETING: GREETING,
    Duty.FEEDBACK: FEEDBACK_LATE,
}
