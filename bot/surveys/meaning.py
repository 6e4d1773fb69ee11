"""What an answer becomes: dated facts of the record, and what a person has to look at. Pure.

Risk follows from the facts through the rules of ``config/risk``; nothing is scored here. A refusal
or a skipped question is a fact and never a reason. What somebody volunteers about a protected
attribute stays sealed in the answer: it is flagged, and becomes no statement and no reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.alerts import policy as alerting
from bot.alerts.policy import RANK, Policy
from bot.profile import pay
from bot.profile.definition import Kind as FactKind
from bot.profile.definition import ProfileDefinition, Type
from bot.profile.forbidden import tells_protected
from bot.profile.pay import USUAL_MONTHS, Pay
from bot.risk import engine
from bot.risk.definition import Rules
from bot.surveys.about import About, Meanings
from bot.surveys.shape import Given, Question
from bot.turn import AddFact, AddFactor, Heard, RaiseAlert
from nlp.scheme import SIGNAL_INTENTS, Severity

#: What is kept of an answer in own words, as a statement.
MOST_TEXT = 400
#: As long as ``fact.source`` can be.
_SOURCE = 60
REFUSED, UNANSWERED, PROTECTED = "survey_refused", "survey_unanswered", "protected_told"
_OTHER = "other"


class Book(Protocol):
    """What meaning goes by: the rulebook has all of it."""

    @property
    def meanings(self) -> Meanings: ...
    @property
    def profile(self) -> ProfileDefinition: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def risk(self) -> Rules: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What one answer leads to. ``protected``: it tells of a protected attribute."""

    facts: tuple[AddFact, ...] = ()
    factors: tuple[AddFactor, ...] = ()
    alerts: tuple[RaiseAlert, ...] = ()
    protected: bool = False


def meant(
    book: Book,
    survey: str,
    question: Question,
    given: Given,
    heard: Heard | None,
    *,
    now: datetime,
) -> Meant:
    """What an answer to a question of the survey ``survey`` (its id) leads to.

    ``heard`` is the reading of the answer's words, where it was read. The words on an alert are
    the question's and the answer's own.
    """
    if given.value is None and not given.text:
        return Meant()
    about = book.meanings.about.get(question.about, About())
    protected = tells_protected(given.text)
    alerts = _asked_for(book.policy, question, given, now)
    factors: tuple[AddFactor, ...] = ()
    if heard is not None:
        alerts += _heard(book.policy, about, question, given, heard, now)
        factors = () if protected else engine.matched(book.risk, heard)
    source = source_of(survey, question.id)
    facts: tuple[AddFact, ...] = ()
    if protected:
        facts = (AddFact(kind=PROTECTED, value=question.id, source=source),)
    elif (value := _value(book.profile, about, question, given)) is not None:
        facts = (AddFact(kind=about.fact, value=value, source=source),)
    return Meant(facts=facts, factors=factors, alerts=alerting.once(alerts), protected=protected)


def closed(survey: str, kind: str) -> AddFact:
    """That somebody refused a survey or left it unanswered: a fact of that kind, no reason."""
    return AddFact(kind=kind, value=survey, source=source_of(survey, ""))


def source_of(survey: str, question: str) -> str:
    """Where a statement comes from.

    >>> source_of("week1", "pay")
    'survey:week1:pay'
    """
    return f"survey:{survey}:{question}".rstrip(":")[:_SOURCE]


def quoted(question: Question, given: Given) -> str:
    """Question and answer as HR reads them on an alert, at most 200 characters."""
    answer = given.text.strip() or _labels(question, given.value)
    return alerting.excerpt(f"{question.ask.strip()} — {answer}", len(question.ask))


def _labels(question: Question, value: Any) -> str:
    labels = {one.value: one.label for one in question.options}
    if isinstance(value, list | tuple):
        return "、".join(labels.get(one, str(one)) for one in value)
    return labels.get(value, str(value)) if isinstance(value, str) else f"{value}"


def _asked_for(
    policy: Policy, question: Question, given: Given, now: datetime
) -> tuple[RaiseAlert, ...]:
    """What the question itself says a person has to see."""
    return tuple(
        _alert(policy, one.topic, Severity(one.severity), question, given, now)
        for one in question.alerts
        if one.test.holds({question.id: given})
    )


def _heard(
    policy: Policy,
    about: About,
    question: Question,
    given: Given,
    heard: Heard,
    now: datetime,
) -> tuple[RaiseAlert, ...]:
    """What the words say. A worry without a signal of its own is about what was asked."""
    reading = heard.reading
    if reading.reported or not (reading.alert or reading.unclear):
        return ()
    own = SIGNAL_INTENTS.intersection(reading.intents)
    topic = about.topic if about.topic and not own else ""
    severity = max(reading.severity, about.severity, key=RANK.__getitem__)
    if not reading.alert:  # not sure enough to call anybody at once
        severity = Severity.DIGEST
    topic = topic or alerting.topic_of(policy, reading.intents)
    return (_alert(policy, topic, severity, question, given, now),)


def _alert(
    policy: Policy,
    topic: str,
    severity: Severity,
    question: Question,
    given: Given,
    now: datetime,
) -> RaiseAlert:
    return RaiseAlert(
        topic=topic,
        severity=severity,
        quote=quoted(question, given),
        question=topic,
        spans=(),
        due_at=now + timedelta(hours=policy.due_hours[severity]),
    )


def _value(profile: ProfileDefinition, about: About, question: Question, given: Given) -> Any:
    """The answer as the record keeps it; None where it says nothing of that type."""
    kind = profile.kinds.get(about.fact)
    if kind is None:
        return None
    if kind.type is Type.TEXT:
        words = given.text.strip() or _labels(question, given.value)
        return words[:MOST_TEXT] or None
    if given.value is None:
        return None
    return _TAKERS[kind.type](kind, about, given.value)


def _choice(kind: FactKind, about: About, value: Any) -> str | None:
    found = _choices(kind, about, value)
    return found[0] if found else None


def _choices(kind: FactKind, about: About, value: Any) -> list[str] | None:
    named = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, str) for one in named):
        return None
    known = [about.values.get(one, one) for one in named]
    known = [one if one in kind.options else _OTHER for one in known]
    return list(dict.fromkeys(one for one in known if one in kind.options)) or None


def _number(_: FactKind, __: About, value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    whole = round(value)
    return whole if 0 <= whole <= 9_999 else None


def _date(_: FactKind, __: About, value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _pay(_: FactKind, __: About, value: Any) -> dict[str, object] | None:
    """Yuan a month; a year's sum is shared out, another currency and an odd sum are not guessed."""
    if not isinstance(value, Mapping) or value.get("currency", "CNY") != "CNY":
        return None
    months = value.get("months")
    share = {"month": 1.0, "year": float(months or USUAL_MONTHS)}.get(value.get("period", "month"))
    if share is None:
        return None
    low, high = round(value["low"] / share), value.get("high")
    high = None if high is None else round(high / share)
    if low < pay.LEAST or (high or low) > pay.MOST or (high is not None and high < low):
        return None
    return Pay(low=low, high=high, months=months).as_json()


_TAKERS: Mapping[Type, Callable[[FactKind, About, Any], Any]] = {
    Type.CHOICE: _choice,
    Type.CHOICES: _choices,
    Type.NUMBER: _number,
    Type.DATE: _date,
    Type.PAY: _pay,
}
