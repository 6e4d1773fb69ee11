"""What a button does, and which buttons there are."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.workdays import ZONE
from nlp.scheme import Severity
from storage.crypto import new_public_id
from storage.enums import AlertStatus, Verdict
from tests.builders import ALERT_ID, a_rulebook, an_alert

LABELS = a_rulebook().policy.presses


@pytest.mark.parametrize("press", list(Press))
def test_an_action_comes_back_as_what_was_sent(press: Press) -> None:
    sent = actions.action(ALERT_ID, press)
    assert actions.parse(sent) == (ALERT_ID, press)


@pytest.mark.parametrize("press", list(Press))
def test_an_action_fits_the_tightest_platform(press: Press) -> None:
    sent = actions.action(new_public_id("a"), press)
    assert len(sent.encode("ascii")) <= 64
    assert actions.parse(sent) is not None


@given(st.text())
def test_what_we_never_sent_means_nothing(text: str) -> None:
    assert actions.parse(text) is None
    assert actions.parse(f"{actions.action(ALERT_ID, Press.USEFUL)}{text or '.'}") is None


@pytest.mark.parametrize(
    ("was", "verdict", "becomes"),
    [
        (AlertStatus.OPEN, Verdict.USEFUL, AlertStatus.ACKNOWLEDGED),
        (AlertStatus.OPEN, Verdict.FALSE_ALARM, AlertStatus.RESOLVED),
        (AlertStatus.OPEN, Verdict.HANDLED, AlertStatus.RESOLVED),
        (AlertStatus.ACKNOWLEDGED, Verdict.HANDLED, AlertStatus.RESOLVED),
        (AlertStatus.ACKNOWLEDGED, Verdict.USEFUL, AlertStatus.ACKNOWLEDGED),
        (AlertStatus.RESOLVED, Verdict.USEFUL, AlertStatus.RESOLVED),
        (AlertStatus.RESOLVED, Verdict.FALSE_ALARM, AlertStatus.RESOLVED),
    ],
)
def test_a_verdict_leads_to_a_status_and_never_reopens(
    was: AlertStatus, verdict: Verdict, becomes: AlertStatus
) -> None:
    judged = actions.judged(
        an_alert(status=was), verdict, user_id="u_1", via="console", cause="click:1"
    )
    assert judged.status is becomes
    assert (judged.alert_id, judged.verdict) == (ALERT_ID, verdict)
    assert (judged.user_id, judged.via, judged.cause) == ("u_1", "console", "click:1")


@pytest.mark.parametrize(
    ("status", "verdict", "offered"),
    [
        (AlertStatus.OPEN, None, ["有用", "误报", "已处理", "稍后"]),
        (AlertStatus.ACKNOWLEDGED, Verdict.USEFUL, ["误报", "已处理", "稍后"]),
        (AlertStatus.RESOLVED, Verdict.HANDLED, []),
        (AlertStatus.RESOLVED, None, []),
    ],
)
def test_only_buttons_that_change_something_are_offered(
    status: AlertStatus, verdict: Verdict | None, offered: list[str]
) -> None:
    buttons = actions.buttons(ALERT_ID, status, verdict, LABELS)
    assert [button.label for button in buttons] == offered
    for button in buttons:
        parsed = actions.parse(button.action)
        assert parsed is not None
        assert LABELS[parsed[1]] == button.label


def test_what_is_put_off_is_not_put_off_again() -> None:
    buttons = actions.buttons(ALERT_ID, AlertStatus.OPEN, None, LABELS, put_off=True)
    assert [button.label for button in buttons] == ["有用", "误报", "已处理"]


@pytest.mark.parametrize("press", list(Press))
def test_every_button_but_later_is_a_verdict(press: Press) -> None:
    assert (press.verdict is None) == (press is Press.LATER)
    assert press.verdict is None or press.verdict.value == press.value


@pytest.mark.parametrize(
    ("severity", "at", "until"),
    [
        (Severity.NOW, "2026-11-06T10:00", "2026-11-06T11:00"),
        (Severity.NOW, "2026-11-06T21:00", "2026-11-07T09:30"),  # Saturday: it waits for no Monday
        (Severity.NOW, "2026-11-08T03:00", "2026-11-08T09:30"),
        (Severity.TODAY, "2026-11-05T10:00", "2026-11-05T14:00"),
        (Severity.TODAY, "2026-11-05T16:00", "2026-11-06T09:30"),
        (Severity.TODAY, "2026-11-06T16:00", "2026-11-09T09:30"),  # Friday: Monday
        (Severity.DIGEST, "2026-11-06T10:00", "2026-11-09T09:30"),
    ],
)
def test_later_is_a_moment_of_work(severity: Severity, at: str, until: str) -> None:
    book = a_rulebook()
    now = datetime.fromisoformat(at).replace(tzinfo=ZONE)
    wakes = actions.later(book.policy.snooze, an_alert(severity=severity), book.calendar, now=now)
    assert wakes == datetime.fromisoformat(until).replace(tzinfo=ZONE)
