"""Matching rules and adding up what has not faded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.risk.definition import RuleDefinition, Rules
from bot.risk.known import Known
from bot.risk.measures import MEASURES
from bot.turn import AddFactor, FactorSeen, Heard
from storage.enums import Level

THRESHOLDS = ((80, Level.CRITICAL), (60, Level.HIGH), (30, Level.MEDIUM))


def matched(rules: Rules, heard: Heard) -> tuple[AddFactor, ...]:
    """The rules a reading fulfils. What somebody else said moves nothing."""
    if heard.reading.reported:
        return ()
    return tuple(
        AddFactor(
            rule=name,
            adds=rule.adds,
            fades_after_days=rule.fades_after,
            spans=tuple(
                span
                for span in heard.spans
                if rule.when.signal is None or span.intent == str(rule.when.signal)
            ),
        )
        for name, rule in rules.items()
        if _holds(rule, heard)
    )


def _holds(rule: RuleDefinition, heard: Heard) -> bool:
    reading, when = heard.reading, rule.when
    if when.record:
        return False
    if when.condition is not None and reading.condition is not when.condition:
        return False
    if when.signal is not None and (
        when.signal not in reading.intents or reading.scores.get(when.signal, 1.0) < when.confidence
    ):
        return False
    low, high = when.commitment
    return low <= reading.commitment <= high


def left(factor: FactorSeen, now: datetime) -> float:
    """What a contribution is worth today: it falls in a straight line to nothing."""
    age_days = (now - factor.at).total_seconds() / 86_400
    return factor.adds * max(0.0, min(1.0, 1.0 - age_days / factor.fades_after_days))


def score(factors: Iterable[FactorSeen], now: datetime) -> int:
    """0 to 100. Each rule counts with its strongest contribution, so repeating oneself ten
    times does not make a person ten times as doubtful."""
    best: dict[str, float] = {}
    for factor in factors:
        worth = left(factor, now)
        if abs(worth) > abs(best.get(factor.rule, 0.0)):
            best[factor.rule] = worth
    return round(max(0.0, min(100.0, sum(best.values()))))


def score_of_record(held: Iterable[Held]) -> int:
    """0 to 100 of rules that hold now, before anything was said."""
    return round(max(0.0, min(100.0, sum(one.adds for one in held))))


def level(value: int) -> Level:
    """The score in a word.

    >>> level(60)
    <Level.HIGH: 'high'>
    """
    return next((name for least, name in THRESHOLDS if value >= least), Level.LOW)


def as_seen(added: Sequence[AddFactor], now: datetime) -> tuple[FactorSeen, ...]:
    """New contributions as they will stand after the record."""
    return tuple(
        FactorSeen(rule=a.rule, adds=a.adds, fades_after_days=a.fades_after_days, at=now)
        for a in added
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A rule over the record that holds, with the words of what it measured."""

    rule: str
    adds: float
    fades_after_days: float
    of: tuple[str, ...]  # statement ids
    words: tuple[str, ...]


def held(rules: Rules, known: Known) -> tuple[Held, ...]:
    """The rules over the record that hold now. A measure nobody can take holds nothing."""
    found = []
    for name, rule in rules.items():
        if not rule.when.record:
            continue
        measured = [(limit, MEASURES[limit.measure](known)) for limit in rule.when.record]
        taken = [one for limit, one in measured if one is not None and limit.holds(one.value)]
        if len(taken) < len(measured) or _taken_back(rule, known):
            continue
        found.append(
            Held(
                rule=name,
                adds=rule.adds,
                fades_after_days=rule.fades_after,
                of=tuple(dict.fromkeys(fact for one in taken for fact in one.of)),
                words=tuple(one.words for one in taken),
            )
        )
    return tuple(found)


def _taken_back(rule: RuleDefinition, known: Known) -> bool:
    taken = [(limit, MEASURES[limit.measure](known)) for limit in rule.when.unless]
    return any(one is not None and limit.holds(one.value) for limit, one in taken)
