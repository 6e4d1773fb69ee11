"""When to raise what. Pure: a reading and a context in, alerts out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, model_validator

from bot.alerts.actions import Press
from bot.alerts.demoting import Demote
from bot.alerts.duties import FEEDBACK_LATE, GREETING, OFFER_LATE, Duties
from bot.alerts.playbooks import Without
from bot.alerts.portrait import PortraitWords
from bot.alerts.routing import Telling
from bot.turn import Context, Heard, RaiseAlert, Span
from bot.words import SHANGHAI
from nlp.scheme import Condition, Intent, Severity, severity_of
from storage.enums import Duty, Stage, Verdict

RANK = {Severity.NONE: 0, Severity.DIGEST: 1, Severity.TODAY: 2, Severity.NOW: 3}
HANDOVER, OVERDUE, DEADLINE, UNREAD = "handover", "overdue", "deadline", "unread"
CHANGE, CORRECT, ERASE = "change", "correct", "erase"
CHANGE = "change"
#: Topics that the program raises itself.
OWN = (
    HANDOVER,
    OVERDUE,
    DEADLINE,
    UNREAD,
    CHANGE,
    CORRECT,
    ERASE,
    OFFER_LATE,
    GREETING,
    FEEDBACK_LATE,
)


class CardWords(BaseModel):
    """Labels of an alert card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    candidate: str
    position: str
    stage: str
    due: str
    judged: str
    put_off: str
    answered: str
    said: str
    before: str
    advice: str
    budget: str
    gone: str
    open: str


class Policy(BaseModel):
    """``config/policy.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due_hours: dict[Severity, float]
    answer_hours: float
    ack_every_hours: float
    now_within_days: int
    topics: tuple[Intent, ...]
    extra_topics: tuple[str, ...]
    names: dict[str, str]
    questions: dict[str, str]
    verdicts: dict[Verdict, str]
    later: str
    snooze: dict[Severity, float]
    without: Without
    severities: dict[Severity, str]
    card: CardWords
    portrait: PortraitWords
    duties: Duties
    duty_quotes: dict[Duty, str]
    telling: Telling
    demote: Demote
    copy_feedback: bool
    stages: dict[Stage, str]

    @model_validator(mode="after")
    def _complete(self) -> Policy:
        missing = set(Intent) - set(self.topics)
        if missing:
            raise ValueError(f"topics lacks {sorted(missing)}")
        topics = {*map(str, self.topics), *self.extra_topics}
        if missing_topics := set(OWN) - topics:
            raise ValueError(f"extra_topics lacks {sorted(missing_topics)}")
        for field in ("names", "questions"):
            keys = set(getattr(self, field))
            if keys != topics:
                raise ValueError(f"{field}: missing or unknown {sorted(keys ^ topics)}")
        if strange := self.telling.topics_at_once - topics:
            raise ValueError(f"telling.topics_at_once: unknown {sorted(strange)}")
        if set(self.verdicts) != set(Verdict) or set(self.severities) != set(Severity):
            raise ValueError("verdicts or severities: one is missing")
        if set(self.duty_quotes) != set(Duty):
            raise ValueError(f"duty_quotes needs {sorted(map(str, Duty))}")
        if set(self.stages) != set(Stage):
            raise ValueError(f"stages lacks {sorted(set(Stage) - set(self.stages))}")
        for named in ("due_hours", "snooze"):
            if set(getattr(self, named)) != {Severity.NOW, Severity.TODAY, Severity.DIGEST}:
                raise ValueError(f"{named} needs now, today and digest")
        if not all(0 < hours <= 24 * 14 for hours in self.snooze.values()):
            raise ValueError("snooze: hours between 0 and two weeks")
        return self

    def at_any_hour(self) -> Policy:
        """The same without quiet hours."""
        telling = self.telling.model_copy(update={"quiet": None})
        return self.model_copy(update={"telling": telling})

    @property
    def presses(self) -> dict[Press, str]:
        """The labels of a card's buttons."""
        said = {Press(verdict.value): label for verdict, label in self.verdicts.items()}
        return {**said, Press.LATER: self.later}


