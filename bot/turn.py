"""One turn: ``Context`` is all a decision may see, ``Outcome`` all it may ask for.

Deciding is a pure function from the one to the other. Nothing here knows a database, a network
or a clock; the moment is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bot.asked import GiveAnswer, MoveInvitation, SurveySeen
from bot.consent import ConsentSeen, SetConsent
from bot.inquiry import ColleagueSeen, Deed, Told
from nlp.asking import Asked
from nlp.reading import Reading, Turn
from nlp.scheme import Severity
from storage.enums import AlertStatus, Duty, MessageKind, Role, Stage, StepKind, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of the utterance we are answering."""

    id: int
    uid: str
    text: str
    kind: MessageKind
    sent_at: datetime
    typed: bool = False  # a press that was typed as a number: it is answered in words


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """What the candidate is to do next; ``words`` are HR's own, of a step of kind ``other``."""

    kind: StepKind
    words: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedSeen:
    """An answer we owe: what they said, and by when we said we would answer."""

    words: str
    by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSeen:
    """The candidate, as far as a decision needs them."""

    id: str
    name: str
    stage: Stage
    version: int
    position_title: str
    owner_id: str | None
    owner_name: str
    start_on: date | None
    city: str = ""
    steps: tuple[StepSeen, ...] = ()  # open ones, by their day


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSeen:
    """One of ours, talking with the bot."""

    id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteSeen:
    """The link a ``/start`` message carried, already checked to be unused and in time."""

    id: str
    candidate_id: str | None
    user_id: str | None
    name: str = ""
    position_title: str = ""
    consent: ConsentSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """An alert that is not resolved yet, or the one a button was pressed on."""

    id: str
    candidate_id: str
    topic: str
    severity: Severity
    status: AlertStatus
    verdict: Verdict | None
    revision: int
    put_off: datetime | None = None  # until then nobody is reminded


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSeen:
    """One dated contribution to the risk score."""

    rule: str
    adds: float
    fades_after_days: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeSeen:
    """The 承诺卡 a press or an open question is about."""

    id: str
    worth: str  # as ``storage.queries.offers.worth`` says


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySeen:
    """What a nudge's button is about; ``ref`` says of what: a greeting the first day, feedback the
    interview, of which ``choice`` is what was pressed and ``known`` what was said before."""

    duty: Duty
    candidate_id: str
    ref: str
    done: bool = False
    choice: str = ""
    known: str = ""
    by: str = ""  # the colleague who said it, where that is somebody else


