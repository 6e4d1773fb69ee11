"""Lines in, a proposal out: statements of the record's kinds, each with its place. Pure.

Nothing is decided here: amounts and dates are read by ``bot.profile.values`` alone, and what it
finds doubtful is proposed as written, with its question. What is protected is left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.profile import values
from bot.profile.definition import ProfileDefinition
from bot.profile.doubt import Doubtful
from bot.profile.forbidden import names_protected
from bot.resume import jobs, words
from bot.resume.document import Line
from bot.resume.labels import PROTECTED_KIND, Told, told_in
from bot.resume.spans import month, span_in

#: Kinds in free words; a part of one that names something protected is left out.
_FREE = frozenset({"job.left_because", "job.performance", "expect.plan", "own.skills"})
#: Kinds that are names, whatever words they are made of.
_NAMES = frozenset({"job.company", "job.title"})
_NOTHING = re.compile(r"面议|不限|无|保密|/|-+|negotiable|n/?a", re.I)
_PARTS = re.compile(r"([，,、；;。]\s*)")
_TOKENS = re.compile(r"\s*[|｜,，、;；/·•]\s*|\s+")
_BULLET = re.compile(r"^\s*(?:[-•·●◆■▪▶►*✓√○➢]|\d{1,2}[.、)）](?!\d))\s*")
_GRADES = re.compile(r"gpa|绩点|排名|课程|奖学金|courses?|ranking|荣誉|主修课", re.I)
_PAID = re.compile(r"\d\s*[kK万千元wW]|\d{4,}")
_CITY = re.compile(
    "(?:北京|上海|广州|深圳|杭州|南京|苏州|成都|武汉|西安|重庆|天津|长沙|郑州|青岛|宁波|厦门|合肥|无锡|东莞|佛山|"
    "济南|福州|大连|沈阳|昆明|珠海|常州|南昌|哈尔滨|长春|石家庄|太原|贵阳|南宁|温州|嘉兴|台北|香港|高雄|台中|新竹)市?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One statement to confirm. ``text`` is for ``values.parse``; ``ask`` says what is unclear.

    ``item`` tells employments apart, empty where a kind comes once. ``quote`` is what was read
    there, ``page`` and ``line`` count from one.
    """

    kind: str
    item: str
    text: str
    ask: str
    page: int
    line: int
    quote: str
    confirmed: bool = False

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a résumé says. ``left_out``: how many protected details were not kept."""

    fields: tuple[Proposed, ...]
    left_out: int

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"fields": [one.as_json() for one in self.fields], "left_out": self.left_out}

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Proposal:
        """The inverse of ``as_json``. Raises KeyError or TypeError."""
        fields = tuple(Proposed(**one) for one in raw["fields"])
        return cls(fields=fields, left_out=int(raw["left_out"]))


def propose(
    lines: Sequence[Line], definition: ProfileDefinition, *, new_item: Callable[[], str]
) -> Proposal:
    """What lines say of a candidate. ``new_item`` names an employment."""
    parts = sections(lines)
    around = [
        line
        for name, found in parts.items()
        if name not in (words.WORK, words.PROJECT, words.EDUCATION)
        for line in found
    ]
    around_told = [one for line in around for one in told_in(line)]
    left_out = _protected(around)
    entries = jobs.jobs_in(parts.get(words.WORK, ()))
    _current(entries, around_told)
    told: list[tuple[str, Told]] = []
    for entry in entries:
        item = new_item()
        told += [(item, one) for one in entry.values() if one.kind in definition.kinds]
        told += [(item, one) for one in _left_tag(entry, definition)]
    told += [("", one) for one in _once(parts, around_told)]
    fields: list[Proposed] = []
    for item, one in told:
        clean, gone = _allowed(one)
        left_out += gone
        if clean is not None and clean.text and clean.kind in definition.kinds:
            fields.append(_proposed(item, clean, definition))
    order = {kind: at for at, kind in enumerate(definition.kinds)}
    items = {item: at for at, item in enumerate(dict.fromkeys(one.item for one in fields))}
    fields.sort(key=lambda one: (not one.item, items[one.item], order[one.kind]))
    return Proposal(fields=tuple(fields), left_out=left_out)


def sections(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Lines by the section they stand in; ``head`` before any heading."""
    found: dict[str, list[Line]] = {"head": []}
    name = "head"
    for line in lines:
        headed = words.section_of(line.text) or (
            words.section_of(line.cells[0]) if len(line.cells) > 1 else None
        )
        if headed is None or _is_value(line, headed):
            found[name].append(line)
            continue
        name = headed
        found.setdefault(name, [])
        if words.section_of(line.text) is None:
            found[name].append(replace(line, cells=line.cells[1:]))
    return found


