"""An alert's card with everything on it that there can be, each as long as it gets."""

from __future__ import annotations

from datetime import date, timedelta

from bot.alerts import cards
from bot.alerts.cards import AlertShown, Before
from bot.alerts.playbooks import GOING, Suggestion, suggestion, values_of
from bot.messages import Card
from nlp.scheme import Severity
from storage.enums import AlertStatus, Stage, Verdict
from tests.builders import ALERT_ID, NOW, a_rulebook

LINK = "https://hire.example.com/console/alerts/a_1"


def _longest() -> str:
    """The longest draft there is, as it is sent."""
    book = a_rulebook()
    values = values_of(
        name="欧阳建国",
        company=book.company,
        hr="上官李娜",
        position="高级后端工程师",
        start_on=date(2026, 12, 7),
    )
    found = [
        suggestion(book.playbooks, topic=topic, stage=stage, values=values)
        for topic in book.playbooks.topics
        for stage in GOING
    ]
    drafts = [one.draft for one in found if isinstance(one, Suggestion)]
    return max(drafts, key=len)


DRAFT = _longest()


def a_full_alert() -> AlertShown:
    """Acknowledged by one, put off by another, with pay, turns before and a draft."""
    return AlertShown(
        id=ALERT_ID,
        candidate_name="欧阳建国",
        position_title="高级后端工程师",
        stage=Stage.ACCEPTED,
        topic="counter_offer",
        severity=Severity.NOW,
        status=AlertStatus.ACKNOWLEDGED,
        verdict=Verdict.USEFUL,
        verdict_by="李娜",
        verdict_at=NOW,
        quote="领导找我谈了，说给我涨薪，还答应明年带团队。" * 8,
        question="counter_offer",
        due_at=NOW + timedelta(hours=1),
        said_at=NOW - timedelta(minutes=3),
        before=(
            Before(ours=True, text="交接还顺利吗？" * 20),
            Before(ours=False, text="还行\n就是"),
        ),
        start_on=date(2026, 12, 7),
        agreed=("22,000 元/月（税前） × 13 个月", "P6", "上海", "2026-12-07"),
        accepted=True,
        budget="18,000–25,000 元/月 × 14",
        draft=DRAFT,
    )


def a_full_card() -> Card:
    """The card of it."""
    return cards.drawn(a_rulebook().policy, a_full_alert(), link=LINK)
