"""``fields.txt``: lines of work, the words that point to them, and which are neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from nlp.likeness.version import text

FILE = "fields.txt"
_HEAD = re.compile(r"[a-z_]+:$")


class FieldsError(ValueError):
    """A line of the file does not say what the format asks; the text names the line."""


def fields(said: str) -> dict[str, float]:
    """The lines of work a normalised text names, each with the weight of its different words."""
    pattern, points, _ = _parsed()
    found: dict[str, float] = {}
    for word in dict.fromkeys(pattern.findall(said)):
        for name, weight in points[word]:
            found[name] = found.get(name, 0.0) + weight
    return found


def neighbourhood(name: str) -> int:
    """The number of the block a line of work stands in."""
    return _parsed()[2][name]


Points = Mapping[str, tuple[tuple[str, float], ...]]


@lru_cache(maxsize=1)
def _parsed() -> tuple[re.Pattern[str], Points, Mapping[str, int]]:
    points: dict[str, list[tuple[str, float]]] = {}
    blocks: dict[str, int] = {}
    for block, name, word in parse(text(FILE)):
        blocks[name] = block
        weak = word.endswith("?")
        points.setdefault(word.rstrip("?"), []).append((name, 0.5 if weak else 1.0))
    pattern = "|".join(
        rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word[0].isascii() else re.escape(word)
        for word in sorted(points, key=lambda word: (-len(word), word))
    )
    return re.compile(pattern), {word: tuple(to) for word, to in points.items()}, blocks


def parse(lines: str) -> Iterator[tuple[int, str, str]]:
    """Block, line of work and word, lower case, for every word. Raises ``FieldsError``."""
    block, name = 0, ""
    for number, line in enumerate(lines.splitlines(), start=1):
        if line.startswith("#"):
            continue
        words = line.lower().split()
        if not words:
            block += 1
            continue
        if not line.startswith(" "):
            if not _HEAD.match(words[0]):
                raise FieldsError(f"{FILE}:{number}: a line starts with a name and a colon")
            name = words.pop(0)[:-1]
        if not name or not words:
            raise FieldsError(f"{FILE}:{number}: no name before, or no word")
        for word in words:
            if not word.rstrip("?"):
                raise FieldsError(f"{FILE}:{number}: a word of question marks")
            yield block, name, word
