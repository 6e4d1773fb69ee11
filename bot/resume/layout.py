"""From runs of text on pages to lines in the order people read them. Pure.

A page's runs come in the order they were drawn, which for most writers is the order of reading.
Runs on one base line are cells of one line; where two columns were drawn line by line (headings on
both sides of a gutter nothing crosses) they are taken apart again.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence

from bot.resume.document import Line, Segment
from bot.resume.words import section_of, simplified

#: Runs closer than this share of the height belong to one cell; base lines as close to one line.
_CELL_GAP, _LINE_GAP = 1.2, 0.45
_WIDE = re.compile(r"\t+|[ \u3000]{2,}")
_Row = list[Segment]


def arranged(pages: Sequence[Sequence[Segment]]) -> tuple[Line, ...]:
    """The lines of PDF pages."""
    lines: list[Line] = []
    for page, segments in enumerate(pages, 1):
        rows = _in_columns(_rows(segments))
        made = (cells for row in rows if any(cells := _cells(row)))
        lines += (
            Line(page=page, number=number, cells=cells) for number, cells in enumerate(made, 1)
        )
    return tuple(lines)


def plain(lines: Iterable[Sequence[str]]) -> tuple[Line, ...]:
    """The lines of a file that has no places on pages."""
    made = (_spread(cells) for cells in lines)
    full = (cells for cells in made if any(cells))
    return tuple(Line(page=1, number=number, cells=cells) for number, cells in enumerate(full, 1))


def _spread(cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > 1:
        return tuple(clean(cell) for cell in cells)
    return tuple(clean(part) for part in _WIDE.split(cells[0].strip()))


def clean(text: str) -> str:
    """Without invisible characters and odd forms, in simplified script, ends trimmed."""
    kept = (char for char in text.replace("\t", " ") if unicodedata.category(char)[0] != "C")
    return simplified("".join(map(_form, kept))).strip()


def _form(char: str) -> str:
    """Full-width letters, digits and their marks; radicals some fonts put for characters."""
    at = ord(char)
    odd = 0xFF0D <= at <= 0xFF19 or 0xFF21 <= at <= 0xFF5A or 0x2E80 <= at <= 0x2FDF
    if odd or 0xF900 <= at <= 0xFAFF:
        return unicodedata.normalize("NFKC", char)
    return " " if char.isspace() else char


def _rows(segments: Sequence[Segment]) -> list[_Row]:
    rows: list[_Row] = []
    height = statistics.median(one.height for one in segments) if segments else 8.0
    for one in segments:
        last = rows[-1][-1] if rows else None
        near = max(_LINE_GAP * max(height, one.height), 1.0)
        beside = last is not None and one.left >= last.right - height
        if last is not None and beside and abs(one.bottom - rows[-1][0].bottom) <= near:
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


def _in_columns(rows: list[_Row]) -> list[_Row]:
    """Rows as they are, or, where a gutter parts two columns, left ones before right ones."""
    gutter = _gutter(rows)
    if gutter is None:
        return rows
    first = min(at for at, row in enumerate(rows) if _heads(row, gutter) != (False, False))
    top, below = rows[:first], rows[first:]
    left = [part for row in below if (part := [one for one in row if one.left < gutter])]
    right = [part for row in below if (part := [one for one in row if one.left >= gutter])]
    return [*top, *left, *right]


def _gutter(rows: list[_Row]) -> float | None:
    """Where the right one of two columns begins, when they were drawn line by line."""
    starts = {round(row[1].left) for row in rows if len(row) > 1 and section_of(row[1].text)}
    for start in sorted(starts):
        gutter = start - 2.0
        crossed = sum(
            one.left < gutter < one.right
            for row in rows
            if len(row) > 1 or section_of(row[0].text)
            for one in row
        )
        sides = [_heads(row, gutter) for row in rows]
        if not crossed and any(a for a, _ in sides) and any(b for _, b in sides):
            return gutter
    return None


def _heads(row: _Row, gutter: float) -> tuple[bool, bool]:
    """Whether a row holds a heading left and right of the gutter."""
    headings = [one.left < gutter for one in row if section_of(clean(one.text))]
    return True in headings, False in headings


def _cells(row: _Row) -> tuple[str, ...]:
    cells: list[str] = []
    last: Segment | None = None
    for one in row:
        height = max(one.height, last.height if last else 0.0)
        if last is not None and one.left - last.right < _CELL_GAP * height:
            gap = " " if one.left - last.right > 0.15 * height else ""
            cells[-1] += gap + one.text
        else:
            cells.append(one.text)
        last = one
    return tuple(clean(part) for cell in cells for part in _WIDE.split(cell.strip()))