def topic_of(policy: Policy, intents: tuple[Intent, ...]) -> str:
    """What an alert with these intents is about: the first of the policy's list."""
    return str(next((topic for topic in policy.topics if topic in intents), Intent.CONSIDER))


def severity_for(policy: Policy, context: Context, heard: Heard, now: datetime) -> Severity:
    """The reading's severity; a leaning no just before the start date is for now, and so is 「否则
    不来」 after the yes: it is a no until somebody answers."""
    start = context.candidate.start_on if context.candidate else None
    reading = heard.reading
    broken = heard.stage == "accepted" and reading.condition is Condition.HARD
    if broken and reading.commitment <= -2 and reading.alert:
        return Severity.NOW
    return _lifted(policy, reading.severity, reading.commitment, start, now)


def _lifted(
    policy: Policy, severity: Severity, commitment: int, start: date | None, now: datetime
) -> Severity:
    today = now.astimezone(SHANGHAI).date()
    near = start is not None and (
        timedelta(0) <= start - today <= timedelta(days=policy.now_within_days)
    )
    if near and commitment <= -2 and severity is not Severity.NONE:
        return Severity.NOW
    return severity


def raised(policy: Policy, context: Context, heard: Heard, now: datetime) -> tuple[RaiseAlert, ...]:
    """The alert a reading calls for, if any. Only what a known candidate says is an alert."""
    if context.candidate is None or not heard.reading.alert:
        return ()
    severity = severity_for(policy, context, heard, now)
    topic = topic_of(policy, heard.reading.intents)
    return (
        RaiseAlert(
            topic=topic,
            severity=severity,
            quote=quote(context.text, heard),
            question=topic,
            spans=heard.spans,
            due_at=now + timedelta(hours=policy.due_hours[severity]),
        ),
    )


def followed(
    policy: Policy,
    *,
    text: str,
    first: int,
    spans: tuple[Span, ...],
    intents: tuple[Intent, ...],
    commitment: int,
    stage: str,
    start_on: date | None,
    now: datetime,
) -> RaiseAlert:
    """The alert a person asks for where the reader was not sure: as if it had been, and somebody
    hesitated at least. ``first`` is where the evidence begins in ``text``, ``stage`` the one the
    message was read in."""
    doubt = min(commitment, -1)
    severity = severity_of(intents, doubt, alert=True, stage=stage)
    severity = _lifted(policy, severity, doubt, start_on, now)
    topic = topic_of(policy, intents)
    return RaiseAlert(
        topic=topic,
        severity=severity,
        quote=excerpt(text, first),
        question=topic,
        spans=spans,
        due_at=now + timedelta(hours=policy.due_hours[severity]),
    )


def once(alerts: Sequence[RaiseAlert]) -> tuple[RaiseAlert, ...]:
    """One alert a topic, the gravest; what was raised first among equals."""
    best: dict[str, RaiseAlert] = {}
    for one in alerts:
        known = best.get(one.topic)
        if known is None or RANK[one.severity] > RANK[known.severity]:
            best[one.topic] = one
    return tuple(best.values())


def quote(text: str, heard: Heard) -> str:
    """The candidate's own words on the card: all of a short text, else around the evidence."""
    return excerpt(text, heard.reading.evidence[0].start if heard.reading.evidence else 0)


def excerpt(text: str, first: int, *, most: int = 200) -> str:
    """At most ``most`` characters of a text around the place ``first``."""
    if len(text) <= most:
        return text
    start = max(0, min(first - most // 4, len(text) - most))
    piece = text[start : start + most]
    return ("…" if start else "") + piece + ("…" if start + most < len(text) else "")


def own(policy: Policy, topic: str, words: str, severity: Severity, now: datetime) -> RaiseAlert:
    """An alert about ourselves: somebody waits for us."""
    return RaiseAlert(
        topic=topic,
        severity=severity,
        quote=words,
        question=topic,
        spans=(),
        due_at=now + timedelta(hours=policy.due_hours[severity]),
    )
