"""When a survey is asked: the days of a hiring, what is planned by them, and whether now is the
moment. Pure: config/invitations.yaml, a calendar and what is known go in, decisions come out."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.surveys.shape import Event, Start, Survey
from bot.workdays import ZONE, Calendar
from storage.enums import ENDED, InvitationStatus, Stage

#: Who was recorded as come within this time of the agreed day came on that day.
NOTED_WITHIN = timedelta(days=7)
#: Working days for which one that is only sent by hand makes sense.
BY_HAND_VALID = 5
_ROAD = (Stage.INTERVIEW, Stage.OFFER, Stage.ACCEPTED, Stage.ONBOARDED, Stage.CONFIRMED)
_STAGE = {
    Event.INTERVIEW: Stage.INTERVIEW,
    Event.OFFER: Stage.OFFER,
    Event.ACCEPTED: Stage.ACCEPTED,
    Event.START: Stage.ACCEPTED,
    Event.ONBOARDED: Stage.ONBOARDED,
}
_ASKED = frozenset(
    {
        InvitationStatus.OPEN,
        InvitationStatus.DONE,
        InvitationStatus.REFUSED,
        InvitationStatus.UNANSWERED,
    }
)


class Why(StrEnum):
    """Why a survey waits, or was never asked."""

    NONE = "none"
    BLOCKED = "blocked"
    NEVER = "never"
    LATE = "late"
    USED = "used"
    CONSENT = "consent"
    HANDOVER = "handover"
    TALK = "talk"
    OTHER = "other"
    APART = "apart"
    HOURS = "hours"
    EXPIRED = "expired"
    STAGE = "stage"
    ENDED = "ended"
    OFF = "switched_off"
    NOTHING = "nothing"


#: No chat lets us write: something HR can do about it.
UNREACHED = frozenset({Why.NONE, Why.BLOCKED, Why.NEVER, Why.LATE, Why.USED})


class Fallback(StrEnum):
    """What HR does where no chat lets us write."""

    PAGE = "page"
    CALL = "call"
    WAIT = "wait"


class Both(BaseModel):
    """A sentence in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class Told(BaseModel):
    """What whoever is responsible is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: str
    call: str
    wait: str
    missed: str


class Timing(BaseModel):
    """``config/invitations.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    talk_pause_minutes: float = Field(ge=0, le=1440)
    apart_hours: float = Field(ge=0, le=720)
    again_minutes: float = Field(ge=1, le=1440)
    a_minute: int = Field(ge=1, le=10_000)
    remind_after: tuple[Annotated[int, Field(ge=1, le=30)], ...] = Field(max_length=2)
    give_up_after: int = Field(ge=1, le=30)
    fallback: Fallback
    fallbacks: dict[str, Fallback]
    told: Told
    reasons: dict[Why, Both]

    @model_validator(mode="after")
    def _every_reason(self) -> Timing:
        if missing := set(Why) - set(self.reasons):
            raise ValueError(f"reasons lacks {sorted(missing)}")
        return self

    def fallback_of(self, survey_id: str) -> Fallback:
        """What HR does for a survey that cannot be sent."""
        return self.fallbacks.get(survey_id, self.fallback)

    def remind_on(self, reminders: int) -> int:
        """Working days of silence until the next reminder after so many, or until the end."""
        waits = self.remind_after
        return waits[reminders] if reminders < len(waits) else self.give_up_after


# --- what is planned ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An invitation as planning sees it. ``why``: how it ended, where it did."""

    id: str
    survey_id: str
    anchor: str
    status: InvitationStatus
    due_on: date | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to ask, and when. ``id``: the invitation that is moved there; empty: a new one."""

    id: str
    survey_id: str
    anchor: str
    due_on: date
    at: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of somebody's invitations. ``cancel``: ids, with why."""

    plans: tuple[Plan, ...] = ()
    cancel: tuple[tuple[str, Why], ...] = ()


