"""When a colleague is told of an alert: tables of cases in Shanghai time, by the shipped rules."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts.routing import Case, Quiet, Telling, Why, folded, rises_at, turn
from bot.workdays import ZONE, Calendar
from nlp.scheme import Severity
from tests.builders import a_rulebook

BOOK = a_rulebook()
RULES, CALENDAR = BOOK.policy.telling, Calendar()
NOW, TODAY, DIGEST = Severity.NOW, Severity.TODAY, Severity.DIGEST


def at(text: str) -> datetime:
    """A moment of 2026 in Shanghai: ``11-24 09:30``."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


def told(severity: Severity, moment: str, **case: Any) -> tuple[str, Why]:
    found = turn(RULES, CALENDAR, Case(severity=severity, **case), at(moment).astimezone(UTC))
    return f"{found.at.astimezone(ZONE):%m-%d %H:%M}", found.why


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("11-24 08:29", "11-24 08:30"),  # a Tuesday
        ("11-24 08:30", "11-24 08:30"),
        ("11-24 20:59", "11-24 20:59"),
        ("11-24 21:00", "11-25 08:30"),
        ("11-24 23:59", "11-25 08:30"),
        ("11-25 00:00", "11-25 08:30"),
        ("11-27 21:30", "11-30 08:30"),  # Friday night to Monday
        ("11-28 10:00", "11-30 08:30"),  # Saturday
        ("11-29 03:00", "11-30 08:30"),
        ("10-10 10:00", "10-10 10:00"),  # a Saturday that makes up for National Day
        ("09-30 22:00", "10-08 08:30"),  # over the whole of National Day
        ("10-01 12:00", "10-08 08:30"),
        # No clock is put forward in China: 02:30 exists on the day it would not elsewhere.
        ("03-30 02:30", "03-30 08:30"),
    ],
)
def test_quiet_hours_end_on_the_next_morning_that_is_worked(moment: str, until: str) -> None:
    waits = Why.QUIET if moment != until else Why.NONE
    assert told(TODAY, moment) == (until, waits)


@pytest.mark.parametrize("moment", ["11-24 03:00", "11-28 23:00", "10-03 12:00"])
def test_what_cannot_wait_breaks_quiet_hours(moment: str) -> None:
    assert told(NOW, moment) == (moment, Why.NONE)


def test_quiet_hours_may_leave_days_of_rest_out() -> None:
    quiet = Quiet.model_validate({"from": "22:00", "until": "07:00", "rest_days": False})
    rules = RULES.model_copy(update={"quiet": quiet})
    case = Case(severity=TODAY)
    assert turn(rules, CALENDAR, case, at("11-28 10:00")).why is Why.NONE
    found = turn(rules, CALENDAR, case, at("11-28 23:00"))
    assert found.at.astimezone(ZONE) == at("11-29 07:00")


@pytest.mark.parametrize(
    ("severity", "case", "why"),
    [
        (DIGEST, {}, Why.MINOR),
        (DIGEST, {"core": True}, Why.NONE),
        (DIGEST, {"core": True, "demoted": True}, Why.DEMOTED),
        (TODAY, {"demoted": True}, Why.DEMOTED),
        (NOW, {"demoted": True}, Why.NONE),  # a bad record never silences what cannot wait
        (TODAY, {"reachable": False}, Why.NO_CHAT),
        (NOW, {"reachable": False}, Why.NO_CHAT),
        (TODAY, {"cards": 9}, Why.NONE),
        (TODAY, {"cards": 10}, Why.LIMIT),
        (NOW, {"cards": 10}, Why.LIMIT),
    ],
)
def test_why_somebody_is_not_told_at_once(
    severity: Severity, case: dict[str, Any], why: Why
) -> None:
    assert told(severity, "11-24 10:00", **case)[1] is why


@pytest.mark.parametrize(
    ("severity", "hours_ago", "expected"),
    [
        (TODAY, 11, ("11-24 11:00", Why.COOLDOWN)),
        (TODAY, 12, ("11-24 10:00", Why.NONE)),
        (TODAY, 1, ("11-25 08:30", Why.COOLDOWN)),  # cooled at 21:00: that is night
        (NOW, 0.1, ("11-24 10:00", Why.NONE)),  # a no that comes again is told again
    ],
)
def test_the_same_again_waits_until_it_has_cooled(
    severity: Severity, hours_ago: float, expected: tuple[str, Why]
) -> None:
    settled = at("11-24 10:00") - timedelta(hours=hours_ago)
    assert told(severity, "11-24 10:00", settled_at=settled) == expected


