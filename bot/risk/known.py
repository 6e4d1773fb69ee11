"""All a rule over the record may see: dated statements and what we know of the seat and the talk.

No name, no phone, no words of a chat, nothing about age, sex, origin, family, health or belief.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.profile.pay import Pay
from bot.profile.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What the position says that somebody is for. Yuan a month."""

    budget: Pay | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The rhythm of the conversation, in working hours; None where there is too little to tell."""

    usual_reply_h: float | None = None  # the person's own median
    waiting_h: float | None = None  # since our question that needs an answer; None: nothing waits
    delays: int = 0  # times of 「再考虑」 in 30 days with no day named


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something the candidate was to do by a day, for example handing in their notice."""

    name: str
    due: date
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a measure looks at. ``doubted`` are kinds where a check found something else."""

    today: date
    profile: Profile = field(default_factory=Profile)
    seat: Seat = field(default_factory=Seat)
    talk: Talk = field(default_factory=Talk)
    steps: tuple[Step, ...] = ()
    doubted: Mapping[str, str] = field(default_factory=dict)  # statement id: what the check found
    match: int | None = None  # 0 to 100
