"""What a name sounds like: syllables without tones, and which are easily taken for each other."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from pypinyin.constants import PINYIN_DICT

from nlp.names import read

#: Told apart neither by many ears nor by many keyboards: zhang/zang, lin/ling, nan/lan.
_NEAR = (
    (re.compile(r"^([zcs])h"), r"\1"),
    (re.compile(r"(?<=[aei])ng$"), "n"),
    (re.compile(r"^(?:l|n)(?=.)"), "l"),
    (re.compile(r"^hu(?=[aeio])|^f"), "f"),
    (re.compile(r"yu$|v"), "u"),
)
_LONGEST, _WAYS = 24, 6


@lru_cache(maxsize=32768)
def sounds(char: str) -> tuple[str, ...]:
    """The syllables of one character, the usual first; none for what has no sound."""
    if (known := _readings().get(char)) is not None:
        return known
    marked = PINYIN_DICT.get(ord(char)) if len(char) == 1 else None
    return (_plain(marked.split(",")[0]),) if marked else ()


@lru_cache(maxsize=2048)
def near(syllable: str) -> str:
    """One spelling for all syllables that are easily taken for this one.

    >>> near("zhang") == near("zan"), near("lin") == near("ning"), near("wang") == near("huang")
    (True, True, False)
    """
    for pattern, instead in _NEAR:
        syllable = pattern.sub(instead, syllable)
    return syllable


@lru_cache(maxsize=4096)
def spelt(letters: str) -> tuple[tuple[str, ...], ...]:
    """The ways to read lower-case letters as syllables: none for what is no pinyin.

    >>> spelt("zhangsan"), spelt("offer")
    ((('zhang', 'san'),), ())
    """
    if not letters or len(letters) > _LONGEST:
        return ()
    ways: list[list[tuple[str, ...]]] = [[] for _ in letters] + [[()]]
    for at in range(len(letters) - 1, -1, -1):
        for size in range(min(6, len(letters) - at), 0, -1):
            syllable = letters[at : at + size]
            if syllable in _syllables():
                ways[at] += [(syllable, *rest) for rest in ways[at + size]]
        ways[at] = sorted(ways[at], key=len)[:_WAYS]
    return tuple(ways[0])


@cache
def _readings() -> dict[str, tuple[str, ...]]:
    pairs = (word.partition("=") for word in read("readings"))
    return {char: tuple(those.split(",")) for char, _, those in pairs}


@cache
def _syllables() -> frozenset[str]:
    every = {_plain(marked.split(",")[0]) for code, marked in PINYIN_DICT.items() if code < 0x9FFF}
    every |= {one for those in _readings().values() for one in those}
    return frozenset(one for one in every if re.search("[aeiouv]", one)) - {"lyu"} | {"lyu", "nyu"}


def _plain(marked: str) -> str:
    """zhāng as zhang, lǚ as lv."""
    parts = unicodedata.normalize("NFD", marked).replace("u\u0308", "v")
    return "".join(char for char in parts if char.isascii() and char.isalpha())
