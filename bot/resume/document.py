"""What a file says, once it is open: lines of cells, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import BotError


class Unreadable(BotError):
    """A file no statements can be taken from. The text says why and what to ask for, in Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of text on a PDF page, in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    @property
    def height(self) -> float:
        """Of the font; never nothing."""
        return max(self.top - self.bottom, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as people see it. ``cells`` are its columns, left to right, none where it is empty.

    ``page`` and ``number`` count from one; a Word file has one page.
    """

    page: int
    number: int
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line with its columns apart."""
        return "  ".join(cell for cell in self.cells if cell)