def due_on(start: Start, day: date) -> date:
    """The day a survey is due that is counted from an event's day; of a shorter month the last.

    >>> due_on(Start(after=Event.ONBOARDED, months=1), date(2026, 1, 31))
    datetime.date(2026, 2, 28)
    """
    sign = -1 if start.before else 1
    index = day.year * 12 + day.month - 1 + sign * start.months
    year, month = divmod(index, 12)
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) + sign * timedelta(days=start.days)


def events(stage: Stage, stage_on: date, start_on: date | None) -> dict[Event, date]:
    """The days surveys are counted from, as far as they are known.

    Somebody came on the agreed day where it was noted within a week of it, else when it was noted.
    """
    known: dict[Event, date] = {}
    event = next((one for one in _STAGE if one.value == stage.value), None)
    if event is not None:
        known[event] = stage_on
    if start_on is not None and stage in (Stage.ACCEPTED, Stage.ONBOARDED):
        known[Event.START] = start_on
        late = stage_on - start_on
        if stage is Stage.ONBOARDED and timedelta(0) <= late <= NOTED_WITHIN:
            known[Event.ONBOARDED] = start_on
    return known


def anchor(event: Event, day: date) -> str:
    """What an invitation's event is called: one event invites once."""
    return f"{event}:{day.isoformat()}"


def valid_until(calendar: Calendar, due: date, start: Start | None) -> date:
    """The last day on which a survey that was due then still makes sense."""
    return calendar.workday_after(due, start.valid_workdays if start else BY_HAND_VALID)


def changes(
    surveys: Iterable[Survey],
    existing: Sequence[Planned],
    known: Mapping[Event, date],
    stage: Stage,
    *,
    today: date,
    calendar: Calendar,
) -> Changes:
    """What to plan, move and cancel now that somebody stands at a stage. The same again: nothing.

    A moved first day moves what is planned by it. What is long past is not asked any more, and
    nobody is asked the same again after the same event.
    """
    if stage in ENDED:
        live = (InvitationStatus.PLANNED, InvitationStatus.OPEN)
        return Changes(cancel=tuple((one.id, Why.ENDED) for one in existing if one.status in live))
    plans, kept = [], set()
    for survey in surveys:
        if survey.start is None or not _may_be_asked(survey, stage):
            continue
        theirs = [one for one in existing if _counted_from(one, survey)]
        kept |= {one.id for one in theirs if _reached(one, stage)}
        day = known.get(survey.start.after)
        if day is None:
            continue
        due = calendar.workday_after(due_on(survey.start, day), 0)
        plan = _planned(survey, theirs, day, due)
        if plan is not None and valid_until(calendar, due, survey.start) >= today:
            plans.append(plan)
    cancel = [
        (one.id, Why.STAGE)
        for one in existing
        if one.status is InvitationStatus.PLANNED and _by_event(one) and one.id not in kept
    ]
    return Changes(plans=tuple(plans), cancel=tuple(cancel))


def _planned(survey: Survey, theirs: Sequence[Planned], day: date, due: date) -> Plan | None:
    """What to do about one survey and its event; None: it is as it should be."""
    assert survey.start is not None
    name = anchor(survey.start.after, day)
    waiting = [one for one in theirs if one.status is InvitationStatus.PLANNED]
    if any(one.status in _ASKED for one in theirs) and not waiting:
        return None
    same = next((one for one in theirs if one.anchor == name), None)
    if waiting:
        moves = survey.start.after is Event.START and (
            waiting[0].anchor != name or waiting[0].due_on != due
        )
        # Only the agreed day is moved; what happened on a day has happened.
        if not moves or (same is not None and same is not waiting[0]):
            return None
        id_ = waiting[0].id
    elif same is None:
        id_ = ""
    elif same.status is InvitationStatus.CANCELLED and same.why in (Why.STAGE, Why.ENDED):
        id_ = same.id  # back at the stage it was cancelled for leaving
    else:
        return None
    return Plan(id=id_, survey_id=survey.id, anchor=name, due_on=due, at=survey.start.at)


