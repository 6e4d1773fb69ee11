"""How a position is called in a cell, and which one a cell means."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

_BETWEEN = " · "


class Named(Protocol):
    """What a position is known by."""

    @property
    def title(self) -> str: ...

    @property
    def department(self) -> str: ...

    @property
    def city(self) -> str: ...

    @property
    def level(self) -> str: ...


def called(position: Named) -> str:
    """A position's whole name; what exports write.

    >>> called(Seat(id="p", title="后端工程师", city="杭州"))
    '后端工程师 · 杭州'
    """
    parts = (position.title, position.city, position.department, position.level)
    return _BETWEEN.join(part for part in parts if part)


def key_of(position: Named) -> tuple[str, str, str, str]:
    """What makes it the same position."""
    return position.title, position.department, position.city, position.level


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A position that exists. ``open``: we still hire for it; ``ours``: no colleague's alone."""

    id: str
    title: str
    department: str = ""
    city: str = ""
    level: str = ""
    open: bool = True
    ours: bool = True


class Seats:
    """Positions, found by what people call them."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._called: list[dict[str, list[Seat]]] = []
        for forms in (_whole, _some):
            found: dict[str, list[Seat]] = {}
            for seat in seats:
                for form in dict.fromkeys(forms(seat)):
                    found.setdefault(form, []).append(seat)
            self._called.append(found)

    def meant(self, text: str) -> Sequence[Seat]:
        """The positions a cell may mean: one when it is clear. Its whole name comes first, then
        what is still open."""
        wanted = _folded(text)
        for known in self._called:
            found = known.get(wanted, [])
            still = [seat for seat in found if seat.open]
            if found:
                return still or found
        return ()


def _whole(seat: Seat) -> Iterable[str]:
    return (_folded(called(seat)),)


def _some(seat: Seat) -> Iterable[str]:
    """The title with some of the rest, in any order that people write."""
    rest = [part for part in (seat.city, seat.department, seat.level) if part]
    forms = [(seat.title, *some) for n in range(3) for some in itertools.permutations(rest, n)]
    return [_folded(_BETWEEN.join(form)) for form in forms]


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()
