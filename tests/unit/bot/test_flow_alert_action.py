"""A colleague pressed a button of an alert card."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.conversation.flows import alert_action
from bot.words import fill, moment
from storage.enums import AlertStatus, Verdict
from tests.builders import ALERT_ID, NOW, a_candidate, a_context, a_press, a_rulebook, an_alert

WORDS = a_rulebook().replies
NOTES = {
    Verdict.USEFUL: WORDS.press_useful,
    Verdict.FALSE_ALARM: WORDS.press_false_alarm,
    Verdict.HANDLED: WORDS.press_handled,
}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_press_is_a_verdict_of_who_pressed(verdict: Verdict) -> None:
    context = a_press(actions.action(ALERT_ID, Press(verdict.value)))
    assert alert_action.wants(context, None)
    outcome = alert_action.step(context, None, a_rulebook(), now=NOW)
    [judged] = outcome.verdicts
    assert (judged.alert_id, judged.user_id, judged.verdict) == (ALERT_ID, "u_1", verdict)
    assert (judged.via, judged.cause) == ("telegram", "press:m_1")
    assert outcome.press_note == NOTES[verdict]
    assert outcome.replies == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "al:",
        f"al:{ALERT_ID}:deleted",
        f"al:{ALERT_ID}:USEFUL",
        f"al:{ALERT_ID}:useful\n",
        f" al:{ALERT_ID}:useful",
        f"al:{ALERT_ID}:useful:handled",
        f"al:{ALERT_ID[:-1]}:useful",
        f"al:{ALERT_ID}k:useful",
        "al:a_" + "0" * 26 + ":useful",
        "al:a_" + "ｋ" * 26 + ":useful",
        "al:a_../../etc/passwd:useful",
    ],
)
def test_a_forged_action_is_refused(text: str) -> None:
    outcome = alert_action.step(a_press(text), None, a_rulebook(), now=NOW)
    assert outcome.verdicts == ()
    assert outcome.press_note == WORDS.press_refused


@pytest.mark.parametrize(
    "changes",
    [
        {"staff": None},
        {"staff": None, "candidate": a_candidate()},
        {"pressed": None},
    ],
    ids=["a stranger", "a candidate", "an alert they may not see"],
)
def test_who_may_not_see_the_alert_gets_the_answer_of_a_forgery(
    changes: dict[str, object],
) -> None:
    context = a_press(actions.action(ALERT_ID, Press.USEFUL), **changes)
    outcome = alert_action.step(context, None, a_rulebook(), now=NOW)
    assert outcome.verdicts == ()
    assert outcome.press_note == WORDS.press_refused


def test_the_same_verdict_again_changes_nothing() -> None:
    pressed = an_alert(verdict=Verdict.USEFUL, status=AlertStatus.ACKNOWLEDGED)
    context = a_press(actions.action(ALERT_ID, Press.USEFUL), pressed=pressed)
    outcome = alert_action.step(context, None, a_rulebook(), now=NOW)
    assert outcome.verdicts == ()
    assert outcome.press_note == WORDS.press_known


def test_an_action_typed_as_words_is_not_a_press() -> None:
    assert not alert_action.wants(a_context(actions.action(ALERT_ID, Press.USEFUL)), None)


def test_later_puts_the_alert_off_in_the_name_of_who_pressed() -> None:
    context = a_press(actions.action(ALERT_ID, Press.LATER))
    outcome = alert_action.step(context, None, a_rulebook(), now=NOW)
    [one] = outcome.snoozes
    assert (one.alert_id, one.user_id, one.cause) == (ALERT_ID, "u_1", "press:m_1")
    assert one.until == NOW + timedelta(hours=4)
    assert outcome.verdicts == ()
    assert moment(one.until) in outcome.press_note


def test_what_is_put_off_stays_so_and_the_presser_is_told_until_when() -> None:
    until = NOW + timedelta(hours=2)
    context = a_press(actions.action(ALERT_ID, Press.LATER), pressed=an_alert(put_off=until))
    outcome = alert_action.step(context, None, a_rulebook(), now=NOW)
    assert outcome.snoozes == ()
    assert outcome.press_note == fill(WORDS.press_put_off, day=moment(until))


def test_what_is_closed_cannot_be_put_off() -> None:
    closed = an_alert(status=AlertStatus.RESOLVED, verdict=Verdict.HANDLED)
    context = a_press(actions.action(ALERT_ID, Press.LATER), pressed=closed)
    outcome = alert_action.step(context, None, a_rulebook(), now=NOW)
    assert outcome.snoozes == ()
    assert outcome.press_note == WORDS.press_closed
