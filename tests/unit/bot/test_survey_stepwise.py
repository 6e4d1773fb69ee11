"""What a survey about steps need not ask, and what an answer to it closes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.surveys.stepwise import narrowed, taken
from bot.turn import AddFact
from storage.enums import StepKind
from tests.builders import a_rulebook

BOOK = a_rulebook()
STEPS = BOOK.surveys["steps"]
TODAY, SOON, FAR = date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 10)


def asks(due: dict[StepKind, date], *closed: StepKind) -> list[str]:
    found = narrowed(STEPS, BOOK.meanings, due=due, closed=closed, today=TODAY)
    return [question.id for question in found.questions]


def test_without_steps_of_their_own_everything_is_asked() -> None:
    assert asks({}) == ["resigned", "release", "medical", "home", "open"]
    assert narrowed(STEPS, BOOK.meanings, due={}, closed=(), today=TODAY) == STEPS


def test_what_was_done_or_dropped_is_not_asked_and_what_hung_on_it_is() -> None:
    found = narrowed(
        STEPS, BOOK.meanings, due={}, closed=[StepKind.RESIGNATION, StepKind.MEDICAL], today=TODAY
    )
    assert [one.id for one in found.questions] == ["release", "home", "open"]
    assert found.questions[0].when is None  # it was asked of whoever has resigned


def test_a_step_whose_day_is_near_goes_before_those_that_are_far_off() -> None:
    due = {StepKind.RESIGNATION: SOON, StepKind.MEDICAL: FAR}
    assert asks(due) == ["resigned", "release", "home", "open"]
    assert asks({StepKind.RESIGNATION: FAR, StepKind.MEDICAL: FAR}) == [
        "resigned", "release", "medical", "home", "open",
    ]  # fmt: skip


def test_one_that_is_open_again_is_asked() -> None:
    assert "medical" in asks({StepKind.MEDICAL: SOON}, StepKind.MEDICAL)


@pytest.mark.parametrize(
    ("kind", "value", "steps"),
    [
        ("way.resigned", "yes", [StepKind.RESIGNATION]),
        ("way.resigned", "soon", []),
        ("way.resigned", "no", []),
        ("way.release_on", "2026-11-20", [StepKind.RELEASE]),
        ("way.medical", "yes", [StepKind.MEDICAL]),
        ("way.home", "agreed", [StepKind.FAMILY]),
        ("way.home", "against", []),
        ("expect.city", "上海", []),
        ("survey_refused", "steps", []),
    ],
)
def test_which_answers_take_a_step(kind: str, value: Any, steps: list[StepKind]) -> None:
    assert taken([AddFact(kind=kind, value=value, source="survey:steps:q")]) == steps


def test_only_what_was_answered_to_a_survey_takes_a_step() -> None:
    assert taken([AddFact(kind="way.resigned", value="yes")]) == []
