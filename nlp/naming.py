"""Which of a few thousand people a text names, however people are called in a chat.

Whole names, given names (建国), family name and title (小张, 李经理), nicknames (阿强), pinyin
(zhangsan, zs), one mistaken character that sounds or looks alike (章三, 张珊), traditional script,
English names. What is part of a longer word or of another person's name is no name: a wrong person
is worse than none. Pure; nobody's name is kept between calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlp.mapped import Mapped
from nlp.names.folding import folded
from nlp.names.guessing import guessed
from nlp.names.search import How, Search
from nlp.normalize import normalize

_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may be meant; ``also`` is what else they are called."""

    id: str
    name: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A person named by ``text[start:end]``. Matches of one span are people called alike."""

    id: str
    how: How
    score: float
    start: int
    end: int


def named(text: str, people: Sequence[Person]) -> tuple[Match, ...]:
    """The people a text names, the surest first. Never raises; linear in the people."""
    mapped = normalize(text[:_LONGEST])
    if not mapped.text or not people:
        return ()
    search = Search(mapped.text, _typed(text, mapped))
    found: list[Found] = []
    for one, name in zip(people, folded(one.name for one in people), strict=True):
        for hit in search.hits(name):
            found.append(Found(one.id, *hit))
        for nickname in folded(one.also) if one.also else ():
            found += [Found(one.id, *hit) for hit in search.also(nickname)]
    return _best(mapped, found)


def _typed(text: str, mapped: Mapped) -> str:
    """Of every normalised character the one that was typed, where it was one."""
    places = zip(mapped.text, mapped.starts, mapped.ends, strict=True)
    return "".join(text[start] if end - start == 1 else char for char, start, end in places)


@dataclass(frozen=True, slots=True)
class Found:
    id: str
    how: How
    score: float
    start: int
    end: int


def _best(mapped: Mapped, found: Iterable[Found]) -> tuple[Match, ...]:
    """Of stretches that overlap the surest, of those the longest; all who are called that."""
    spans: dict[tuple[int, int], dict[str, Found]] = defaultdict(dict)
    for one in found:
        known = spans[one.start, one.end].get(one.id)
        if known is None or one.score > known.score:
            spans[one.start, one.end][one.id] = one
    top = {span: max(one.score for one in those.values()) for span, those in spans.items()}
    taken: list[tuple[int, int]] = []
    kept: list[Match] = []
    for span in sorted(spans, key=lambda at: (-top[at], at[0] - at[1], at[0])):
        if any(span[0] < end and start < span[1] for start, end in taken):
            continue
        taken.append(span)
        start, end = mapped.span(*span)
        kept += [
            Match(id=one.id, how=one.how, score=one.score, start=start, end=end)
            for one in spans[span].values()
            if one.score == top[span]
        ]
    return tuple(kept)


def looks_named(text: str) -> str | None:
    """The first piece of a text that looks like somebody's name, as it was typed; None without.

    >>> looks_named("把问卷发给欧阳小山"), looks_named("小时工还要吗")
    ('欧阳小山', None)
    """
    mapped = normalize(text[:_LONGEST])
    for start, end in guessed(mapped.text):
        first, last = mapped.span(start, end)
        return text[first:last]
    return None
