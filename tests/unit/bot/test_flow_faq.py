"""Questions: answered with their source, or handed to the owner with a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.conversation import router
from bot.known import Entry, Faq
from bot.turn import Outcome
from bot.words import answer_by, moment
from nlp.reading import Amount
from nlp.scheme import Condition, Intent
from storage.enums import Stage
from tests.builders import NOW, a_candidate, a_context, a_rulebook, heard

BOOK = a_rulebook()


def told(text: str, *intents: Intent, read: bool = True, at: Any = NOW, **changes: Any) -> Outcome:
    """What is decided about a question, read as ``intents``."""
    reading = {
        key: changes.pop(key)
        for key in ("commitment", "condition", "amounts", "reported")
        if key in changes
    }
    context = a_context(text, **changes)
    return router.decide(
        context, heard(context, *intents, **reading) if read else None, BOOK, now=at
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("五险一金怎么交", "社会保险法第五十八条"),
        ("报到要带啥", "身份证"),
        ("体检要空腹不", "空腹"),
        ("能停车不", "停车"),
    ],
)
@pytest.mark.parametrize("read", [True, False], ids=["read", "without consent"])
def test_a_known_question_is_answered_with_its_source(text: str, words: str, read: bool) -> None:
    outcome = told(text, Intent.LOGISTICS, read=read)
    [reply] = outcome.replies
    assert words in reply.text
    assert "（来源：" in reply.text
    assert outcome.plans == ()


def test_two_questions_in_one_breath_get_two_answers() -> None:
    [reply] = told("五险一金怎么交？\n体检要空腹不", Intent.LOGISTICS).replies
    assert "五险一金" in reply.text
    assert "空腹" in reply.text


def test_an_answer_says_what_we_know_of_the_candidate_and_else_what_is_next() -> None:
    candidate = a_candidate(start_on=date(2026, 12, 1), stage=Stage.ACCEPTED)
    assert (
        "2026年12月1日"
        in told("我哪天入职来着", Intent.LOGISTICS, candidate=candidate).replies[0].text
    )
    assert "还没有定下来" in told("我哪天入职来着", Intent.LOGISTICS).replies[0].text
    assert (
        "北京"
        in told("公司地址在哪", Intent.LOGISTICS, candidate=a_candidate(city="北京"))
        .replies[0]
        .text
    )


@pytest.mark.parametrize(
    ("text", "intents", "reading"),
    [
        ("五险一金怎么交，按最低交我就不去了", (Intent.TERMS,), {"condition": Condition.HARD}),
        ("试用期几个月？能不能短一点", (Intent.TERMS,), {"commitment": -1}),
        ("公积金能按最高比例交吗", (Intent.TERMS,), {}),
        ("工资能再高点吗", (Intent.SALARY,), {}),
        (
            "社保怎么交，工资一万八行吗",
            (Intent.SALARY,),
            {
                "amounts": (
                    Amount(start=7, end=10, text="一万八", kind="money", low=18000, high=18000),
                )
            },
        ),
    ],
)
def test_a_negotiation_is_answered_by_a_person(
    text: str, intents: tuple[Intent, ...], reading: dict[str, Any]
) -> None:
    outcome = told(text, *intents, **reading)
    assert all("来源" not in reply.text for reply in outcome.replies)
    [plan] = [plan for plan in outcome.plans if plan.kind == "answer_due"]
    assert moment(plan.at) in outcome.replies[-1].text


def test_what_alarms_beside_a_question_is_heard_and_handed_on() -> None:
    outcome = told("体检要空腹吗？我手上还有一家在等我答复", Intent.COMPETING_OFFER, commitment=-1)
    assert [reply.slot for reply in outcome.replies] == ["faq", "handed"]
    assert [alert.topic for alert in outcome.alerts] == ["competing_offer"]
    assert outcome.factors


def test_a_question_nobody_knows_goes_to_the_owner_with_a_time() -> None:
    outcome = told("公司可以带宠物上班吗", Intent.LOGISTICS)
    until = answer_by(NOW, BOOK.policy.answer_hours)
    [reply] = outcome.replies
    assert "李娜" in reply.text
    assert moment(until) in reply.text
    assert [(plan.kind, plan.at) for plan in outcome.plans] == [("answer_due", until)]


def test_the_same_question_is_told_once_within_the_hours_and_another_one_is_told() -> None:
    first = told("公司可以带宠物上班吗", Intent.LOGISTICS)
    soon = NOW + timedelta(hours=1)
    again = told("公司可以带宠物上班吗", Intent.LOGISTICS, at=soon, state=first.state)
    assert (again.replies, again.plans) == ((), ())
    other = told("工位靠窗吗", Intent.LOGISTICS, at=soon, state=first.state)
    assert len(other.replies) == len(other.plans) == 1
    late = NOW + timedelta(hours=BOOK.policy.ack_every_hours + 1)
    assert told("公司可以带宠物上班吗", Intent.LOGISTICS, at=late, state=first.state).replies


def test_a_thousand_questions_are_not_all_remembered() -> None:
    state: Any = {"greeted": True}
    for number in range(40):
        state = told(f"工位{number}号靠窗吗", Intent.LOGISTICS, state=state).state
    assert len(state["questions"]) <= 8


@pytest.mark.parametrize("text", ["在吗", "方便吗？", "？", "好的，周五见", "我到了", "谢谢您"])
def test_small_talk_is_no_question(text: str) -> None:
    assert told(text, Intent.LOGISTICS).replies == ()


def test_what_others_ask_is_not_asked_of_us() -> None:
    assert told("我妈问我什么时候回家", Intent.FAMILY_LOCATION, reported=True).replies == ()


def test_while_a_person_has_taken_over_they_answer() -> None:
    outcome = told("体检要空腹不", Intent.LOGISTICS, muted=True)
    assert (outcome.replies, outcome.plans) == ((), ())


def test_an_entry_of_another_stage_is_no_answer() -> None:
    entry = BOOK.faq.entries["medical"].model_copy(update={"stages": (Stage.INTERVIEW,)})
    book = replace(BOOK, faq=Faq(entries=BOOK.faq.entries | {"medical": entry}))
    context = a_context("体检要空腹不")
    [reply] = router.decide(context, None, book, now=NOW).replies
    assert reply.slot == "handed"


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("name", sorted(BOOK.faq.entries))
def test_every_entry_is_answered_by_one_of_its_own_askings(name: str, stage: Stage) -> None:
    entry = BOOK.faq.entries[name]
    asked = BOOK.askings.find(entry.asks[0])
    assert asked is not None
    assert asked.name == f"faq.{name}"
    outcome = told(entry.asks[0], Intent.LOGISTICS, candidate=a_candidate(stage=stage))
    text = outcome.replies[0].text
    assert "{" not in text
    assert ("来源" in text) == (stage in entry.stages)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"answer": "{sum}"}, "sum"),
        ({"shape": "|"}, "form"),
        ({"asks": []}, "asks"),
        ({"source": ""}, "source"),
        ({"stages": ["hired"]}, "stages"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_key(change: dict[str, Any], place: str) -> None:
    good = {"shape": "a", "asks": ["a吗"], "answer": "b", "source": "c"}
    with pytest.raises(ValueError, match=place):
        Entry.model_validate(good | change)
