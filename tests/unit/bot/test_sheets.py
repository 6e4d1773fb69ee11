"""Spreadsheets: what a file says is understood or asked back, and a cell is never a formula."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from bot.profile import values
from bot.profile.pay import Pay
from bot.resume.proof import Refusal
from bot.sheets import child, writing
from bot.sheets.cells import guarded, unguarded
from bot.sheets.plan import Have, planned
from config import files
from storage.enums import Stage
from tests.sheeted import LAYOUT, PAY, ZHANG, read, said

csv_child = child._csv()
#: A50 and its relatives.
INJECTIONS = [
    '=HYPERLINK("http://evil.cn","点我")',
    "+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "\n=1", "＝1+1", "－1", "＋1", "＠x", " =1",
    "\u200b=1", "\ufeff+1", "\u3000@x", 'a","=1', "'=1", "''", "=", "%0A=1",
    "=cmd|' /C calc'!A0", "\u2066=1", "﹣1",
]  # fmt: skip


# --- formulas (A50) ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_looks_like_a_formula_is_a_text_and_comes_back_equal(text: str) -> None:
    cell = guarded(text)
    dangerous = text not in ('a","=1', "%0A=1")
    assert cell.startswith("'") is dangerous
    assert unguarded(cell) == text


@given(st.text())
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert unguarded(guarded(text)) == text
    shown = guarded(text).lstrip()
    assert not shown.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", ["'90 年代入行", "十年-经验", "C++", "", "a=b"])
def test_what_nobody_guarded_stays_as_it_is(text: str) -> None:
    assert unguarded(text) == text


def test_no_cell_of_a_file_is_a_formula() -> None:
    rows = [("", text) for text in INJECTIONS if text.isprintable()]
    made = writing.workbook([("候选人", LAYOUT.candidates, rows)])
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(made))
    cells = [row[1] for row in book.get_sheet_by_name("候选人").to_python()[1:]]
    assert cells == [guarded(text) for _, text in rows]
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    text = writing.csv_file(LAYOUT.candidates, rows).decode("utf-8-sig")
    assert re.fullmatch(r'(?:"(?:[^"]|"")*"(?:,|\r\n))+', text)  # every cell is in quotes


# --- headings ---------------------------------------------------------------------------------


def test_headings_are_known_in_any_order_under_their_other_names_below_a_title() -> None:
    told = read(
        ("远山科技 2026 年秋招", "", ""),
        (" 期望月薪 ", "手机号（必填）", "姓 名*"),
        ("18k", "138 1234 5678", "张三丰"),
    )
    assert said(told) == []
    [person] = told.people
    assert (person.name, person.phone, person.line) == ("张三丰", "+8613812345678", 3)
    assert person.told == {"expect.pay": PAY}


def test_unknown_headings_are_named_and_protected_ones_are_not_kept() -> None:
    told = read(("姓名", "薪资期待", "婚育", "职位"), ("张三", "20k", "已婚", "开发"))
    assert said(told) == []
    assert [(note.column, note.says[:6]) for note in told.notes] == [
        ("薪资期待", "没有这一列，"),
        ("婚育", "是受保护的个"),
        ("职位", "没有这一列，"),
    ]
    assert "「应聘职位」或「担任职位」" in told.notes[2].says
    assert "已婚" not in str(told)


def test_a_column_that_comes_twice_and_a_file_without_a_head_are_refused() -> None:
    assert "请只留一列" in said(read(("姓名", "手机", "电话"), ("张三", "", "")))[0]
    assert "没有找到表头" in said(read(("a", "b"), ("1", "2")))[0]
    assert said(read(("姓名", "手机"))) == ["表里没有内容"]


def test_every_column_has_words_that_nobody_else_has_and_examples_that_are_read() -> None:
    for table in (LAYOUT.candidates, LAYOUT.positions):
        row = [(column.label, column.example) for column in table.columns]
        told = read(tuple(label for label, _ in row), tuple(example for _, example in row))
        assert said(told) == []
        assert told.notes == ()
        for column in table.columns:
            assert table.named(column.label) is column


def test_stages_are_called_as_on_the_pages() -> None:
    assert LAYOUT.stages == files.read("words/zh.yaml")["stage"]
    assert set(LAYOUT.stages) == set(Stage)


# --- cells ------------------------------------------------------------------------------------

WRONG: Mapping[str, tuple[dict[str, str], str]] = {
    "a pay in doubt": ({"期望月薪": "15"}, "第 2 行「期望月薪」：单位不清：15 是 15k 吗？"),
    "a year's pay": ({"期望薪资": "300000"}, "第 2 行「期望薪资」：300000 元是月薪还是年薪"),
    "no number": ({"手机": "123"}, "第 2 行「手机」：不像一个电话号码"),
    "no month": ({"入职年月": "2020-13"}, "第 2 行「入职年月」：没有 13 月"),
    "no day": ({"入职日期": "2026-02-30"}, "第 2 行「入职日期」：没有这一天"),
    "no stage": ({"阶段": "谈着呢"}, "第 2 行「阶段」：请从这些里选：面试"),
    "no choice": ({"绩效": "一流"}, "第 2 行「绩效」：请从这些里选"),
    "a name of two lines": ({"姓名": "张\n三"}, "第 2 行「姓名」：要写一行看得见的字"),
    "a name too long": ({"姓名": "张" * 61}, "第 2 行「姓名」：要写一行"),
    "a text too long": ({"职业规划": "长" * 2_001}, "第 2 行「职业规划」：超过 2000 个字"),
    "a control character": ({"职业规划": "a\x07b"}, "第 2 行「职业规划」：有不可见的控制字符"),
    "no name": ({"姓名": "", "手机": "13812345678"}, "第 2 行「姓名」：没有写"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_cell_that_cannot_be_understood_is_named_by_row_and_column(name: str) -> None:
    cells, expected = WRONG[name]
    row = {"姓名": "张三", **cells}
    told = read(tuple(row), tuple(row.values()))
    assert len(told.faults) == 1
    assert said(told)[0].startswith(expected)


def test_all_faults_of_a_file_are_told_at_once_and_with_the_sheet() -> None:
    told = read(
        ("姓名", "期望薪资", "入职年月"), ("张三", "15", "2020-13"), ("李四", "多少都行", ""),
        name="社招", first=4,
    )  # fmt: skip
    assert [(fault.sheet, fault.line) for fault in told.faults] == [
        ("社招", 5), ("社招", 5), ("社招", 6),
    ]  # fmt: skip


@given(
    st.builds(
        Pay,
        low=st.integers(1_000, 200_000),
        high=st.one_of(st.none(), st.integers(200_000, 500_000)),
        months=st.one_of(st.none(), st.sampled_from([12.0, 13.0, 16.0])),
        net=st.booleans(),
    )
)
def test_every_pay_is_read_as_it_is_written(pay: Pay) -> None:
    kind = LAYOUT.profile.kinds["expect.pay"]
    assert values.parse(kind, values.written(kind, pay.as_json())) == pay.as_json()


def test_a_position_is_read_with_its_numbers() -> None:
    told = read(
        ("职位名称", "月薪下限", "月薪上限", "薪数", "招聘人数", "文化侧重"),
        ("后端工程师", "18k", "25000", "14", "2", "成长、团队氛围"),
        ("测试", "30k", "20k", "99", "两", "快乐"),
    )
    [place] = told.places
    assert (place.budget_low, place.budget_high, place.months) == (18_000, 25_000, 14.0)
    assert (place.headcount, place.culture) == (2, ("growth", "team"))
    assert [fault.column for fault in told.faults] == [
        "薪数", "招聘人数", "文化侧重", "月薪上限",
    ]  # fmt: skip


_ANY = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["张三", "13812345678", "138****5678", "18k", "2020-01", "至今", "面试", "星河"]
    ),
)


@given(
    st.lists(st.sampled_from([c.label for c in LAYOUT.candidates.columns]), max_size=8),
    st.lists(st.lists(_ANY, max_size=9), max_size=6),
)
def test_whatever_a_table_holds_is_understood_or_asked(
    heads: list[str], rows: list[list[str]]
) -> None:
    told = read(("姓名", *heads), *map(tuple, rows))
    lines = range(1, len(rows) + 2)
    assert all(fault.says and (not fault.line or fault.line in lines) for fault in told.faults)
    if not told.faults:
        made = planned(told, Have(people=[ZHANG], namesakes=[ZHANG]), LAYOUT)
        assert len(made.steps) + len({fault.line for fault in made.faults}) >= len(told.people)


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_whatever_a_file_of_text_holds_is_cells_or_refused(data: bytes) -> None:
    try:
        [[_, first, rows]] = csv_child(data)
    except Refusal:
        return
    assert first == 1
    assert all(isinstance(cell, str) for row in rows for cell in row)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_text_tables_are_read_by_what_they_are(codec: str, delimiter: str, mark: bytes) -> None:
    if mark and codec != "utf-8":
        return
    text = f'姓名{delimiter}职业规划\r\n张三{delimiter}"带{delimiter}团队\r\n""稳"""\r\n'
    [[_, _, rows]] = csv_child(mark + text.encode(codec))
    assert rows == [["姓名", "职业规划"], ["张三", f'带{delimiter}团队\n"稳"']]
