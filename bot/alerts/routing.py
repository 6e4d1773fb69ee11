"""Who is told of an alert when, and how often. Pure: ``telling`` of config/policy.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.placeholders import checked
from bot.workdays import ZONE, Calendar
from nlp.scheme import Severity

#: How long until somebody without a connected chat is looked for again.
LOOKS_AGAIN = timedelta(minutes=10)
_DAY = timedelta(days=1)


class Why(StrEnum):
    """Why a colleague is not told now: kept with the notice, at most 20 characters."""

    NONE = ""
    QUIET = "quiet"  # it is night, or nobody works
    COOLDOWN = "cooldown"  # the same was settled a short while ago
    JOINED = "joined"  # they were shown it a moment ago
    LIMIT = "limit"  # they were sent enough cards
    SNOOZED = "snoozed"  # put off by one of ours
    NO_CHAT = "no_chat"  # they have connected no chat
    DEMOTED = "demoted"  # this kind was wrong too often: in the digest
    MINOR = "minor"  # of a severity that is for the digest


#: What is told in the daily digest, and by no card.
FOR_DIGEST = frozenset({Why.DEMOTED, Why.MINOR})


class Quiet(BaseModel):
    """When nobody is disturbed but for what is ``now``: over night, and on days of rest."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    begins: time = Field(alias="from")
    until: time
    rest_days: bool = True

    @model_validator(mode="after")
    def _over_night(self) -> Quiet:
        if self.until >= self.begins:
            raise ValueError("quiet hours go over midnight: until must be before from")
        return self

    def over(self, at: datetime, calendar: Calendar) -> datetime:
        """The moment itself where it is not quiet, else when that ends. UTC."""
        local = at.astimezone(ZONE)
        day = local.date()
        works = not self.rest_days or calendar.is_workday(day).works
        if works and self.until <= local.time() < self.begins:
            return at.astimezone(UTC)
        if local.time() >= self.until:
            day += _DAY
        if self.rest_days:
            day = calendar.workday_after(day, 0)
        return datetime.combine(day, self.until, ZONE).astimezone(UTC)


class Limit(BaseModel):
    """At most so many cards within so many minutes for one colleague. What is more is told in one
    message: the first ``fold_after_minutes`` later, the next not within ``minutes``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cards: int = Field(ge=1)
    minutes: float = Field(gt=0)
    fold_after_minutes: float = Field(ge=0)


class Escalate(BaseModel):
    """When an alert that nobody touched goes on: to who helps, so long after its due time (only
    severities that are named), and from there to the admins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after_minutes: dict[Severity, float]
    to_admins_after_hours: float = Field(gt=0)


class TellingWords(BaseModel):
    """What colleagues read besides cards."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folded: str
    part: str
    escalated: str
    nobody: str
    again: str
    graver: str
    woken: str

    @field_validator("*")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        return checked(value, PLACEHOLDERS)


PLACEHOLDERS = frozenset({"count", "parts", "link", "severity", "who", "name", "topic"})


class Telling(BaseModel):
    """``telling`` of ``config/policy.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_once: frozenset[Severity]
    topics_at_once: frozenset[str]
    quiet: Quiet | None
    cooldown_hours: dict[Severity, float]
    join_minutes: float = Field(ge=0)
    limit: Limit
    escalate: Escalate
    words: TellingWords

    @model_validator(mode="after")
    def _complete(self) -> Telling:
        if Severity.NOW not in self.at_once:
            raise ValueError("at_once must name now: what cannot wait is never for the digest")
        if Severity.NONE in self.at_once:
            raise ValueError("at_once cannot name none")
        if set(self.cooldown_hours) != {Severity.NOW, Severity.TODAY, Severity.DIGEST}:
            raise ValueError("cooldown_hours needs now, today and digest")
        return self

    def quiet_until(self, at: datetime, calendar: Calendar) -> datetime:
        """The moment itself where it is not quiet, else when that ends. UTC."""
        return at if self.quiet is None else self.quiet.over(at, calendar)

    def cooled(self, severity: Severity, settled_at: datetime) -> datetime:
        """Until when an alert is not shown after the same was settled."""
        return settled_at + timedelta(hours=self.cooldown_hours[severity])


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alert for one colleague, as far as telling them goes.

    ``core``: its topic gets a card of its own whatever its severity.
    ``settled_at``: when the last one of this person and topic was resolved; None where this one is
    graver. ``shown_at``: when they were shown this alert last. ``pressing``: it became graver since
    then, or what it was put off for is over. ``cards``: how many they were sent within the window.
    ``folded_at``: when they were last told of several in one message.
    """

    severity: Severity
    core: bool = False
    demoted: bool = False
    reachable: bool = True
    settled_at: datetime | None = None
    snoozed_until: datetime | None = None
    shown_at: datetime | None = None
    pressing: bool = False
    cards: int = 0
    folded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """When somebody's turn to be told is, and why not at once."""

    at: datetime
    why: Why = Why.NONE

    @property
    def digest(self) -> bool:
        """Whether it is told in the daily digest only."""
        return self.why in FOR_DIGEST


