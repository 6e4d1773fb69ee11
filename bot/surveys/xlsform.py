"""XLSForm: a survey as HR edits it in a spreadsheet (sheets ``survey``, ``choices``, ``settings``).

A subset, as documented in config/README.md. Whatever is not in it is refused by sheet, row and
column; nothing is left out in silence. Pure: the file is opened by ``bot.sheets.opening``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sheets.document import Book, Sheet
from bot.surveys.definition import Guard, Vocabulary, parse
from bot.surveys.problems import Problem, SurveyInvalid
from bot.surveys.shape import Survey

#: Columns we read, by sheet; those with a language after ``::`` count under their plain name.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "survey": ("type", "name", "label", "hint", "required", "relevant", "constraint",
               "parameters", "about"),
    "choices": ("list_name", "name", "label"),
    "settings": ("form_title", "form_id", "intro", "thanks"),
}  # fmt: skip
#: Columns of looks and versions: taken, without effect.
_LOOKS = frozenset({"appearance", "version", "default_language", "style",
                    "constraint_message", "required_message"})  # fmt: skip
_LOCAL = ("label", "hint", "form_title", "intro", "thanks")
_CHINESE = re.compile(r"zh|chin|中文|汉语|简体", re.IGNORECASE)
_SELECTS = {"select_one": "radiogroup", "select_multiple": "checkbox", "rank": "ranking"}
_PLAIN: Mapping[str, dict[str, Any]] = {
    "integer": {"type": "text", "inputType": "number"},
    "decimal": {"type": "text", "inputType": "number"},
    "date": {"type": "text", "inputType": "date"},
    "money": {"type": "text", "inputType": "money"},
    "text": {"type": "comment"},
}
_TYPES = (
    "select_one 列表、select_multiple 列表、rank 列表、"
    "integer、decimal、money、date、text、range、note"
)
_BOUND = re.compile(r"\.\s*(>=|<=)\s*(-?\d{1,9}(?:\.\d{1,4})?)")
_PARAMETER = re.compile(r"(start|end|step)\s*=\s*(-?\d{1,4})")
_SELECTED = re.compile(r"selected\(\s*\$\{([^{}]{1,60})\}\s*,\s*('[^']*'|\"[^\"]*\")\s*\)")
_REFERENCE = re.compile(r"\$\{")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a workbook."""

    sheet: str
    row: int
    column: str

    def __str__(self) -> str:
        return f"工作表 {self.sheet}「{self.column}」列"


@dataclass(slots=True)
class _Reading:
    """What has been read so far, and where each of it stands."""

    places: dict[str, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, place: Place, what: str) -> None:
        self.problems.append(Problem(place.row, str(place), what))


def read(
    book: Book, *, id_: str, guard: Guard | None = None, vocabulary: Vocabulary | None = None
) -> Survey:
    """The survey of a workbook; see ``definition.parse``. Raises ``SurveyInvalid``, whose lines are
    rows and whose paths name sheet and column.
    """
    reading = _Reading()
    sheets = {sheet.name.strip().lower(): sheet for sheet in book.sheets}
    if "survey" not in sheets:
        raise SurveyInvalid([Problem(0, "", "没有名为 survey 的工作表")])
    choices = _choices(sheets.get("choices"), reading)
    raw: dict[str, Any] = {"title": id_, "elements": []}
    _settings(sheets.get("settings"), raw, reading)
    _questions(sheets["survey"], choices, raw, reading)
    if reading.problems:
        raise SurveyInvalid(sorted(reading.problems, key=lambda one: one.line))
    try:
        own = "" if "id" in raw else id_
        return parse(raw, None, id_=own, guard=guard, vocabulary=vocabulary)
    except SurveyInvalid as error:
        raise SurveyInvalid(_placed(one, reading) for one in error.problems) from error


def _placed(problem: Problem, reading: _Reading) -> Problem:
    path = problem.path
    while path and path not in reading.places:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    place = reading.places.get(path)
    return Problem(place.row, str(place), problem.what) if place else problem


