"""Words on A4 as a PDF, in fonts that go with it, so that it reads the same everywhere.

Only strings are drawn, at places we choose: the library's paragraphs read markup, and what people
write is no markup. The Chinese font is part of this repository (``fonts/``), the Latin one comes
with the library; both are embedded, cut to what is used. A character neither has is named by its
number.
"""

from __future__ import annotations

import io
import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path(__file__).resolve().parent / "fonts"
LATIN, CHINESE = "YinuoLatin", "YinuoChinese"
WIDTH, HEIGHT = A4
MARGIN, LABEL = 62.0, 104.0  # points
INK, FAINT, ACCENT, RULE = "#16242a", "#55666e", "#0b5d6b", "#cbd2cf"
#: Stands, with its number behind it, for a character no font here has.
UNKNOWN = "〓"
#: Nothing of this begins a line.
_CLOSING = "，。、；：！？）」』》〉】”’…%％"
_PIECE = re.compile(r"[!-~]+|[\s\S]")
#: Fonts remember which characters a document uses; one document at a time.
_ONE = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A titled list of lines: label and words. A line without a label takes the whole width."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What is printed, in the order it is read. ``foot`` stands below on every page, with its
    number."""

    company: str
    title: str
    under: str
    parts: tuple[Part, ...]
    foot: str


def drawn(paper: Paper) -> bytes:
    """The document. The same words give the same bytes."""
    with _ONE:
        _fonts()
        buffer = io.BytesIO()
        sheet = _Sheet(Canvas(buffer, pagesize=A4, invariant=1), paper)
        sheet.draw()
        return buffer.getvalue()


def printable(text: str) -> str:
    """Text as it is drawn: nothing invisible, and the number of what no font here has.

    >>> printable("𠮷田\\u202e"), printable("鄭堃 20k")
    ('〓(U+20BB7)田', '鄭堃 20k')
    """
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character == "\n":
        return character
    if character.isspace():
        return " "
    if unicodedata.category(character)[0] == "C":
        return ""
    known = any(ord(character) in face for face in _faces().values())
    return character if known else f"{UNKNOWN}(U+{ord(character):04X})"


@cache
def _faces() -> dict[str, dict[int, int]]:
    """The characters of each font, the preferred font first."""
    return {name: font.face.charToGlyph for name, font in _fonts().items()}


@cache
def _fonts() -> dict[str, Any]:
    found = {
        LATIN: TTFont(LATIN, "Vera.ttf"),
        CHINESE: TTFont(CHINESE, str(FONTS / "droid-fallback" / "DroidSansFallbackFull.ttf")),
    }
    for font in found.values():
        pdfmetrics.registerFont(font)
    return found


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Text in stretches of one font: font and words."""
    run, used = "", LATIN
    for character in text:
        fits = LATIN if ord(character) in _faces()[LATIN] else CHINESE
        if character == " " and run:
            fits = used
        if fits != used and run:
            yield used, run
            run = ""
        run, used = run + character, fits
    if run:
        yield used, run


def _wide(text: str, size: float) -> float:
    return float(sum(pdfmetrics.stringWidth(run, font, size) for font, run in _runs(text)))


def _broken(text: str, size: float, width: float) -> Iterator[str]:
    """Text cut into lines: never inside a word of Latin letters that fits a line, and no line
    begins with a closing mark."""
    for paragraph in text.split("\n"):
        line = ""
        for piece in _PIECE.findall(paragraph):
            pieces = [piece] if _wide(piece, size) <= width else list(piece)
            for one in pieces:
                if line and one not in _CLOSING and _wide(line + one, size) > width:
                    yield line.rstrip()
                    line = ""
                line += one
        if line.strip():
            yield line.rstrip()


class _Sheet:
    """A pen on the pages of one document."""

    def __init__(self, canvas: Any, paper: Paper) -> None:
        self._canvas, self._paper = canvas, paper
        self._page, self._y = 1, HEIGHT - MARGIN
        canvas.setTitle(printable(f"{paper.title} {paper.under}"))
        canvas.setAuthor(printable(paper.company))
        canvas.setCreator("Yinuo")

    def draw(self) -> None:
        """Everything, top to bottom."""
        self._write(self._paper.company, 10.5, FAINT, after=10)
        self._write(self._paper.title, 24, ACCENT, after=8)
        self._write(self._paper.under, 10.5, FAINT, after=20)
        for part in self._paper.parts:
            self._part(part)
        self._end_page()
        self._canvas.save()

    def _part(self, part: Part) -> None:
        self._room(70)
        self._canvas.setStrokeColor(HexColor(RULE))
        self._canvas.line(MARGIN, self._y, WIDTH - MARGIN, self._y)
        self._y -= 10
        self._write(part.title, 13, ACCENT, after=18)
        for label, words in part.lines:
            self._line(label, words)
        self._y -= 10

    def _line(self, label: str, words: str) -> None:
        inset = LABEL if label else 0.0
        rows = list(_broken(printable(words), 11, WIDTH - 2 * MARGIN - inset))
        labels = list(_broken(printable(label), 11, LABEL - 12)) if label else []
        for at in range(max(len(rows), len(labels))):
            self._room(18)
            if at < len(labels):
                self._put(MARGIN, labels[at], 11, FAINT)
            if at < len(rows):
                self._put(MARGIN + inset, rows[at], 11, INK)
            self._y -= 18
        self._y -= 4

    def _write(self, text: str, size: float, colour: str, *, after: float) -> None:
        for row in _broken(printable(text), size, WIDTH - 2 * MARGIN):
            self._room(size)
            self._y -= size
            self._put(MARGIN, row, size, colour)
            self._y -= size * 0.4
        self._y -= after

    def _put(self, x: float, text: str, size: float, colour: str) -> None:
        pen = self._canvas.beginText(x, self._y)
        pen.setFillColor(HexColor(colour))
        for font, run in _runs(text):
            pen.setFont(font, size)
            pen.textOut(run)
        self._canvas.drawText(pen)

    def _room(self, needed: float) -> None:
        if self._y - needed < MARGIN:
            self._end_page()
            self._page += 1
            self._y = HEIGHT - MARGIN

    def _end_page(self) -> None:
        self._y = MARGIN - 24
        self._put(MARGIN, printable(f"{self._paper.foot} · {self._page}"), 8.5, FAINT)
        self._canvas.showPage()
