"""Labels and what stands behind them: 公司：星河, 【离职原因】搬家, a table's two cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.resume.document import Line
from bot.resume.words import LABELS, PROTECTED, spoken

PROTECTED_KIND = "protected"
_LABEL = re.compile(
    r"[【\[](?P<b>[^】\]:：]{1,24})[】\]]\s*[:：]?"
    r"|(?P<l>[A-Za-z][A-Za-z ]{1,24}"
    r"|[^\s:：，,;；。|｜/()（）、]{1,12}(?: [^\s:：，,;；|｜]{1,3}){0,3}"
    r"|[^\s:：，,;；。|｜]{1,8}(?:[(（/][^:：)）,，;；|｜]{1,20}[)）]?))\s*[:：]"
)
_TRIM = " \t|｜;；,，/·•-—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A piece of a line that says something. ``quote`` is only that piece."""

    kind: str
    text: str
    quote: str
    page: int
    line: int


def kind_of(label: str) -> str | None:
    """What a label is for: a kind, ``protected``, or a helper's name. None: no label of ours."""
    bare = re.sub(r"[（(][^）)]*[）)]?", "", label)
    for said in (
        spoken(bare),
        spoken(re.sub(r"[a-zA-Z ]+$|^[a-zA-Z ]+(?=[^\x00-\x7f])", "", bare)),
    ):
        if said in PROTECTED:
            return PROTECTED_KIND
        if said in LABELS:
            return LABELS[said]
    return None


def told_in(line: Line) -> list[Told]:
    """Every label of ours in a line, with the text behind it."""
    found: list[Told] = []
    skip = False
    for at, cell in enumerate(line.cells):
        if skip:
            skip = False
            continue
        within = list(_within(cell))
        after = line.cells[at + 1] if at + 1 < len(line.cells) else ""
        if not within and (kind := kind_of(cell)) and after and not _is_label(after):
            found.append(_told(kind, after, f"{cell}：{after}", line))
            skip = True
        for kind, label, text in within:
            if not text and after and len(within) == 1 and not _is_label(after):
                text, skip = after, True
            found.append(_told(kind, text, f"{label}：{text}", line))
    return found


def is_header(cells: Sequence[str]) -> bool:
    """Whether cells are the heads of a table's columns."""
    return sum(kind_of(cell) is not None for cell in cells if cell) >= max(2, len(cells) - 1)


def _is_label(cell: str) -> bool:
    return kind_of(cell) is not None or any(True for _ in _within(cell))


def _told(kind: str, text: str, quote: str, line: Line) -> Told:
    clean = text.strip(_TRIM)
    return Told(kind=kind, text=clean, quote=quote[:200], page=line.page, line=line.number)


def _within(cell: str) -> Iterator[tuple[str, str, str]]:
    """Kind, label and text of each label with a colon or in brackets inside a cell."""
    marks: list[tuple[str, str, int, int]] = []
    for match in _LABEL.finditer(cell):
        label = match["b"] or match["l"]
        # The label may follow the text of the one before, a space between.
        for part in dict.fromkeys((label, label.rsplit(" ", 1)[-1])):
            if kind := kind_of(part):
                start = match.start() + (0 if match["b"] else label.rfind(part))
                marks.append((kind, part.strip(), min(start, match.end()), match.end()))
                break
    for at, (kind, label, _, end) in enumerate(marks):
        stop = marks[at + 1][2] if at + 1 < len(marks) else len(cell)
        text = cell[end:stop]
        if at + 1 < len(marks):
            text = text.rstrip("【[")
        yield kind, label, text.strip(_TRIM)