def turn(rules: Telling, calendar: Calendar, case: Case, now: datetime) -> Turn:
    """When a colleague is to be shown an alert, looking at it now. Asked again at that moment, it
    answers "at once" or has a new reason to wait."""
    at, why = now, Why.NONE
    urgent = case.severity is Severity.NOW
    if case.snoozed_until is not None and case.snoozed_until > now:
        return Turn(case.snoozed_until, Why.SNOOZED)
    if not urgent and not case.core and case.severity not in rules.at_once:
        return Turn(now, Why.MINOR)
    if not urgent and case.demoted:
        return Turn(now, Why.DEMOTED)
    if case.settled_at is not None and case.shown_at is None:
        cooled = rules.cooled(case.severity, case.settled_at)
        if cooled > at:
            at, why = cooled, Why.COOLDOWN
    if case.shown_at is not None and not case.pressing:
        calm = case.shown_at + timedelta(minutes=rules.join_minutes)
        if calm > at:
            at, why = calm, Why.JOINED
    if not urgent:
        awake = rules.quiet_until(at, calendar)
        if awake > at:
            at, why = awake, why or Why.QUIET
    if at > now:
        return Turn(at, why)
    if not case.reachable:
        return Turn(now + LOOKS_AGAIN, Why.NO_CHAT)
    if case.cards >= rules.limit.cards:
        return Turn(folds_at(rules, case.folded_at, now), Why.LIMIT)
    return Turn(now)


def folds_at(rules: Telling, folded_at: datetime | None, now: datetime) -> datetime:
    """When what exceeds the limit is told in one message."""
    soon = now + timedelta(minutes=rules.limit.fold_after_minutes)
    if folded_at is None:
        return soon
    return max(soon, folded_at + timedelta(minutes=rules.limit.minutes))


def rises_at(
    rules: Telling,
    calendar: Calendar,
    *,
    severity: Severity,
    due_at: datetime,
    level: int,
    risen_at: datetime | None,
) -> datetime | None:
    """When an untouched alert goes up from ``level``; None: it does not. ``risen_at``: when it
    came there."""
    after = rules.escalate.after_minutes.get(severity)
    if after is None or level >= 2:
        return None
    at = due_at + timedelta(minutes=after)
    if level == 1 and risen_at is not None:
        at = max(at, risen_at + timedelta(hours=rules.escalate.to_admins_after_hours))
    return at if severity is Severity.NOW else rules.quiet_until(at, calendar)


def folded(
    rules: Telling, names: Mapping[Severity, str], counts: Mapping[Severity, int], link: str
) -> str:
    """One message for many: how many of each severity, gravest first."""
    words = rules.words
    parts = [
        words.part.format(severity=names[severity], count=counts[severity])
        for severity in (Severity.NOW, Severity.TODAY, Severity.DIGEST)
        if counts.get(severity)
    ]
    return words.folded.format(count=sum(counts.values()), parts=" · ".join(parts), link=link)
