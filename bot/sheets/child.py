"""Opens one spreadsheet: ``python -m bot.sheets.child xlsx|csv``, file on stdin, JSON on stdout.

Confined as the child that opens résumés is (``bot.resume.child``). The answer is one JSON object:
``refused`` (why, Chinese), or ``sheets`` (lists of name, number of the first row, rows of texts).
Formulas are what they last came to.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from bot.resume import proof
from bot.resume.child import WALL_SECONDS, confine
from bot.sheets import office
from bot.sheets.document import (
    MOST_BYTES,
    MOST_CELL,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    TOO_LONG,
)

_BROKEN = "文件损坏或不完整，打不开；请重新保存再试"
_BOMB = "文件解开后太大，不打开"
#: What one part of a workbook may unpack to.
_MOST_PART = 48 * 1024 * 1024
_DELIMITERS = (",", ";", "\t")
Opened = Callable[[bytes], list[list[Any]]]


def main(kind: str) -> int:
    """Read, lock down, open, answer."""
    opened = _LOADERS[kind]()
    signal.alarm(WALL_SECONDS)
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    confine()
    try:
        if office.kind_of(data) != kind:
            raise proof.Refusal(_BROKEN)
        answer: dict[str, Any] = {"sheets": _within(opened(data))}
    except proof.Refusal as refusal:
        answer = {"refused": str(refusal)}
    except MemoryError:
        answer = {"refused": _BOMB}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()
    return 0


def _within(sheets: list[list[Any]]) -> list[list[Any]]:
    total = 0
    for _, first, rows in sheets:
        if len(rows) > MOST_ROWS:
            raise proof.Refusal(TOO_LONG)
        for line, row in enumerate(rows, start=first):
            if len(row) > MOST_COLUMNS:
                raise proof.Refusal(f"超过 {MOST_COLUMNS} 列，不像一张候选人表")
            if any(len(cell) > MOST_CELL for cell in row):
                raise proof.Refusal(f"第 {line} 行有一格超过 {MOST_CELL} 个字")
            total += sum(map(len, row))
    if total > MOST_CHARACTERS:
        raise proof.Refusal("文字太多，请分成几份导入")
    return sheets


# --- XLSX -------------------------------------------------------------------------------------


def _xlsx() -> Opened:
    import zipfile
    import zlib

    import python_calamine as calamine

    codecs.lookup("cp437")
    broken = (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError, ValueError)

    def opened(data: bytes) -> list[list[Any]]:
        try:
            _unpacks(zipfile.ZipFile(io.BytesIO(data)))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as bad:
            raise proof.Refusal(_BROKEN) from bad
        try:
            with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
                names = book.sheet_names
                if len(names) > MOST_SHEETS:
                    raise proof.Refusal(f"超过 {MOST_SHEETS} 张工作表")
                return [made for name in names if (made := _sheet(book, name))]
        except calamine.PasswordError as locked:
            raise proof.Refusal("文件加了密码，请去掉密码再导入") from locked
        except broken as bad:
            if isinstance(bad, proof.Refusal):
                raise
            raise proof.Refusal(_BROKEN) from bad

    return opened


def _unpacks(archive: Any) -> None:
    """By what comes out and not by what the headers say; nothing in it may define entities."""
    total = 0
    for entry in archive.infolist():
        size, tail = 0, b""
        with archive.open(entry) as stream:
            while part := stream.read(1 << 16):
                size += len(part)
                if size > _MOST_PART or total + size > proof.MOST_UNPACKED:
                    raise proof.Refusal(_BOMB)
                if b"<!DOCTYPE" in tail + part or b"<!ENTITY" in tail + part:
                    raise proof.Refusal(_BROKEN)
                tail = part[-16:]
        total += size


def _sheet(book: Any, name: str) -> list[Any] | None:
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None or sheet.end is None:
        return None
    if sheet.end[0] - sheet.start[0] >= MOST_ROWS:
        raise proof.Refusal(TOO_LONG)
    if sheet.end[1] - sheet.start[1] >= MOST_COLUMNS:
        raise proof.Refusal(f"超过 {MOST_COLUMNS} 列，不像一张候选人表")
    rows = sheet.to_python(skip_empty_area=True)
    return [name, sheet.start[0] + 1, [[text_of(cell) for cell in row] for row in rows]]


def text_of(cell: Any) -> str:
    """A cell as people would write it; days without a time are days."""
    if isinstance(cell, str):
        return cell.replace("\r\n", "\n")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        whole = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
        return cell.date().isoformat() if whole else cell.isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


# --- CSV --------------------------------------------------------------------------------------


def _csv() -> Opened:
    for codec in ("utf-8-sig", "gb18030"):
        codecs.lookup(codec)  # found on disk, which is out of reach later

    def opened(data: bytes) -> list[list[Any]]:
        text = decoded(data)
        delimiter = max(_DELIMITERS, key=lambda one: _width(text, one))  # a tie is a comma's
        return [["", 1, list(_records(text, delimiter))]]

    return opened


def decoded(data: bytes) -> str:
    """UTF-8 with or without a mark, else GB18030. Raises ``Refusal``."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in data:
        raise proof.Refusal("认不出文字编码，请另存为「CSV UTF-8」或 .xlsx")
    for codec in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    raise proof.Refusal("认不出文字编码，请另存为「CSV UTF-8」或 .xlsx")


def _width(text: str, delimiter: str) -> int:
    """Cells of the first record that has any."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return next((len(row) for row in reader if any(row)), 0)
    except csv.Error:
        return 0


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    # Quotes that do not close would swallow the rest of the file: strict says where.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    try:
        for count, row in enumerate(reader, start=1):
            if count > MOST_ROWS:
                raise proof.Refusal(TOO_LONG)
            yield [text_of(cell) for cell in row]
    except csv.Error as error:
        raise proof.Refusal(f"第 {count + 1} 行的引号没有配对，请检查") from error


_LOADERS: dict[str, Callable[[], Opened]] = {"xlsx": _xlsx, "csv": _csv}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
