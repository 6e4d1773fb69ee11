"""Which words carry an alert: the span without which the network would not have raised it.

A candidate span is a clause, or a phrase the rules found. The likeliest are taken out in turn and
the rest is read again; the span whose loss costs the score most is quoted. So a quote is faithful
by construction: what is shown is what the answer hangs on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w")
_CLAUSE = re.compile(r"[^,。!?;\n…、~]+")
#: Spans tried at most. Of more clauses the later ones, where decisions stand.
TRIED = 8
#: Spans tried first, by how much the n-grams miss them; the others only if none of these counts.
FIRST = 2
#: A shorter span is preferred when its loss costs at least this share of the best one's.
ENOUGH = 0.8

Span = tuple[int, int]


def candidates(text: str, quotes: Sequence[Span]) -> list[Span]:
    """Spans of the normalised text worth trying, without duplicates, in order of place.

    What is all there is to read is none: without it nothing is left to be compared with.
    """
    clauses = [_trimmed(text, match.span()) for match in _CLAUSE.finditer(text)]
    found = {span for span in (*clauses, *quotes) if span[0] < span[1]}
    return [span for span in sorted(found)[-TRIED:] if _WORD.search(without(text, span))]


def without(text: str, span: Span) -> str:
    """The text with a span taken out."""
    return text[: span[0]] + text[span[1] :]


def best(spans: Sequence[Span], drops: Sequence[float]) -> Span | None:
    """The span to quote, given how much of the score each costs. None when none costs any."""
    top = max(drops, default=0.0)
    if top <= 0:
        return None
    good = [span for span, drop in zip(spans, drops, strict=True) if drop >= ENOUGH * top]
    return min(good, key=lambda span: (span[1] - span[0], span[0]))


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
