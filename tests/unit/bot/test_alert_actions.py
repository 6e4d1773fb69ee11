"""What a button does, and which buttons there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts import actions
from storage.crypto import new_public_id
from storage.enums import AlertStatus, Verdict
from tests.builders import ALERT_ID, a_rulebook, an_alert

LABELS = a_rulebook().policy.verdicts


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_action_comes_back_as_what_was_sent(verdict: Verdict) -> None:
    sent = actions.action(ALERT_ID, verdict)
    assert actions.parse(sent) == (ALERT_ID, verdict)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_action_fits_the_tightest_platform(verdict: Verdict) -> None:
    sent = actions.action(new_public_id("a"), verdict)
    assert len(sent.encode("ascii")) <= 64
    assert actions.parse(sent) is not None


@given(st.text())
def test_what_we_never_sent_means_nothing(text: str) -> None:
    assert actions.parse(text) is None
    assert actions.parse(f"{actions.action(ALERT_ID, Verdict.USEFUL)}{text or '.'}") is None


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
        (AlertStatus.OPEN, None, ["有用", "误报", "已处理"]),
        (AlertStatus.ACKNOWLEDGED, Verdict.USEFUL, ["误报", "已处理"]),
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
