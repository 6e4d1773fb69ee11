"""Text that remembers where each of its characters came from.

Everything downstream matches on a cleaned text; every span people see is quoted from the text
as it was typed. ``Mapped`` carries the way back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mapped:
    """A text and, for each of its code points, the half-open source span it stands for."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, source: str) -> Mapped:
        """The source itself, each code point standing for itself."""
        size = len(source)
        return cls(source, tuple(range(size)), tuple(range(1, size + 1)))

    @classmethod
    def joined(cls, pieces: Iterable[tuple[str, int, int]]) -> Mapped:
        """Build from (character, source start, source end) triples."""
        rows = list(pieces)
        return cls(
            "".join(row[0] for row in rows),
            tuple(row[1] for row in rows),
            tuple(row[2] for row in rows),
        )

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The source span under ``text[start:end]``; an empty span where there is no text."""
        if start >= end or start >= len(self.text):
            return (0, 0)
        return self.starts[start], self.ends[min(end, len(self.text)) - 1]

    def cut(self, keep: Iterable[tuple[int, int]]) -> Mapped:
        """Only the given ranges of this text, in order."""
        parts = list(keep)
        return Mapped(
            "".join(self.text[a:b] for a, b in parts),
            tuple(s for a, b in parts for s in self.starts[a:b]),
            tuple(e for a, b in parts for e in self.ends[a:b]),
        )

    def broken(self) -> Mapped:
        """This text with a line break after it that stands for nothing."""
        at = self.ends[-1] if self.ends else 0
        return Mapped(self.text + "\n", (*self.starts, at), (*self.ends, at))

    def plus(self, other: Mapped) -> Mapped:
        """This text and another one after it."""
        return Mapped(self.text + other.text, self.starts + other.starts, self.ends + other.ends)

    def replace(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> Mapped:
        """Replace matches; every character of a replacement stands for the whole match."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            a, b = match.span()
            new = by(match)
            if a == b or new == match.group():
                continue
            text += (self.text[done:a], new)
            starts += self.starts[done:a]
            ends += self.ends[done:a]
            starts += [self.starts[a]] * len(new)
            ends += [self.ends[b - 1]] * len(new)
            done = b
        if not done:
            return self
        text.append(self.text[done:])
        return Mapped("".join(text), (*starts, *self.starts[done:]), (*ends, *self.ends[done:]))
