"""Digests: ``config/digest.yaml``, and one message of what waits for one colleague. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.placeholders import checked
from bot.words import fill
from bot.workdays import ZONE, Calendar
from nlp.scheme import Severity

#: What means something to a platform, and what only looks like it.
_TAME = str.maketrans({"<": "＜", ">": "＞"})


class OwedWords(BaseModel):
    """What is owed, by kind; ``_other``: somebody else than the reader owes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: str
    overdue: str
    handover: str
    correct: str
    erase: str
    pledge: str
    change: str
    offer: str
    greeting: str
    greeting_other: str
    feedback: str
    feedback_other: str

    @field_validator("*")
    @classmethod
    def _known(cls, value: str) -> str:
        return checked(value, {"what", "day", "who"})


class Hours(BaseModel):
    """From when on a working day a digest is sent, and until when it still says something new."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: time
    until: time

    @model_validator(mode="after")
    def _in_order(self) -> Hours:
        if self.at >= self.until:
            raise ValueError("at comes before until")
        return self


class Room(BaseModel):
    """How much one message may hold: the least that any platform carries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: int = Field(ge=8, le=40)
    bytes: int = Field(ge=800, le=2000)
    name: int = Field(ge=2, le=20)  # characters of a name
    words: int = Field(ge=8, le=60)  # characters of what somebody said


class SectionWords(BaseModel):
    """Heads and items of a digest. An item stands on a line of its own or after its head."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alerts: str
    alert: str
    late: str
    before: str
    folded: str
    demoted: str
    overdue: str
    owed: str
    owed_item: str
    owed_late: str
    owed_by: str
    starts_today: str
    starts: str
    start: str
    interviews: str
    steps: str
    silent: str
    unsent: str
    rates: str
    rate: str
    missed: str
    answered: str
    hours: str
    minutes: str
    person: str
    counted: str
    more: str
    all: str

    @field_validator("*")
    @classmethod
    def _known(cls, value: str) -> str:
        return checked(value, _PLACES)


_PLACES = {
    "at", "by", "count", "day", "detail", "high", "hits", "judged", "late", "link", "low", "name",
    "position", "quote", "rate", "severity", "silent", "time", "topic", "what", "withdrawals",
}  # fmt: skip


class DigestWords(BaseModel):
    """``config/digest.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily: Hours
    weekly: Hours
    room: Room
    titles: dict[str, str]
    folded_why: dict[str, str]
    sections: SectionWords
    owed: OwedWords

    @model_validator(mode="after")
    def _complete(self) -> DigestWords:
        if set(self.titles) != {"daily", "weekly", "manager"}:
            raise ValueError("titles: daily, weekly and manager")
        for text in self.titles.values():
            checked(text, {"day", "name"})
        if "other" not in self.folded_why:
            raise ValueError("folded_why: the words for any other reason, other")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One thing a digest tells: its head with the count, then items, as many as there is room for.

    ``more`` is how many are not among the items. ``inline``: they follow the head on its line.
    """

    head: str
    items: Sequence[str] = ()
    more: int = 0
    inline: bool = False


def drawn(words: DigestWords, title: str, sections: Sequence[Section], *, link: str) -> str:
    """One message: every head, then item by item of each in turn while it fits; empty when there is
    nothing to tell. What was left out is counted beside the link.
    """
    if not sections:
        return ""
    shown = [0] * len(sections)
    text = _text(words, title, sections, shown, link)
    grown = True
    while grown:
        grown = False
        for index, section in enumerate(sections):
            if shown[index] == len(section.items):
                continue
            shown[index] += 1
            longer = _text(words, title, sections, shown, link)
            if fits(words.room, longer):
                text, grown = longer, True
            else:
                shown[index] -= 1
    return text


def _text(
    words: DigestWords, title: str, sections: Sequence[Section], shown: Sequence[int], link: str
) -> str:
    lines, hidden = [title], 0
    for section, count in zip(sections, shown, strict=True):
        some = section.items[:count]
        hidden += section.more + len(section.items) - count
        if section.inline:
            lines.append(section.head + ("：" + "、".join(some) if some else ""))
        else:
            lines += [section.head, *(f"· {item}" for item in some)]
    last = words.sections.more if hidden else words.sections.all
    return "\n".join([*lines, fill(last, count=str(hidden), link=link)])


def fits(room: Room, text: str) -> bool:
    """Whether a message holds a text."""
    return text.count("\n") < room.lines and len(text.encode()) <= room.bytes


def short(text: str, most: int) -> str:
    """Words on one line, of at most so many characters, without what a platform would obey.

    >>> short("再给我\\n三天 <a>", 6)
    '再给我 三…'
    """
    flat = " ".join(text.split()).translate(_TAME)
    return flat if len(flat) <= most else flat[: most - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An open alert as a digest tells it."""

    severity: Severity
    topic: str
    name: str
    quote: str
    due_at: datetime


