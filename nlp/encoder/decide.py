"""From the network's logits to one consistent set of labels, by calibrated probabilities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.encoder.inputs import ALERT, CONDITIONS, INTENTS, STEPS
from nlp.encoder.weights import BadArtefact
from nlp.scheme import SIGNAL_INTENTS, Condition, Intent, needs_alert

Logits = npt.NDArray[np.float32]
Row = npt.NDArray[np.float64]

_A, _B = len(INTENTS), ALERT
_SIGNALS = np.array([intent in SIGNAL_INTENTS for intent in INTENTS])
#: Which intents a stage can have at all (scheme, section 2 and rule 30).
_AFTER = frozenset({Intent.TEAM_FIT, Intent.WORKLOAD, Intent.POSITIVE, Intent.LEAVE_SIGNAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What calibration on voices outside the training set found.

    The pairs say how much the logits of the network and of the n-grams count; together they are
    calibrated, so their sigmoid or softmax is a probability.
    """

    intents: tuple[float, float] = (1.0, 0.0)
    steps: tuple[float, float] = (1.0, 0.0)
    reported: tuple[float, float] = (1.0, 0.0)
    conditions: tuple[float, float] = (1.0, 0.0)
    #: Of the alert: both models' own logits, the log-odds of a negative commitment, a constant.
    alert: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    thresholds: Mapping[str, float] = field(default_factory=dict)  # intent: probability
    alert_from: float = 0.5
    unclear_from: float = 0.3  # from here up to the alert a person should look when there is time
    reported_from: float = 0.5

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Raises ``BadArtefact``."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise BadArtefact(f"{path.name}: {error}") from error

    def dump(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def blended(network: Logits, ngrams: Logits, settings: Settings) -> Logits:
    """Both models' logits ``[messages, OUTPUTS]`` as one calibrated set of the same shape."""
    made = np.zeros_like(network)
    for columns, (first, second) in (
        (slice(0, _A), settings.intents),
        (slice(_A, _B), settings.steps),
        (slice(_B + 1, _B + 2), settings.reported),
        (slice(_B + 2, None), settings.conditions),
    ):
        made[:, columns] = first * network[:, columns] + second * ngrams[:, columns]
    first, second, third, constant = settings.alert
    made[:, _B] = first * network[:, _B] + second * ngrams[:, _B] + third * doubts(made) + constant
    return made


def doubts(logits: Logits) -> Row:
    """Log-odds that the commitment is negative, ``[messages]``."""
    steps = np.asarray(logits[:, _A:_B], np.float64)
    zero = STEPS.index(0)
    return np.asarray(
        np.logaddexp.reduce(steps[:, :zero], axis=1) - np.logaddexp.reduce(steps[:, zero:], axis=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One consistent set of labels with the probabilities behind it."""

    intents: tuple[Intent, ...]  # most probable first
    scores: dict[Intent, float]  # every intent
    commitment: int
    reported: bool
    condition: Condition
    alert: bool
    unclear: bool
    alert_score: float


#: Of a message without a word of the sender's own, whatever was said before it.
SILENCE = Decision(
    intents=(Intent.SOCIAL,),
    scores={intent: float(intent is Intent.SOCIAL) for intent in INTENTS},
    commitment=0,
    reported=False,
    condition=Condition.NONE,
    alert=False,
    unclear=False,
    alert_score=0.0,
)


def alert_scores(logits: Logits) -> Row:
    """Probability that a person must see each message, ``[messages]``, of blended logits."""
    return np.asarray(_sigmoid(logits[:, _B]), np.float64)


def decide(row: Logits, settings: Settings, *, stage: str) -> Decision:
    """The labels of one message from its blended logits ``[OUTPUTS]``."""
    chances = _sigmoid(row[:_A])
    steps = _softmax(row[_A:_B])
    alert_score = float(_sigmoid(row[_B]))
    reported = float(_sigmoid(row[_B + 1]))
    conditions = _softmax(row[_B + 2 :])
    for number, intent in enumerate(INTENTS):
        if (intent in _AFTER) != (stage == "onboarded") and (
            intent in _AFTER or intent is Intent.DECLINE
        ):
            chances[number] = 0.0
    limits = np.array([settings.thresholds.get(str(intent), 0.5) for intent in INTENTS])
    alert = alert_score >= settings.alert_from
    chosen = _chosen(chances, limits)
    commitment = STEPS[int(np.searchsorted(np.cumsum(steps), 0.5))]
    condition = CONDITIONS[int(conditions.argmax())]
    is_reported = reported >= settings.reported_from and not alert
    labels = (chosen, commitment, condition)
    if needs_alert(chosen, commitment, reported=is_reported, condition=condition) != alert:
        labels = (
            _raised(labels, chances, steps) if alert else _lowered(labels, chances, steps, limits)
        )
    chosen, commitment, condition = labels
    order = sorted(chosen, key=lambda intent: -chances[INTENTS.index(intent)])
    return Decision(
        intents=tuple(order),
        scores={intent: float(chance) for intent, chance in zip(INTENTS, chances, strict=True)},
        commitment=commitment,
        reported=is_reported,
        condition=condition,
        alert=alert,
        unclear=not alert and alert_score >= settings.unclear_from,
        alert_score=alert_score,
    )


Labels = tuple[frozenset[Intent], int, Condition]


def _chosen(chances: Row, limits: Row) -> frozenset[Intent]:
    ratio = chances / limits
    found = {INTENTS[number] for number in np.flatnonzero(ratio >= 1)} or {
        INTENTS[int(ratio.argmax())]
    }
    if len(found) > 1:
        found.discard(Intent.SOCIAL)
    return frozenset(found)


def _raised(labels: Labels, chances: Row, steps: Row) -> Labels:
    """Labels that say why a person must see it: the likelier of a doubt and another way."""
    chosen, commitment, condition = labels
    negative = steps[: STEPS.index(0)]
    signals = np.where(_SIGNALS, chances, 0.0)
    if signals.max() > negative.sum() and commitment < 2:
        return _without_social(chosen | {INTENTS[int(signals.argmax())]}), commitment, condition
    return chosen, STEPS[int(negative.argmax())], condition


def _lowered(labels: Labels, chances: Row, steps: Row, limits: Row) -> Labels:
    """Labels of a message that nobody needs to be called for."""
    chosen, commitment, condition = labels
    if commitment < 0:
        start = STEPS.index(0)
        commitment = STEPS[start + int(steps[start:].argmax())]
    if condition is Condition.HARD:
        condition = Condition.NONE
    if commitment < 2:
        kept = chosen - SIGNAL_INTENTS
        if not kept:
            kept = _chosen(np.where(_SIGNALS, 0.0, chances), limits)
        chosen = kept
    return chosen, commitment, condition


def _without_social(chosen: frozenset[Intent]) -> frozenset[Intent]:
    return chosen - {Intent.SOCIAL} if len(chosen) > 1 else chosen


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(value, np.float64)))


def _softmax(value: Any) -> Row:
    shifted = np.exp(np.asarray(value, np.float64) - np.max(value))
    return np.asarray(shifted / shifted.sum(), np.float64)
