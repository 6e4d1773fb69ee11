"""Rows that are about the same person, put together. Who is meant is never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.profile.values import Value
from bot.sheets.definition import Layout
from bot.sheets.entries import Fault, Person, Work
from storage.enums import Stage

#: What the rows of one person may not say twice differently.
_SAME = ("name", "phone", "masked", "position", "stage", "start_on")
_COLUMN = {"masked": "phone"}


@dataclass(slots=True, kw_only=True)
class Row:
    """One row, its cells understood. ``broken``: some of it could not be."""

    sheet: str
    line: int
    id: str = ""
    name: str = ""
    phone: str = ""
    masked: str = ""
    position: str = ""
    stage: Stage | None = None
    start_on: date | None = None
    told: dict[str, Value] = field(default_factory=dict)
    work: dict[str, Value] = field(default_factory=dict)
    broken: bool = False

    @property
    def is_nobodys(self) -> bool:
        """Whether it leaves open whose it is: the row before says that."""
        return not (self.id or self.name or self.phone or self.masked)


@dataclass(slots=True, eq=False)
class _Group:
    """The rows of one person; the first is the one people look for."""

    rows: list[Row]

    @property
    def first(self) -> Row:
        return self.rows[0]

    def said(self, name: str) -> Any:
        """The first thing said."""
        return next((found for row in self.rows if (found := getattr(row, name))), None)


class Rows:
    """All rows of the candidates' sheets, as people."""

    def __init__(self, rows: Sequence[Row], layout: Layout) -> None:
        self.faults: list[Fault] = []
        self._layout = layout
        self._groups: list[_Group] = []
        self._named: dict[tuple[str, str], list[_Group]] = {}
        for row in rows:
            self._take(row)
        self._nameless()

    def people(self) -> tuple[Person, ...]:
        """Everybody, in the order of the file; adds what does not fit together to ``faults``."""
        return tuple(self._person(group) for group in self._groups)

    def _wrong(self, row: Row, key: str, says: str) -> None:
        label = self._layout.candidates.of(key).label
        self.faults.append(Fault(sheet=row.sheet, line=row.line, column=label, says=says))

    def _take(self, row: Row) -> None:
        if row.is_nobodys:
            last = self._groups[-1] if self._groups else None
            if last is None or last.rows[-1].sheet != row.sheet or not (row.work or row.broken):
                self._wrong(row, "name", "没有写")
            else:
                last.rows.append(row)
            return
        group = self._group_of(row)
        if group is not None:
            group.rows.append(row)
        elif not row.name:
            self._wrong(row, "name", "没有写")
            return
        else:
            group = _Group([row])
            self._groups.append(group)
        for name in ("id", "phone", "name"):
            # Nobody is looked for by nothing: that list would hold everybody.
            if not (value := getattr(row, name)):
                continue
            known = self._named.setdefault((name, value), [])
            if group not in known:
                known.append(group)

    def _group_of(self, row: Row) -> _Group | None:
        """The person a row names: by id, else by number, else by a name nobody else has."""
        for name in ("id", "phone"):
            wanted = getattr(row, name)
            if wanted and (known := self._named.get((name, wanted))):
                return known[0]
        if row.id or row.phone or row.masked:
            return None
        same = self._named.get(("name", row.name), [])
        if len(same) > 1:
            self._wrong(row, "name", "有几个同名的人，请写手机号，分清是谁")
        return same[0] if same else None

    def _nameless(self) -> None:
        """Somebody without a number whose name somebody else has too."""
        first: dict[str, Row] = {}
        for group in self._groups:
            name, known = group.said("name"), group.said("id") or group.said("phone")
            before = first.setdefault(name, group.first)
            if before is not group.first and not known:
                says = f"第 {before.line} 行也叫这个名字；请写手机号，分清是不是同一个人"
                self._wrong(group.first, "phone", says)
            if not known:
                continue
            if before is not group.first and not (before.id or before.phone):
                says = f"第 {before.line} 行也叫这个名字，但没有手机号；请补上，分清是不是同一个人"
                self._wrong(group.first, "name", says)

    def _person(self, group: _Group) -> Person:
        first = group.first
        for name in _SAME:
            self._same(group, name)
        told: dict[str, Value] = {}
        for row in group.rows:
            for kind, value in row.told.items():
                if told.setdefault(kind, value) != value:
                    self._wrong(row, kind, f"和第 {first.line} 行写的不一样；这一项只能有一个")
        self._repeated(group)
        return Person(
            sheet=first.sheet,
            line=first.line,
            name=group.said("name") or "",
            id=group.said("id") or "",
            phone=group.said("phone") or "",
            masked=group.said("masked") or "",
            position=group.said("position") or "",
            stage=group.said("stage"),
            start_on=group.said("start_on"),
            told=told,
            works=tuple(Work(line=row.line, told=row.work) for row in group.rows if row.work),
        )

    def _same(self, group: _Group, name: str) -> None:
        first = group.said(name)
        for row in group.rows:
            said = getattr(row, name)
            if said and said != first:
                says = f"和第 {group.first.line} 行写的不一样，但看起来是同一个人"
                self._wrong(row, _COLUMN.get(name, name), says)

    def _repeated(self, group: _Group) -> None:
        """Rows that say nothing new: the same employment again, or nothing but whose they are."""
        seen: list[Mapping[str, Value]] = []
        for at, row in enumerate(group.rows):
            if row.broken:
                continue
            if (row.work and row.work in seen) or (at and not row.work and not row.told):
                self._wrong(row, "name", f"和第 {group.first.line} 行重复")
            seen.append(row.work)
