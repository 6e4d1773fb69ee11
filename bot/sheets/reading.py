"""Sheets in, entries and faults out. Nothing is guessed: what can mean two things is asked back.

One row is one candidate with one employment. Further employments stand in further rows, which
repeat whose they are or leave it empty.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.profile.definition import Kind, Type
from bot.profile.doubt import Doubtful
from bot.profile.forbidden import names_protected
from bot.profile.values import Value
from bot.sheets import fields
from bot.sheets.cells import unguarded
from bot.sheets.definition import Layout, Table
from bot.sheets.document import Book, Sheet
from bot.sheets.entries import Fault, Place, Understood
from bot.sheets.grouping import Row, Rows
from bot.sheets.positions import key_of

#: Headings stand in one of the first rows: titles and notes may stand above them.
_HEAD_ROWS = 10
#: Rows a person may take on average, where people are counted.
_ROWS_EACH = 5
#: A last line that says who exported a file; it is no candidate.
MARK = "# 一诺导出"
_DAY = Kind(label="入职日期", type=Type.DATE)


@dataclass(slots=True)
class Found:
    """What has been read so far."""

    places: list[Place] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    #: What the file calls our columns: faults name them so.
    called: dict[tuple[str, str], str] = field(default_factory=dict)

    #: Cells that were read before: a file says the same city and the same pay again and again.
    read: dict[tuple[str, str], Value | Doubtful] = field(default_factory=dict)

    def value(self, kind: str, text: str, layout: Layout) -> Value | Doubtful:
        """What a cell says of a kind, or why that is doubtful."""
        known = self.read.get((kind, text))
        if known is None:
            try:
                known = fields.value(layout.profile.kinds[kind], text)
            except Doubtful as doubt:
                known = doubt
            self.read[kind, text] = known
        return known

    def named(self, fault: Fault) -> Fault:
        """A fault with the heading its reader sees."""
        said = self.called.get((fault.sheet, fault.column), fault.column)
        return replace(fault, column=said)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """Where headings stand, and which column is which."""

    at: int
    table: Table
    keys: Mapping[int, str]


def understood(book: Book, layout: Layout, *, most: int | None = None) -> Understood:
    """What a file says, or why it cannot be imported: also for more than ``most`` people."""
    if most is not None and sum(len(sheet.rows) for sheet in book.sheets) > most * _ROWS_EACH:
        return Understood(faults=(Fault(says=f"超过 {most * _ROWS_EACH} 行，请分成几份导入"),))
    found, known = Found(), 0
    for sheet in book.sheets:
        aside = sheet.name in (layout.names.guide, layout.names.options)
        head = None if aside else _head(sheet, layout)
        if head is None:
            continue
        known += 1
        _headings(sheet, head, found)
        for line, cells in _lines(sheet, head):
            if head.table is layout.positions:
                _place(sheet, line, cells, layout, found)
            else:
                _row(sheet, line, cells, layout, found)
    if not known:
        says = "没有找到表头：候选人表要有「姓名」一列，职位表要有「职位名称」一列"
        return Understood(faults=(Fault(says=says),))
    grouped = Rows(found.rows, layout)
    people = grouped.people()
    faults = (*found.faults, *grouped.faults, *_twice(found.places))
    if most is not None and len(people) > most:
        faults = (Fault(says=f"超过 {most} 位候选人，请分成几份导入"), *faults)
    if not people and not found.places and not faults:
        faults = (Fault(says="表里没有内容"),)
    notes = tuple(found.notes)
    order = sorted(map(found.named, faults), key=lambda one: (one.sheet, one.line))
    return Understood(places=tuple(found.places), people=people, faults=tuple(order), notes=notes)


# --- headings ---------------------------------------------------------------------------------


def _head(sheet: Sheet, layout: Layout) -> _Head | None:
    """The row of headings: the one with a name, of a person or of a position."""
    for at, row in enumerate(sheet.rows[:_HEAD_ROWS]):
        for table, needed in ((layout.candidates, "name"), (layout.positions, "title")):
            keys: dict[int, str] = {}
            for index, heading in enumerate(row):
                column = table.named(heading)
                if column is not None:
                    keys[index] = column.key
            if needed in keys.values():
                return _Head(at=at, table=table, keys=keys)
    return None


def _headings(sheet: Sheet, head: _Head, found: Found) -> None:
    line = sheet.first + head.at
    seen: set[str] = set()
    for index, heading in enumerate(sheet.rows[head.at]):
        said, key = heading.strip(), head.keys.get(index)
        if key is not None:
            if key in seen:
                label = head.table.of(key).label
                says = f"「{said}」和另一列都是「{label}」，请只留一列"
                found.faults.append(Fault(sheet=sheet.name, line=line, says=says))
            seen.add(key)
            found.called[sheet.name, head.table.of(key).label] = said.rstrip("*＊ ")[:40]
        elif said:
            says = _unknown(said[:40], head.table)
            found.notes.append(Fault(sheet=sheet.name, line=line, column=said[:40], says=says))


def _unknown(heading: str, table: Table) -> str:
    if names_protected(heading):
        return "是受保护的个人信息，不导入，也不保存"
    labels = [column.label for column in table.columns]
    near = [label for label in labels if heading in label] or difflib.get_close_matches(
        heading, labels, n=1, cutoff=0.5
    )
    hint = "（要导入的话，请改成" + "或".join(f"「{one}」" for one in near) + "）" if near else ""
    return f"没有这一列，不导入{hint}"


def _lines(sheet: Sheet, head: _Head) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells, by key, of each row that says something."""
    for at, row in enumerate(sheet.rows[head.at + 1 :], start=head.at + 1):
        said = [cell.strip() for cell in row]
        if not any(said) or (said[0].startswith(MARK) and not any(said[1:])):
            continue
        cells = {
            key: unguarded(said[index]).strip()
            for index, key in head.keys.items()
            if index < len(said) and said[index]
        }
        if cells:
            yield sheet.first + at, cells


