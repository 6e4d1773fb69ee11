"""What pages show of consents; the rules of ``bot.web.views`` hold here too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPart:
    """A paragraph of the notice."""

    title: str
    text: str
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyItem:
    """Something that is consented to by itself. ``lines``: (key of ``privacy.line``, text)."""

    name: str
    lines: tuple[tuple[str, str], ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPage:
    """The whole notice; ``version`` names these very words."""

    parts: tuple[PrivacyPart, ...]
    items: tuple[PrivacyItem, ...]
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentLink:
    """One link of the ledger. ``source``: chat, form, paper or api; ``detail`` what it names."""

    item: str
    answer: str
    at: datetime
    source: Literal["chat", "form", "paper", "api"]
    detail: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPart:
    """Where a candidate stands. ``by_form``: nothing recorded, but the company's form asks.

    ``items``: (key, name) of what may be recorded from paper; empty: the viewer may not.
    ``bad``: the note that was sent is missing or too long.
    """

    analysed: bool
    links: tuple[ConsentLink, ...]
    by_form: str = ""
    items: tuple[tuple[str, str], ...] = ()
    most_note: int = 0
