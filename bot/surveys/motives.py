"""What moves somebody, in order: what they ranked, and what they keep coming back to. Pure.

The first of ``n`` ranked motives weighs 1, the last 1/n. Talk of a motive adds at most a half,
fading as its reason does: enough to lift a motive past its neighbours, never to the top alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.profile.profile import Profile
from bot.risk import engine
from bot.surveys.about import FIRST, MOTIVES
from bot.surveys.meaning import Book, Meant, source_of
from bot.surveys.shape import Given, Survey
from bot.turn import AddFact, FactorSeen
from bot.words import SHANGHAI

#: The most that talk adds to a motive.
HEARD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Motive:
    """One motive. ``rank``: the place it was given, from 1; 0: it was only heard of.

    ``heard``: names of the risk rules that heard it, each with the last day.
    """

    name: str
    weight: float
    rank: int = 0
    heard: tuple[tuple[str, date], ...] = ()


def priority(
    book: Book, ranked: Sequence[str], factors: Iterable[FactorSeen], *, now: datetime
) -> tuple[Motive, ...]:
    """Motives, the strongest first; what weighs the same stays in the order it was ranked."""
    heard: dict[str, dict[str, FactorSeen]] = {}
    for one in factors:
        rule = book.risk.get(one.rule)
        name = book.meanings.heard.get(rule.when.signal) if rule and rule.when.signal else None
        if name is None or one.adds <= 0 or engine.left(one, now) <= 0:
            continue
        last = heard.setdefault(name, {}).get(one.rule)
        if last is None or last.at < one.at:
            heard[name][one.rule] = one
    found = [
        _motive(name, ranked, heard.get(name, {}), now)
        for name in dict.fromkeys((*ranked, *sorted(heard)))
    ]
    return tuple(sorted(found, key=lambda one: -one.weight))


def _motive(
    name: str, ranked: Sequence[str], heard: dict[str, FactorSeen], now: datetime
) -> Motive:
    place = ranked.index(name) if name in ranked else None
    told = 0.0 if place is None else (len(ranked) - place) / len(ranked)
    fresh = max((engine.left(one, now) / one.adds for one in heard.values()), default=0.0)
    return Motive(
        name=name,
        weight=round(told + HEARD * fresh, 4),
        rank=0 if place is None else place + 1,
        heard=tuple(
            sorted((rule, one.at.astimezone(SHANGHAI).date()) for rule, one in heard.items())
        ),
    )


def of_profile(
    book: Book, profile: Profile, factors: Iterable[FactorSeen], *, now: datetime
) -> tuple[Motive, ...]:
    """The motives of a record: as ranked in a survey, else the first one that was told."""
    said = profile.once.get(MOTIVES)
    first = profile.once.get(FIRST)
    ranked = said.value if said is not None else [first.value] if first is not None else []
    return priority(book, ranked, factors, now=now)


def finished(
    book: Book,
    survey: Survey,
    answers: dict[str, Given],
    factors: Iterable[FactorSeen],
    *,
    now: datetime,
) -> Meant:
    """What a whole survey says: of one that ranked the motives, the first of them."""
    for question in survey.questions:
        about = book.meanings.about.get(question.about)
        given = answers.get(question.id)
        if about is None or about.fact != MOTIVES or given is None or not given.value:
            continue
        named = given.value if isinstance(given.value, list | tuple) else [given.value]
        known = book.profile.kinds[MOTIVES].options
        ranked = [about.values.get(one, one) for one in named]
        ranked = list(dict.fromkeys(one if one in known else "other" for one in ranked))
        best = priority(book, ranked, factors, now=now)[0].name
        if FIRST not in book.profile.kinds or best not in book.profile.kinds[FIRST].options:
            continue
        source = source_of(survey.id, question.id)
        return Meant(facts=(AddFact(kind=FIRST, value=best, source=source),))
    return Meant()
