"""Where somebody is in a survey, and what a message does to that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.surveys.shape import Given, Question, Survey


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
    ``required``), empty for plainly not understood. ``ended``: ``done``, ``refused``, ``later``
    or empty.
    """

    given: tuple[tuple[str, Given], ...] = ()
    next: Question | None = None
    again: bool = False
    ended: str = ""
    at: str = ""
    asked_again: bool = False
    why: str = ""


def asked(survey: Survey, answers: Mapping[str, Given]) -> tuple[Question, ...]:
    """The questions that are put to somebody who answered so, in order."""
    raise NotImplementedError


def upcoming(progress: Progress) -> Question | None:
    """What to ask when a survey opens or resumes: the first question without an answer."""
    raise NotImplementedError


def answer(progress: Progress, text: str, *, now: datetime) -> Move:
    """What a message does to a survey under way. ``now`` is aware."""
    raise NotImplementedError
