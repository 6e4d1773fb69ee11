"""Where somebody is in a survey, and what a message does to that. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.surveys import choosing, understanding
from bot.surveys.commands import Command, command
from bot.surveys.shape import Given, Kind, Question, Survey

_PARTS = re.compile(r"[\n;；,，。]+|\s+(?=\d{1,2}[.、)）]\s*\D)")
_LISTED = re.compile(r"^\s*(?:\d{1,2}|[一二三四五六七])\s*[.、)）:：]\s*(?=\D)")
#: Kinds of which one answer may itself be told in parts.
_IN_PARTS = (Kind.MULTI, Kind.RANKING, Kind.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A survey under way. ``at``: the id of the question asked last, empty before the first."""

    survey: Survey
    answers: Mapping[str, Given]
    at: str = ""
    asked_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a message did. ``given``: answers to keep, by question, in order. ``next``: what to ask
    now, with ``at`` and ``asked_again`` to keep. ``again``: ``next`` is asked once more because the
    message fits no kind; ``why`` names what is wrong with it by code (``date``, ``range``,
    ``several``, ``required``), empty for plainly not understood. ``ended``: ``done``,
    ``refused``, ``later`` or empty.
    """

    given: tuple[tuple[str, Given], ...] = ()
    next: Question | None = None
    again: bool = False
    ended: str = ""
    at: str = ""
    asked_again: bool = False
    why: str = ""


def asked(survey: Survey, answers: Mapping[str, Given]) -> tuple[Question, ...]:
    """The questions that are put to somebody who answered so, in order. An answer to a question
    that is not asked any more counts no more.
    """
    visible: list[Question] = []
    counted: dict[str, Given] = {}
    for question in survey.questions:
        if question.when is None or question.when.holds(counted):
            visible.append(question)
            if question.id in answers:
                counted[question.id] = answers[question.id]
    return tuple(visible)


def upcoming(progress: Progress) -> Question | None:
    """What to ask when a survey opens or resumes: the first question without an answer."""
    return _unanswered(progress.survey, progress.answers)


def _unanswered(survey: Survey, answers: Mapping[str, Given]) -> Question | None:
    return next((one for one in asked(survey, answers) if one.id not in answers), None)


def answer(progress: Progress, text: str, *, now: datetime) -> Move:
    """What a message does to a survey under way. ``now`` is aware."""
    visible = asked(progress.survey, progress.answers)
    question = next((one for one in visible if one.id == progress.at), None)
    if question is None:
        question = upcoming(progress)
    if question is None:
        return Move(ended="done")
    order = command(text)
    if order is not None and not _is_option(question, text):
        return _ordered(progress, question, order)
    given = _several(progress, question, text, now) or _one(question, text, now)
    if given:
        return _moved(progress, given)
    if progress.asked_again:
        return _moved(progress, [(question.id, Given(value=None, text=text))])
    why = understanding.doubted(question, text, now=now)
    return Move(next=question, again=True, at=question.id, asked_again=True, why=why)


def _is_option(question: Question, text: str) -> bool:
    """Whether words that could be a command are those of an option of this question."""
    said = choosing.clean(text)
    return choosing.exact(question.options, said) is not None


def _ordered(progress: Progress, question: Question, order: Command) -> Move:
    match order:
        case Command.STOP:
            return Move(ended="refused", at=question.id)
        case Command.LATER:
            return Move(ended="later", at=question.id, asked_again=progress.asked_again)
        case Command.BACK:
            visible = asked(progress.survey, progress.answers)
            place = visible.index(question)
            before = visible[max(place - 1, 0)]
            return Move(next=before, at=before.id)
    if question.required and not progress.asked_again:
        return Move(next=question, again=True, at=question.id, asked_again=True, why="required")
    return _moved(progress, [(question.id, Given(value=None, text=""))])


def _one(question: Question, text: str, now: datetime) -> list[tuple[str, Given]]:
    given = understanding.understood(question, text, now=now)
    return [(question.id, given)] if given is not None else []


def _several(
    progress: Progress, question: Question, text: str, now: datetime
) -> list[tuple[str, Given]]:
    """Answers to this question and the following ones, when each part of a message is plainly the
    answer to the question in its turn. One part too many, and it is one answer.
    """
    parts = [_LISTED.sub("", part).strip() for part in _PARTS.split(text) if part.strip()]
    if not 1 < len(parts) <= len(progress.survey.questions) or question.kind in _IN_PARTS:
        return []
    first = understanding.understood(question, parts[0], now=now)
    if first is None:
        return []
    given = [(question.id, first)]
    answers = dict(progress.answers) | dict(given)
    last = question
    for part in parts[1:]:
        following = _after(progress.survey, answers, last)
        if following is None or following.kind in _IN_PARTS:
            return []
        if following.kind is last.kind and following.kind in (Kind.DATE, Kind.MONEY, Kind.NUMBER):
            return []  # a second day or sum may as well be meant for the same question
        found = understanding.precise(following, part, now=now)
        if found is None:
            return []
        given.append((following.id, found))
        answers[following.id] = found
        last = following
    return given


def _after(survey: Survey, answers: Mapping[str, Given], last: Question) -> Question | None:
    visible = asked(survey, answers)
    place = visible.index(last) + 1
    return visible[place] if place < len(visible) else None


def _moved(progress: Progress, given: list[tuple[str, Given]]) -> Move:
    following = _unanswered(progress.survey, dict(progress.answers) | dict(given))
    if following is None:
        return Move(given=tuple(given), ended="done", at=given[-1][0])
    return Move(given=tuple(given), next=following, at=following.id)
