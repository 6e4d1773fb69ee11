"""The labelling scheme: what a message can be about, and when it needs a person.

The scheme is the project's own; its rules are written out in ``nlp/README.md``.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Intent(StrEnum):
    """What a message is about. A message carries at least one."""

    ACCEPT = "accept"
    CONSIDER = "consider"
    SALARY = "salary"
    TERMS = "terms"
    COMPETING_OFFER = "competing_offer"
    COUNTER_OFFER = "counter_offer"
    ONBOARD_DATE = "onboard_date"
    FAMILY_LOCATION = "family_location"
    COMPANY_DOUBT = "company_doubt"
    DECLINE = "decline"
    LOGISTICS = "logistics"
    SOCIAL = "social"
    TEAM_FIT = "team_fit"
    WORKLOAD = "workload"
    POSITIVE = "positive"
    LEAVE_SIGNAL = "leave_signal"


class Condition(StrEnum):
    """How a yes or a no is bound: not at all, "yes, provided", "no, unless"."""

    NONE = "none"
    SOFT = "soft"
    HARD = "hard"


class Severity(StrEnum):
    """How soon a person has to see it, weakest first."""

    NONE = "none"
    DIGEST = "digest"
    TODAY = "today"
    NOW = "now"


#: The stages a message can be read in; "confirmed" employees are read as "onboarded".
STAGES = ("interview", "offer", "accepted", "onboarded")

#: Intents that are a signal by themselves, unless the message resolves them in our favour.
SIGNAL_INTENTS = frozenset(
    {Intent.COMPETING_OFFER, Intent.COUNTER_OFFER, Intent.DECLINE, Intent.LEAVE_SIGNAL}
)

#: Commitment runs from -3 (a plain no) to +3 (a completed costly act).
COMMITMENT_MIN, COMMITMENT_MAX = -3, 3


def needs_alert(
    intents: Collection[Intent], commitment: int, *, reported: bool, condition: Condition
) -> bool:
    """Whether a person must see this message. The same rule for people and for the program.

    >>> needs_alert({Intent.SALARY}, 0, reported=False, condition=Condition.NONE)
    False
    >>> needs_alert({Intent.SALARY}, -2, reported=False, condition=Condition.HARD)
    True
    """
    if reported:
        return False
    unresolved = commitment < 2 and bool(SIGNAL_INTENTS.intersection(intents))
    return commitment <= -1 or unresolved or condition is Condition.HARD


def severity_of(
    intents: Collection[Intent], commitment: int, *, alert: bool, stage: str
) -> Severity:
    """How soon an alerting message needs a person.

    A start date within seven days also lifts a -2 to "now"; only the caller who knows the
    candidate can apply that (see ``bot.alerts.policy``).
    """
    if not alert:
        return Severity.NONE
    after_acceptance = stage in ("accepted", "onboarded")
    refuses = bool({Intent.DECLINE, Intent.LEAVE_SIGNAL}.intersection(intents))
    if commitment <= -3 or (commitment <= -2 and refuses and after_acceptance):
        return Severity.NOW
    if commitment <= -2 or {Intent.COMPETING_OFFER, Intent.COUNTER_OFFER}.intersection(intents):
        return Severity.TODAY
    return Severity.DIGEST
