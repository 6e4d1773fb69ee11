"""What is said in Cantonese, Sichuanese or another dialect, put as Mandarin asks it.

Word for word (``lexicon/dialect.txt``), and only as far as a question is recognised by it: this is
no translation, and nobody is shown it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

#: 好久 asks for a day in Sichuan where something happens after it; 好久没回 does not.
_WHEN = re.compile(r"好久(?=能|可以|会|要|打算|来|到|入|上班|报|走|签|转)")
_WAGE = re.compile(r"人工(?=几多|多少|要)")
_YET = re.compile(r"未(?=[呀啊啦,?。!\s]|$)")


class DialectError(ValueError):
    """A line that gives a word a second meaning; the text names it."""


def plain(text: str) -> str:
    """A normalised text with the words of dialects as Mandarin has them; the longest word wins.

    >>> plain("佢几时返工呀"), plain("签了莫得"), plain("他好久来上班")
    ('他什么时候上班呀', '签了没', '他什么时候来上班')
    """
    pattern, meanings = _parsed()
    text = _WAGE.sub("工资", _WHEN.sub("什么时候", text))
    return _YET.sub("没", pattern.sub(lambda found: meanings[found.group()], text))


@lru_cache(maxsize=1)
def _parsed() -> tuple[re.Pattern[str], dict[str, str]]:
    source = resources.files("nlp.lexicon").joinpath("dialect.txt").read_text(encoding="utf-8")
    meanings = parse(source)
    words = sorted(meanings, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, words))), meanings


def parse(lines: str) -> dict[str, str]:
    """What each word means: a line is the Mandarin, then the words for it. ``DialectError``."""
    meanings: dict[str, str] = {}
    for number, line in enumerate(lines.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        meaning, *words = line.lower().split()
        for word in words:
            if meanings.setdefault(word, meaning) != meaning:
                raise DialectError(f"dialect.txt:{number}: {word} has a meaning already")
    return meanings
