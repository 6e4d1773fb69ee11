"""When to raise what."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts import policy
from bot.alerts.policy import Policy
from bot.conversation.flows import handover
from config import files
from nlp.scheme import Condition, Intent, Severity
from tests.builders import NOW, a_candidate, a_context, a_rulebook, evidence, heard

POLICY = a_rulebook().policy
START = date(2026, 11, 20)


def at(shanghai_day: int, hour: int) -> datetime:
    """A moment of November 2026, by the clock in Shanghai."""
    return datetime(2026, 11, shanghai_day, hour, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("intents", "topic"),
    [
        ((Intent.CONSIDER, Intent.SALARY), "salary"),
        ((Intent.SALARY, Intent.COMPETING_OFFER), "competing_offer"),
        ((Intent.CONSIDER, Intent.COUNTER_OFFER, Intent.DECLINE), "decline"),
        ((Intent.WORKLOAD, Intent.LEAVE_SIGNAL), "leave_signal"),
        ((Intent.CONSIDER,), "consider"),
        ((), "consider"),
    ],
)
def test_the_topic_is_the_first_of_the_policys_list(
    intents: tuple[Intent, ...], topic: str
) -> None:
    assert policy.topic_of(POLICY, intents) == topic


@pytest.mark.parametrize("intent", list(Intent))
def test_every_intent_can_be_a_topic_with_a_name_and_an_open_question(intent: Intent) -> None:
    topic = policy.topic_of(POLICY, (intent,))
    assert topic == intent
    assert POLICY.names[topic]
    assert POLICY.questions[topic].endswith(("？", "。"))


def test_an_alert_carries_words_topic_and_a_term() -> None:
    context = a_context("薪资这块我还想再考虑一下")
    reading = heard(context, Intent.CONSIDER, Intent.SALARY, commitment=-1)
    [alert] = policy.raised(POLICY, context, reading, NOW)
    assert (alert.topic, alert.question) == ("salary", "salary")
    assert alert.severity is Severity.DIGEST
    assert alert.quote == context.text
    assert alert.spans == reading.spans
    assert alert.due_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("severity", "hours"), [(Severity.NOW, 0.5), (Severity.TODAY, 4), (Severity.DIGEST, 24)]
)
def test_the_term_follows_from_the_severity(severity: Severity, hours: float) -> None:
    context = a_context("不好说")
    [alert] = policy.raised(
        POLICY, context, heard(context, Intent.CONSIDER, commitment=-1, severity=severity), NOW
    )
    assert alert.due_at - NOW == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("intent", "reading"),
    [
        (Intent.SALARY, {}),
        (Intent.SOCIAL, {}),
        (Intent.DECLINE, {"commitment": -3, "reported": True}),
        (Intent.COMPETING_OFFER, {"commitment": 3}),
    ],
)
def test_what_the_scheme_calls_harmless_raises_nothing(
    intent: Intent, reading: dict[str, Any]
) -> None:
    context = a_context("嗯")
    assert policy.raised(POLICY, context, heard(context, intent, **reading), NOW) == ()


def test_only_what_a_known_candidate_says_is_an_alert() -> None:
    context = a_context("我不来了", candidate=None)
    assert policy.raised(POLICY, context, heard(context, Intent.DECLINE, commitment=-3), NOW) == ()


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        (at(12, 23), Severity.TODAY),
        (at(13, 0), Severity.NOW),  # 16:00 UTC of the 12th: the day here counts
        (at(13, 12), Severity.NOW),
        (at(20, 9), Severity.NOW),
        (at(21, 0), Severity.TODAY),
    ],
)
def test_a_leaning_no_near_the_start_date_is_for_now(now: datetime, severity: Severity) -> None:
    context = a_context("到不了两万就不来", candidate=a_candidate(start_on=START))
    reading = heard(context, Intent.SALARY, commitment=-2, condition=Condition.HARD)
    assert policy.severity_for(POLICY, context, reading, now) is severity


@pytest.mark.parametrize(
    ("start", "commitment", "severity"),
    [
        (None, -2, Severity.TODAY),
        (START, -1, Severity.DIGEST),
        (START, -3, Severity.NOW),
        (START, 0, Severity.NONE),
    ],
)
def test_nothing_else_is_lifted(start: date | None, commitment: int, severity: Severity) -> None:
    context = a_context("薪资", candidate=a_candidate(start_on=start))
    reading = heard(context, Intent.SALARY, commitment=commitment)
    assert policy.severity_for(POLICY, context, reading, at(15, 9)) is severity


def test_a_reported_no_is_not_lifted() -> None:
    context = a_context("他说不来了", candidate=a_candidate(start_on=START))
    reading = heard(context, Intent.DECLINE, commitment=-2, reported=True)
    assert policy.severity_for(POLICY, context, reading, at(15, 9)) is Severity.NONE


def test_a_short_text_is_quoted_whole() -> None:
    text = "长" * 200
    assert policy.quote(text, heard(a_context(text))) == text


@pytest.mark.parametrize("before", [0, 10, 150, 500, 3000])
def test_a_long_text_is_quoted_around_its_evidence_and_bounded(before: int) -> None:
    text = "前" * before + "我不来了" + "后" * 3000
    context = a_context(text)
    reading = heard(context, Intent.DECLINE, evidence=(evidence(text, "我不来了", Intent.DECLINE),))
    quoted = policy.quote(text, reading)
    assert "我不来了" in quoted
    assert len(quoted.strip("…")) == 200
    assert quoted.startswith("…") is (before > 50)
    assert quoted.endswith("…")


def test_the_end_of_a_long_text_is_quoted_up_to_its_end() -> None:
    text = "前" * 3000 + "我不来了"
    context = a_context(text)
    reading = heard(context, Intent.DECLINE, evidence=(evidence(text, "我不来了", Intent.DECLINE),))
    quoted = policy.quote(text, reading)
    assert quoted.endswith("我不来了")
    assert len(quoted) == 201


def test_a_long_text_without_evidence_is_quoted_from_its_start() -> None:
    text = "字" * 300
    quoted = policy.quote(text, heard(a_context(text), evidence=()))
    assert quoted == "字" * 200 + "…"


def test_an_alert_about_ourselves_has_no_evidence() -> None:
    alert = policy.own(POLICY, policy.OVERDUE, "在吗", Severity.NOW, NOW)
    assert (alert.topic, alert.question, alert.spans) == ("overdue", "overdue", ())
    assert alert.due_at == NOW + timedelta(minutes=30)


def test_the_topics_we_raise_ourselves_are_the_policys_extra_ones() -> None:
    ours = {v for name, v in vars(policy).items() if name.isupper() and isinstance(v, str)}
    assert set(POLICY.extra_topics) == ours
    assert handover.FLOW == policy.HANDOVER


@pytest.mark.parametrize(
    ("key", "change", "complaint"),
    [
        ("topics", lambda v: v[1:], "decline"),
        ("names", lambda v: {k: n for k, n in v.items() if k != "salary"}, "salary"),
        ("names", lambda v: v | {"salery": "薪资"}, "salery"),
        ("questions", lambda v: {k: q for k, q in v.items() if k != "overdue"}, "overdue"),
        ("verdicts", lambda v: {"useful": "有用"}, "verdicts"),
        ("severities", lambda v: {"now": "立即"}, "severities"),
        ("stages", lambda v: {k: s for k, s in v.items() if k != "left"}, "left"),
        ("due_hours", lambda v: {"now": 1}, "due_hours"),
        ("due_hours", lambda v: v | {"none": 1}, "due_hours"),
        ("due_hour", lambda v: 1, "due_hour"),
    ],
)
def test_an_incomplete_policy_is_refused_by_name(key: str, change: Any, complaint: str) -> None:
    raw = files.read("policy.yaml")
    with pytest.raises(ValidationError, match=complaint):
        Policy.model_validate(raw | {key: change(raw.get(key))})


def test_an_unclear_reading_alone_raises_nothing() -> None:
    context = a_context("薪资先这样吧")
    for commitment in (-3, -1, 0):
        unsure = heard(context, Intent.DECLINE, commitment=commitment, alert=False, unclear=True)
        assert policy.raised(POLICY, context, unsure, NOW) == ()


@pytest.mark.parametrize(
    ("commitment", "stage", "start_on", "severity"),
    [
        (1, "offer", None, Severity.DIGEST),
        (-1, "offer", START, Severity.DIGEST),
        (-2, "offer", None, Severity.TODAY),
        (-2, "accepted", START, Severity.NOW),
        (-3, "offer", None, Severity.NOW),
    ],
)
def test_what_a_person_follows_up_is_an_alert_as_if_it_had_been_read_so(
    commitment: int, stage: str, start_on: date | None, severity: Severity
) -> None:
    text = "长" * 300 + "薪资先这样吧"
    now = at(18, 9)
    alert = policy.followed(
        POLICY,
        text=text,
        first=300,
        spans=(),
        intents=(Intent.CONSIDER, Intent.SALARY),
        commitment=commitment,
        stage=stage,
        start_on=start_on,
        now=now,
    )
    assert (alert.topic, alert.severity) == ("salary", severity)
    assert alert.quote.endswith("薪资先这样吧")
    assert alert.due_at == now + timedelta(hours=POLICY.due_hours[severity])
