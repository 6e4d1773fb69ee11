"""How a name and what was typed go together: the same, by sound, by look, or not."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from nlp.names.sounds import near, sounds
from nlp.names.units import Unit, alike


class Begins(dict[str, bool]):
    """Whether a name that begins with a character can be spelt, or its letters stand, in a text."""

    def __init__(self, letters: AbstractSet[str], heard: AbstractSet[str]) -> None:
        self._letters, self._heard = letters, heard

    def __missing__(self, char: str) -> bool:
        self[char] = char in self._heard or any(one[0] in self._letters for one in sounds(char))
        return self[char]


def kind(char: str, unit: Unit) -> str:
    """How one character of a name and what was typed go together."""
    if unit.char == char:
        return "same"
    own = sounds(char)
    if any(sound in own for sound in unit.sounds):
        return "sounds" if unit.char else "spelt"
    if any(near(sound) == near(other) for sound in unit.sounds for other in own):
        return "near"
    return "looks" if unit.char and alike(char, unit.char) else "no"


def plausible(kinds: list[str], others: list[str]) -> bool:
    """Whether so many mistakes may be made in one name."""
    if len(others) == 1:
        return True
    return others.count("sounds") == len(others) and len(kinds) > 2


def is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def one_slip(typed: str, meant: str) -> bool:
    """Whether one letter more, less, other or swapped makes one word of the other.

    >>> one_slip("kevni", "kevin"), one_slip("kevn", "kevin"), one_slip("kelvim", "kevin")
    (True, True, False)
    """
    if len(typed) > len(meant):
        typed, meant = meant, typed
    head = next(
        (i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), len(typed)
    )
    if len(typed) < len(meant):
        return typed[head:] == meant[head + 1 :]
    swapped = typed[head : head + 2] == meant[head : head + 2][::-1]
    return typed[head + 1 :] == meant[head + 1 :] or (
        swapped and typed[head + 2 :] == meant[head + 2 :]
    )
