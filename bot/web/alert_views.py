"""What the page of one alert is given; the rules of ``bot.web.views`` hold here too.

=============================  =========================================================
template                       besides ``shell``
=============================  =========================================================
console/alert.html             page: AlertPage
=============================  =========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.web.reasons import Reason
    from bot.web.views import AlertCard, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """Who put an alert off, and until when."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Who of ours wrote to the candidate from an alert last, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message of the talk around an alert. ``quoted``: the alert rests on it."""

    id: str
    author: Literal["candidate", "bot", "hr"]
    name: str
    segments: tuple[Segment, ...]
    at: datetime
    quoted: bool = False
    state: str = ""  # of what we sent
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One thing we know of the candidate, ready to read. ``note`` says where it is from."""

    name: str
    value: str
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A moment until which the alert may be put off."""

    value: Literal["hour", "today", "morning"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``kind`` is the word's key below ``alert.event``; ``by`` is empty
    where the program did it. ``until``, ``level`` and who was asked belong to some kinds."""

    kind: str
    at: datetime
    by: str = ""
    via: str = ""
    until: datetime | None = None
    level: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A colleague the alert is for: sent, folded into one message, or waiting until ``at``."""

    name: str
    state: str
    why: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """One alert with all that is needed to answer it.

    ``draft`` stands in the box: the playbook's (``drafted``), or what was written and could not be
    sent, with ``why_unsent``. ``suggestion`` is the playbook's in any case, ``sent`` a sentence
    saying that the last words left. ``once`` makes a form that is sent twice the same reply.
    ``blocked`` is a sentence saying why nobody can be reached, or empty. ``muted``: the bot is
    quiet already. ``next_id`` is another alert that waits, once this one does not.
    """

    card: AlertCard
    lines: tuple[Line, ...] = ()
    known: tuple[Known, ...] = ()
    aims: tuple[str, ...] = ()
    avoid: str = ""
    suggestion: str = ""
    draft: str = ""
    drafted: bool = False
    sent: str = ""
    why_unsent: str = ""
    once: str
    channel: str = ""
    blocked: str = ""
    muted: bool = False
    later: tuple[Choice, ...] = ()
    events: tuple[Event, ...] = ()
    told: tuple[Told, ...] = ()
    next_id: str = ""
