"""What an answer in one's own words says, in the kind that was asked. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bot.surveys.shape import Given, Question

__all__ = ["Command", "Given", "command", "shown", "understood"]


class Command(StrEnum):
    """What somebody says to the survey instead of an answer."""

    SKIP = "skip"
    BACK = "back"
    #: No more of this survey.
    STOP = "stop"
    LATER = "later"


def command(text: str) -> Command | None:
    """The command a message is, in natural wording. None: it is an answer, or talk."""
    raise NotImplementedError


def understood(question: Question, text: str, *, now: datetime) -> Given | None:
    """The answer to one question. ``now`` is aware. None: it fits no kind."""
    raise NotImplementedError


def shown(question: Question, given: Given) -> str:
    """An answer for people: labels, not values. Empty when it was skipped."""
    raise NotImplementedError