def alert_line(
    words: DigestWords, one: AlertLine, *, severity: str, topic: str, now: datetime
) -> str:
    """An alert on one line; ``severity`` and ``topic`` in words."""
    sections = words.sections
    due = sections.late if one.due_at <= now else fill(sections.before, at=when(one.due_at, now))
    return fill(
        sections.alert,
        severity=severity,
        topic=topic,
        name=short(one.name, words.room.name),
        quote=short(one.quote, words.room.words),
        by=due,
    )


def when(at: datetime | date, now: datetime) -> str:
    """A day, or of today the time.

    >>> from datetime import UTC
    >>> when(datetime(2026, 11, 2, 6, 5, tzinfo=UTC), datetime(2026, 11, 2, 1, tzinfo=UTC))
    '14:05'
    >>> when(date(2026, 11, 3), datetime(2026, 11, 2, 1, tzinfo=UTC))
    '11月3日'
    """
    if isinstance(at, datetime):
        local = at.astimezone(ZONE)
        if local.date() == now.astimezone(ZONE).date():
            return f"{local:%H:%M}"
        at = local.date()
    return f"{at.month}月{at.day}日"


def lasted(words: DigestWords, seconds: float) -> str:
    """A stretch of time in words: minutes, from an hour on hours."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return fill(words.sections.minutes, count=str(minutes))
    return fill(words.sections.hours, count=f"{minutes / 60:.1f}".removesuffix(".0"))


def day_of(hours: Hours, calendar: Calendar, now: datetime) -> date | None:
    """The day whose daily digest is to be sent now, if any: a working day, in its hours."""
    local = now.astimezone(ZONE)
    if hours.at <= local.time() < hours.until and calendar.is_workday(local.date()).works:
        return local.date()
    return None


def week_of(hours: Hours, calendar: Calendar, now: datetime) -> date | None:
    """The Monday of the week whose digest is to be sent now: on its first working day, or on the
    next one that the product runs on."""
    day = day_of(hours, calendar, now)
    return None if day is None else day - timedelta(days=day.weekday())


def next_moment(words: DigestWords, calendar: Calendar, after: datetime) -> datetime:
    """The next moment at which a digest is due."""
    local = after.astimezone(ZONE)
    found = []
    for hours in (words.daily, words.weekly):
        day = calendar.workday_after(local.date(), 0)
        moment = datetime.combine(day, hours.at, ZONE)
        if moment <= local:
            moment = datetime.combine(
                calendar.workday_after(day + timedelta(days=1), 0), hours.at, ZONE
            )
        found.append(moment)
    return min(found)


def since(calendar: Calendar, day: date) -> date:
    """The day after the working day before: what is due since then was in no digest yet."""
    before = day - timedelta(days=1)
    while not calendar.is_workday(before).works:
        before -= timedelta(days=1)
    return before + timedelta(days=1)
