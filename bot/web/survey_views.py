"""What the pages of surveys are given; the rules of ``bot.web.views`` hold here too.

=========================  ==========================================================
template                   besides ``shell``
=========================  ==========================================================
survey.html                page: SurveyPage (the candidate's, outside the console)
console/surveys.html       page: SurveysPage
console/responses.html     page: ResponsesPage
=========================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.responding import Standing
from bot.web.record_views import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One option of a question, as a form shows it."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A question on the page. ``ranks``: one list of options for each place of a ranking.

    ``text`` is what stands in the field; ``error`` a sentence about what was sent. ``told``: it was
    answered in the chat, which the page does not show.
    """

    id: str
    number: int
    ask: str
    kind: str
    help: str = ""
    required: bool = False
    options: tuple[Pick, ...] = ()
    ranks: tuple[tuple[Pick, ...], ...] = ()
    low_label: str = ""
    high_label: str = ""
    text: str = ""
    error: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPage:
    """The candidate's own page. ``who`` is a masked name; ``note`` a sentence about what was sent.
    ``answered``: how many are saved on this page."""

    base: str
    kind: Standing
    title: str = ""
    intro: str = ""
    thanks: str = ""
    who: str = ""
    fields: tuple[Field, ...] = ()
    revision: int = 0
    answered: int = 0
    expires_at: datetime | None = None
    note: str = ""
    note_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a survey goes out by itself: months or days after an event, or ``before`` it."""

    event: str
    days: int
    months: int
    before: bool
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyItem:
    """A survey in the list. ``questions`` are their words and kinds, in order; ``start`` None: it
    is sent by hand only."""

    id: str
    title: str
    intro: str
    origin: str
    enabled: bool
    start: Moment | None
    questions: tuple[tuple[str, str], ...]
    changed_at: datetime
    named: bool = True  # only then answers leave one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveysPage:
    """All surveys, and what is wrong with a file that was not kept: (place, what)."""

    rows: tuple[SurveyItem, ...]
    writes: bool
    purposes: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    more_faults: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerItem:
    """A question and its answer in words; ``was`` are answers it had before. ``value`` None and
    ``words``: it fits no kind, and is shown as it was said."""

    ask: str
    answer: str
    words: str
    where: str
    at: datetime
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseItem:
    """One invitation of a candidate."""

    id: str
    title: str
    status: str
    via: str
    why: str  # in words: what it waits for, or why it was not sent
    due_on: date | None
    by: str
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    answers: tuple[AnswerItem, ...]
    live: bool
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A link to a survey's page that HR passes on."""

    url: str
    qr: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesPage:
    """The surveys of one candidate, and the form that sends one."""

    head: Head
    items: tuple[ResponseItem, ...]
    sendable: tuple[tuple[str, str], ...]
    writes: bool
    link: Linked | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    posts: tuple[str, ...] = ()  # ways a letter can go
    phone: str = ""  # where an SMS goes, masked; empty: no number is known
