"""How a question is put in a chat: its words, and the choices under it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.surveys.shape import Given, Kind, Question, Survey

#: More choices than this are written out instead: no platform draws them all.
MOST_CHOICES = 10
#: Kinds that list what can be answered in the words of the question.
_LISTED = (Kind.MULTI, Kind.RANKING)


def worded(question: Question) -> str:
    """The question as it is said, with what helps to answer it.

    >>> worded(Question(id="q", ask="几分？", kind=Kind.SCALE, low=1, high=5, low_label="差"))
    '几分？\\n1（差）～ 5'
    """
    lines = [question.ask.strip()]
    if question.help:
        lines.append(question.help.strip())
    if question.kind in _LISTED or (question.options and not choices(question)):
        lines += [f"{n}. {one.label}" for n, one in enumerate(question.options, start=1)]
    if question.kind is Kind.SCALE:
        lines.append(_ends(question))
    return "\n".join(lines)


def _ends(question: Question) -> str:
    assert question.low is not None
    assert question.high is not None
    ends = ((question.low, question.low_label), (question.high, question.high_label))
    return " ～ ".join(f"{end:g}（{label}）" if label else f"{end:g}" for end, label in ends)


def choices(question: Question) -> tuple[tuple[str, int], ...]:
    """Labels and option numbers (from 0) offered under a question; none where one writes.

    A platform without buttons numbers them from 1: a scale that begins elsewhere would read as
    another answer, so it has none.
    """
    if question.kind is Kind.CHOICE and len(question.options) <= MOST_CHOICES:
        return tuple((one.label, n) for n, one in enumerate(question.options))
    if question.kind is Kind.SCALE and question.low == 1 and question.high is not None:
        points = int(question.high)
        if points <= MOST_CHOICES:
            return tuple((str(n + 1), n) for n in range(points))
    return ()


def chosen(question: Question, option: int) -> Given | None:
    """The answer that an option stands for; None where the question has no such option."""
    if question.kind is Kind.CHOICE and option < len(question.options):
        one = question.options[option]
        return Given(value=one.value, text=one.label)
    if question.kind is Kind.SCALE and question.low is not None and question.high is not None:
        point = int(question.low) + option
        if point <= question.high:
            return Given(value=point, text=str(point))
    return None


def given(answers: Mapping[str, tuple[Any, str]]) -> dict[str, Given]:
    """Stored answers (value and words) as progress reads them."""
    return {name: Given(value=value, text=text) for name, (value, text) in answers.items()}


def number_of(survey: Survey, question: Question) -> int:
    """The place of a question in its survey, from 0."""
    return survey.questions.index(question)
