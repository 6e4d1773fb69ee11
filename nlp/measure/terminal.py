"""A report as a compact table for a terminal, where a Chinese character is two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from nlp.measure import words
from nlp.measure.bars import Goals, bars
from nlp.measure.figures import Report
from nlp.measure.sampling import Figure

_VERDICTS = {"sure": "达标", "met": "达标，区间跨线", "missed": "未达标", "unknown": "—"}


def as_text(report: Report, goals: Goals | None = None) -> str:
    """The numbers that matter, with intervals; no message is quoted. Ends without a newline."""
    alert = report.alert
    lines = [
        printable(f"{report.title} · {report.model}"),
        f"{report.messages} 条消息 · {report.voices} 人"
        f" · 应预警 {alert.wanted} · 已预警 {alert.raised}",
    ]
    for title, rows in (
        ("目标", [*_goals(report, goals)]),
        ("意图", [*_intents(report)]),
        ("预警", [*_alerts(report)]),
        ("其他", [*_others(report)]),
        ("对比", [*_baselines(report)]),
    ):
        if len(rows) > 1:
            lines += ["", *table((title, *rows[0][1:]), rows[1:])]
    if report.bad:
        shown = "、".join(str(bad.line) for bad in report.bad[:10])
        lines += ["", f"跳过 {len(report.bad)} 行：{shown}{'…' if len(report.bad) > 10 else ''}"]
    return "\n".join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns of equal width, the first to the left and the others to the right."""
    widths = [max(map(_width, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [
            f"{cell}{gap}" if at == 0 else f"{gap}{cell}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            for gap in (" " * (width - _width(cell)),)
        ]
        yield "  ".join(cells).rstrip()


def printable(text: str) -> str:
    """The text without control characters: a file's name must not steer the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _number(value: float | None, digits: int = 3) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _span(figure: Figure, digits: int = 2) -> str:
    if figure.low is None or figure.high is None:
        return "—"
    return f"{figure.low:.{digits}f}–{figure.high:.{digits}f}"


def _goals(report: Report, goals: Goals | None) -> Iterator[tuple[str, ...]]:
    yield ("", "数值", "95% 区间", "目标", "结论")
    for bar in bars(report, goals):
        digits = 3 if bar.unit == "share" else 1
        yield (
            bar.name,
            _number(bar.figure.value, digits),
            _span(bar.figure, min(digits, 2)),
            f"{'≤' if bar.at_most else '≥'} {bar.goal:g}",
            _VERDICTS[bar.verdict],
        )


def _intents(report: Report) -> Iterator[tuple[str, ...]]:
    yield ("", "条数", "精确", "召回", "F1", "95% 区间")
    for row in report.intents:
        yield (
            words.INTENTS[row.intent],
            str(row.support),
            _number(row.precision.value, 2),
            _number(row.recall.value, 2),
            _number(row.f1.value, 2),
            _span(row.f1),
        )


def _alerts(report: Report) -> Iterator[tuple[str, ...]]:
    yield ("", "条数", "应预警", "精确", "召回", "误报/千条")
    names = {"stage": words.STAGES, "tag": words.TAGS}
    groups = [("全部", report.alert)]
    for part in report.slices:
        groups.append((printable(names[part.kind].get(part.name, part.name)), part.alert))
    for name, alert in groups:
        yield (
            name,
            str(alert.messages),
            str(alert.wanted),
            _number(alert.precision.value, 2),
            _number(alert.recall.value, 2),
            _number(alert.false_per_1000.value, 1),
        )


def _others(report: Report) -> Iterator[tuple[str, ...]]:
    yield ("", "数值", "95% 区间")
    commitment = report.commitment
    named = [
        ("意图 micro-F1", report.micro_f1),
        ("预警平均精确率", report.average_precision),
        *(
            (f"精确率，若 {row.prevalence:.0%} 应预警", row.precision)
            for row in report.at_prevalence
        ),
        ("承诺平均误差", commitment.mean_error),
        ("承诺差两级以上", commitment.far),
        ("承诺正负号正确", commitment.sign),
        ("转述：精确", report.reported.precision),
        ("转述：召回", report.reported.recall),
        ("条件正确", report.condition.accuracy),
        ("对照组预警全对", report.pairs.alert),
        ("存疑占比", report.unclear.share),
        ("预警校准误差", Figure(value=report.calibration.alert.error)),
        ("意图校准误差", Figure(value=report.calibration.intents.error)),
    ]
    for name, figure in named:
        yield name, _number(figure.value), _span(figure)


def _baselines(report: Report) -> Iterator[tuple[str, ...]]:
    yield ("", "macro-F1", "精确", "召回", "误报/千条", "承诺误差")
    for row in (report.row(), *report.baselines):
        yield (
            printable(row.name),
            _number(row.macro_f1, 2),
            _number(row.alert_precision, 2),
            _number(row.alert_recall, 2),
            _number(row.false_alerts_per_1000, 1),
            _number(row.commitment_mae, 2),
        )
