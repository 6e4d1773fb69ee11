"""The nouns of reading: what goes into a reader and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from nlp.scheme import Condition, Intent, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One earlier message of the conversation. ``role`` is hr, bot or candidate."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What a reader is asked to read: one message (or several sent within seconds, by newline)."""

    text: str
    stage: str = "offer"
    context: tuple[Turn, ...] = ()
    now: datetime  # aware; relative dates (周五前) are resolved against it


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words that carry an intent. Offsets count code points of the text as given."""

    start: int
    end: int
    text: str
    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A sum of money or a rate in the text; a range stays a range.

    ``low`` and ``high`` are yuan per ``period`` (kind "money") or a factor (kind "ratio":
    0.8 for 八折, 0.2 for 涨20%). ``high`` is None for an open end (2万以上).
    """

    start: int
    end: int
    text: str
    kind: str  # money | ratio
    low: float
    high: float | None
    period: str = "month"  # hour | day | month | year | once
    months: float | None = None  # salary months a year (14薪)
    tax: str = "unknown"  # gross | net | unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the text says, with the words that carry it."""

    intents: tuple[Intent, ...]
    scores: Mapping[Intent, float]
    commitment: int
    reported: bool = False
    condition: Condition = Condition.NONE
    deadline: date | None = None
    alert: bool
    alert_score: float | None = None  # probability that a person must see it; None: no model
    unclear: bool = False  # not sure enough to call anybody, too unsure to pass over
    severity: Severity
    evidence: tuple[Evidence, ...] = ()
    amounts: tuple[Amount, ...] = field(default=())
    model: str  # name@hash: the same name@hash on the same utterance gives the same reading

    def as_dict(self) -> dict[str, Any]:
        """The public shape of ``yinuo classify`` (without ``id``), ready for JSON."""
        return {
            "intents": [str(intent) for intent in self.intents],
            "scores": {str(intent): round(p, 4) for intent, p in self.scores.items()},
            "commitment": self.commitment,
            "reported": self.reported,
            "condition": str(self.condition),
            "deadline": self.deadline.isoformat() if self.deadline else None,
            "alert": self.alert,
            "severity": str(self.severity),
            "evidence": [
                {"start": e.start, "end": e.end, "text": e.text, "intent": str(e.intent)}
                for e in self.evidence
            ],
            "amounts": [
                {
                    "start": a.start,
                    "end": a.end,
                    "text": a.text,
                    "kind": a.kind,
                    "low": a.low,
                    "high": a.high,
                    "period": a.period,
                    "months": a.months,
                    "tax": a.tax,
                }
                for a in self.amounts
            ],
            "model": self.model,
            "unclear": self.unclear,
            "alert_score": None if self.alert_score is None else round(self.alert_score, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A career plan in the candidate's words; a role's title, what one does and grows into."""

    plan: str
    title: str
    role: str


class Reader(Protocol):
    """Reads utterances. Any number at a time; one reading each, in order."""

    @property
    def name(self) -> str:
        """``name@hash`` of the rules or weights behind the answers."""

    def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch. Never raises on text: the worst text gets a bounded reading."""


class AsyncReader(Protocol):
    """A reader that runs elsewhere (its own process) and is awaited."""

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch. Raises ``ReaderUnavailable`` when the other side is down."""


class Comparer(Protocol):
    """Compares career plans with roles in the reader's process."""

    async def compare(self, pairs: Sequence[Compared]) -> list[float | None]:
        """0 to 1 for each, or None where too little is known. Raises ``ReaderUnavailable``."""


class ReaderUnavailable(RuntimeError):
    """The reader's process is down or did not answer in time; read the same again later."""
