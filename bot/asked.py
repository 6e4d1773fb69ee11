"""What a turn sees of a survey that is being asked, and what it may ask to keep of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.enums import InvitationStatus

#: Why nothing is asked though the survey is open: put off by the candidate, or HR has taken over.
LATER, MUTED = "later", "muted"
_ACTION = re.compile(r"sv:(iv_[a-z2-7]{26}):(\d{1,2}):(\d{1,2})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveySeen:
    """The survey a candidate is being asked, or the one a press names.

    ``definition`` is what it asked when it opened; ``answers`` are value and words by question.
    ``here``: this conversation is where the open question stands. ``pausing`` is ``LATER``,
    ``MUTED`` or empty. ``asked_at``: when it last moved.
    """

    invitation_id: str
    survey_id: str
    status: InvitationStatus
    definition: Mapping[str, Any]
    answers: Mapping[str, tuple[Any, str]]
    at: str
    asked_again: bool
    asked_at: datetime
    revision: int
    here: bool
    pausing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveAnswer:
    """An answer to keep. ``value`` and ``text`` as ``bot.surveys.shape.Given`` has them."""

    invitation_id: str
    question: str
    value: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveInvitation:
    """Where a survey stands after a turn, moved from the ``revision`` it was seen at.

    ``status`` other than open ends it. ``here``: it goes on in this conversation. ``why``: what it
    pauses for, or how it ended.
    """

    invitation_id: str
    revision: int
    at: str
    asked_again: bool = False
    status: InvitationStatus = InvitationStatus.OPEN
    here: bool = False
    why: str = ""


def action(invitation_id: str, question: int, option: int) -> str:
    """What a choice under a question comes back as: both by their place, counted from 0.

    >>> len(action("iv_" + "k" * 26, 12, 10))
    38
    """
    return f"sv:{invitation_id}:{question}:{option}"


def pressed(text: str) -> tuple[str, int, int] | None:
    """Invitation, question and option of an action; None for anything we never sent."""
    found = _ACTION.fullmatch(text)
    return (found[1], int(found[2]), int(found[3])) if found else None