@dataclass(frozen=True, slots=True, kw_only=True)
class DoDuty:
    """A colleague did what we owed. ``words``: their sentence about it, where it is one."""

    duty: DutySeen
    user_id: str
    words: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All a decision may see."""

    conversation_id: str
    channel: str
    version: int
    state: Mapping[str, Any]
    muted: bool
    said: tuple[Said, ...]
    listens: bool = False  # somebody else's chat: we hear it and never say anything in it
    before: tuple[Turn, ...] = ()  # up to two turns before the utterance, oldest first
    candidate: CandidateSeen | None = None
    staff: StaffSeen | None = None
    invite: InviteSeen | None = None
    code_typed: bool = False  # a one-time code; ``invite`` is set where it is good
    returned: bool = False  # by the link they are bound by already
    alerts: tuple[AlertSeen, ...] = ()  # unresolved, of this candidate
    pressed: AlertSeen | None = None
    pledge: PledgeSeen | None = None
    survey: SurveySeen | None = None  # that is open, or that a press names
    consent: ConsentSeen | None = None  # to the automatic reading, of this candidate
    rereads: bool = False  # said before the consent: heard now, answered long ago
    duty: DutySeen | None = None  # a press names it, and the presser may see whom it is about
    factors: tuple[FactorSeen, ...] = ()
    company: str = ""
    owed: tuple[OwedSeen, ...] = ()  # our answers, the most urgent first
    asked: tuple[Asked, ...] = ()  # the known askings in it; the router says
    colleague: ColleagueSeen | None = None  # what one of ours asks, with what they may know

    @property
    def text(self) -> str:
        """The utterance: messages sent in one breath, one a line."""
        return "\n".join(said.text for said in self.said)

    @property
    def last(self) -> Said:
        """The newest message of the utterance."""
        return self.said[-1]

    @property
    def is_press(self) -> bool:
        """A button, not words."""
        return self.last.kind is MessageKind.PRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where in the stored messages something stands; offsets in code points of that message."""

    uid: str
    start: int
    end: int
    intent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlert:
    """Raise an alert, or let the evidence join the unresolved one of the same topic."""

    topic: str
    severity: Severity
    quote: str
    question: str  # key of config/policy.yaml, its words are chosen when shown
    spans: tuple[Span, ...]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAlert:
    """Somebody said what an alert was worth. ``cause`` makes a repeated press the same press."""

    alert_id: str
    user_id: str
    verdict: Verdict
    status: AlertStatus
    via: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeAlert:
    """Somebody puts an alert off. It stays open; ``cause`` as of ``JudgeAlert``."""

    alert_id: str
    user_id: str
    until: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFactor:
    """A risk rule matched."""

    rule: str
    adds: float
    fades_after_days: float
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFact:
    """A dated statement of the candidate. A kind of the record (``group.name``) has its stored
    value. ``source``: empty, the message we answer."""

    kind: str
    value: Any
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskChange:
    """The candidate asks for something else than what was agreed; kept only where a card stands."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRight:
    """The candidate asks for what the law gives them: ``correct`` or ``erase``. Audited."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPledge:
    """The candidate confirms a 承诺卡 in the chat."""

    pledge_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Words for the person we are talking with. ``slot`` tells several replies apart.

    ``choices`` are labels and actions; one that is pressed, typed, or chosen by its number comes
    back as a press of its action.
    """

    slot: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A moment to come back to. The same kind and anchor again is a no-op."""

    kind: str
    anchor: str
    at: datetime
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """Tie this identity to whom the invite names, and use the invite up."""

    invite_id: str
    candidate_id: str | None
    user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All a decision may ask for; ``record`` writes it in one commit."""

    flow: str
    replies: tuple[Reply, ...] = ()
    state: Mapping[str, Any] | None = None  # None: unchanged
    muted: bool | None = None
    alerts: tuple[RaiseAlert, ...] = ()
    verdicts: tuple[JudgeAlert, ...] = ()
    snoozes: tuple[SnoozeAlert, ...] = ()
    factors: tuple[AddFactor, ...] = ()
    facts: tuple[AddFact, ...] = ()
    requests: tuple[AskChange, ...] = ()
    confirms: tuple[ConfirmPledge, ...] = ()
    answers: tuple[GiveAnswer, ...] = ()
    surveys: tuple[MoveInvitation, ...] = ()
    consents: tuple[SetConsent, ...] = ()
    rights: tuple[AskRight, ...] = ()
    copies: bool = False  # a link to what we keep is to be said
    duties: tuple[DoDuty, ...] = ()
    told: tuple[Told, ...] = ()  # of candidates, to a colleague: kept and audited
    deed: Deed | None = None  # a colleague has it done
    tells: tuple[str, ...] = ()  # words for whoever is responsible, in their own chat
    plans: tuple[Plan, ...] = ()
    cancel_plans: tuple[str, ...] = ()
    bind: Bind | None = None
    wrong_code: bool = False
    score: int | None = None
    level: str | None = None
    press_note: str = ""  # shown to who pressed, where the platform can

    def merged(self, other: Outcome) -> Outcome:
        """Both outcomes; where only one can hold, the other's."""
        return replace(
            self,
            flow=f"{self.flow}+{other.flow}" if other.flow != self.flow else self.flow,
            replies=self.replies + other.replies,
            state={**(self.state or {}), **(other.state or {})}
            if self.state is not None or other.state is not None
            else None,
            muted=other.muted if other.muted is not None else self.muted,
            alerts=self.alerts + other.alerts,
            verdicts=self.verdicts + other.verdicts,
            snoozes=self.snoozes + other.snoozes,
            factors=self.factors + other.factors,
            facts=self.facts + other.facts,
            requests=self.requests + other.requests,
            confirms=self.confirms + other.confirms,
            answers=self.answers + other.answers,
            surveys=self.surveys + other.surveys,
            consents=self.consents + other.consents,
            rights=self.rights + other.rights,
            copies=self.copies or other.copies,
            duties=self.duties + other.duties,
            told=self.told + other.told,
            deed=other.deed or self.deed,
            tells=self.tells + other.tells,
            plans=self.plans + other.plans,
            cancel_plans=self.cancel_plans + other.cancel_plans,
            bind=other.bind or self.bind,
            wrong_code=other.wrong_code or self.wrong_code,
            score=other.score if other.score is not None else self.score,
            level=other.level if other.level is not None else self.level,
            press_note=other.press_note or self.press_note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A reading and what it read. ``stage`` is the one the reader was told."""

    reading: Reading
    spans: tuple[Span, ...]
    deadline: date | None = None
    stage: str | None = None
