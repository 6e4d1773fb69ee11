"""What the page of what we owe is given.

=============================  =========================================================
template                       besides ``shell``
=============================  =========================================================
console/owed.html              page: OwedPage
=============================  =========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedItem:
    """One thing we owe somebody. ``url`` is where it is done; empty: not a page of the viewer's.

    ``kind`` is a word of ``owed.what``; ``said``, ``on_day`` and ``who`` are its parts. It is due
    at a moment, or on a day.
    """

    name: str
    position: str
    kind: str
    overdue: bool
    url: str = ""
    said: str = ""
    on_day: date | None = None
    who: str = ""
    due_at: datetime | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPage:
    """``show``: only the viewer's own cases, or all they may know of. ``more``: there are others,
    less pressing than these."""

    show: Literal["mine", "all"]
    items: tuple[OwedItem, ...]
    late: int = 0
    choosable: bool = True
    more: bool = False
