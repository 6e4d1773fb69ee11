"""The section 工作经历 taken apart into employments, whatever its layout. Pure.

A period or a label begins an employment. Company and title stand on its line, on the lines before
(when the section begins with a name) or behind it (when it begins with a period).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.resume.document import Line
from bot.resume.labels import Told, is_header, kind_of, told_in
from bot.resume.spans import LASTED, Span, month, span_in
from bot.resume.words import COMPANY, TITLE

#: A line that may name a company or a title has at most this many characters.
_SHORT = 48
_BULLET = re.compile(r"^\s*(?:[-•·●◆■▪▶►*✓√○]|\d{1,2}[.、)）](?!\d)|[（(]\d{1,2}[)）])")
_SENTENCE = re.compile(r"[。；;！]|，.*，|[:：]")
_STRONG = re.compile(r"\s*[|｜@]\s*|\t+|\s{2,}")
_WEAK = (re.compile(r"\s+[/·•—–\-]+\s+"), re.compile(r"[·•,，]\s*"), re.compile(r"\s+"),
         re.compile(r"[—–\-]+"), re.compile(r"/"))  # fmt: skip
#: As many of them part names even when only one of the two is known by its words.
_CLEAR = 2
_ASIDE = re.compile(
    r"全职|兼职|实习|外包|(?:[^\s]{1,10}(?:部|组|中心|事业群|department|team))|\d+-?\d*人|"
    r"(?:部门|地点|department)[:：].*|[（(].{0,16}[)）]", re.I
)  # fmt: skip
_LEVEL = re.compile(r"\s*[（(][^）)]*[)）]\s*$")
_PLACE = re.compile(r"(?:[^\s]{2,3}[市省])?[^\s]{2,3}市?")
_OF_A_JOB = frozenset({"job.pay_first", "job.pay", "job.left_because", "job.performance"})


@dataclass(slots=True)
class _Entry:
    told: dict[str, Told] = field(default_factory=dict)
    open: int = 0  # how many lines may still name company or title

    @property
    def named(self) -> bool:
        return "job.company" in self.told and "job.title" in self.told

    def add(self, kind: str, text: str, quote: str, line: Line) -> None:
        if text and kind not in self.told:
            self.told[kind] = Told(
                kind=kind, text=text, quote=quote[:200], page=line.page, line=line.number
            )


def jobs_in(lines: Sequence[Line]) -> list[dict[str, Told]]:
    """Employments in the order of the lines, by kind."""
    walk = _Walk(lines)
    for at in range(len(lines)):
        walk.step(at)
    entries = (entry.told for entry in walk.entries)
    return [told for told in entries if {"job.company", "job.title"} & set(told)]


class _Walk:
    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.entries: list[_Entry] = []
        self.columns: list[str | None] = []
        self.names_first = bool(lines) and span_in(lines[0].text) is None
        self.ahead: int | None = None  # lines that name, before the period's line
        self.claimed = -1

    def step(self, at: int) -> None:
        line = self.lines[at]
        if is_header(line.cells):
            self.columns = [kind_of(cell) for cell in line.cells]
            return
        if self.columns and len(line.cells) > 1 and self._row(line):
            return
        told = [one for one in told_in(line) if one.text]
        span = None if any(one.kind == "ignored" for one in told) else span_in(line.text)
        if any(one.kind in ("job.company", "job.title", "span", "job.from") for one in told):
            self._labelled(line, told)
        elif span is not None and len(line.text) <= _SHORT * 2 and not _is_sentence(line, span):
            self._dated(at, line, span)
            self._rest(told)
        elif told:
            self._rest(told)
        elif self.entries and self.entries[-1].open and not self.entries[-1].named:
            self._behind(line)

    def _row(self, line: Line) -> bool:
        """One employment of a table with heads. False: not such a line."""
        entry = _Entry()
        if len(line.cells) != len(self.columns):
            span = span_in(line.text)
            if span is None:
                return False
            _period(entry, span, line)
            _names(entry, [cell for cell in line.cells if not span_in(cell)], line)
            self.entries.append(entry)
            return True
        for kind, cell in zip(self.columns, line.cells, strict=True):
            _put(entry, kind or "", cell, cell, line)
        if {"job.company", "job.title", "job.from"} & set(entry.told):
            self.entries.append(entry)
        return True

    def _labelled(self, line: Line, told: list[Told]) -> None:
        for one in told:
            key = "job.from" if one.kind == "span" else one.kind
            new = not self.entries or key in self.entries[-1].told
            if new and key in ("job.company", "job.title", "job.from"):
                self.entries.append(_Entry())
            if self.entries:
                _put(self.entries[-1], one.kind, one.text, one.quote, line)
        span = span_in(line.text)
        if span is not None and self.entries:
            _period(self.entries[-1], span, line)

    def _dated(self, at: int, line: Line, span: Span) -> None:
        entry = _Entry(open=2)
        if self.entries and "job.from" not in self.entries[-1].told:
            entry = self.entries[-1]
        else:
            self.entries.append(entry)
        _period(entry, span, line)
        before = LASTED.sub("", line.text[: span.start])
        after = LASTED.sub("", line.text[span.end :])
        _names(entry, [*_STRONG.split(before.strip()), *_STRONG.split(after.strip())], line)
        if self.names_first and not entry.named:
            self._before(at, entry)
        self.claimed = at

    def _before(self, at: int, entry: _Entry) -> None:
        """Names on the one or two lines before a period, as many as at the first employment."""
        most = 2 if self.ahead is None else self.ahead
        taken = 0
        while taken < most and at - taken - 1 > self.claimed:
            line = self.lines[at - taken - 1]
            if not _may_name(line) or told_in(line):
                break
            taken += 1
        for line in self.lines[at - taken : at]:
            _names(entry, [part for cell in line.cells for part in _STRONG.split(cell)], line)
        if self.ahead is None:
            self.ahead = taken

    def _behind(self, line: Line) -> None:
        entry = self.entries[-1]
        entry.open -= 1
        if not _may_name(line):
            entry.open = 0
            return
        _names(entry, [part for cell in line.cells for part in _STRONG.split(cell)], line)

    def _rest(self, told: list[Told]) -> None:
        for one in told:
            if self.entries and one.kind in _OF_A_JOB:
                self.entries[-1].told.setdefault(one.kind, one)
            elif self.entries and one.kind == "job.until":
                line = Line(page=one.page, number=one.line, cells=())
                self.entries[-1].add("job.until", month(one.text), one.quote, line)


def _is_sentence(line: Line, span: Span) -> bool:
    """Whether a period is only mentioned, as in 「2020.01-2020.06 期间负责……。」"""
    rest = line.text[: span.start] + line.text[span.end :]
    return _BULLET.match(line.text) is not None or "。" in rest or rest.count("，") > 1


def _may_name(line: Line) -> bool:
    text = line.text
    return len(text) <= _SHORT and not _BULLET.match(text) and not _SENTENCE.search(text)


def _period(entry: _Entry, span: Span, line: Line) -> None:
    quote = line.text[span.start : span.end]
    entry.add("job.from", span.begins, quote, line)
    entry.add("job.until", span.until, quote, line)


def _put(entry: _Entry, kind: str, text: str, quote: str, line: Line) -> None:
    if kind == "span":
        span = span_in(text)
        if span is not None:
            _period(entry, span, line)
        elif text:
            entry.add("job.from", month(text), quote, line)
    elif kind in ("job.from", "job.until"):
        entry.add(kind, month(text), quote, line)
    elif kind.startswith("job."):
        entry.add(kind, text, quote, line)


# --- company and title ------------------------------------------------------------------------


def is_title(text: str) -> bool:
    """Whether a text ends as titles do."""
    bare = _LEVEL.sub("", text)
    ends = [match.end() for match in TITLE.finditer(bare)]
    return bool(ends) and max(ends) >= len(bare) - 2


def is_company(text: str) -> bool:
    """Whether a text holds what company names hold and is no title."""
    return COMPANY.search(_LEVEL.sub("", text)) is not None and not is_title(text)


def _names(entry: _Entry, cells: Sequence[str], line: Line) -> None:
    """Company and title among cells, by their words first and by their order otherwise."""
    parts = [part for cell in cells for part in _parted(cell.strip(" -—–|｜·•,，/"))]
    parts = [part for part in parts if part and not _aside(part)]
    unsure = []
    for part in parts:
        if is_title(part) and "job.title" not in entry.told:
            entry.add("job.title", part, part, line)
        elif is_company(part) and "job.company" not in entry.told:
            entry.add("job.company", part, part, line)
        else:
            unsure.append(part)
    for kind in ("job.company", "job.title"):
        left = [part for part in unsure if len(part) > 1]
        if kind not in entry.told and left:
            if kind == "job.company" and len(left) > 1 and _PLACE.fullmatch(left[0]) and (
                entry.told.get("job.title") is not None
            ):  # fmt: skip
                left = left[1:]
            entry.add(kind, left[0], left[0], line)
            unsure.remove(left[0])


def _aside(part: str) -> bool:
    return _ASIDE.fullmatch(part) is not None and not (is_company(part) or is_title(part))


def _parted(cell: str) -> list[str]:
    """A cell that holds both a company and a title, taken apart; any other as it is."""
    for at, mark in enumerate(_WEAK):
        parts = [part for part in mark.split(cell) if part]
        if not 2 <= len(parts) <= 3:
            continue
        kinds = sorted("t" if is_title(p) else "c" if is_company(p) else "x" for p in parts)
        if kinds[:2] == ["c", "t"] or (at < _CLEAR and kinds in (["t", "x"], ["c", "x"])):
            return parts
    return [cell]
