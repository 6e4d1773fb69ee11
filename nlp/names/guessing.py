"""Stretches of a text that look like somebody's name, whoever that may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from nlp.names import compound, doubtful, given, not_names, surnames
from nlp.names.around import AFTER, BEFORE, LEADS, ORDINARY, hanzi
from nlp.names.search import Search
from nlp.names.sounds import sounds, spelt
from nlp.segment import frequency, segment

#: What is no character of a given name where it stands behind a family name or a whole one.
_NEVER = frozenset(
    "到怎咋什啥哪能会还有来去在是的了吗呢和跟与给把转交谁没不也都就要多几何为聊说问看现最今昨这那下上本入面签"
    "办发回接想可应该已我你他她它您们个位人些吧啊呀哦嘛么对从向被让叫吃走做拿出进过着得很太真好更比或及等"
    "按第每只又再才先后前里外中间时候点号月日周年期间次回事件份张薪资钱岗职位部门司公经理总少险嫌端名以最人"
)
#: Family names that are nearly always a verb here.
_SEARCHES = frozenset("查能")
_MIDDLE = frozenset("可如为之一于也以能会先多向")
_AT = re.compile(r"^|[,.!?\n:、 ]|候选人|那个|一下|[把给跟问查催那]")
_CHINESE = re.compile(r" ?[\u3400-\u9fff]")
_OF = re.compile(r"\b(?:of|is|for|about|with|did|will|has|does|to) $")
_DOUBLED = re.compile(r"[小阿](.)\1")
_LETTERS = re.compile(r"(?<![a-z0-9])[a-z]+(?:[ .'-][a-z]+)?(?![a-z0-9])")
_WORD = re.compile(r"(?<![a-z0-9])[a-z]+(?![a-z0-9])")


def guessed(text: str) -> tuple[tuple[int, int], ...]:
    """Where names seem to stand in a normalised text, in order; none overlaps another."""
    search = Search(text)
    found = [
        *_titled(search),
        *_whole(search),
        *_alone(search),
        *_latin(search),
        *_slot(search),
    ]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda span: (span[0] - span[1], span[0])):
        if not any(start < other and one < end for one, other in kept):
            kept.append((start, end))
    return tuple(sorted(kept))


def _titled(search: Search) -> Iterator[tuple[int, int]]:
    for surname, spans in search.titled.items():
        if surname in surnames() and surname not in doubtful():
            yield from spans
    for char, spans in search.nicknamed.items():
        if char in given():
            yield from spans
    for match in _DOUBLED.finditer(search.text):
        if match[1] in given() and search.place.placed(*match.span()):
            yield match.span()


def _whole(search: Search) -> Iterator[tuple[int, int]]:
    text, place = search.text, search.place
    for at in range(len(text) - 1):
        size = 2 if text[at : at + 2] in compound() else 1
        if text[at : at + size] not in surnames() | doubtful() or text[at] in _SEARCHES:
            continue
        doubted = text[at] in doubtful() or text[at] in LEADS
        if place.begun(at) or (doubted and not BEFORE.search(text[:at])):
            continue
        ends = [
            end
            for end in (at + size + 2, at + size + 1)
            if end <= len(text) and _may_be(search, at, size, end, doubted=doubted)
        ]
        if ends:  # a second character that is of no given name is rather the next word
            yield at, next((end for end in ends if text[end - 1] in given()), ends[0])


def _may_be(search: Search, start: int, size: int, end: int, *, doubted: bool) -> bool:
    text, place = search.text, search.place
    rest = text[start + size : end]
    if not all(map(hanzi, rest)) or not _may_be_given(rest):
        return False
    if place.inside_word(start, end) or text[start:end] in not_names():
        return False
    likely = all(char in given() for char in rest)
    if place.word(start, end) and not (likely and len(rest) == 2):
        return place.asked(start, end)
    followed = bool(AFTER.match(text, end))
    if doubted or len(rest) == 1:
        led = bool(BEFORE.search(text[:start])) or start in place.edges
        return led and (followed or (likely and not place.goes_on(end))) and end in place.edges
    if not likely and (end not in place.edges or not followed or start not in place.edges):
        return False
    # A word that begins inside and ends outside of it is rather that word.
    return end in place.edges or followed


def _may_be_given(rest: str) -> bool:
    """可欣 is a given name, 可能 and 会来 are none."""
    if _NEVER.isdisjoint(rest):
        return True
    return len(rest) == 2 and rest[0] in _MIDDLE and rest[1] in given()


def _alone(search: Search) -> Iterator[tuple[int, int]]:
    """A given name by itself, where only somebody's name can stand."""
    text, place = search.text, search.place
    for at in range(len(text) - 1):
        word = text[at : at + 2]
        if all(char in given() for char in word) and word not in not_names():
            free = place.free(at, at + 2) and not place.begun(at)
            fits = place.asked if place.common(at, at + 2) else place.placed
            if free and fits(at, at + 2):
                yield at, at + 2


def _latin(search: Search) -> Iterator[tuple[int, int]]:
    for pattern in (_LETTERS, _WORD):
        for match in pattern.finditer(search.text):
            parts = re.split(r"[ .'-]", match.group())
            if any(part in not_names() for part in parts):
                continue
            ways = spelt("".join(parts))
            first = {way[0] for way in ways if 2 <= len(way) <= 3}
            if first & _surname_sounds() or _led(search.text, *match.span()):
                yield match.span()


def _slot(search: Search) -> Iterator[tuple[int, int]]:
    """Whatever stands where only a name can: 阿依古丽到哪一步了."""
    text, place = search.text, search.place
    for match in _AT.finditer(text):
        start = match.end()
        for end in range(min(len(text), start + 4), start + 1, -1):
            word = text[start:end]
            if not all(map(hanzi, word)) or not _NEVER.isdisjoint(word) or word in not_names():
                continue
            parts = segment(word)
            if (
                end < len(text)
                and place.asked(start, end)
                and not any(len(part) > 1 and frequency(part) >= ORDINARY for part in parts)
            ):
                yield start, end
                break


def _led(text: str, start: int, end: int) -> bool:
    """Whether letters stand among characters, or behind an English word that leads to a name."""
    return bool(_CHINESE.match(text, end) or _OF.search(text[:start])) and not hanzi(
        text[start - 1 : start] or " "
    )


@cache
def _surname_sounds() -> frozenset[str]:
    return frozenset(sound for one in surnames() for sound in sounds(one[0]))
