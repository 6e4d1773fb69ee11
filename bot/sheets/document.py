"""What a spreadsheet holds, once it is open: sheets of rows of texts."""

from __future__ import annotations

from dataclasses import dataclass

#: Of one file: bytes, sheets, rows of a sheet, columns, characters of a cell and of all cells.
MOST_BYTES = 5 * 1024 * 1024
MOST_SHEETS, MOST_ROWS, MOST_COLUMNS = 20, 20_000, 100
#: People of a file brought beside others' work: an import is one transaction, and on SQLite nobody
#: else writes meanwhile.
MOST_PEOPLE = 200
MOST_CELL, MOST_CHARACTERS = 8_000, 3_000_000
TOO_LARGE = f"文件超过 {MOST_BYTES // 1024**2} MB，请分成几份导入"
TOO_LONG = f"超过 {MOST_ROWS} 行，请分成几份导入"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet. ``first`` is the number of its first row, as people count them."""

    name: str
    first: int
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A file's sheets; a CSV file has one without a name."""

    sheets: tuple[Sheet, ...]

    def as_json(self) -> list[object]:
        """For keeping it a while."""
        return [[one.name, one.first, one.rows] for one in self.sheets]

    @classmethod
    def of_json(cls, raw: list[list[object]]) -> Book:
        """The inverse of ``as_json``. Raises TypeError and ValueError."""
        return cls(
            sheets=tuple(
                Sheet(
                    name=str(name),
                    first=int(str(first)),
                    rows=tuple(tuple(str(cell) for cell in row) for row in _rows(rows)),
                )
                for name, first, rows in raw
            )
        )


def _rows(raw: object) -> list[list[object]]:
    if not isinstance(raw, list):
        raise TypeError("rows are a list")
    return raw
