"""What a storm needs of a platform, and the clock the platform lives by."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal, Protocol

from storage.database import Tx
from storage.vault import Vault

#: ``expire``: tokens run out. ``limit``: too many calls. ``down``: a gateway's error.
#: ``deaf``: what is asked is done, and the answer lost. ``dead``: nothing is done, nor answered.
Trouble = Literal["expire", "limit", "down", "deaf", "dead"]


class Clock:
    """The wall clock, which may run ahead: of the platform, never of the product."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


class Stage(Protocol):
    """One platform with people on it. Persons are numbers from 0; all of them are candidates.

    ``exact``: the platform drops what it is sent twice, so nobody may see a reply twice.
    ``turns``: it can bring one person's words in the wrong order. ``clock`` dates them.
    """

    channel: str
    people: int
    exact: bool
    turns: bool
    clock: Clock

    def settings(self) -> dict[str, str]:
        """What the product is told, without the ``YINUO_``."""

    def address(self, person: int) -> str:
        """Where the product meets somebody."""

    def hr(self) -> str:
        """Where cards go; empty: nowhere on this platform."""

    def settle(self, tx: Tx, vault: Vault, candidates: Sequence[str]) -> None:
        """What this platform needs in the product besides conversations."""

    def point(self, base_url: str) -> None:
        """The product will be there."""

    # In

    def say(self, person: int, text: str) -> None:
        """Somebody writes."""

    def twice(self) -> None:
        """The next message is delivered twice."""

    def hold(self) -> None:
        """Keep messages back."""

    def release(self) -> None:
        """Deliver what was held, the last one first where the platform ``turns``."""

    def here(self) -> None:
        """The product is back: what was put off is due now."""

    def pending(self) -> int:
        """Messages the product has not taken, and the platform has not given up."""

    def late(self) -> set[tuple[int, str]]:
        """What was not taken at the first try: person and text. Others may have overtaken it."""

    # Out

    def trouble(self, kind: Trouble) -> None:
        """Something goes wrong with some of the product's next calls."""

    def slow(self, seconds: float) -> None:
        """Sending takes so long; 0 ends it."""

    def texts(self, person: int) -> list[str]:
        """What somebody was sent, oldest first."""

    def cards(self) -> list[str]:
        """All words of each card HR has now, oldest first."""

    def close(self) -> None:
        """Stop the platform."""


def words(thing: Any) -> str:
    """Every text inside of a decoded card, a line each."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, dict):
        return "\n".join(filter(None, map(words, thing.values())))
    if isinstance(thing, list | tuple):
        return "\n".join(filter(None, map(words, thing)))
    return ""
