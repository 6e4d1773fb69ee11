"""What the pages of offers and cards are given; the rules of ``bot.web.views`` hold here too.

=========================  ==========================================================
template                   besides ``shell``
=========================  ==========================================================
console/offers.html        page: OffersPage
pledge.html                page: PledgePage (the candidate's, outside the console)
=========================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

#: Label and words of what was offered or agreed, in the order people read them.
Lines = tuple[tuple[str, str], ...]
#: Rows a form has for bonuses and for open points.
BONUSES, POINTS = 4, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Something against an offer, ready to read. ``stops``: it may not be sent at all."""

    says: str
    article: str
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an offer. ``changes``: label, before, after, against the version before."""

    id: str
    number: int
    state: str
    lines: Lines
    yearly: float
    monthly: float
    created_at: datetime
    created_by: str
    sent_at: datetime | None
    answer_by: date | None
    settled_at: datetime | None
    reason: str
    changes: tuple[tuple[str, str, str], ...]
    objections: tuple[Objection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something not settled: what, which side answers, by when."""

    what: str
    who: str
    by: date
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One version of a 承诺卡. ``ours_by`` is the name of who confirmed for us."""

    id: str
    number: int
    lines: Lines
    points: tuple[Point, ...]
    created_at: datetime
    ours_at: datetime | None
    ours_by: str
    theirs_at: datetime | None
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody asked for something else than what stands. ``source``: page, message or console."""

    id: str
    side: str
    state: str
    what: str
    answer: str
    source: str
    asked_at: datetime
    settled_at: datetime | None
    settled_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferForm:
    """The form of a version as last sent, or filled from what is known.

    ``checked``: the terms were looked at; ``yearly`` and ``monthly`` are theirs then.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    objections: tuple[Objection, ...] = ()
    checked: bool = False
    yearly: float = 0
    monthly: float = 0
    open: bool = False
    bonuses: int = BONUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to the card that could not be said in the chat: HR passes it on."""

    url: str
    qr: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersPage:
    """Offers of one person. ``sending`` are the values of the form that sends, as last sent."""

    id: str
    name: str
    position: str
    budget: str
    versions: tuple[Version, ...]
    form: OfferForm
    card: Card | None = None
    older: tuple[Card, ...] = ()
    wishes: tuple[Wish, ...] = ()
    link: Link | None = None
    sending: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    points: int = POINTS
    writes: bool = True


Standing = Literal["open", "done", "revoked", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgePage:
    """The candidate's own page. ``note`` is a sentence about what was just sent, or empty;
    ``draft`` the words of a wish that was not taken; ``once`` names its form."""

    base: str
    kind: Standing
    name: str = ""
    position: str = ""
    card: Card | None = None
    answer_by: date | None = None
    expires_at: datetime | None = None
    wishes: tuple[Wish, ...] = ()
    contract_days: int = 0
    note: str = ""
    note_bad: bool = False
    draft: str = ""
    once: str = ""