# --- rows -------------------------------------------------------------------------------------


def _row(sheet: Sheet, line: int, cells: dict[str, str], layout: Layout, found: Found) -> None:
    def wrong(key: str, says: str) -> None:
        label = layout.candidates.of(key).label
        found.faults.append(Fault(sheet=sheet.name, line=line, column=label, says=says))

    row = Row(sheet=sheet.name, line=line, id=cells.get("id", ""), name=cells.get("name", ""))
    row.position = cells.get("position", "")
    if row.name and not fields.is_name(row.name, 60):
        wrong("name", "要写一行看得见的字，最多 60 个")
    if "phone" in cells:
        row.phone, row.masked = fields.phone(cells["phone"])
        if not row.phone and not row.masked:
            wrong("phone", "不像一个电话号码；境外号码请带国家代码")
    if "stage" in cells:
        row.stage = fields.stage(cells["stage"], layout.stages)
        if row.stage is None:
            wrong("stage", "请从这些里选：" + "、".join(layout.stages.values()))
    if "start_on" in cells:
        try:
            row.start_on = fields.day(_DAY, cells["start_on"])
        except Doubtful as doubt:
            wrong("start_on", str(doubt))
    for kind, text in cells.items():
        if kind not in layout.profile.kinds:
            continue
        value = found.value(kind, text, layout)
        if isinstance(value, Doubtful):
            wrong(kind, str(value))
            row.broken = True
        else:
            (row.work if layout.profile.repeats(kind) else row.told)[kind] = value
    found.rows.append(row)


def _place(sheet: Sheet, line: int, cells: dict[str, str], layout: Layout, found: Found) -> None:
    told, wrong = fields.place(cells, layout)
    for key, says in wrong.items():
        label = layout.positions.of(key).label
        found.faults.append(Fault(sheet=sheet.name, line=line, column=label, says=says))
    if not wrong:
        found.places.append(Place(sheet=sheet.name, line=line, **told))


def _twice(places: list[Place]) -> Iterator[Fault]:
    first: dict[tuple[str, ...], int] = {}
    for place in places:
        key = key_of(place)
        if key in first:
            says = f"和第 {first[key]} 行是同一个职位（名称、部门、城市、职级都一样）"
            yield Fault(sheet=place.sheet, line=place.line, column="职位名称", says=says)
        first.setdefault(key, place.line)
