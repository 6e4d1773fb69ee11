"""Surveys and the steps on the way to the first day: what is worth asking, what an answer closes.
Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from bot.surveys.about import Meanings
from bot.surveys.shape import Condition, Question, Survey
from bot.turn import AddFact
from storage.enums import StepKind

#: Statements of the record (config/profile.yaml) that say a step was taken, with the values that do
#: so; none: any value does.
_TAKES: Mapping[str, tuple[StepKind, frozenset[str]]] = {
    "way.resigned": (StepKind.RESIGNATION, frozenset({"yes"})),
    "way.release_on": (StepKind.RELEASE, frozenset()),
    "way.medical": (StepKind.MEDICAL, frozenset({"yes"})),
    "way.home": (StepKind.FAMILY, frozenset({"agreed"})),
}
#: A step is near that is due so soon, or was.
NEAR = timedelta(days=7)


def taken(facts: Iterable[AddFact]) -> list[StepKind]:
    """The steps that answers to a survey say were taken."""
    found = []
    for fact in facts:
        if fact.kind in _TAKES and fact.source.startswith("survey:"):
            kind, values = _TAKES[fact.kind]
            if not values or fact.value in values:
                found.append(kind)
    return found


def narrowed(
    survey: Survey,
    meanings: Meanings,
    *,
    due: Mapping[StepKind, date],
    closed: Collection[StepKind],
    today: date,
) -> Survey:
    """A survey without what need not be asked about steps now: those that were taken or dropped,
    and, where some step is near, those whose day is far off. ``due``: the open steps' days."""
    near = {kind for kind, day in due.items() if day <= today + NEAR}
    kept: list[Question] = []
    for question in survey.questions:
        kind = _step(question, meanings)
        if kind is not None and kind not in due and kind in closed:
            continue
        if kind is not None and near and kind in due and kind not in near:
            continue
        kept.append(question)
    left = {question.id for question in kept}
    asks = tuple(replace(one, when=_standing(one.when, left)) for one in kept)
    return replace(survey, questions=asks)


def _step(question: Question, meanings: Meanings) -> StepKind | None:
    about = meanings.about.get(question.about)
    takes = _TAKES.get(about.fact) if about is not None else None
    return takes[0] if takes is not None else None


def _standing(when: Condition | None, left: Collection[str]) -> Condition | None:
    """A condition, unless it hangs on a question that is not asked: then it is known to hold."""
    if when is None:
        return None
    names = {test.question for group in when.either for test in group}
    return when if names <= set(left) else None
