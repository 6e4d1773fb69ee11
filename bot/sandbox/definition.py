"""The types of ``config/sandbox``: the invented company, and the stories of its candidates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bot.errors import NotReady
from bot.words import SHANGHAI
from config import files
from storage.enums import Role, Stage, Verdict

#: Messages of one breath are this far apart, well within any merging pause.
BREATH = timedelta(seconds=2)
_WEEKDAYS = "一二三四五六日"
_DATE = re.compile(r"\{(周)?([+-]?\d{1,3})\}")
_AGO = re.compile(r"(\d{1,3})(m|h)")
#: Lines with ``ago`` reach back this far at most, and other lines of that story end a day before.
_LONGEST_AGO = timedelta(hours=12)


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _ago(value: object) -> object:
    found = _AGO.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write how long ago as 35m or 3h")
    unit = timedelta(minutes=1) if found[2] == "m" else timedelta(hours=1)
    return int(found[1]) * unit


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Line(_Part):
    """One thing that happened: ``they``, ``hr`` or ``bot`` said something, or the stage moved.

    When: ``day`` counted from the founding day (negative) and ``at`` in Shanghai, or ``ago``.
    Several texts in ``they`` were sent in one breath. ``judged`` is what HR said of the alert,
    if the reader raises one here: verdict and hours later.
    """

    day: int | None = Field(default=None, ge=-500, le=-1)
    at: time | None = None
    ago: Annotated[timedelta, BeforeValidator(_ago)] | None = None
    they: Texts = ()
    hr: Texts = ()
    bot: Texts = ()
    moves: Stage | None = None
    starts: int | None = None
    judged: Mapping[Verdict, float] = {}

    @model_validator(mode="after")
    def _whole(self) -> Line:
        if sum(map(bool, (self.they, self.hr, self.bot, self.moves))) != 1:
            raise ValueError("a line has exactly one of they, hr, bot, moves")
        if (self.ago is None) == (self.day is None) or (self.day is None) != (self.at is None):
            raise ValueError("a line has day and at, or ago")
        if self.judged and not self.they:
            raise ValueError("only what they say is judged")
        hours = list(self.judged.values())
        if any(hour <= 0 for hour in hours) or any(b <= a for a, b in pairwise(hours)):
            raise ValueError("judged: hours rise")
        if self.starts is not None and self.moves is None:
            raise ValueError("starts belongs to moves")
        if any(not text.strip() for text in (*self.they, *self.hr, *self.bot)):
            raise ValueError("an empty message")
        return self

    def moment(self, today: datetime) -> datetime:
        """When it happened, seen from the founding moment."""
        if self.ago is not None:
            return today - self.ago
        assert self.day is not None
        assert self.at is not None
        day = today.astimezone(SHANGHAI).date() + timedelta(days=self.day)
        return datetime.combine(day, self.at, SHANGHAI)


class Otherwise(_Part):
    """What HR said of old alerts that no line names."""

    verdict: Verdict
    hours: float = Field(gt=0)


class Story(_Part):
    """One candidate's months with us, as they were spoken. Who hears what is not written here."""

    name: str = Field(min_length=2, max_length=20)
    position: str
    stage: Stage
    telegram: int | None = Field(default=None, ge=1001, le=1999)  # absent: web chat
    otherwise: Otherwise = Otherwise(verdict=Verdict.FALSE_ALARM, hours=6)
    lines: tuple[Line, ...] = Field(min_length=3)

    @model_validator(mode="after")
    def _told_in_order(self) -> Story:
        today = datetime(2026, 11, 2, 0, 5, tzinfo=SHANGHAI)  # any midnight: the hardest case
        moments = [line.moment(today) for line in self.lines]
        for index, (before, after) in enumerate(pairwise(moments)):
            if after <= before:
                raise ValueError(f"line {index + 2} does not come after line {index + 1}")
        if any(line.ago is not None and line.ago > _LONGEST_AGO for line in self.lines):
            raise ValueError("ago reaches back twelve hours at most")
        moved = [line.moves for line in self.lines if line.moves is not None]
        if (moved[-1] if moved else Stage.INTERVIEW) is not self.stage:
            raise ValueError("the last move does not lead to the stage")
        return self

    def text(self, text: str, said_at: datetime, today: datetime) -> str:
        """A text with its dates: ``{+5}`` is 11月7号, ``{周+5}`` is 周六, 下周六 or 上周六.

        Both count days from the founding day; the weekday is named as on the day it was said.
        """

        def dated(found: re.Match[str]) -> str:
            day = today.astimezone(SHANGHAI).date() + timedelta(days=int(found[2]))
            if found[1] is None:
                return f"{day.month}月{day.day}号"
            said_on = said_at.astimezone(SHANGHAI).date()
            monday = said_on - timedelta(days=said_on.weekday())
            weeks = (day - monday).days // 7
            return f"{'上' * -weeks}{'下' * weeks}周{_WEEKDAYS[day.weekday()]}"

        return _DATE.sub(dated, text)


class User(_Part):
    """One of ours."""

    key: str
    login: str
    name: str
    role: Role
    telegram: int | None = Field(default=None, ge=900, le=999)


class Position(_Part):
    """A job; ``budget`` is yuan a month."""

    key: str
    title: str
    department: str
    city: str
    budget: tuple[int, int]
    months: float
    owner: str
    manager: str


class Words(_Part):
    """What ``yinuo demo`` prints."""

    welcome: str
    clock: str
    console: str
    chat: str
    phone: str
    phone_off: str
    try_this: str
    tries: tuple[str, ...]


class Answer(_Part):
    """What the company answers to a question, and where that stands."""

    answer: str
    source: str


class Company(_Part):
    """``config/sandbox/company.yaml``."""

    company: str
    merge_pause_s: float = Field(gt=0, le=30)
    admin: str
    plays: str  # the story whose candidate the visitor plays
    users: tuple[User, ...]
    positions: tuple[Position, ...]
    words: Words
    answers: Mapping[str, Answer] = {}

    @model_validator(mode="after")
    def _known(self) -> Company:
        keys = {user.key: user.role for user in self.users}
        if keys.get(self.admin) is not Role.HR_ADMIN:
            raise ValueError("admin must be a user with role hr_admin")
        for position in self.positions:
            if position.owner not in keys or keys.get(position.manager) is not Role.MANAGER:
                raise ValueError(f"position {position.key}: unknown owner or manager")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The company and its stories, checked against each other."""

    company: Company
    stories: Mapping[str, Story]

    @property
    def admin(self) -> User:
        """Who the visitor signs in as."""
        return next(user for user in self.company.users if user.key == self.company.admin)

    def position(self, story: Story) -> Position:
        """The job a story is about."""
        return next(one for one in self.company.positions if one.key == story.position)


def load(override: Path | None = None) -> Script:
    """Read ``config/sandbox``. Raises ``NotReady`` naming file and key."""
    company = _checked("sandbox/company", files.read("sandbox/company.yaml", override), Company)
    stories = {
        key: _checked(f"sandbox/stories/{key}", raw, Story)
        for key, raw in files.read_folder("sandbox/stories", override).items()
    }
    known = {position.key for position in company.positions}
    for key, story in stories.items():
        if story.position not in known:
            raise NotReady(f"sandbox/stories/{key}.yaml: unknown position {story.position}")
    if company.plays not in stories:
        raise NotReady(f"sandbox/company.yaml: there is no story {company.plays}")
    return Script(company=company, stories=stories)


def _checked(name: str, raw: Any, kind: Any) -> Any:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NotReady(f"{name}.yaml: {place}: {first['msg']}") from error
