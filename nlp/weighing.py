"""Which of several kinds a short text is, by weights learnt from examples when the process starts.

A text is the runs of one to three characters in it (a word in letters and a number count as one
character), and those in which words that mean the same are one. Of every kind each run has a
weight, so that what the examples share without being alike counts, and a wording nobody wrote down
is still known by its parts. The weights are those of a ridge regression on each kind against all
others: one answer, the same at every start. Pure; no model file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.sameness import FIRST, same

Floats = NDArray[np.float32]

#: How much a large weight costs, and how many steps are taken towards the best weights.
_RIDGE, _STEPS = 0.25, 15
#: Runs of so many characters; those of senses are shorter, they say more.
_RUN, _SENSES = 3, 2
_TOKEN = re.compile(r"[a-z]+|\d+|[?]|[^\W\d_a-z]|[\ue000-\uf8ff]")


class Weighed:
    """``kinds`` learnt from examples: (kind, text). Texts are normalised, lower case."""

    def __init__(self, examples: Sequence[tuple[str, str]]) -> None:
        if not examples:
            raise ValueError("nothing to learn from")
        self.kinds = tuple(sorted({kind for kind, _ in examples}))
        seen = [runs(text) for _, text in examples]
        often = Counter(run for one in seen for run in one)
        many = len(examples)
        rare = {run: math.log((many + 1) / (n + 1)) + 1 for run, n in often.items() if n > 1}
        self._at = {run: number for number, run in enumerate(rare)}
        self._rare = np.array(list(rare.values()), dtype=np.float32)
        told = np.full((many, len(self.kinds)), -1.0, dtype=np.float32)
        for number, (kind, _) in enumerate(examples):
            told[number, self.kinds.index(kind)] = 1.0
        self._first = told.mean(axis=0)
        self._weights = self._learnt(seen, told - self._first)

    def scores(self, text: str) -> Mapping[str, float]:
        """How much each kind has for it: near 1 for it, near -1 against."""
        at = self._places(runs(text))
        found = self._first
        if at.size:
            found = found + self._scaled(at) @ self._weights[at]
        return dict(zip(self.kinds, map(float, found), strict=True))

    def _places(self, found: Iterable[str]) -> NDArray[np.int64]:
        return np.array([self._at[run] for run in found if run in self._at], dtype=np.int64)

    def _scaled(self, at: NDArray[np.int64]) -> Floats:
        """What each run of one text counts; together they are of length one."""
        values = self._rare[at]
        return values / np.float32(math.sqrt(float(values @ values)) or 1.0)

    def _learnt(self, seen: Sequence[Iterable[str]], told: Floats) -> Floats:
        """The weights, by conjugate gradients on the examples' side of the regression."""
        places = [self._places(one) for one in seen]
        texts = np.repeat(np.arange(len(places)), [len(one) for one in places])
        columns = np.concatenate(places)
        values = np.concatenate([self._scaled(one) for one in places])
        table = _Table(texts, columns, values, (len(places), len(self._rare)))
        shares = np.zeros_like(told)
        rest, step = told.copy(), told.copy()
        size = (rest * rest).sum(axis=0)
        for _ in range(_STEPS):
            moved = table.by_text(table.by_run(step)) + np.float32(_RIDGE) * step
            far = size / np.maximum((step * moved).sum(axis=0), 1e-12)
            shares += far * step
            rest -= far * moved
            before, size = size, (rest * rest).sum(axis=0)
            step = rest + size / np.maximum(before, 1e-12) * step
        return table.by_run(shares)


class _Table:
    """What each run counts in each text, most of it nothing; to be multiplied from both sides."""

    def __init__(
        self,
        texts: NDArray[np.int64],
        columns: NDArray[np.int64],
        values: Floats,
        shape: tuple[int, int],
    ) -> None:
        self._by_text = _Side(texts, columns, values, shape[0])
        order = np.argsort(columns, kind="stable")
        self._by_run = _Side(columns[order], texts[order], values[order], shape[1])

    def by_text(self, runs: Floats) -> Floats:
        """For each text the sum of what its runs have."""
        return self._by_text.sums(runs)

    def by_run(self, texts: Floats) -> Floats:
        """For each run the sum of what the texts it stands in have."""
        return self._by_run.sums(texts)


class _Side:
    """Entries in the order of their row."""

    def __init__(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], values: Floats, many: int
    ) -> None:
        self._columns, self._values, self._many = columns, values[:, None], many
        self._rows, self._starts = np.unique(rows, return_index=True)

    def sums(self, given: Floats) -> Floats:
        found = np.zeros((self._many, given.shape[1]), dtype=np.float32)
        found[self._rows] = np.add.reduceat(
            self._values * given[self._columns], self._starts, axis=0
        )
        return found


def runs(text: str) -> list[str]:
    """The runs of characters of a text, each once, and those of senses, marked as such."""
    tokens = ["^", *_TOKEN.findall(text), "$"]
    found: dict[str, None] = {}
    for size in range(1, _RUN + 1):
        for at in range(len(tokens) - size + 1):
            found["".join(tokens[at : at + size])] = None
    senses = _TOKEN.findall(same(text))
    for size in range(1, _SENSES + 1):
        for at in range(len(senses) - size + 1):
            run = "".join(senses[at : at + size])
            if any(_sense(char) for char in run):
                found[f"={run}"] = None
    return list(found)


def _sense(char: str) -> bool:
    return chr(FIRST) <= char < chr(FIRST + 0x600)