def _is_value(line: Line, headed: str) -> bool:
    """Whether a heading's word only labels the other cells: 学历 | 本科, or heads a table."""
    if len(line.cells) < 2:
        return False
    told = told_in(line)
    return len(told) > 1 or any(one.kind == "degree" for one in told)


def _proposed(item: str, one: Told, definition: ProfileDefinition) -> Proposed:
    text = one.text[: values.MOST_TEXT]
    try:
        values.parse(definition.kinds[one.kind], text)
        ask = ""
    except Doubtful as doubt:
        ask = str(doubt)
    return Proposed(
        kind=one.kind, item=item, text=text, ask=ask, page=one.page, line=one.line, quote=one.quote
    )


# --- protected --------------------------------------------------------------------------------


def _protected(lines: Iterable[Line]) -> int:
    """How many protected details stand around the record's sections."""
    count = 0
    for line in lines:
        kinds = [one.kind for one in told_in(line)]
        labelled = kinds.count(PROTECTED_KIND)
        count += labelled
        # What stands behind a field of the record is counted where it is taken off the field.
        fields = any(kind.partition(".")[0] in ("expect", "own") for kind in kinds)
        if not labelled and not fields and len(line.text) < 80:
            count += sum(
                words.PROTECTED_PART.fullmatch(token) is not None
                for token in _TOKENS.split(line.text)
            )
    return count


def _allowed(one: Told) -> tuple[Told | None, int]:
    """A statement without what may not be kept, and how much of it that was."""
    if one.kind not in _FREE:
        return _without_tokens(one)
    if not names_protected(one.text):
        return one, 0
    parts = _PARTS.split(one.text)
    clauses = list(zip(parts[::2], [*parts[1::2], ""], strict=True))
    kept = [clause for clause in clauses if not names_protected(clause[0])]
    text = "".join(said + mark for said, mark in kept).strip("，,、；;。 ")
    gone = len(clauses) - len(kept)
    return (replace(one, text=text, quote=text[:200]) if text else None), gone


def _without_tokens(one: Told) -> tuple[Told, int]:
    """A field without what stands behind it unlabelled: 杭州 | 男 | 28岁. Names stay whole."""
    if one.kind in _NAMES:
        return one, 0
    tokens = re.split(r"(\s*[|｜,，;；]\s*|\s+)", one.text)
    pairs = list(zip(tokens[::2], [*tokens[1::2], ""], strict=True))
    kept = [pair for pair in pairs if not words.PROTECTED_PART.fullmatch(pair[0])]
    if len(kept) == len(pairs):
        return one, 0
    text = "".join(word + mark for word, mark in kept).strip(" |｜,，;；")
    return replace(one, text=text, quote=text[:200]), len(pairs) - len(kept)


# --- what comes once --------------------------------------------------------------------------


def _current(entries: Sequence[dict[str, Told]], told: Sequence[Told]) -> None:
    """A pay told outside of the employments is the present one's, when there is just one."""
    present = [
        entry for entry in entries if "job.until" in entry and entry["job.until"].text == "至今"
    ]
    for one in told:
        if one.kind == "job.pay" and len(present) == 1 and _PAID.search(one.text):
            present[0].setdefault("job.pay", one)


