"""Spreadsheets: whose a row is, what an import would change, and tables out again."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import python_calamine

from bot.sheets import tables, writing
from bot.sheets.document import Book, Sheet
from bot.sheets.plan import Have, Plan, planned
from bot.sheets.positions import Seat
from bot.sheets.reading import understood
from storage.enums import Stage
from tests.sheeted import LAYOUT, PAY, ZHANG, read, said

# --- whose a row is ---------------------------------------------------------------------------

HEAD = ("姓名", "手机", "期望薪资", "公司", "入职年月", "离职年月")


def test_rows_of_one_person_are_put_together() -> None:
    told = read(
        HEAD,
        ("张三", "13812345678", "18k", "星河", "2020-01", "2022-03"),
        ("", "", "", "云上", "2022-04", "至今"),
        ("李四", "13912345678", "", "", "", ""),
        ("张三", "138 1234 5678", "", "早年", "2018-01", "2019-12"),
    )
    assert said(told) == []
    first, second = told.people
    assert [work.told["job.company"] for work in first.works] == ["星河", "云上", "早年"]
    assert (second.name, second.works) == ("李四", ())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("张三", "13812345678"), ("李四", "13812345678")], "「姓名」：和第 2 行写的不一样"),
        ([("张三", "13812345678"), ("张三", "13812345678")], "「姓名」：和第 2 行重复"),
        ([("张三", ""), ("张三", "")], "「姓名」：和第 2 行重复"),
        ([("张三", ""), ("张三", "13812345678")], "「姓名」：第 2 行也叫这个名字，但没有手机号"),
        (
            [("张三", "13812345678"), ("张三", "13912345678"), ("张三", "")],
            "「姓名」：有几个同名的人",
        ),
        ([("", "13812345678")], "「姓名」：没有写"),
    ],
)
def test_who_is_meant_is_never_guessed(rows: list[tuple[str, str]], expected: str) -> None:
    assert any(expected in one for one in said(read(HEAD[:2], *rows)))


def test_a_namesake_with_another_number_is_somebody_else() -> None:
    told = read(HEAD[:2], ("张三", "13812345678"), ("张三", "13912345678"))
    assert said(told) == []
    assert len(told.people) == 2


def test_a_person_says_a_thing_once() -> None:
    told = read(
        HEAD,
        ("张三", "13812345678", "18k", "星河", "", ""),
        ("张三", "13812345678", "20k", "云上", "", ""),
    )
    assert said(told) == ["第 3 行「期望薪资」：和第 2 行写的不一样；这一项只能有一个"]
    again = ("张三", "13812345678", "", "星河", "2020-01", "")
    assert said(read(HEAD, again, again)) == ["第 3 行「姓名」：和第 2 行重复"]


# --- the plan ---------------------------------------------------------------------------------


def plan(*rows: tuple[str, ...], head: tuple[str, ...] = HEAD, **have: Any) -> Plan:
    told = read(head, *rows)
    assert said(told) == []
    return planned(told, Have(**{"people": [ZHANG], "namesakes": [], **have}), LAYOUT)


def test_what_is_known_is_not_written_again_and_what_differs_is() -> None:
    known = ("张三", "13812345678", "18000", "星河", "2020-01", "")
    assert plan(known).is_empty
    [step] = plan(("张三", "13812345678", "20k", "星河", "2020-01", "2022-03")).changed
    assert set(step.said) == {"expect.pay"}
    assert step.works == (("j1", {"job.until": "2022-03"}),)
    [step] = plan(("张三", "13812345678", "", "云上", "2022-04", "")).changed
    assert step.works == (("", {"job.company": "云上", "job.from": "2022-04"}),)


def test_an_employment_known_word_for_word_is_not_anothers_change() -> None:
    rows = [
        ("张三", "13812345678", "", "星河", "", ""),
        ("张三", "13812345678", "", "星河", "2020-01", ""),
    ]
    assert plan(*rows).is_empty
    assert plan(*reversed(rows)).is_empty


def test_a_masked_number_is_known_by_the_id_and_refused_without() -> None:
    head = ("编号", *HEAD[:3])
    [step] = plan(("c_1", "张三", "138****5678", "20k"), head=head).changed
    assert step.id == "c_1"
    made = plan(("c_9", "王五", "138****0000", ""), head=head)
    assert "号码被遮住了" in str(made.faults[0])
    made = plan(("c_1", "张三", "138****0000", "20k"), head=head)
    assert "和档案里的不同" in str(made.notes[0])


def test_an_id_or_number_of_somebody_with_another_name_is_asked() -> None:
    for row in (("c_1", "李四", "", ""), ("", "李四", "13812345678", "")):
        [fault] = plan(row, head=("编号", *HEAD[:3])).faults
        assert "「张三」" in fault.says


def test_an_import_moves_nobody_who_is_known() -> None:
    made = plan(("张三", "13812345678", "未录用"), head=("姓名", "手机", "阶段"))
    assert made.is_empty
    assert [str(note) for note in made.notes] == [
        "第 2 行「阶段」：现在是「发放 offer」，导入不改；请在候选人的页面上改"
    ]


def test_a_namesake_without_a_number_is_the_same_only_when_it_is_clear() -> None:
    bare = replace(ZHANG, id="c_2", phone="", shown="", told={})
    assert plan(("张三", ""), head=HEAD[:2], namesakes=[bare]).is_empty
    for namesakes in ([ZHANG], [bare, ZHANG], [bare, replace(bare, id="c_3")]):
        made = plan(("张三", ""), head=HEAD[:2], namesakes=namesakes)
        assert "已有同名的候选人" in made.faults[0].says


SEATS = (
    Seat(id="p_1", title="后端工程师", city="杭州"),
    Seat(id="p_2", title="后端工程师", city="北京"),
    Seat(id="p_3", title="测试"),
    Seat(id="p_4", title="测试", city="杭州", open=False),
    Seat(id="p_5", title="产品", ours=False),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("后端工程师 · 杭州", "p_1"),
        ("后端工程师·北京", "p_2"),
        ("测试", "p_3"),
        ("测试 · 杭州", "p_4"),
        ("后端工程师", "有几个职位都叫这个名字，请写清楚：「后端工程师 · 杭州」"),
        ("前端", "没有这个职位"),
    ],
)
def test_a_position_is_found_by_its_name_or_asked(text: str, found: str) -> None:
    made = plan(("王五", text), head=("姓名", "应聘职位"), seats=SEATS)
    if found.startswith("p_"):
        assert made.steps[0].position == found
    else:
        assert found in str(made.faults[0])


def test_nobody_is_given_away_to_a_colleagues_position() -> None:
    row, head = ("张三", "13812345678", "产品"), ("姓名", "手机", "应聘职位")
    assert plan(row, head=head, seats=SEATS).steps[0].position == "p_5"
    theirs = replace(ZHANG, mine=False)
    made = plan(row, head=head, seats=SEATS, people=[theirs])
    assert made.is_empty
    assert "由同事负责" in made.notes[0].says


def test_positions_of_the_same_file_come_first() -> None:
    book = Book(
        sheets=(
            Sheet(name="候选人", first=1, rows=(("姓名", "应聘职位"), ("王五", "算法 · 杭州"))),
            Sheet(name="职位", first=1, rows=(("职位名称", "城市"), ("算法", "杭州"))),
        )
    )
    made = planned(understood(book, LAYOUT), Have(seats=SEATS), LAYOUT)
    assert made.faults == ()
    assert [place.title for place in made.places] == ["算法"]
    assert made.steps[0].position == "算法 · 杭州"


# --- out --------------------------------------------------------------------------------------


def test_a_row_says_whose_it_is_and_the_first_all_the_rest() -> None:
    one = tables.Shown(
        id="c_1",
        name="张三",
        phone="138****5678",
        position="后端工程师 · 杭州",
        stage=Stage.OFFER,
        start_on=date(2026, 12, 1),
        told={"expect.pay": PAY},
        works=({"job.company": "星河", "job.from": "2020-01"}, {"job.company": "云上"}),
    )
    keys = [column.key for column in LAYOUT.candidates.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in tables.candidates([one], LAYOUT)]
    assert [row["id"] for row in rows] == ["c_1", "c_1"]
    assert [row["stage"] for row in rows] == ["发放 offer", ""]
    assert [row["job.company"] for row in rows] == ["星河", "云上"]
    assert rows[0]["expect.pay"] == "月薪18000元"


def test_a_template_is_read_as_empty_and_offers_what_may_be_chosen() -> None:
    made = writing.template(LAYOUT, ["后端工程师 · 杭州", "=1+1"])
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(made))
    assert book.sheet_names == ["候选人", "职位", "填写说明", "选项"]
    sheets = [
        Sheet(name=name, first=1, rows=tuple(
            tuple(map(str, row)) for row in book.get_sheet_by_name(name).to_python()
        ))
        for name in book.sheet_names
    ]  # fmt: skip
    assert said(understood(Book(sheets=tuple(sheets)), LAYOUT)) == ["表里没有内容"]
    guide = str(sheets[2].rows)
    for column in (*LAYOUT.candidates.columns, *LAYOUT.positions.columns):
        assert column.label in guide
    offered = {cell for row in sheets[3].rows for cell in row}
    assert {"发放 offer", "后端工程师 · 杭州", "'=1+1", "不达标"} <= offered
