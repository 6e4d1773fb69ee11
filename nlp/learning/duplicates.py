"""Messages that are nearly the same: what must not stand on both sides of a split."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from nlp.corpus import Example

#: Share of common three-character sequences (Jaccard) from which two messages are one.
ALIKE = 0.6
#: Shorter messages (好的, 收到谢谢) are what everybody writes; their turns make them different.
SHORTEST = 8
_UNHEARD = re.compile(r"[\W_]+")


def across(left: Iterable[Example], right: Iterable[Example]) -> Iterator[tuple[Example, Example]]:
    """Pairs of nearly equal messages, one of each side."""
    index: dict[str, list[int]] = defaultdict(list)
    kept: list[tuple[Example, frozenset[str]]] = []
    for example in left:
        grams = _grams(example.text)
        for gram in grams:
            index[gram].append(len(kept))
        kept.append((example, grams))
    for example in right:
        grams = _grams(example.text)
        shared = Counter(number for gram in grams for number in index.get(gram, ()))
        for number, common in shared.items():
            other, others = kept[number]
            if common / (len(grams) + len(others) - common) > ALIKE:
                yield other, example


def _grams(text: str) -> frozenset[str]:
    heard = _UNHEARD.sub("", text)
    if len(heard) < SHORTEST:
        return frozenset()
    return frozenset(heard[start : start + 3] for start in range(len(heard) - 2))
