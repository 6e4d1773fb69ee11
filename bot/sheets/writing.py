"""Tables as files: XLSX and CSV for export, and the template HR fills.

Every cell is a text; none may be taken for a formula (``bot.sheets.cells``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter

from bot.sheets.cells import guarded
from bot.sheets.definition import Column, Layout, Table
from bot.sheets.tables import Row

_PLAIN = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
#: Rows of a template that have lists to choose from.
_FILLED = 500
_WIDTHS = {"name": 12, "phone": 16, "id": 14}


def csv_file(table: Table, rows: Sequence[Row], *, mark: str = "") -> bytes:
    """UTF-8 with a mark, so that Excel reads it as such; every cell in quotes.

    ``mark`` stands in a last line by itself.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([column.label for column in table.columns])
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    if mark:
        writer.writerow([mark])
    return out.getvalue().encode("utf-8-sig")


def workbook(
    tables: Sequence[tuple[str, Table, Sequence[Row]]], *, mark: tuple[str, str] = ("", "")
) -> bytes:
    """A workbook of sheets (name, table, rows). ``mark``: a sheet's name, and its one line."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _PLAIN) as book:
        looks = _Looks(book)
        for name, table, rows in tables:
            sheet = _headed(book, looks, name, table)
            for at, row in enumerate(rows, start=1):
                for index, cell in enumerate(row):
                    if cell:
                        sheet.write_string(at, index, guarded(cell), looks.text)
        if mark[1]:
            book.add_worksheet(mark[0]).write_string(0, 0, mark[1])
    return out.getvalue()


def figures_csv(heads: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> bytes:
    """Texts and numbers for programs: UTF-8, numbers bare, no text that may be a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guarded(head) for head in heads])
    for row in rows:
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def figures_book(
    name: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str | float | None]],
    *,
    mark: tuple[str, str],
) -> bytes:
    """The same as a workbook to look at; numbers are numbers. ``mark`` as for ``workbook``."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _PLAIN) as book:
        looks, sheet = _Looks(book), book.add_worksheet(name)
        sheet.freeze_panes(1, 3)
        for at, head in enumerate(heads):
            sheet.write_string(0, at, guarded(head), looks.head)
        for number, row in enumerate(rows, start=1):
            for at, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, at, guarded(cell), looks.text)
                elif cell is not None:
                    sheet.write_number(number, at, cell)
        book.add_worksheet(mark[0]).write_string(0, 0, mark[1])
    return out.getvalue()


def template(layout: Layout, places: Sequence[str] = ()) -> bytes:
    """An empty workbook to fill: both tables with lists to choose from, and how to fill them.

    ``places`` are positions to offer.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _PLAIN) as book:
        looks = _Looks(book)
        offered = {"position": tuple(places)}
        lists: list[tuple[str, ...]] = []
        tables = ((layout.names.candidates, layout.candidates),
                  (layout.names.positions, layout.positions))  # fmt: skip
        for name, table in tables:
            sheet = _headed(book, looks, name, table)
            for index, column in enumerate(table.columns):
                choices = offered.get(column.key, column.options)
                if choices and not column.several:
                    lists.append(tuple(map(guarded, choices)))
                    source = _range(layout.names.options, len(lists) - 1, len(choices))
                    _choose(sheet, index, column, source, strict=bool(column.options))
        _guide(book, looks, layout, tables)
        options = book.add_worksheet(layout.names.options)
        options.hide()
        for index, choices in enumerate(lists):
            for at, choice in enumerate(choices):
                options.write_string(at, index, choice, looks.text)
    return out.getvalue()


class _Looks:
    """How cells look. Texts stay texts, whatever is typed into them."""

    def __init__(self, book: Any) -> None:
        self.head = book.add_format({"bold": True, "bg_color": "#E2EFF0", "border": 1})
        self.text = book.add_format({"num_format": "@"})
        self.wrap = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})


def _headed(book: Any, looks: _Looks, name: str, table: Table) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, _WIDTHS.get(column.key, 18), looks.text)
        sheet.write_string(0, index, column.label, looks.head)
    return sheet


def _choose(sheet: Any, index: int, column: Column, source: str, *, strict: bool) -> None:
    sheet.data_validation(
        1,
        index,
        _FILLED,
        index,
        {
            "validate": "list",
            "source": source,
            "ignore_blank": True,
            "error_type": "stop" if strict else "information",
            "error_title": column.label[:32],
            "error_message": "请从列表里选一项",
        },
    )


def _range(sheet: str, column: int, count: int) -> str:
    name = xlsxwriter.utility.xl_col_to_name(column, col_abs=True)
    return f"='{sheet}'!{name}$1:{name}${count}"


def _guide(book: Any, looks: _Looks, layout: Layout, tables: Sequence[tuple[str, Table]]) -> None:
    """How to fill each column, with an example and the words allowed."""
    sheet = book.add_worksheet(layout.names.guide)
    for index, width in enumerate((12, 20, 8, 52, 24, 60)):
        sheet.set_column(index, index, width, looks.wrap)
    heads = ("表", "列", "必填", "怎么填", "例子", "可以填的词")
    for index, head in enumerate(heads):
        sheet.write_string(0, index, head, looks.head)
    at = 1
    for name, table in tables:
        for column in table.columns:
            words = "、".join(column.options)
            needed = "是" if column.required else ""
            cells = (name, column.label, needed, column.hint, column.example, words)
            for index, cell in enumerate(cells):
                sheet.write_string(at, index, guarded(cell), looks.wrap)
            at += 1
    notes = (
        "列的顺序随意，认不出的列会列出来、不导入；只有标「是」的列必须填。",
        "一行写一位候选人和一段工作经历；第二段起写在下面的行，姓名、手机照抄或留空。",
        "空着的格子不会清除已有的内容。先试导入，确认无误后才写入；有一处错误就什么都不写入。",
        "年龄、性别、婚育、籍贯、健康等受保护的信息不导入，也不保存。",
    )
    for line in notes:
        at += 1
        sheet.merge_range(at, 0, at, len(heads) - 1, line, looks.wrap)
