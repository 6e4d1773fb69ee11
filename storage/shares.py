"""How sure a share of few things is."""

from __future__ import annotations

import math

#: Of the normal distribution, for 95 %.
_Z = 1.959964


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share; NaN of nothing.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    if not of:
        return math.nan, math.nan
    share = right / of
    middle, wide = (
        share + _Z * _Z / (2 * of),
        _Z * math.sqrt(share * (1 - share) / of + (_Z / of) ** 2 / 4),
    )
    return (middle - wide) / (1 + _Z * _Z / of), (middle + wide) / (1 + _Z * _Z / of)
