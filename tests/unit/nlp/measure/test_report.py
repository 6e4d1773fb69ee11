"""The page, the JSON, the table, and the run that makes them of a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nlp.corpus import Example, write
from nlp.measure.bars import Bar, Goals, bars
from nlp.measure.figures import Baseline
from nlp.measure.metrics import measure
from nlp.measure.report import as_html, as_json, as_text, share, span
from nlp.measure.run import evaluate
from nlp.measure.sampling import Figure
from nlp.reading import Reading, Turn
from tests.unit.nlp.measure.labelled import (
    a_mixed_file,
    a_reading,
    an_example,
    readings_of,
    right,
)

VOID = {"meta"}


class Page(HTMLParser):
    """Refuses a tag that is closed by another; collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.words += data


def read_right(batch: list[Example]) -> list[Reading]:
    """All right, with scores."""
    return [
        right(one, alert_score=0.9 if one.alert else 0.1, scores=dict.fromkeys(one.intents, 0.8))
        for one in batch
    ]


# --- the page ---------------------------------------------------------------------------------
def test_no_text_of_a_message_becomes_markup() -> None:
    evil = "<script>alert(1)</script>"
    quoted = '"><img src=x onerror=alert(1)> {{ 7 * 7 }}'
    example = an_example(
        id=evil,
        voice=quoted,
        text=f"{evil} 到不了两万我就不去了 {quoted}",
        context=(Turn(role="hr", text=evil),),
        tags=(evil,),
        alert=True,
        commitment=-2,
    )
    baseline = Baseline(
        name=evil,
        macro_f1=None,
        alert_precision=None,
        alert_recall=None,
        false_alerts_per_1000=None,
        commitment_mae=None,
    )
    report = replace(measure([example], [a_reading(model=evil)], title=evil), baselines=(baseline,))
    html = as_html(report)
    page = Page(html)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert page.words.count(evil) >= 7  # title twice, model twice, tag, turn, text, id, baseline
    assert "{{ 7 * 7 }}" in page.words
    assert all("alert(1)" not in (value or "") for _, value in page.attributes)


def test_the_page_needs_nothing_else() -> None:
    examples = a_mixed_file()
    html = as_html(measure(examples, read_right(examples)))
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert not {"src", "href"} & {name for name, _ in page.attributes}
    assert "url(" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    for word in ("预警", "校准", "意图混淆", "每一条都读对了", "没有出现误报"):
        assert word in page.words


def test_the_page_of_an_empty_file_says_so() -> None:
    page = Page(as_html(measure([], [], title="empty.jsonl")))
    assert "没有可评测的消息" in page.words
    assert "nan" not in page.words.lower()


def test_a_single_message_without_alert_or_scores_makes_a_whole_page() -> None:
    page = Page(as_html(measure([an_example()], [a_reading()])))
    assert "这个读法不给预警概率" in page.words


def test_a_share_is_not_rounded_up_to_all_or_down_to_none() -> None:
    assert (share(None), share(1.0), share(0.0)) == ("—", "1.00", "0.00")
    assert (share(0.9999), share(0.0004), share(0.126)) == ("0.99", "<0.01", "0.13")
    assert span(Figure(value=0.5, low=0.25, high=0.75)) == "0.25–0.75"
    assert span(Figure(value=0.5)) == ""


# --- goals ------------------------------------------------------------------------------------
def test_a_goal_is_sure_only_when_the_whole_interval_is_there() -> None:
    def verdict(value: float | None, low: float, high: float, *, at_most: bool = False) -> str:
        seen = Figure(value=value, low=low, high=high)
        bar = Bar(key="k", name="n", english="e", figure=seen, goal=0.8, at_most=at_most)
        return bar.verdict

    assert verdict(0.9, 0.81, 0.95) == "sure"
    assert verdict(0.8, 0.79, 0.95) == "met"
    assert verdict(0.79, 0.7, 0.95) == "missed"
    assert verdict(0.7, 0.6, 0.8, at_most=True) == "sure"
    assert verdict(0.7, 0.6, 0.9, at_most=True) == "met"
    assert verdict(0.9, 0.6, 0.9, at_most=True) == "missed"
    assert verdict(None, 0, 1) == "unknown"
    alone = Bar(key="k", name="n", english="e", figure=Figure(value=1.0), goal=0.8)
    assert alone.verdict == "met"


def test_the_goals_are_those_agreed_on_and_can_be_others() -> None:
    report = measure([an_example()], [a_reading()])
    goals = {bar.key: (bar.goal, bar.at_most) for bar in bars(report)}
    assert goals == {
        "macro_f1": (0.80, False),
        "alert_precision": (0.90, False),
        "alert_recall": (0.85, False),
        "false_alerts_per_1000": (10, True),
        "pairs": (0.75, False),
        "evasion_macro_f1": (10, True),
        "evasion_alert_recall": (10, True),
    }
    assert bars(report, Goals(macro_f1=0.5))[0].goal == 0.5


