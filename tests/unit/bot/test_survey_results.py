"""Figures of many, and never of one: nobody is found by subtraction, not even over time."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.surveys import results
from bot.surveys.results import LEAST, Count, Response
from bot.surveys.shape import Given, Kind, Option, Question, Survey

MOOD = Question(id="mood", ask="怎么样？", kind=Kind.SCALE, low=1, high=5)
PAY = Question(
    id="pay", ask="清楚吗？", kind=Kind.CHOICE,
    options=(Option(value="yes", label="清楚"), Option(value="no", label="不清楚")),
)  # fmt: skip
WHY = Question(
    id="why", ask="为什么？", kind=Kind.RANKING,
    options=(Option(value="pay", label="薪资"), Option(value="team", label="团队")),
)  # fmt: skip
SAID = Question(id="said", ask="还有吗？", kind=Kind.TEXT)
SURVEY = Survey(id="week1", title="第一周", intro="", thanks="", questions=(MOOD, PAY, WHY, SAID))


def response(
    department: str = "支付", position: str = "后端", month: str = "2026-11", **answers: Any
) -> Response:
    given = {name: Given(value=value, text="") for name, value in answers.items()}
    return Response(answers=given, department=department, position=position, month=month)


def of(question: Question, *responses: Response) -> results.Told:
    return next(one for one in results.told(SURVEY, responses) if one.question is question)


def mixed(many: list[Response], few: list[Response]) -> list[Response]:
    """Both as they come in, in turns."""
    turns = [one for pair in zip(many, few, strict=False) for one in pair]
    return turns + many[len(few) :]


def test_four_people_are_not_told_of() -> None:
    told = of(MOOD, *(response(mood=4) for _ in range(4)))
    assert (told.total, told.departments, told.months) == (None, {}, {})
    assert told.hidden


def test_five_are() -> None:
    told = of(MOOD, *(response(mood=mark) for mark in (1, 2, 3, 4, 4)))
    assert told.total is not None
    assert (told.total.people, told.total.mean) == (5, 2.8)
    assert told.total.counts[3] == Count(label="4", people=2)
    assert not told.hidden


def test_a_choice_is_counted_and_a_ranking_by_its_first() -> None:
    people = [response(pay="no", why=["team", "pay"])] * 2 + [response(pay="yes", why=["pay"])] * 3
    assert of(PAY, *people).total.counts == (  # type: ignore[union-attr]
        Count(label="清楚", people=3), Count(label="不清楚", people=2),
    )  # fmt: skip
    assert [one.people for one in of(WHY, *people).total.counts] == [3, 2]  # type: ignore[union-attr]


def test_words_make_no_figure() -> None:
    assert {told.question.id for told in results.told(SURVEY, [])} == {"mood", "pay", "why"}


@pytest.mark.parametrize("value", [None, "maybe", 7, ["yes"], {"low": 1}])
def test_what_is_no_answer_of_the_question_does_not_count(value: Any) -> None:
    people = [response(pay="yes")] * 4 + [response(pay=value)]
    assert of(PAY, *people).total is None


def test_a_small_group_is_hidden_and_so_is_what_would_give_it_away() -> None:
    people = mixed([response("支付", mood=5)] * 6, [response("风控", mood=1)] * 4)
    told = of(MOOD, *people)
    assert told.total is not None
    assert told.total.people == 10
    assert told.departments == {}  # 10 less 支付 would be 风控
    assert told.hidden


def test_a_remainder_of_five_may_be_left() -> None:
    people = [response("支付", mood=5)] * 5 + [response("风控", mood=1)] * 3
    people += [response("运营", mood=2)] * 2
    assert set(of(MOOD, *people).departments) == {"支付"}


def test_a_position_is_not_found_by_its_department() -> None:
    people = mixed([response("支付", "后端", mood=5)] * 6, [response("支付", "前端", mood=1)] * 4)
    told = of(MOOD, *people)
    assert told.departments["支付"].people == 10
    assert told.positions == {}


def test_one_more_answer_changes_nothing_to_be_seen() -> None:
    people = [response(mood=5)] * 5
    before = of(MOOD, *people)
    for more in range(1, LEAST):
        after = of(MOOD, *people, *[response(mood=1)] * more)
        assert (after.total, after.departments) == (before.total, before.departments)
    assert of(MOOD, *people, *[response(mood=1)] * LEAST).total != before.total


@pytest.mark.parametrize("seed", range(60))
def test_no_two_pages_differ_by_fewer_than_five(seed: int) -> None:
    """Whoever compares today's page with any earlier one, group by group or with the total."""
    rng = random.Random(seed)
    names = "甲乙丙丁"[: rng.randint(2, 4)]
    people = [response(rng.choice(names)) for _ in range(rng.randint(5, 80))]
    ids = {id(one): one for one in people}
    assert len(ids) == len(people)
    pages = []
    for n in range(len(people) + 1):
        base = people[: n // LEAST * LEAST]
        shown = results.shown(base, lambda one: one.department)
        page = {str(name): {id(one) for one in group} for name, group in shown.items()}
        page["total"] = {id(one) for one in base}
        rest = page["total"] - set().union(*(page[name] for name in page if name != "total"))
        assert not 0 < len(rest) < LEAST
        assert all(len(group) >= LEAST for name, group in page.items() if name != "total")
        pages.append(page)
    for later in range(len(pages)):
        for earlier in range(later):
            for name in pages[later].keys() & pages[earlier].keys():
                old, new = pages[earlier][name], pages[later][name]
                assert old <= new
                assert len(new - old) == 0 or len(new - old) >= LEAST


@pytest.mark.parametrize(
    ("asked", "finished", "told"),
    [(0, 0, None), (4, 4, None), (5, 4, (5, 0)), (13, 9, (10, 5)), (20, 20, (20, 20))],
)
def test_the_rate_is_of_whole_batches(
    asked: int, finished: int, told: tuple[int, int] | None
) -> None:
    found = results.rate(asked, finished)
    assert (None if found is None else (found.asked, found.finished)) == told
