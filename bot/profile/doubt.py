"""The one way the record says that it was not told clearly enough."""

from __future__ import annotations


class Doubtful(ValueError):
    """What was written can mean two things, or nothing. The text says what to ask, in Chinese.

    It never repeats more of what was written than numbers.
    """