# --- JSON and terminal ------------------------------------------------------------------------
def test_json_holds_every_number_under_plain_names() -> None:
    examples = a_mixed_file()
    readings = readings_of(examples)
    readings[0] = a_reading(alert=not examples[0].alert)
    made = json.loads(json.dumps(as_json(measure(examples, readings)), allow_nan=False))
    assert made["intents"][0]["intent"] == "accept"
    assert made["alert"]["precision"].keys() == {"value", "low", "high"}
    assert made["calibration"]["by_intent"]["salary"] == {"answers": 0, "error": None, "bins": []}
    assert len(made["confusion"]["instead"]) == 16
    assert made["worst"][0]["gold"]["commitment"] == examples[0].commitment
    assert made["bars"][0]["verdict"] in ("sure", "met", "missed", "unknown")


def test_the_table_quotes_nobody_and_lines_up() -> None:
    examples = [replace(one, text="别让人看见这句") for one in a_mixed_file()]
    readings = [a_reading() for _ in examples]
    text = as_text(measure(examples, readings, title="a\x1b[31m.jsonl"))
    assert "别让人看见" not in text
    assert "\x1b" not in text
    assert "未达标" in text
    rows = [line for line in text.splitlines() if re.match(r"(接受|原公司挽留|其他 offer) ", line)]
    assert len({len(line.encode("gb18030")) for line in rows}) == 1  # two bytes, two columns


# --- the run ----------------------------------------------------------------------------------
def test_a_file_is_read_in_batches_and_both_reports_are_written(tmp_path: Path) -> None:
    path, out = tmp_path / "some.jsonl", tmp_path / "deep" / "out"
    examples = [replace(one, id=str(at), text="offer") for at, one in enumerate(a_mixed_file() * 4)]
    write(path, examples)
    sizes: list[int] = []
    told: list[tuple[int, int]] = []

    def read(batch: list[Example]) -> list[Reading]:
        sizes.append(len(batch))
        return read_right(batch)

    def row(asked: Sequence[Example]) -> list[Baseline]:
        return [replace(measure(list(asked), read_right(list(asked))).row(), name="同样的")]

    report, bad = evaluate(
        path, read, out=out, baselines=row, tell=lambda done, total: told.append((done, total))
    )
    assert bad == ()
    assert report.messages == len(examples)
    assert sizes[:3] == [64, 64, 32]
    assert max(sizes) == 64
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] == sum(sizes)
    assert report.evasion is not None
    assert report.evasion.messages == sum(sizes[3:])
    assert report.baselines == (replace(report.row(), name="同样的"),)
    assert json.loads((out / "report.json").read_text("utf-8"))["title"] == "some.jsonl"
    assert "同样的" in Page((out / "report.html").read_text("utf-8")).words


BAD_LINES: tuple[tuple[bytes, str], ...] = (
    (b"not json", "JSONDecodeError"),
    (b"[1, 2]", "no object"),
    (b"7", "no object"),
    (b'{"text": "x", "intents": ["salary"]}', "commitment"),
    (b'{"text": "x", "intents": ["nonsense"], "commitment": 0}', "nonsense"),
    (b'{"text": "x", "intents": ["salary"], "commitment": 9}', "commitment"),
    (b'{"text": "\xff", "intents": ["salary"], "commitment": 0}', "UTF-8"),
    (b'{"text": "\\ud800", "intents": ["salary"], "commitment": 0}', "surrogate"),
    (b'{"text": "x", "intents": ["salary"], "commitment": 0, "pair": {}}', "pair"),
    (b'{"text": "x", "intents": ["salary"], "commitment": 0, "tags": [1]}', "tag"),
    (b"[" * 100_000, ""),
    (b'{"text": "' + b"x" * 20_001 + b'", "intents": ["salary"], "commitment": 0}', "longer"),
    (b'{"x": "' + b"x" * 1_000_001 + b'"}', "longer"),
)


@pytest.mark.parametrize(("line", "said"), BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_line_is_told_and_left_out(line: bytes, said: str, tmp_path: Path) -> None:
    good = json.dumps(an_example().as_dict()).encode()
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + good + b"\n\n" + line + b"\n" + good + b"\n")
    report, bad = evaluate(path, read_right, out=tmp_path)
    assert report.messages == 2
    [only] = bad
    assert only.line == 3
    assert said in only.error
    assert len(only.error) <= 200
    assert only.as_dict() == {"line": 3, "error": only.error}
    assert report.bad == bad
    assert "跳过的行" in Page((tmp_path / "report.html").read_text("utf-8")).words


def test_an_empty_file_makes_a_report(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    report, bad = evaluate(path, read_right, out=tmp_path, baselines=lambda _: ())
    assert (report.messages, bad) == (0, ())
    assert "0 条消息" in as_text(report)
