"""A text as what is said one after the other: characters, and letters read as syllables."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from nlp.names import read
from nlp.names.around import hanzi
from nlp.names.sounds import near, sounds, spelt

_SAID = re.compile(r"[a-z]+|[㐀-鿿]|[\s·•・.'-]+|.", re.DOTALL)
_FIRST, _LAST = 0x4E00, 0x9FFF


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One syllable, ``text[start:end]``; ``char`` is empty where it is spelt in letters."""

    char: str
    sounds: tuple[str, ...]
    start: int
    end: int


#: Where neither goes on across: a comma, a digit, letters that are no syllables.
BREAK = Unit("", (), -1, -1)


def units(text: str) -> tuple[Unit, ...]:
    """The units of a normalised text in order, with ``BREAK`` between what does not go together."""
    found: list[Unit] = []
    for match in _SAID.finditer(text):
        word, at = match.group(), match.start()
        if hanzi(word[0]):
            found.append(Unit(word, sounds(word), at, at + 1))
        elif ways := spelt(word) if word.isascii() and word.isalpha() else ():
            for syllable in ways[0]:
                found.append(Unit("", (syllable,), at, at + len(syllable)))
                at += len(syllable)
        elif not _passes(word):
            found.append(BREAK)
    return tuple(found)


def _passes(word: str) -> bool:
    """Whether a name may go on behind it: 张 三, zhang-san."""
    return len(word) == 1 and (word.isspace() or word in "·•・.'-")


def heard(said: tuple[Unit, ...]) -> frozenset[str]:
    """Every character that sounds like a unit, or nearly, and those that look like one."""
    each = {near(sound) for unit in said for sound in unit.sounds}
    chars = {unit.char for unit in said if unit.char}
    looks = {other for char in chars for other in _alike().get(char, ())}
    return frozenset(chars | looks).union(*(_sounding().get(sound, ()) for sound in each))


def alike(one: str, other: str) -> bool:
    """Whether two characters are easily mistaken for each other by eye."""
    return other in _alike().get(one, ())


@cache
def _alike() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pair in read("alike"):
        one, other = pair[0], pair[1]
        found[one].add(other)
        found[other].add(one)
    return {char: frozenset(others) for char, others in found.items()}


@cache
def _sounding() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for code in range(_FIRST, _LAST + 1):
        for sound in sounds(chr(code)):
            found[near(sound)].add(chr(code))
    return {sound: frozenset(chars) for sound, chars in found.items()}
