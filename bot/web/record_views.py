"""What the pages of one candidate's record are given: 档案, résumés, merging of doubles.

=============================  =========================================================
template                       besides ``shell``
=============================  =========================================================
console/record.html            page: RecordPage
console/resume.html            page: ResumePage
console/merge.html             page: MergePage
console/_portrait_head.html    page: any of these, or of ``portrait_views``
=============================  =========================================================

``label``, ``value`` and what a form says are ready to read; a kind's words are the company's own
(``config/profile.yaml``), in the language it wrote them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from bot.web.desk_views import Interviews

if TYPE_CHECKING:
    from bot.web.views import Choice

Tab = Literal["record", "match", "risk", "outcome", "resume", "responses", "merge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Whose record it is, and which of its pages the viewer may open."""

    id: str
    name: str
    position: str
    stage: str
    level: str
    score: int
    tab: Tab
    tabs: tuple[Tab, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a statement comes from: a key of the words ``source``, and who of ours."""

    kind: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One kind in a form. ``name`` is the field's, ``id`` the element's; ``value`` as last sent."""

    name: str
    id: str
    label: str
    value: str = ""
    error: str = ""
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    several: bool = False  # any number of the choices; each is a field ``name:<choice>``
    chosen: tuple[str, ...] = ()
    long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OldValue:
    """What was said before, and until when it stood."""

    value: str
    source: Source
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A statement that stands. ``found`` is what a check found instead; then it is in doubt.

    ``field`` is the form that corrects it, None for whoever may not.
    """

    id: str
    item: str
    label: str
    value: str
    source: Source
    at: datetime
    verified_by: str = ""
    verified_at: datetime | None = None
    found: str = ""
    old: tuple[OldValue, ...] = ()
    field: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A statement that was taken back, with nothing in its place."""

    label: str
    old: OldValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One employment as a row: what is known of it in words, and every statement behind it."""

    item: str
    company: str
    title: str
    period: str
    months: int | None
    pay: str
    reason: str
    performance: str
    said: tuple[Said, ...]
    blanks: tuple[Field, ...] = ()
    doubts: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Kinds that come once. ``blanks`` are those nobody said."""

    name: str
    label: str
    said: tuple[Said, ...]
    blanks: tuple[Field, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that came in chat. ``readable``: it may be a résumé."""

    id: str
    name: str
    size: int
    at: datetime
    kept: bool
    readable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """Something to do by a day. ``kind`` is a key of the words ``step_kind``, ``words`` are HR's
    own; ``late`` is by how many days it is overdue. ``tried`` is the form that came back: taken,
    moved or dropped; ``values`` and ``errors`` are its fields."""

    id: str
    kind: str
    words: str
    due_on: date
    late: int
    source: Source
    at: datetime
    tried: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedStep:
    """One that was taken, ``on`` a day where that was said, or ``dropped`` for a ``reason``."""

    kind: str
    words: str
    due_on: date
    on: date | None
    dropped: bool
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The way to the first day. ``kinds`` are what may be planned; none: the viewer may not.

    ``token`` makes a form sent twice one step; ``values`` and ``errors`` are of the form to plan.
    """

    open: tuple[OpenStep, ...] = ()
    closed: tuple[ClosedStep, ...] = ()
    kinds: tuple[str, ...] = ()
    token: str = ""
    today: date | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """The record. ``new_job`` are the fields of one more employment; none: it may not be written;
    ``new_item`` is its name, so that the same form twice is one.

    ``doubted`` is how many statements a check found otherwise, ``hidden`` whether kinds are left
    out for this viewer.
    """

    head: Head
    jobs: tuple[Job, ...]
    groups: tuple[Group, ...]
    steps: Steps = field(default_factory=Steps)
    interviews: Interviews = field(default_factory=Interviews)
    documents: tuple[Document, ...] = ()
    gone: tuple[Gone, ...] = ()
    new_job: tuple[Field, ...] = ()
    new_item: str = ""
    new_open: bool = False
    doubts: tuple[str, ...] = ()
    doubted: int = 0
    hidden: bool = False


# --- résumés --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedField:
    """One statement a résumé makes. ``ask`` says what is unclear; ``standing`` is what the record
    says now; ``take`` is whether it is ticked."""

    field: Field
    ask: str
    quote: str
    page: int
    line: int
    take: bool
    take_name: str
    standing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The fields of one employment, or those that come once: confirmed by one form."""

    id: str
    title: str  # empty: those that come once
    number: int
    fields: tuple[ProposedField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalCard:
    """A résumé that waits for HR. ``confirmed`` fields are done; ``left_out`` were protected."""

    id: str
    source: Source
    at: datetime
    sections: tuple[Section, ...]
    confirmed: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledProposal:
    """One that is done or dropped."""

    source: Source
    at: datetime
    state: str
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePage:
    """Upload, what waits, what is settled. ``refused`` is why a file could not be read."""

    head: Head
    waiting: tuple[ProposalCard, ...] = ()
    settled: tuple[SettledProposal, ...] = ()
    documents: tuple[Document, ...] = ()
    refused: str = ""


# --- merging --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """Another record. ``why``: phone (the same number) or found (by the search)."""

    id: str
    name: str
    position: str
    stage: str
    phone: str
    owner: str
    created_at: datetime
    why: Literal["phone", "found"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A kind both records state differently: the kept one stays, the other becomes an old value."""

    label: str
    kept: str
    gone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What a merge would do. ``blocked`` is a key of the words ``merge.blocked``, or empty.

    ``swap_url`` is the same with the other record kept.
    """

    kept: Double
    gone: Double
    clashes: tuple[Clash, ...]
    added: tuple[str, ...]
    jobs: int
    files: int
    channels: tuple[str, ...]
    swap_url: str
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merge that was done, and may be undone."""

    id: str
    by: str
    at: datetime
    undone_at: datetime | None
    kept_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePage:
    """Search for the double, look at what would happen, do it, undo it."""

    head: Head
    query: str = ""
    found: tuple[Double, ...] = ()
    searched: bool = False
    preview: MergePreview | None = None
    merged: tuple[Merged, ...] = ()
