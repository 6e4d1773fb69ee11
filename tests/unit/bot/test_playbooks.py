"""Drafts a recruiter may send: there is one for each case, and none that asks, presses or vows."""

from __future__ import annotations

import re
import string
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts import duties, playbooks, policy
from bot.alerts.playbooks import ENDED, GOING, LONGEST, PLACES
from config import files
from nlp.scheme import Intent
from storage.enums import Stage
from tests.builders import a_rulebook

BOOK = a_rulebook()
BOOKS = BOOK.playbooks
#: What we owe ourselves can come late only in some stages.
OWED = {
    duties.OFFER_LATE: (Stage.INTERVIEW, Stage.OFFER),
    duties.GREETING: (Stage.ACCEPTED,),
    duties.FEEDBACK_LATE: (Stage.INTERVIEW, Stage.OFFER),
}
RAISED = [
    *(
        (topic, stage)
        for topic in [*map(str, Intent), *(one for one in policy.OWN if one not in OWED)]
        for stage in Stage
    ),
    *((topic, stage) for topic, stages in OWED.items() for stage in stages),
]
WRITTEN = [
    pytest.param(entry.draft, id=f"{topic}-{stage}")
    for topic, book in BOOKS.topics.items()
    for stage, entry in book.stages.items()
]
#: What would press somebody, or promise what nobody at the desk can keep.
PRESSES = re.compile(
    r"否则|不然|必须(?!有的)|最后(机会|期限|通牒)|名额|过时不候|限时|再不|后果|违约|赔偿|诚信|黑名单|"
    r"取消您的|收回|别人都|其他候选人|尽快(答复|决定|回复)|马上(决定|答复)|逾期|只能等到"
)
VOWS = re.compile(
    r"保证|一定[会能给]|肯定[会能给]|绝对|包在我|没问题|加薪|涨薪|给您(加|涨|提)|翻倍"
)
NUMBERS = re.compile(
    r"[0-9０-９%％¥￥]|[一二三四五六七八九十百千两][万千百元]|[二三四五六七八九十]+(天|号|点|块|个月)"
)


def values(**changes: str) -> dict[str, str]:
    known = playbooks.values_of(
        name="陈一鸣",
        company="示例科技",
        hr="李娜",
        position="后端工程师",
        start_on=date(2026, 12, 7),
    )
    return known | changes


@pytest.mark.parametrize(("topic", "stage"), RAISED)
def test_whatever_can_raise_an_alert_has_a_draft(topic: str, stage: Stage) -> None:
    for known in (values(), {}):
        found = playbooks.suggestion(BOOKS, topic=topic, stage=stage, values=known)
        assert found is not None
        assert found.draft
        assert not set("{}") & set(found.draft)
        assert found.aims
        assert found.avoid
    assert found.draft.startswith("您好")  # no name: no hole before the greeting


@pytest.mark.parametrize("draft", WRITTEN)
def test_a_draft_is_short_lawful_and_open(draft: str) -> None:
    longest = {
        "name": "欧阳建国",
        "company": "示例科技有限公司",
        "hr": "上官李娜",
        "position": "高级后端开发工程师",
    }
    filled = draft.format(**values(**longest))
    assert len(filled) <= LONGEST
    assert not BOOK.forbidden.why(filled)
    bare = draft.format(**dict.fromkeys(PLACES, ""))
    for wrong in (PRESSES, VOWS, NUMBERS):
        assert wrong.search(bare) is None, wrong.search(bare)
    assert "您" in draft
    assert draft[-1] in "。？"


def test_every_file_is_about_a_topic_and_every_topic_of_a_reading_is_there() -> None:
    topics = set(BOOKS.topics) - {ENDED}
    assert topics <= set(BOOK.policy.names)
    assert set(map(str, Intent)) <= topics


def test_drafts_are_not_copies_of_each_other() -> None:
    """But for what is the same right in every stage."""
    drafts = [
        entry.draft
        for topic, book in BOOKS.topics.items()
        if topic not in (policy.CORRECT, policy.ERASE, duties.OFFER_LATE, duties.FEEDBACK_LATE)
        for entry in book.stages.values()
    ]
    assert len(set(drafts)) == len(drafts)


def test_a_name_is_put_in_as_it_is() -> None:
    found = playbooks.suggestion(
        BOOKS, topic="salary", stage=Stage.OFFER, values=values(name="{hr}")
    )
    assert found is not None
    assert found.draft.startswith("{hr}您好")


def test_a_first_day_is_said_as_people_say_it() -> None:
    found = playbooks.suggestion(BOOKS, topic="onboard_date", stage=Stage.ACCEPTED, values=values())
    assert found is not None
    assert "12月7日" in found.draft
    unknown = playbooks.suggestion(
        BOOKS, topic="onboard_date", stage=Stage.ACCEPTED, values=values(start="")
    )
    assert unknown is not None
    assert BOOK.policy.without.start in unknown.draft


def test_an_ended_case_has_its_own_words_whatever_it_is_about() -> None:
    drafts = {
        found.draft
        for topic in ("salary", "handover")
        if (found := playbooks.suggestion(BOOKS, topic=topic, stage=Stage.LEFT, values=values()))
    }
    assert len(drafts) == 1


def test_a_stage_says_its_own_warning_where_it_has_one() -> None:
    accepted = playbooks.suggestion(BOOKS, topic="decline", stage=Stage.ACCEPTED, values=values())
    offer = playbooks.suggestion(BOOKS, topic="decline", stage=Stage.OFFER, values=values())
    assert accepted is not None
    assert offer is not None
    assert accepted.avoid != offer.avoid
    assert accepted.aims == offer.aims


def a_book(**changes: Any) -> dict[str, Any]:
    raw: dict[str, Any] = files.read("playbooks/salary.yaml")
    return raw | changes


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("gold", a_book()),
        ("salary", a_book(aims=[])),
        ("salary", a_book(tone="warm")),
        ("salary", a_book(stages={"offer": {"draft": "{name}，您要{amount}吗？"}})),
        ("salary", a_book(stages={"offer": {"draft": "{name!r}您好"}})),
        ("salary", a_book(stages={"offer": {"draft": ""}})),
        ("salary", a_book(stages={"offer": {"draft": "长" * (LONGEST + 1)}})),
        ("salary", a_book(stages={"left": {"draft": "您好。"}})),
        (ENDED, a_book()),
        ("salary", a_book(stages={"later": {"draft": "您好。"}})),
        ("salary", None),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(name: str, raw: Any) -> None:
    with pytest.raises(ValueError):
        playbooks.parse(name, raw, topics=BOOK.policy.names)


def test_places_are_those_a_draft_may_be_filled_with() -> None:
    used = {
        name
        for book in BOOKS.topics.values()
        for entry in book.stages.values()
        for _, name, _, _ in string.Formatter().parse(entry.draft)
        if name
    }
    assert used == PLACES
    assert set(GOING) < set(Stage)
    with pytest.raises(ValidationError):
        playbooks.Without(name="", company="", hr="", position="", start="")
