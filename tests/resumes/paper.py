"""What layouts draw on: PDF pages with the CID fonts every reader knows, and Word files."""

from __future__ import annotations

import io
from collections.abc import Sequence

from docx import Document
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

SIMPLIFIED, TRADITIONAL = "STSong-Light", "MSung-Light"
for _font in (SIMPLIFIED, TRADITIONAL):
    pdfmetrics.registerFont(UnicodeCIDFont(_font))


class Paper:
    """A4 pages, drawn from the top; ``at`` is the base line, points from below."""

    def __init__(self, *, font: str = SIMPLIFIED, size: float = 10.5) -> None:
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out)
        self.font, self.size, self.at = font, size, 800.0

    def write(self, left: float, text: str, *, size: float | None = None) -> None:
        """At the present base line."""
        self._canvas.setFont(self.font, size or self.size)
        self._canvas.drawString(left, self.at, text)

    def down(self, points: float = 17.0) -> None:
        """To the next base line, on a new page when this one is full."""
        self.at -= points
        if self.at < 50:
            self._canvas.showPage()
            self.at = 800.0

    def line(self, *parts: tuple[float, str], size: float | None = None) -> None:
        """Texts beside each other, and on to the next base line."""
        for left, text in parts:
            self.write(left, text, size=size)
        self.down()

    def rule(self, left: float = 50, right: float = 545) -> None:
        """A thin line over the next text."""
        self._canvas.line(left, self.at + 12, right, self.at + 12)

    def bytes(self) -> bytes:
        """The finished file."""
        self._canvas.save()
        return self._out.getvalue()


def saved(document: Document) -> bytes:  # type: ignore[valid-type]
    """A Word file's bytes."""
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def table(document: Document, rows: Sequence[Sequence[str]]) -> None:  # type: ignore[valid-type]
    """A grid of texts at the end of a Word file."""
    grid = document.add_table(rows=0, cols=max(map(len, rows)))  # type: ignore[attr-defined]
    for row in rows:
        for cell, text in zip(grid.add_row().cells, row, strict=False):
            cell.text = text
