"""What each page is given: plain frozen data, already authorised, masked and unsealed.

The pages outside the console (set-up, sign-in, errors, the candidate's chat) have theirs in
``bot.web.public_views``, the page of unclear readings in ``bot.web.review_views``, a talk over
all channels in ``bot.web.talk_views``, the record of a candidate in ``bot.web.record_views``,
what is made of it in ``bot.web.portrait_views``, the page of one alert in ``bot.web.alert_views``.

Every template gets ``shell``; a full page also gets ``page`` (the class named below).

=============================  =========================================================
template                       besides ``shell``
=============================  =========================================================
setup.html                     page: SetupPage
totp.html                      page: TotpPage
recovery.html                  page: RecoveryPage
signin.html                    page: SigninPage
error.html                     page: ErrorPage
chat.html                      page: ChatPage
console/alerts.html            page: AlertsPage         (partial _alert_list.html: the same)
console/_alert_card.html       card: AlertCard
console/candidates.html        page: CandidatesPage     (partial _candidate_rows.html: the same)
console/candidate.html         page: CandidatePage      (partials _timeline.html, _takeover.html,
                                                         _invites.html: the same)
console/positions.html         page: PositionsPage
console/settings.html          page: SettingsPage of ``bot.web.settings_views``
=============================  =========================================================

A partial's outermost element is the one htmx selects out of the full page, so an htmx
request may be answered with either. Moments are aware; templates show them in the
company's time zone. Images are ``data:`` addresses. Stored values ("accepted", "salary")
are given as stored; ``label("stage", value)`` finds the word and falls back to the value.
Everything a person wrote goes through autoescape: no field holds HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from bot.web.access_views import Asked
from bot.web.alert_views import Answered, PutOff
from bot.web.consent_views import ConsentPart
from bot.web.desk_views import Colleague
from bot.web.record_views import Tab
from bot.web.review_views import Labels
from bot.web.talk_views import Timeline

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """One sentence at the top of the next page. ``text`` is ready to read."""

    kind: Literal["ok", "error", "info"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whose console it is."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What stands around every page. ``path`` is where the language switch returns to."""

    language: Language
    now: datetime
    company: str = ""
    csrf: str = ""
    path: str = "/console"
    viewer: Viewer | None = None
    active: Literal[
        "", "alerts", "review", "candidates", "owed", "positions", "surveys", "settings"
    ] = ""
    open_alerts: int = 0
    unclear: int = 0
    flashes: tuple[Flash, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of a select box or one filter tab."""

    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a person's words; with ``intent`` it is evidence and is highlighted."""

    text: str
    intent: str | None = None


# --- alerts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A message before the one that raised the alert."""

    author: Literal["candidate", "bot", "hr"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRate:
    """Of the last ``judged`` alerts of this kind, ``useful`` were not false alarms. ``demoted``: it
    goes into the digest for that."""

    useful: int
    judged: int
    demoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenVerdict:
    """What somebody said of an alert, and when."""

    value: Literal["useful", "false_alarm", "handled"]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCard:
    """One open question. ``question`` is a sentence; ``overdue`` is decided by the caller.

    ``turns`` and ``suggestion`` may be empty. ``quote_at`` is when the quoted words were said.
    ``raised_by`` is who of ours raised it; ``labels`` are there when a reading stands behind it.
    ``put_off`` is there while its moment has not come.
    """

    id: str
    candidate_id: str
    candidate_name: str
    position: str
    stage: str
    topic: str
    severity: Literal["now", "today", "digest"]
    quote: tuple[Segment, ...]
    quote_at: datetime
    question: str
    raised_at: datetime
    due_at: datetime
    overdue: bool = False
    verdict: GivenVerdict | None = None
    turns: tuple[Turn, ...] = ()
    suggestion: str = ""
    hit_rate: HitRate | None = None
    raised_by: str = ""
    labels: Labels | None = None
    put_off: PutOff | None = None
    escalated: int = 0  # 1: whoever helps was told, 2: the admins
    answered: Answered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsPage:
    """The inbox, sorted by the caller: overdue and severe first, then oldest first."""

    show: Literal["open", "mine", "handled"]
    cards: tuple[AlertCard, ...]
    counts: Mapping[str, int] = field(default_factory=dict)  # tab -> number; absent: not shown
    next_url: str | None = None


# --- candidates -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """One line of the list."""

    id: str
    name: str
    position: str
    stage: str
    level: str
    score: int
    open_alerts: int
    last_at: datetime | None = None
    start_on: date | None = None
    owner: str = ""
    unread: bool = False  # nothing is analysed, for lack of consent


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCandidate:
    """The form as last sent. Fields: name, phone, position_id, stage. ``open``: unfolded."""

    positions: tuple[Choice, ...]
    stages: tuple[str, ...]
    open: bool = False
    name: str = ""
    phone: str = ""
    position_id: str = ""
    stage: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatesPage:
    """GET parameters q, stage, cursor. ``next_url`` carries the cursor and the filters."""

    rows: tuple[CandidateRow, ...]
    stages: tuple[str, ...]
    form: NewCandidate
    query: str = ""
    stage: str = ""
    next_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor:
    """One rule's contribution now, in points, with the words it rests on."""

    reason: str
    points: float
    at: datetime
    quote: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedFact:
    """What was agreed or said, with its source. ``name`` and ``source`` are ready to read."""

    name: str
    value: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """Who answers. ``blocked`` is a sentence saying why nobody can be reached, or empty."""

    muted: bool = False
    by: str = ""
    since: datetime | None = None
    channel: str = ""
    blocked: str = ""
    client: bool = False  # the viewer can go on in the channel's own client


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshCode:
    """A one-time code, shown once."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshInvite:
    """A link just made; it is not shown again."""

    channel: str
    url: str
    qr: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteRow:
    """A link made earlier. ``state``: waiting, used, expired or revoked."""

    channel: str
    created_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePage:
    """One person on one page. ``stages`` are those the viewer may set now.

    ``level`` and ``score`` order work; they decide nothing, and the page says so.
    """

    id: str
    name: str
    position: str
    stage: str
    stage_at: datetime
    level: str
    score: int
    stages: tuple[str, ...]
    timeline: Timeline
    takeover: Takeover
    invite_channels: tuple[str, ...]
    phone: str = ""
    owner: str = ""
    start_on: date | None = None
    channels: tuple[str, ...] = ()
    alerts: tuple[AlertCard, ...] = ()
    factors: tuple[RiskFactor, ...] = ()
    facts: tuple[AgreedFact, ...] = ()
    invites: tuple[InviteRow, ...] = ()
    fresh_invite: FreshInvite | None = None
    fresh_code: FreshCode | None = None
    tabs: tuple[Tab, ...] = ()  # pages of the record the viewer may open
    consent: ConsentPart | None = None  # None: the viewer does not read the chat
    unsent: str = ""  # words of a reply that was refused, to be changed
    why_unsent: str = ""
    own_chat: str = ""  # the channel the viewer gets cards on; empty: none is connected
    accesses: tuple[Asked, ...] | None = None  # who asked; None: the viewer does not read the chat


# --- positions and settings -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One job. Budgets are yuan a month; ``months`` a year."""

    id: str
    title: str
    department: str = ""
    city: str = ""
    budget_low: int | None = None
    budget_high: int | None = None
    months: float | None = None
    candidates: int = 0
    owner: str = ""
    team: tuple[str, ...] = ()
    closed: bool = False
    culture: tuple[str, ...] = ()
    needed_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsPage:
    """Form fields: title, department, city, budget_low_k, budget_high_k (thousand yuan), months,
    needed_by, ``culture:<choice>`` for each of ``culture``, ``team:<id>`` for each of ``team``
    and ``team`` itself, as a mark that these were shown to somebody who may say who works it.

    ``values`` are the form as last sent, or the position that is changed; its id is ``editing``.
    ``writes``: the viewer may add and change.
    """

    rows: tuple[PositionRow, ...]
    open: bool = False
    writes: bool = True
    editing: str = ""
    culture: tuple[Choice, ...] = ()
    chosen: tuple[str, ...] = ()
    team: tuple[Colleague, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
