"""An alert as a neutral card."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts import cards
from bot.alerts.cards import AlertShown
from bot.words import moment
from nlp.scheme import Severity
from storage.enums import AlertStatus, Stage, Verdict
from tests.builders import ALERT_ID, NOW, a_rulebook

POLICY = a_rulebook().policy
LINK = "http://127.0.0.1:8000/console/candidates/c_1"


def shown(**changes: Any) -> AlertShown:
    """An open alert."""
    alert = AlertShown(
        id=ALERT_ID,
        candidate_name="陈一鸣",
        position_title="后端工程师",
        stage=Stage.OFFER,
        topic="salary",
        severity=Severity.TODAY,
        status=AlertStatus.OPEN,
        verdict=None,
        verdict_by="",
        verdict_at=None,
        quote="薪资这块我还想再考虑一下",
        question="salary",
        due_at=NOW + timedelta(hours=4),
    )
    return replace(alert, **changes)


def test_a_card_has_all_a_colleague_needs_to_act() -> None:
    card = cards.drawn(POLICY, shown(), link=LINK)
    assert card.title == "今天 · 薪资"
    assert card.quote == "薪资这块我还想再考虑一下"
    assert card.question == POLICY.questions["salary"]
    assert card.lines == (
        ("候选人", "陈一鸣"),
        ("职位", "后端工程师"),
        ("阶段", "已发 offer"),
        ("请在此前处理", moment(NOW + timedelta(hours=4))),
    )
    assert [button.label for button in card.buttons] == ["有用", "误报", "已处理", "稍后"]
    assert (card.note, card.link, card.quiet) == ("", LINK, False)


def test_a_candidate_without_a_position_has_no_empty_line() -> None:
    card = cards.drawn(POLICY, shown(position_title=""), link=LINK)
    assert "职位" not in dict(card.lines)
    assert len(card.lines) == 3


def test_a_judged_card_says_who_what_and_when() -> None:
    judged = shown(
        verdict=Verdict.FALSE_ALARM,
        verdict_by="李娜",
        verdict_at=NOW,
        status=AlertStatus.RESOLVED,
    )
    card = cards.drawn(POLICY, judged, link=LINK)
    assert card.note == "李娜 已标记误报 · 11月2日 周一 09:00"
    assert card.buttons == ()


def test_an_acknowledged_card_can_still_be_finished() -> None:
    judged = shown(
        verdict=Verdict.USEFUL,
        verdict_by="李娜",
        verdict_at=NOW,
        status=AlertStatus.ACKNOWLEDGED,
    )
    card = cards.drawn(POLICY, judged, link=LINK)
    assert card.note
    assert [button.label for button in card.buttons] == ["误报", "已处理", "稍后"]


def test_a_card_that_is_put_off_says_by_whom_and_until_when() -> None:
    judged = shown(
        verdict=Verdict.USEFUL,
        verdict_by="李娜",
        verdict_at=NOW,
        status=AlertStatus.ACKNOWLEDGED,
        put_off_by="王敏",
        put_off_until=NOW + timedelta(hours=4),
    )
    card = cards.drawn(POLICY, judged, link=LINK)
    until = moment(NOW + timedelta(hours=4))
    assert card.note == f"李娜 已标记有用 · 11月2日 周一 09:00；王敏 已推迟到 {until}"
    assert [button.label for button in card.buttons] == ["误报", "已处理"]


def test_a_card_that_was_answered_says_by_whom_and_can_still_be_judged() -> None:
    answered = shown(answered_by="李娜", answered_at=NOW, status=AlertStatus.ACKNOWLEDGED, draft="")
    card = cards.drawn(POLICY, answered, link=LINK)
    assert card.note == "李娜 已回复候选人 · 11月2日 周一 09:00"
    assert [button.label for button in card.buttons] == ["有用", "误报", "已处理", "稍后"]


@pytest.mark.parametrize(
    ("severity", "quiet"),
    [(Severity.NOW, False), (Severity.TODAY, False), (Severity.DIGEST, True)],
)
def test_only_what_can_wait_is_delivered_without_a_sound(severity: Severity, quiet: bool) -> None:
    assert cards.drawn(POLICY, shown(severity=severity), link=LINK).quiet is quiet


@pytest.mark.parametrize("topic", [*map(str, POLICY.topics), *POLICY.extra_topics])
@pytest.mark.parametrize("severity", list(Severity))
def test_a_card_can_be_drawn_of_every_topic(topic: str, severity: Severity) -> None:
    card = cards.drawn(POLICY, shown(topic=topic, question=topic, severity=severity), link=LINK)
    assert POLICY.names[topic] in card.title
    assert card.question


@pytest.mark.parametrize("stage", list(Stage))
def test_a_card_can_be_drawn_in_every_stage(stage: Stage) -> None:
    assert dict(cards.drawn(POLICY, shown(stage=stage), link=LINK).lines)["阶段"]
