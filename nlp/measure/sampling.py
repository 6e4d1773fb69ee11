"""Intervals by drawing whole voices again: messages of one voice are not independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]

RESAMPLES = 1000
#: Beyond this many voices they are drawn in so many bundles, which bounds the memory.
BUNDLES = 4000
_CELLS = 2_000_000  # floats held at a time when every message needs its weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with the 2.5th and 97.5th percentile of its resamples.

    ``value`` is None where nothing can be said (a precision of nothing found). The ends are None
    with fewer than two voices, or when the number is defined in fewer than half of the resamples.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Voices:
    """Resamples of the voices of a list of messages, with replacement, from one seed."""

    def __init__(self, voices: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 1) -> None:
        """``voices[N]`` names who wrote each message; a message without a name is its own voice."""
        numbers: dict[str, int] = {}
        index = [
            numbers.setdefault(voice or f"\0{at}", len(numbers)) for at, voice in enumerate(voices)
        ]
        self.count = len(numbers)
        bundles = min(self.count, BUNDLES)
        self._index = np.array(index, np.intp) % max(1, bundles)
        self._weights = np.ones((1, bundles), np.float64)
        if self.count >= 2:
            draws = np.random.default_rng(seed).multinomial(
                bundles, np.full(bundles, 1 / bundles), size=resamples
            )
            self._weights = np.concatenate([self._weights, draws.astype(np.float64)])

    def sums(self, values: npt.ArrayLike) -> Row:
        """Sums over the messages, ``[N] -> [1 + R]`` or ``[N, K] -> [1 + R, K]``.

        Row 0 is the sum over the messages as they are, the others are the resamples. R is 0 with
        fewer than two voices.
        """
        given = np.asarray(values, np.float64)
        cells = given[:, np.newaxis] if given.ndim == 1 else given
        grouped = np.zeros((self._weights.shape[1], cells.shape[1]), np.float64)
        np.add.at(grouped, self._index, cells)
        summed = np.asarray(self._weights @ grouped, np.float64)
        return summed[:, 0] if given.ndim == 1 else summed

    def weights(self) -> Iterator[Row]:
        """How often every message is drawn, in blocks ``[B, N]`` of the rows of ``sums``."""
        block = max(1, _CELLS // max(1, len(self._index)))
        for start in range(0, len(self._weights), block):
            yield np.asarray(self._weights[start : start + block][:, self._index], np.float64)


def figure(series: Row) -> Figure:
    """The number in row 0 with the interval of the other rows; NaN is "not defined"."""
    value = float(series[0])
    if np.isnan(value):
        return Figure()
    drawn = series[1:][~np.isnan(series[1:])]
    if not len(drawn) or len(drawn) * 2 < len(series) - 1:
        return Figure(value=value)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Figure(value=value, low=float(low), high=float(high))


def ratio(above: Any, below: Any) -> Row:
    """``above / below``, NaN where ``below`` is 0."""
    top, bottom = np.asarray(above, np.float64), np.asarray(below, np.float64)
    share = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    np.divide(top, bottom, out=share, where=bottom != 0)
    return share


def mean_defined(rows: Row) -> Row:
    """Mean over the last axis of what is not NaN, NaN where nothing is."""
    known = ~np.isnan(rows)
    return ratio(np.where(known, rows, 0.0).sum(axis=-1), known.sum(axis=-1))
