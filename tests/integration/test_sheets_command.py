"""``yinuo import``, ``yinuo export`` and ``yinuo template``, as somebody types them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import python_calamine

from tests.integration.commands import Commands

GOOD = (
    "职位名称,城市\n后端工程师,杭州\n",
    "姓名,手机,应聘职位,期望薪资,公司,入职年月,年龄\n"
    "=1+1,13812345678,后端工程师 · 杭州,20k,星河,2021-03,30\n"
    "李四,,,,,,\n",
)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Files of positions and of candidates."""
    found = tmp_path / "positions.csv", tmp_path / "people.csv"
    for path, text in zip(found, GOOD, strict=True):
        path.write_text(text, "utf-8")
    return found


def test_a_file_goes_in_once_and_comes_out_whole(
    yinuo: Commands, places: tuple[Path, Path], tmp_path: Path
) -> None:
    home = {"YINUO_DATA_DIR": str(tmp_path / "var")}
    positions, people = map(str, places)
    refused = yinuo.run("import", "candidates", people, **home)
    assert refused.code == 1
    assert "✗ 第 2 行「应聘职位」：没有这个职位" in refused.out
    assert "什么都没有写入" in refused.out
    assert "· 第 1 行「年龄」：是受保护的个人信息" in refused.out
    assert "新建职位 1 个" in yinuo.run("import", positions, **home).out
    tried = yinuo.run("import", people, "--dry-run", **home)
    assert (tried.code, "试导入：新建职位 0 个、候选人 2 位" in tried.out) == (0, True)
    done = yinuo.run("import", "candidates", people, **home)
    assert "已导入：新建职位 0 个、候选人 2 位" in done.out
    again = yinuo.run("import", people, **home)
    assert "没有要改的：新建职位 0 个、候选人 0 位，更新 0 位，没有变化 2 位" in again.out
    out = tmp_path / "out.xlsx"
    ran = yinuo.run("export", "candidates", str(out), **home)
    assert f"已导出 2 位候选人到 {out}" in ran.out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    other = {"YINUO_DATA_DIR": str(tmp_path / "other")}
    assert "已导入：新建职位 1 个、候选人 2 位" in yinuo.run("import", str(out), **other).out
    assert (
        "已导出 1 个职位" in yinuo.run("export", "positions", str(tmp_path / "p.csv"), **other).out
    )
    verified = yinuo.run("audit", "verify", **other)
    assert verified.code == 0, verified.out


def test_a_template_needs_no_database(yinuo: Commands, tmp_path: Path) -> None:
    home = {"YINUO_DATA_DIR": str(tmp_path / "var")}
    path = tmp_path / "t.xlsx"
    assert yinuo.run("template", str(path), **home).code == 0
    assert not (tmp_path / "var").exists()
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    assert book.sheet_names[:3] == ["候选人", "职位", "填写说明"]
    assert yinuo.run("template", str(tmp_path / "t.csv"), **home).code == 0
    assert (tmp_path / "t.csv").read_text("utf-8-sig").startswith('"编号","姓名","手机"')


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("import", "/nowhere/x.csv"), "No such file"),
        (("import", "things", "x.csv"), "candidates FILE"),
        (("export", "candidates", "out.pdf"), "以 .xlsx 或 .csv 结尾"),
        (("export", "candidates", "/nowhere/out.csv"), "No such file"),
        (("template", "/proc/x.csv"), "x.csv"),
    ],
)
def test_what_cannot_be_done_is_said(
    yinuo: Commands, argv: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    ran = yinuo.run(*argv, YINUO_DATA_DIR=str(tmp_path / "var"))
    assert ran.code != 0
    assert says in ran.out
    assert "Traceback" not in ran.out
