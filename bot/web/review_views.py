"""What the page of unclear readings is given, and the form that corrects labels.

=============================  =========================================================
template                       besides ``shell``
=============================  =========================================================
console/review.html            page: ReviewPage         (partial _review_list.html: the same)
console/_review_card.html      card: ReviewCard
=============================  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN, Condition, Intent

if TYPE_CHECKING:
    from bot.web import views

INTENTS = tuple(str(intent) for intent in Intent)
COMMITMENTS = tuple(range(COMMITMENT_MAX, COMMITMENT_MIN - 1, -1))
CONDITIONS = tuple(str(condition) for condition in Condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a message means, as it stands: the reader's labels, or those ``by`` a person of ours.

    ``error`` is a sentence: the form was sent and not kept. The last three are what may be chosen.
    """

    intents: tuple[str, ...]
    commitment: int
    reported: bool
    condition: str
    by: str = ""
    at: datetime | None = None
    error: str = ""
    all_intents: tuple[str, ...] = INTENTS
    commitments: tuple[int, ...] = COMMITMENTS
    conditions: tuple[str, ...] = CONDITIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What somebody said of an unclear reading, and when."""

    value: Literal["harmless", "follow_up", "labelled"]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCard:
    """A message the reader was not sure of. ``leans`` are the reader's own labels: in words,
    never a number; ``labels`` are those that hold."""

    id: str
    candidate_id: str
    candidate_name: str
    position: str
    stage: str
    quote: tuple[views.Segment, ...]
    said_at: datetime
    leans: Labels
    labels: Labels
    answer: GivenAnswer | None = None
    turns: tuple[views.Turn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Unclear readings, newest first."""

    show: Literal["open", "done"]
    cards: tuple[ReviewCard, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    next_url: str | None = None
