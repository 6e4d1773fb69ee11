"""``yinuo risk … --report``: one page whose figures are the printed ones, and that asks nobody."""

from __future__ import annotations

import html
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot import risk_page
from bot.cli import cli
from bot.errors import BotError
from bot.risk.backtest import backtest
from bot.risk.cases import read
from bot.risk.definition import Rules
from tests.builders import a_rulebook
from tests.integration.test_risk_command import drawn


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINUO_DATA_DIR", str(tmp_path / "var"))


def run(*argv: str | Path) -> Result:
    return CliRunner().invoke(cli, ["risk", *map(str, argv)])


class Seen(HTMLParser):
    """The words of a page, its tags, and whatever an attribute could load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data", "style") or name[:2] == "on":
                self.loads.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def tiles(page: str) -> dict[str, tuple[str, str]]:
    found = re.findall(
        r'<dt>(.*?)</dt><dd class="value">(.*?)</dd>(?:<dd class="beside">(.*?)</dd>)?', page
    )
    return {name: (html.unescape(value), html.unescape(beside)) for name, value, beside in found}


def rows(page: str) -> dict[str, list[str]]:
    found = re.findall(r"<small>(\w+)</small></th>(.*?)</tr>", page)
    return {rule: re.findall(r"<td[^>]*>(.*?)</td>", cells) for rule, cells in found}


def test_a_backtest_s_page_says_what_was_printed(tmp_path: Path) -> None:
    path, out = drawn(tmp_path / "cases.csv", 400), tmp_path / "out.html"
    ran = run("backtest", path, "--report", out)
    assert ran.exit_code == 0, ran.exception
    page, shown = out.read_text("utf-8"), tiles(out.read_text("utf-8"))
    printed = re.search(r"AUC (\S+?)（(95% .*?)）", ran.output)
    top = re.search(r"十分之一里违约 (\S+?)（(.*?)），整体 (\S+)", ran.output)
    assert printed is not None
    assert top is not None
    assert shown["AUC"] == printed.groups()
    assert shown["分数最高的十分之一里违约"] == (top[1], top[2])
    assert shown["整体违约"][0] == top[3]
    assert shown["案例"][0] == "400"
    lead = re.search(r"^最早的信号提前 (\S+) 天.*$", ran.output, re.MULTILINE)
    assert lead is not None
    assert shown["提前量（天，中位数）"] == (lead[1], lead[0])
    assert ran.output.splitlines()[0] in page
    for rule, cells in rows(page).items():
        line = re.search(rf"^{rule} +(\S+) +(\S+) +(\S+) +(\S+)$", ran.output, re.MULTILINE)
        assert line is not None
        assert cells[1:] == list(line.groups())
    assert set(rows(page)) == {"silence", "pay_first", "late_step"}
    for low, cases in re.findall(r"^ *(\d+)–\d+ +(\d+) +", ran.output, re.MULTILINE):
        assert re.search(rf">{low}–\d+</text><text[^>]*>{cases} 个<", page)


def test_a_fit_s_page_says_what_was_printed(tmp_path: Path) -> None:
    path, out = drawn(tmp_path / "cases.csv", 600), tmp_path / "out.html"
    ran = run("fit", path, "--report", out)
    assert ran.exit_code == 0, ran.exception
    page, shown = out.read_text("utf-8"), tiles(out.read_text("utf-8"))
    for printed, name in (
        ("专家 AUC", "专家 AUC"),
        ("拟合 AUC", "拟合 AUC"),
        ("差  ", "AUC 差（拟合减专家）"),
    ):
        found = re.search(rf"^{printed} (\S+?)（(.*?)）$", ran.output, re.MULTILINE)
        assert found is not None
        assert shown[name] == found.groups()
    for rule, cells in rows(page).items():
        line = re.search(rf"^{rule} +(\S+) → +(\S+)$", ran.output, re.MULTILINE)
        assert line is not None
        assert cells[:2] == list(line.groups())
    assert page.count('class="curve') == 2
    assert "没有启用" in ran.output


@pytest.mark.parametrize("command", ["backtest", "fit"])
def test_a_page_asks_nobody_and_runs_nothing(tmp_path: Path, command: str) -> None:
    out = tmp_path / "out.html"
    run(command, drawn(tmp_path / "cases.csv", 400), "--report", out)
    page = out.read_text("utf-8")
    seen = Seen(page)
    assert not seen.tags & {"script", "iframe", "img", "object", "embed", "form", "a", "base"}
    assert seen.loads == ["href=data:,"]
    assert not re.search(r"url\(|@import|https?:", page)
    assert "default-src 'none'" in page
    # Of cases nothing but counts: no id of the file stands in it.
    assert not re.search(r"\bc\d+\b", seen.text)


def test_names_are_data(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    rules: Rules = {
        evil: next(iter(a_rulebook().risk.values())).model_copy(
            update={"says": f"{evil}\"' onload=x"}
        )
    }
    lines = "".join(f"{n},{n % 2},2026-01-0{n + 1},{5 * n}\n" for n in range(8))
    cases = read(f"id,outcome,on_day,{evil}\n{lines}", rules)
    file = f'{evil}"\u202e\x1b\ud800.csv'
    for page in (
        risk_page.judged(file, rules, cases, backtest(cases)),
        risk_page.refused(file, [f"不认识的列 {evil}"], {evil: 2}),
    ):
        seen = Seen(page)
        assert "script" not in seen.tags
        assert evil in seen.text
        assert not {"\u202e", "\x1b", "\ud800"} & set(page)
        assert page.encode()


def test_a_file_with_columns_from_after_the_fact_has_a_page_that_says_so(tmp_path: Path) -> None:
    path, out = tmp_path / "late.csv", tmp_path / "out.html"
    path.write_text(
        "id,outcome,on_day,silence,silence@\na,reneged,2026-03-01,20,2026-03-02\n", "utf-8"
    )
    for command in ("backtest", "fit"):
        out.unlink(missing_ok=True)
        ran = run(command, path, "--report", out)
        assert isinstance(ran.exception, BotError)
        assert "不能用来预测" in str(ran.exception)
        page = out.read_text("utf-8")
        assert '<th scope="row">silence</th><td>1</td>' in page
        assert "第 2 行 silence：2026-03-02 才记下，结果 2026-03-01 已知" in page
        assert not tiles(page)


def test_what_could_not_be_checked_is_named(tmp_path: Path) -> None:
    path, out = tmp_path / "some.csv", tmp_path / "out.html"
    path.write_text(
        "id,outcome,on_day,silence,silence@,pay_first\n"
        "a,reneged,2026-03-01,20,2026-02-20,\nb,joined,2026-03-02,,,10\n"
        "c,rescinded,2026-03-02,,,\n",
        "utf-8",
    )
    assert run("backtest", path, "--report", out).exit_code == 0
    page = out.read_text("utf-8")
    assert "没有日期的列（pay_first）" in page
    assert "我方撤回的 1 个案例" in page


def test_one_case_alone_has_a_page(tmp_path: Path) -> None:
    path, out = tmp_path / "few.csv", tmp_path / "out.html"
    path.write_text("id,outcome,on_day,silence\na,joined,2026-01-01,\n", "utf-8")
    assert run("backtest", path, "--report", out).exit_code == 0
    assert tiles(out.read_text("utf-8"))["AUC"] == ("—", "95% 区间 — 到 —")
    assert "nan" not in out.read_text("utf-8").lower()


def test_a_report_overwrites_no_data_and_says_where_it_cannot_be(tmp_path: Path) -> None:
    path = drawn(tmp_path / "cases.csv", 50)
    before = path.read_bytes()
    wrong = run("backtest", path, "--report", path)
    assert "以 .html 结尾" in str(wrong.exception)
    assert path.read_bytes() == before
    same = tmp_path / "cases.html"
    os.link(path, tmp_path / "other.html")
    same.symlink_to(path)
    assert "会覆盖" in str(run("backtest", path, "--report", same).exception)
    assert "会覆盖" in str(run("backtest", path, "--report", tmp_path / "other.html").exception)
    assert path.read_bytes() == before
    gone = run("backtest", path, "--report", tmp_path / "no" / "out.html")
    assert isinstance(gone.exception, BotError)
    assert "No such file" in str(gone.exception)


def test_json_stays_one_line(tmp_path: Path) -> None:
    ran = run("backtest", drawn(tmp_path / "c.csv", 50), "--json", "--report", tmp_path / "o.html")
    assert ran.stdout.count("\n") == 1
    assert "报告" in ran.stderr
