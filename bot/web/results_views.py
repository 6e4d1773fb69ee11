"""What the page of a survey's results is given: console/results.html gets ``page``."""

from __future__ import annotations

from dataclasses import dataclass

from bot.surveys.results import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTab:
    """A survey whose results can be opened."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One option: how many, and of a hundred."""

    label: str
    people: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row of a breakdown: its people, their mean, or the option most of them chose."""

    name: str
    people: int
    mean: float | None
    most: str
    within: bool = False  # a position of the department above


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An answer in own words, of somebody the viewer may read."""

    candidate_id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """One question. ``people`` None: too few answered. ``places`` and ``months`` are breakdowns."""

    ask: str
    kind: str
    people: int | None = None
    mean: float | None = None
    bars: tuple[Bar, ...] = ()
    places: tuple[Group, ...] = ()
    months: tuple[Group, ...] = ()
    hidden: bool = False
    words: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """The results of one survey. ``rate`` None: fewer than ``least`` were asked."""

    surveys: tuple[SurveyTab, ...]
    survey: SurveyTab | None
    least: int
    rate: Rate | None = None
    questions: tuple[QuestionResult, ...] = ()
    reads: bool = False  # the viewer may read answers in own words
