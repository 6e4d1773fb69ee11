"""The nouns of measuring: what a report holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nlp.measure.sampling import Figure
from nlp.reading import Turn
from nlp.scheme import Condition, Intent

#: Rows are gold, columns are found.
Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFigures:
    """One intent. ``support`` and ``found`` count messages that carry it by label and by reader."""

    intent: Intent
    support: int
    found: int
    precision: Figure
    recall: Figure
    f1: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFigures:
    """Alerts over some messages. ``raised`` were found, ``hits`` of them are wanted."""

    messages: int
    wanted: int
    raised: int
    hits: int
    precision: Figure
    recall: Figure
    f1: Figure
    false_rate: Figure  # of messages that want no alert, the share that got one
    false_per_1000: Figure  # the same, per 1,000 harmless messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Alerts over the messages of one stage or with one tag. ``kind`` is stage or tag."""

    kind: str
    name: str
    alert: AlertFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPrevalence:
    """Precision if this share of messages (0 to 1) wanted an alert."""

    prevalence: float
    precision: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearFigures:
    """Messages read as unclear. ``missed`` alerts, and those of them that were at least unclear."""

    share: Figure
    missed: int
    missed_unclear: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentFigures:
    """Commitment, -3 to +3. ``far`` is off by two or more; ``sign`` compares negative, 0, positive.

    ``confusion`` is 7 x 7, from -3 to +3.
    """

    mean_error: Figure
    exact: Figure
    far: Figure
    sign: Figure
    confusion: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFigures:
    """Words of somebody else, recognised as such."""

    support: int
    precision: Figure
    recall: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionClass:
    """One kind of condition."""

    condition: Condition
    support: int
    f1: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionFigures:
    """How a yes or a no is bound."""

    accuracy: Figure
    classes: tuple[ConditionClass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFigures:
    """Groups of two or more messages that look alike. A group counts when every member is right.

    ``both`` asks for alert and sign of commitment together; ``lone`` messages name a pair whose
    other members are not in the file and count nowhere.
    """

    pairs: int
    lone: int
    alert: Figure
    sign: Figure
    both: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A share before and after, and the loss in percentage points."""

    before: Figure
    after: Figure
    drop: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class EvasionFigures:
    """The same messages with their loaded words hidden. ``changed`` have another text now."""

    messages: int
    changed: int
    macro_f1: Change
    alert_recall: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Some answers of about the same score: mean score and share that is right, both 0 to 1."""

    count: int
    score: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Expected calibration error over bins of equal count; None without scores."""

    answers: int
    error: float | None
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFigures:
    """Scores against what is so. ``intents`` pools every score that the readings give."""

    alert: Calibration
    intents: Calibration
    by_intent: Mapping[Intent, Calibration]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Which intents were found in the place of which.

    ``instead[gold][found]`` counts messages where gold was missed and found was wrongly named.
    The diagonal counts hits. ``nothing`` counts per gold intent what was missed while nothing was
    wrongly named, ``added`` per found intent what was wrongly named while nothing was missed.
    """

    intents: tuple[Intent, ...]
    instead: Matrix
    nothing: tuple[int, ...]
    added: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a message carries, by label or by reader."""

    intents: tuple[Intent, ...]
    commitment: int
    alert: bool
    reported: bool
    condition: Condition
    unclear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A message read wrongly. ``kind`` is one of ``nlp.measure.mistakes.KINDS``."""

    kind: str
    distance: int  # steps between both commitments
    id: str
    voice: str
    stage: str
    context: tuple[Turn, ...]
    text: str
    gold: Labels
    found: Labels
    score: float | None  # of the alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A reader in one row. Shares from 0 to 1; None where nothing can be said."""

    name: str
    macro_f1: float | None
    alert_precision: float | None
    alert_recall: float | None
    false_alerts_per_1000: float | None
    commitment_mae: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line of the file that is no labelled message; lines count from 1."""

    line: int
    error: str

    def as_dict(self) -> dict[str, int | str]:
        """As ``yinuo classify`` answers such a line."""
        return {"line": self.line, "error": self.error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything measured on one file."""

    title: str = ""
    model: str
    messages: int
    voices: int
    resamples: int
    seed: int
    intents: tuple[IntentFigures, ...]
    macro_f1: Figure  # mean over the intents that any label names
    micro_f1: Figure
    alert: AlertFigures
    average_precision: Figure  # of the alert's score; empty without scores
    at_prevalence: tuple[AtPrevalence, ...]
    slices: tuple[Slice, ...]
    unclear: UnclearFigures
    commitment: CommitmentFigures
    reported: ReportedFigures
    condition: ConditionFigures
    pairs: PairFigures
    calibration: CalibrationFigures
    confusion: Confusion
    mistakes: int  # messages with any wrong label; the worst of them follow
    worst: tuple[Mistake, ...]
    evasion: EvasionFigures | None = None
    baselines: tuple[Baseline, ...] = ()
    bad: tuple[BadLine, ...] = field(default=())

    def row(self) -> Baseline:
        """The reader itself as a row among the baselines."""
        return Baseline(
            name=self.model or "—",
            macro_f1=self.macro_f1.value,
            alert_precision=self.alert.precision.value,
            alert_recall=self.alert.recall.value,
            false_alerts_per_1000=self.alert.false_per_1000.value,
            commitment_mae=self.commitment.mean_error.value,
        )
