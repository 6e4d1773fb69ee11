"""Places in texts of ``config/`` that the program fills: known by name, and plain."""

from __future__ import annotations

import string
from collections.abc import Collection


def checked(text: str, known: Collection[str]) -> str:
    """The text, where each of its places is one of ``known``. Raises ``ValueError`` naming another,
    also one with a conversion or a format of its own.

    >>> checked("{name}您好", {"name"})
    '{name}您好'
    """
    for _, name, form, turned in string.Formatter().parse(text):
        if name is not None and (name not in known or form or turned):
            raise ValueError(f"unknown placeholder {{{name}}}")
    return text