def _by_event(one: Planned) -> bool:
    return one.anchor.partition(":")[0] in {str(event) for event in Event}


def _counted_from(one: Planned, survey: Survey) -> bool:
    assert survey.start is not None
    return one.survey_id == survey.id and one.anchor.startswith(f"{survey.start.after}:")


def _reached(one: Planned, stage: Stage) -> bool:
    """Whether the event of a plan is not undone."""
    event = Event(one.anchor.partition(":")[0])
    return _ROAD.index(_STAGE[event]) <= _ROAD.index(stage)


def _may_be_asked(survey: Survey, stage: Stage) -> bool:
    """Whether somebody at a stage is, or can come to, where the survey is asked."""
    if stage in ENDED:
        return False
    places = [_ROAD.index(one) for one in survey.stages if one in _ROAD]
    return not survey.stages or max(places, default=-1) >= _ROAD.index(stage)


# --- whether now is the moment ------------------------------------------------------------------


class Act(StrEnum):
    """What becomes of an invitation whose moment has come."""

    SEND = "send"
    WAIT = "wait"
    CANCEL = "cancel"
    MISS = "miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that is asked before somebody is written to. Moments are aware.

    ``survey`` None: it is not there, or off. ``stopped_by`` is what kept it the last time.
    ``talked_at``: when anybody said something last. ``unreached``: why no chat lets us write.
    """

    survey: Survey | None
    stage: Stage
    due_on: date
    stopped_by: Why | None = None
    muted: bool = False
    talked_at: datetime | None = None
    another_open: bool = False
    asked_at: datetime | None = None
    consents: bool = True
    unreached: Why | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What to do, why, and until when to wait (aware; for ``WAIT`` only)."""

    act: Act
    why: Why | None = None
    until: datetime | None = None


def fate(seen: Seen, timing: Timing, calendar: Calendar, now: datetime) -> Fate:
    """Whether an invitation whose moment has come is sent now. It waits for a moment at which
    writing is allowed, and not beyond the days on which it makes sense."""
    if seen.survey is None:
        return Fate(act=Act.CANCEL, why=Why.OFF)
    if not _may_be_asked(seen.survey, seen.stage):
        return Fate(act=Act.CANCEL, why=Why.STAGE)
    if now.astimezone(ZONE).date() > valid_until(calendar, seen.due_on, seen.survey.start):
        return Fate(act=Act.MISS, why=seen.stopped_by or Why.EXPIRED)
    for why, until in _obstacles(seen, timing, calendar, now):
        return Fate(act=Act.WAIT, why=why, until=calendar.next_moment(until))
    return Fate(act=Act.SEND)


def _obstacles(
    seen: Seen, timing: Timing, calendar: Calendar, now: datetime
) -> Iterable[tuple[Why, datetime]]:
    allowed = calendar.next_moment(now)
    again = now + timedelta(minutes=timing.again_minutes)
    tomorrow = _morning_after(calendar, now)
    if allowed > now:
        yield Why.HOURS, allowed
    if seen.muted:
        yield Why.HANDOVER, again
    if seen.talked_at is not None:
        quiet_at = seen.talked_at + timedelta(minutes=timing.talk_pause_minutes)
        if quiet_at > now:
            yield Why.TALK, quiet_at
    if seen.another_open:
        yield Why.OTHER, again
    if seen.asked_at is not None:
        apart = seen.asked_at + timedelta(hours=timing.apart_hours)
        if apart > now:
            yield Why.APART, apart
    assert seen.survey is not None
    if seen.survey.stages and seen.stage not in seen.survey.stages:
        yield Why.STAGE, tomorrow
    if not seen.consents:
        yield Why.CONSENT, tomorrow
    if seen.unreached is not None:
        yield seen.unreached, tomorrow


def _morning_after(calendar: Calendar, now: datetime) -> datetime:
    """When writing is allowed first on another day."""
    day = now.astimezone(ZONE).date() + timedelta(days=1)
    return calendar.next_moment(datetime.combine(day, time(), ZONE))
