"""The words: plain text files anyone can edit, parsed once and checked while parsing.

``cues.txt``, ``topics.txt``, ``work.txt``  what phrases mean (see ``nlp/README.md``)
``turns.txt``       what the turn before ours asked
``macros.txt``      names for groups of words, usable as {NAME} in every pattern
``homophones.txt``  mistaken spellings and their right form
``evasive.txt``     words people split with dots and spaces
``words.txt``       words of the trade for the segmenter
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from nlp.scheme import STAGES, Intent

#: How much a cue says. The resolver treats them differently, see ``nlp.resolve``.
WEIGHTS = ("skip", "decision", "hesitation", "mood", "topic")
FLAGS = frozenset({"soft", "hard", "done", "whole", "alone", "resolved", "formula"})
NEEDS = frozenset({"decision", "withdrawal", "progress", "date", "limit", "delayed"})


_HEAD = re.compile(r"\[[a-z0-9-]+ [a-z]+(?: [a-z]+=\S+)*\]$")


class LexiconError(ValueError):
    """A line of a lexicon file does not say what the format asks; the text names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Phrases that mean one thing. ``needs`` names what the turn before must have been."""

    name: str
    weight: str
    intents: tuple[Intent, ...]
    commitment: int | None
    flags: frozenset[str]
    stages: frozenset[str]
    needs: str | None
    pattern: re.Pattern[str]


def read(name: str) -> str:
    """The text of one lexicon file."""
    return (resources.files(__name__) / name).read_text(encoding="utf-8")


def file_names() -> list[str]:
    """The lexicon's files, sorted."""
    entries = resources.files(__name__).iterdir()
    return sorted(entry.name for entry in entries if entry.name.endswith(".txt"))


def lines(name: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; blank lines and lines starting with # left out."""
    for number, line in enumerate(read(name).splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.rstrip()


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    """Words of the trade for the segmenter."""
    return tuple(line.strip() for _, line in lines("words.txt"))


@lru_cache(maxsize=1)
def homophones() -> tuple[tuple[re.Pattern[str], str], ...]:
    """(pattern of the mistaken spelling, right spelling), applied in order."""
    found = []
    for number, line in lines("homophones.txt"):
        wrong, tab, right = line.partition("\t")
        if not tab:
            raise LexiconError(f"homophones.txt:{number}: no tab")
        found.append((_compiled("homophones.txt", number, wrong), right.strip()))
    return tuple(found)


@lru_cache(maxsize=1)
def joined_words() -> tuple[re.Pattern[str], Callable[[str], str]]:
    """A pattern for words split with dots and spaces, and what joins them again."""
    gap = r"[ .·*_~|/\\\-]{1,2}"
    split = "|".join(gap.join(map(re.escape, line.strip())) for _, line in lines("evasive.txt"))
    marks = re.compile(gap)
    return re.compile(split), lambda found: marks.sub("", found)


@lru_cache(maxsize=1)
def macros() -> dict[str, str]:
    """Named groups of words; a macro may use those above it."""
    named: dict[str, str] = {}
    for number, line in lines("macros.txt"):
        name, sign, body = line.partition(" = ")
        if not sign:
            raise LexiconError(f"macros.txt:{number}: no ' = '")
        named[name.strip()] = f"(?:{_expanded(body.strip(), named)})"
    return named


def _expanded(body: str, named: dict[str, str]) -> str:
    return re.sub(r"\{([A-Z]+)\}", lambda match: named[match.group(1)], body)


def _compiled(file: str, number: int, body: str) -> re.Pattern[str]:
    try:
        return re.compile(body)
    except re.error as error:
        raise LexiconError(f"{file}:{number}: {error}") from error


@lru_cache(maxsize=8)
def cues(name: str) -> tuple[Cue, ...]:
    """The cues of one file in its order: earlier cues win over later ones they overlap."""
    return parsed(name, lines(name))


def parsed(name: str, numbered: Iterable[tuple[int, str]]) -> tuple[Cue, ...]:
    """Cues from numbered lines. Raises ``LexiconError`` that names the line."""
    found: list[Cue] = []
    head: dict[str, str] = {}
    for number, line in numbered:
        where = f"{name}:{number}"
        if _HEAD.match(line):
            head = _head(where, line)
        elif not head:
            raise LexiconError(f"{where}: a pattern before any [head]")
        else:
            found.append(_cue(name, number, head, line.strip()))
    return tuple(found)


def _head(where: str, line: str) -> dict[str, str]:
    """[name weight intents=a,b commitment=-1 flags=x,y stages=offer needs=date]"""
    name, weight, *rest = line.strip("[]").split()
    if weight not in WEIGHTS:
        raise LexiconError(f"{where}: weight {weight!r} is none of {WEIGHTS}")
    head = {"name": name, "weight": weight}
    for item in rest:
        key, sign, value = item.partition("=")
        if not sign or key not in {"intents", "commitment", "flags", "stages", "needs"}:
            raise LexiconError(f"{where}: {item!r}")
        head[key] = value
    for key, known in (("flags", FLAGS), ("stages", frozenset(STAGES)), ("needs", NEEDS)):
        if unknown := set(filter(None, head.get(key, "").split(","))) - known:
            raise LexiconError(f"{where}: unknown {key} {sorted(unknown)}")
    return head


def _cue(file: str, number: int, head: dict[str, str], body: str) -> Cue:
    flags = frozenset(filter(None, head.get("flags", "").split(",")))
    stages = frozenset(filter(None, head.get("stages", "").split(","))) or frozenset(STAGES)
    try:
        pattern = _expanded(body, macros())
        intents = tuple(Intent(word) for word in filter(None, head.get("intents", "").split(",")))
    except (KeyError, ValueError) as error:
        raise LexiconError(f"{file}:{number}: {error}") from error
    commitment = head.get("commitment")
    return Cue(
        name=head["name"],
        weight=head["weight"],
        intents=intents,
        commitment=int(commitment) if commitment is not None else None,
        flags=flags,
        stages=stages,
        needs=head.get("needs"),
        pattern=_compiled(file, number, pattern),
    )
