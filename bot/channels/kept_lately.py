"""The newest values by key, as many as are worth remembering."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

REMEMBERED = 2_000

T = TypeVar("T")


class Recent(Generic[T]):
    """The newest values by key; the oldest give way."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._most = most

    def get(self, key: str) -> T | None:
        """The value, while it is remembered."""
        return self._kept.get(key)

    def put(self, key: str, value: T) -> None:
        """Remember a value as the newest."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