@pytest.mark.parametrize(
    ("minutes_ago", "pressing", "expected"),
    [
        (3, False, ("11-24 10:07", Why.JOINED)),
        (10, False, ("11-24 10:00", Why.NONE)),
        (3, True, ("11-24 10:00", Why.NONE)),
    ],
)
def test_more_evidence_is_told_once_in_a_while_unless_it_presses(
    minutes_ago: float, pressing: bool, expected: tuple[str, Why]
) -> None:
    shown = at("11-24 10:00") - timedelta(minutes=minutes_ago)
    assert told(TODAY, "11-24 10:00", shown_at=shown, pressing=pressing) == expected


def test_what_was_put_off_waits_for_its_moment_whatever_it_is() -> None:
    until = at("11-24 15:00")
    assert told(NOW, "11-24 10:00", snoozed_until=until) == ("11-24 15:00", Why.SNOOZED)
    assert told(NOW, "11-24 15:00", snoozed_until=until) == ("11-24 15:00", Why.NONE)


@pytest.mark.parametrize(
    ("folded_minutes_ago", "expected"),
    [(None, "10:01"), (1, "10:09"), (9.5, "10:01"), (60, "10:01")],
)
def test_what_exceeds_the_limit_is_told_together_once_a_window(
    folded_minutes_ago: float | None, expected: str
) -> None:
    before = None
    if folded_minutes_ago is not None:
        before = at("11-24 10:00") - timedelta(minutes=folded_minutes_ago)
    found, why = told(TODAY, "11-24 10:00", cards=10, folded_at=before)
    assert (found, why) == (f"11-24 {expected}", Why.LIMIT)


@pytest.mark.parametrize(
    ("severity", "due", "level", "risen", "expected"),
    [
        (TODAY, "11-24 14:00", 0, None, "11-24 14:00"),
        (TODAY, "11-24 22:00", 0, None, "11-25 08:30"),  # nobody is disturbed by it at night
        (TODAY, "11-27 22:00", 0, None, "11-30 08:30"),
        (NOW, "11-24 03:00", 0, None, "11-24 03:00"),
        (TODAY, "11-24 14:00", 1, "11-24 14:00", "11-24 16:00"),
        (TODAY, "11-24 19:30", 1, "11-24 19:30", "11-25 08:30"),
        (NOW, "11-24 03:00", 1, "11-24 03:00", "11-24 05:00"),
        (NOW, "11-24 03:00", 2, "11-24 05:00", None),
        (DIGEST, "11-24 14:00", 0, None, None),
    ],
)
def test_when_what_nobody_touched_goes_up(
    severity: Severity, due: str, level: int, risen: str | None, expected: str | None
) -> None:
    found = rises_at(
        RULES,
        CALENDAR,
        severity=severity,
        due_at=at(due),
        level=level,
        risen_at=at(risen) if risen else None,
    )
    shown = f"{found.astimezone(ZONE):%m-%d %H:%M}" if found is not None else None
    assert shown == expected


def test_one_message_for_many_names_the_gravest_first() -> None:
    text = folded(RULES, BOOK.policy.severities, {TODAY: 12, NOW: 5}, "https://hr.example/console")
    assert text == "另有 17 条预警等您看：立即 5 · 今天 12。https://hr.example/console"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("at_once", ["today"]),  # now cannot be left to the digest
        ("at_once", ["now", "none"]),
        ("quiet", {"from": "08:00", "until": "21:00"}),
        ("cooldown_hours", {"now": 0}),
        ("limit", {"cards": 0, "minutes": 10, "fold_after_minutes": 1}),
        ("words", {**RULES.words.model_dump(), "folded": "{quote}"}),
        ("escalate", {"after_minutes": {"never": 1}, "to_admins_after_hours": 2}),
        ("more", 1),
    ],
)
def test_rules_that_make_no_sense_are_refused(key: str, value: Any) -> None:
    raw = RULES.model_dump(by_alias=True) | {key: value}
    with pytest.raises(ValidationError):
        Telling.model_validate(raw)


def test_the_shipped_rules_can_be_written_out_and_read_again() -> None:
    assert Telling.model_validate(RULES.model_dump(by_alias=True)) == RULES
    assert RULES.quiet is not None
    assert RULES.quiet.until == time(8, 30)
