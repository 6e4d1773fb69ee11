"""What the page of imports and exports is given. ``console/sheets.html`` has page: SheetsPage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A fault or a note. ``place`` is where it is, in words; empty for the whole file."""

    place: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What becomes of one person. ``what`` are labels of what is new or differs."""

    line: int
    name: str
    position: str
    new: bool
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a file would come to. ``draft`` is the file, sealed; empty when it may not be confirmed.

    ``more_faults`` and ``more_lines`` count what is not listed.
    """

    places: tuple[str, ...]
    created: int
    changed: int
    unchanged: int
    lines: tuple[Line, ...]
    faults: tuple[Said, ...]
    notes: tuple[Said, ...]
    more_faults: int = 0
    more_lines: int = 0
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsPage:
    """Forms: import (file), import/confirm (draft), export (stage, purpose, format)."""

    stages: tuple[str, ...]
    purposes: tuple[str, ...]
    formats: tuple[str, ...]
    trial: Trial | None = None
