"""``yinuo survey check`` and ``convert``: real files, real workbooks, a confined child."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter
from typer.testing import CliRunner, Result

from bot import surveying
from bot.cli import cli
from bot.surveys.definition import Kind, SurveyInvalid, load, plain
from bot.surveys.shape import Comparison, Survey
from tests.builders import a_rulebook
from tests.samples_of_files import zipped

Rows = Sequence[Sequence[object]]
SURVEY: Rows = [
    ("type", "name", "label::English (en)", "label::中文 (zh)", "hint", "required", "relevant",
     "constraint", "parameters", "appearance"),
    ("note", "n1", "Hello", "两分钟，招聘同事会看到", "", "", "", "", "", ""),
    ("select_one ready", "ready", "Ready?", "都齐了吗？", "", "yes", "", "", "", "minimal"),
    ("select_multiple lacks", "lacks", "What?", "还差什么？", "可多选", "", "${ready} = 'no'",
     "", "", ""),
    ("text", "more", "More", "请说说", "", "", "selected(${lacks}, 'Other thing')", "", "", ""),
    ("range", "mood", "Mood", "感觉怎么样？", "", "", "", "", "start=0 end=10 step=1", ""),
    ("integer", "days", "Days", "要几天？", "", "", "${mood} < 5 and ${ready} != 'yes'",
     ". >= 0 and . <= 30", "", ""),
    ("rank lacks", "order", "Order", "先解决哪个？", "", "", "", "", "", ""),
    ("date", "day", "Day", "哪天？", "", "", "", "", "", ""),
    ("note", "n2", "Thanks", "谢谢！", "", "", "", "", "", ""),
]  # fmt: skip
CHOICES: Rows = [
    ("list_name", "name", "label"),
    ("ready", "yes", "都齐了"),
    ("ready", "no", "还差"),
    ("lacks", "pc", "电脑"),
    ("lacks", "Other thing", "其他"),
]
SETTINGS: Rows = [("form_title", "form_id", "version"), ("入职设备", "gear", 3)]


def workbook(**sheets: Rows) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return made.getvalue()


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["survey", *args])


async def read(data: bytes, name: str = "x.xlsx") -> Survey:
    book = a_rulebook()
    return await surveying.survey_of(data, name, book.forbidden.why, book.vocabulary)


async def refused(data: bytes, name: str = "x.xlsx") -> list[str]:
    with pytest.raises(SurveyInvalid) as error:
        await read(data, name)
    return [str(problem) for problem in error.value.problems]


async def test_an_xlsform_is_read() -> None:
    survey = await read(workbook(survey=SURVEY, choices=CHOICES, settings=SETTINGS))
    assert (survey.id, survey.title) == ("gear", "入职设备")
    assert survey.intro == "两分钟，招聘同事会看到"
    assert survey.thanks == "谢谢！"
    ready, lacks, more, mood, days, order, day = survey.questions
    assert ready.required
    assert ready.ask == "都齐了吗？"
    assert [option.value for option in lacks.options] == ["pc", "o2"]
    assert lacks.help == "可多选"
    assert more.when is not None
    assert more.when.either == ((Comparison(question="lacks", op="contains", value="o2"),),)
    assert (mood.kind, mood.low, mood.high) == (Kind.SCALE, 0, 10)
    assert (days.kind, days.low, days.high) == (Kind.NUMBER, 0, 30)
    assert (order.kind, day.kind) == (Kind.RANKING, Kind.DATE)


def changed(row: int, column: int, value: object, of: Rows = SURVEY) -> Rows:
    rows = [list(one) for one in of]
    rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("row", "column", "value", "says"),
    [
        (3, 0, "begin_group", "第 4 行，工作表 survey「type」列：不支持"),
        (3, 0, "select_one nothing", "第 4 行，工作表 survey「type」列：choices 里没有"),
        (3, 1, "ready", "第 4 行，工作表 survey「name」列：和前面的一道题重名"),
        (3, 1, "Bad Name", "第 4 行，工作表 survey「name」列：写法不对"),
        (3, 3, "", "第 4 行，工作表 survey「label」列：必须填写"),
        (3, 6, "${later} = 1", "第 4 行，工作表 survey「relevant」列：没有 id"),
        (3, 6, "not(${ready} = 'no')", "第 4 行，工作表 survey「relevant」列：条件在第 4 个字符"),
        (3, 6, "${ready} = 'maybe'", "第 4 行，工作表 survey「relevant」列：ready 没有这个选项"),
        (6, 7, "regex(., 'x')", "第 7 行，工作表 survey「constraint」列：只支持"),
        (5, 8, "start=1 end=5 step=2", "第 6 行，工作表 survey「parameters」列"),
        (2, 5, "maybe", "第 3 行，工作表 survey「required」列：应当是 yes 或 no"),
        (2, 3, "您结婚了吗？", "第 3 行，工作表 survey「label」列：不能问婚姻"),
    ],
)
async def test_a_mistake_is_refused_by_sheet_row_and_column(
    row: int, column: int, value: object, says: str
) -> None:
    book = workbook(survey=changed(row, column, value), choices=CHOICES)
    assert [one for one in await refused(book) if one.startswith(says)], await refused(book)


async def test_mistakes_of_other_sheets_are_placed_too() -> None:
    book = workbook(survey=SURVEY, choices=changed(3, 2, "", CHOICES))
    assert await refused(book) == ["第 4 行，工作表 choices「label」列：必须填写"]
    book = workbook(survey=SURVEY, choices=changed(4, 2, "电脑", CHOICES))
    assert (await refused(book))[0].startswith(
        "第 5 行，工作表 choices「label」列：两个选项的文字相同"
    )
    extra = [("type", "name", "label", "calculation"), ("text", "a", "问", "1+1")]
    assert await refused(workbook(survey=extra)) == [
        "第 2 行，工作表 survey「calculation」列：不支持这一列"
    ]
    assert await refused(workbook(choices=CHOICES)) == ["没有名为 survey 的工作表"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PK\x03\x04" + b"\x00" * 400, "文件不完整"),
        (b"\xff\xfe\x00\x01", "不是 UTF-8"),
        (b"x" * (surveying.MOST_BYTES + 1), "文件超过"),
        (b"\x00\x00", "YAML"),
        (b"[" * 100_000, "嵌套太深"),
        (b"a: " * 50_000, "YAML"),
    ],
)
async def test_a_hostile_file_is_refused(data: bytes, says: str) -> None:
    assert says in (await refused(data))[0]


async def test_a_workbook_that_unfolds_without_end_is_not_opened() -> None:
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "xl/workbook.xml": b"<workbook>" + b" " * 60_000_000 + b"</workbook>",
    }
    assert [one for one in await refused(zipped(parts)) if "太大" in one or "损坏" in one]


def test_check_says_what_is_right_and_where_it_is_wrong(tmp_path: Path) -> None:
    good = tmp_path / "mine.yaml"
    good.write_text("title: 回访\nquestions:\n  - {id: a, ask: 怎么样？, kind: scale}\n", "utf-8")
    done = run("check", str(good))
    assert (done.exit_code, done.stdout) == (0, "可以用：回访（mine），1 道题\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "title: 回访\nquestions:\n  - {id: a, ask: 信什么教？, kind: scale}\n"
        "  - {id: b, kind: matrix}\n",
        "utf-8",
    )
    done = run("check", str(bad))
    assert done.exit_code == 1
    assert "✗ 第 4 行，questions[1]：没有这种题型" in done.stderr
    bad.write_text("title: 回访\nquestions:\n  - {id: a, ask: 信什么教？, kind: scale}\n", "utf-8")
    done = run("check", str(bad))
    assert "✗ 第 3 行，questions[0].ask：不能问宗教信仰（就业促进法第 3 条" in done.stderr
    assert run("check", str(tmp_path / "none.yaml")).exit_code == 1


def test_convert_prints_a_file_that_is_the_same_survey(tmp_path: Path) -> None:
    path = tmp_path / "gear.xlsx"
    path.write_bytes(workbook(survey=SURVEY, choices=CHOICES, settings=SETTINGS))
    done = run("convert", str(path))
    assert done.exit_code == 0, done.stderr
    again = load(done.stdout)
    assert again.title == "入职设备"
    assert len(again.questions) == 7
    second = tmp_path / "gear.yaml"
    second.write_text(done.stdout, "utf-8")
    assert load(run("convert", str(second)).stdout) == again
    assert plain(again)["questions"][2]["when"] == "{lacks} contains 'o2'"
