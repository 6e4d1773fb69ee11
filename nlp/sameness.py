"""Words that mean the same where somebody asks (``lexicon/same.txt``), as one character each."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

#: The first of the private characters that stand for a sense.
FIRST = 0xE000


class SameError(ValueError):
    """A line that says a word another line says already; the text names it."""


def same(text: str) -> str:
    """A text in which every word of a sense is that sense's character; the longest word wins.

    >>> same("报到") == same("入职") != same("离职")
    True
    """
    pattern, senses = _parsed()
    return pattern.sub(lambda found: senses[found.group()], text)


@lru_cache(maxsize=1)
def _parsed() -> tuple[re.Pattern[str], dict[str, str]]:
    source = resources.files("nlp.lexicon").joinpath("same.txt").read_text(encoding="utf-8")
    senses = parse(source)
    words = sorted(senses, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, words))), senses


def parse(lines: str) -> dict[str, str]:
    """The character of every word. Raises ``SameError``."""
    senses: dict[str, str] = {}
    at = FIRST
    for number, line in enumerate(lines.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        for word in line.lower().split():
            if senses.setdefault(word, chr(at)) != chr(at):
                raise SameError(f"same.txt:{number}: {word} has a sense already")
        at += 1
    return senses