def _left_tag(entry: Mapping[str, Told], definition: ProfileDefinition) -> Iterator[Told]:
    because = entry.get("job.left_because")
    if because is None or "job.left_tag" not in definition.kinds:
        return
    clean, _ = _allowed(because)
    tag = None if clean is None else definition.left_tag(clean.text)
    if clean is not None and tag is not None:
        label = definition.kinds["job.left_tag"].options[tag]
        yield replace(clean, kind="job.left_tag", text=label)


def _once(parts: Mapping[str, Sequence[Line]], told: Sequence[Told]) -> Iterator[Told]:
    found: dict[str, Told] = {}
    for one in told:
        group = one.kind.partition(".")[0]
        if group in ("expect", "own") and one.text and not _NOTHING.fullmatch(one.text):
            found.setdefault(one.kind, one)
    for one in _unlabelled(parts.get(words.EXPECT, ())):
        found.setdefault(one.kind, one)
    skills = _skills(parts.get(words.SKILLS, ()))
    if skills is not None:
        found["own.skills"] = skills
    education = _education(parts, told)
    if education is not None:
        found["own.education"] = education
    yield from found.values()


def _unlabelled(lines: Iterable[Line]) -> Iterator[Told]:
    """Pay and city in a line of expectations that labels nothing: 后端工程师 | 杭州 | 15-20K."""
    for line in lines:
        if told_in(line):
            continue
        for part in re.split(r"\s*[|｜,，;；/·]\s*|\s{2,}", line.text):
            if _CITY.fullmatch(part):
                yield _at("expect.city", part, line)
            elif _PAID.search(part) and not span_in(part) and len(part) < 24:
                yield _at("expect.pay", part, line)


def _at(kind: str, text: str, line: Line) -> Told:
    return Told(kind=kind, text=text, quote=text[:200], page=line.page, line=line.number)


def _skills(lines: Sequence[Line]) -> Told | None:
    parts = [_BULLET.sub("", line.text).strip(" ；;。") for line in lines]
    text = "；".join(part for part in parts if part)
    return None if not text else _at("own.skills", text[:1000], lines[0])


def _education(parts: Mapping[str, Sequence[Line]], told: Sequence[Told]) -> Told | None:
    lines = [line for line in parts.get(words.EDUCATION, ()) if not _GRADES.search(line.text)]
    schooled = [line for line in lines if _of_school(line)]
    if schooled:
        text = "；".join(filter(None, map(_school_text, schooled)))
        return _at("own.education", text[:500], schooled[0]) if text else None
    found = [one for one in told if one.kind in ("school", "degree", "major") and one.text]
    if not found:
        return None
    text = " ".join(dict.fromkeys(one.text for one in found))
    return replace(found[0], kind="own.education", text=text[:500], quote=text[:200])


def _of_school(line: Line) -> bool:
    text = line.text
    if len(text) >= 120 or _BULLET.match(text):
        return False
    degree = any(one in text.casefold() for one in words.DEGREES)
    return degree or words.SCHOOL.search(text) is not None or span_in(text) is not None


def _school_text(line: Line) -> str:
    """School, major, degree and years as written, without labels and what is protected."""
    told = told_in(line)
    cells = [one.text for one in told if one.kind != PROTECTED_KIND] if told else list(line.cells)
    tokens = [token for cell in cells for token in re.split(r"\s*[|｜]\s*", cell)]
    kept = [one for one in tokens if one and not words.PROTECTED_PART.fullmatch(one)]
    text = " ".join(kept)
    span = span_in(text)
    if span is None:
        return text
    end = span.until if span.until == "至今" else month(span.until)
    rest = (text[: span.start] + " " + text[span.end :]).strip()
    rest = " ".join(rest.split())
    return f"{rest}（{span.begins}～{end}）" if rest else ""