def _rows(sheet: Sheet, reading: _Reading) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and cells, by column, of each row that says something."""
    name = sheet.name.strip().lower()
    if not sheet.rows:
        return
    columns = _columns(name, sheet, reading)
    for at, row in enumerate(sheet.rows[1:], start=sheet.first + 1):
        cells: dict[str, str] = {}
        for number, cell in enumerate(row):
            said = cell.strip()
            if not said:
                continue
            if number not in columns:
                heading = sheet.rows[0][number] if number < len(sheet.rows[0]) else ""
                place = Place(name, at, heading.strip() or f"第 {number + 1}")
                reading.wrong(place, "不支持这一列")
            elif columns[number]:
                cells[columns[number]] = said
        if cells:
            yield at, cells


def _columns(name: str, sheet: Sheet, reading: _Reading) -> dict[int, str]:
    """Which column is which; of a text in several languages the Chinese one. Empty: no effect."""
    found: dict[int, str] = {}
    chosen: dict[str, int] = {}
    for number, heading in enumerate(sheet.rows[0]):
        plain, _, language = heading.strip().partition("::")
        key = plain.strip().lower().replace(" ", "_")
        if key in _LOOKS:
            found[number] = ""
        elif key in _COLUMNS[name] and (not language or key in _LOCAL):
            before = chosen.get(key)
            found[number] = ""
            if before is None or _CHINESE.search(language):
                if before is not None:
                    found[before] = ""
                chosen[key] = number
                found[number] = key
            elif not language:
                reading.wrong(Place(name, sheet.first, heading.strip()), "这一列写了两遍")
    return found


def _settings(sheet: Sheet | None, raw: dict[str, Any], reading: _Reading) -> None:
    if sheet is None:
        return
    names = {"form_title": "title", "form_id": "id", "intro": "intro", "thanks": "thanks"}
    for number, (row, cells) in enumerate(_rows(sheet, reading)):
        for column, said in cells.items():
            if number:
                reading.wrong(Place("settings", row, column), "只读第一行设置，请删去多余的行")
                continue
            raw[names[column]] = said
            reading.places[names[column]] = Place("settings", row, column)


_Choices = dict[str, list[tuple[int, dict[str, str]]]]


def _choices(sheet: Sheet | None, reading: _Reading) -> _Choices:
    made: _Choices = {}
    for row, cells in _rows(sheet, reading) if sheet is not None else ():
        for column in ("list_name", "name", "label"):
            if column not in cells:
                reading.wrong(Place("choices", row, column), "必须填写")
        made.setdefault(cells.get("list_name", ""), []).append((row, cells))
    return made


def _questions(sheet: Sheet, choices: _Choices, raw: dict[str, Any], reading: _Reading) -> None:
    several: set[str] = set()
    notes: list[str] = []
    for row, cells in _rows(sheet, reading):
        said = cells.get("type", "").split()
        if said == ["note"]:
            notes.append(cells.get("label", ""))
            for column in cells.keys() - {"type", "name", "label"}:
                reading.wrong(Place("survey", row, column), "note 只能有文字")
            continue
        path = f"elements[{len(raw['elements'])}]"
        element = _typed(said, cells, choices, path, Place("survey", row, "type"), reading)
        if element is None:
            continue
        element |= _common(cells, row, path, several, reading)
        if said[0] == "select_multiple":
            several.add(cells.get("name", ""))
        if notes:
            # Before the first question a note is the introduction, later it belongs to the next.
            if raw["elements"]:
                element["description"] = "\n".join([*notes, element.get("description", "")]).strip()
            else:
                raw.setdefault("intro", "\n".join(notes))
            notes = []
        raw["elements"].append(element)
    if notes:
        raw.setdefault("thanks", "\n".join(notes))


def _common(
    cells: Mapping[str, str], row: int, path: str, several: set[str], reading: _Reading
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    names = {"name": "name", "label": "title", "hint": "description", "about": "about",
             "relevant": "visibleIf"}  # fmt: skip
    for column, key in names.items():
        reading.places[f"{path}.{key}"] = Place("survey", row, column)
        if column in cells:
            made[key] = cells[column]
    if "relevant" in cells:
        made["visibleIf"] = _condition(cells["relevant"], several)
    if "required" in cells:
        told = cells["required"].lower()
        if told not in ("yes", "true", "true()", "1", "no", "false", "false()", "0"):
            reading.wrong(Place("survey", row, "required"), "应当是 yes 或 no")
        made["isRequired"] = told in ("yes", "true", "true()", "1")
    return made


def _condition(relevant: str, several: set[str]) -> str:
    """``selected(${why}, 'pay')`` as ``{why} contains 'pay'``; what is left over is refused
    where conditions are read.
    """

    def chosen(match: re.Match[str]) -> str:
        return f"{{{match[1]}}} {'contains' if match[1] in several else '='} {match[2]}"

    return _REFERENCE.sub("{", _SELECTED.sub(chosen, relevant))


def _typed(
    said: list[str],
    cells: Mapping[str, str],
    choices: _Choices,
    path: str,
    place: Place,
    reading: _Reading,
) -> dict[str, Any] | None:
    """What a row's type says: SurveyJS's type and what goes with it."""
    reading.places[path] = place
    if "parameters" in cells and said != ["range"]:
        reading.wrong(Place("survey", place.row, "parameters"), "只有 range 有参数")
    if "constraint" in cells and said not in (["integer"], ["decimal"]):
        reading.wrong(
            Place("survey", place.row, "constraint"), "只有 integer 和 decimal 可以限制大小"
        )
    match said:
        case [kind, name] if kind in _SELECTS:
            return {"type": _SELECTS[kind], "choices": _listed(name, choices, path, place, reading)}
        case [kind] if kind in _PLAIN:
            return dict(_PLAIN[kind]) | _bounds(cells, place.row, path, reading)
        case ["range"]:
            return _range(cells, place.row, path, reading)
    reading.wrong(place, f"不支持这种题型，可以是 {_TYPES}")
    return None


def _listed(
    name: str, choices: _Choices, path: str, place: Place, reading: _Reading
) -> list[dict[str, Any]]:
    if name not in choices:
        reading.wrong(place, "choices 里没有这个列表")
    made = []
    for number, (row, cells) in enumerate(choices.get(name, [])):
        where = f"{path}.choices[{number}]"
        reading.places[where] = Place("choices", row, "label")
        reading.places[f"{where}.value"] = Place("choices", row, "name")
        made.append({"value": cells.get("name", ""), "text": cells.get("label", "")})
    return made


def _bounds(cells: Mapping[str, str], row: int, path: str, reading: _Reading) -> dict[str, float]:
    if "constraint" not in cells:
        return {}
    place = Place("survey", row, "constraint")
    reading.places[f"{path}.min"] = place
    made: dict[str, float] = {}
    for part in re.split(r"\s+and\s+", cells["constraint"].strip()):
        match = _BOUND.fullmatch(part.strip())
        key = "" if match is None else "min" if match[1] == ">=" else "max"
        if match is None or key in made:
            reading.wrong(place, "只支持 . >= 数字 and . <= 数字")
            return {}
        made[key] = float(match[2])
    return made


def _range(cells: Mapping[str, str], row: int, path: str, reading: _Reading) -> dict[str, Any]:
    place = Place("survey", row, "parameters")
    reading.places[f"{path}.rateMin"] = place
    told = dict(_PARAMETER.findall(cells.get("parameters", "")))
    rest = _PARAMETER.sub("", cells.get("parameters", "")).strip(" ,;")
    if rest or told.get("step", "1") != "1":
        reading.wrong(place, "写成 start=1 end=5；步长只能是 1")
    return {
        "type": "rating",
        "rateMin": int(told.get("start", "1")),
        "rateMax": int(told.get("end", "5")),
    }
