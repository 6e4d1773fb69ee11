"""The type of ``config/sheets.yaml``, and the tables it makes of the record's kinds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from bot.profile.definition import Kind, ProfileDefinition, Type

_NOISE = re.compile(r"[\s*＊:：\ufeff]+|[（(]?必填[)）]?")
_ASIDE = re.compile(r"[（(][^（()）]*[)）]$")
#: What the fixed columns hold; of all others the record's kinds tell.
FIXED = ("id", "name", "phone", "position", "stage", "start_on")
OF_POSITION = (
    "title", "department", "city", "budget_low", "budget_high", "months", "level", "headcount",
    "requirements", "culture",
)  # fmt: skip


class Words(BaseModel):
    """What people call a column, and how it is filled. ``label`` is what we write."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = ""
    also: tuple[str, ...] = ()
    hint: str = ""
    example: str = ""


class Names(BaseModel):
    """What the sheets of a workbook are called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidates: str
    positions: str
    guide: str
    options: str


class SheetsDefinition(BaseModel):
    """``config/sheets.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheets: Names
    candidate: Mapping[str, Words]
    position: Mapping[str, Words]
    kinds: Mapping[str, Words]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. ``options`` are the words allowed; ``several``: more than one of them."""

    key: str
    label: str
    names: frozenset[str]  # folded
    hint: str = ""
    example: str = ""
    options: tuple[str, ...] = ()
    several: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The columns of one sheet, in the order we write them."""

    columns: tuple[Column, ...]

    def named(self, heading: str) -> Column | None:
        """The column somebody means by a heading, or None."""
        for wanted in (folded(heading), folded(_ASIDE.sub("", heading.strip()))):
            for column in self.columns:
                if wanted and wanted in column.names:
                    return column
        return None

    def of(self, key: str) -> Column:
        """The column of a key. Raises KeyError."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Both tables, with what their values are read by. ``stages`` are key to word."""

    names: Names
    candidates: Table
    positions: Table
    profile: ProfileDefinition
    stages: Mapping[str, str]

    @property
    def once(self) -> tuple[str, ...]:
        """Kinds that come once a person."""
        return tuple(kind for kind in _kept(self.profile) if not self.profile.repeats(kind))

    @property
    def of_a_job(self) -> tuple[str, ...]:
        """Kinds that come once an employment."""
        return tuple(kind for kind in _kept(self.profile) if self.profile.repeats(kind))

    @property
    def culture(self) -> Kind | None:
        """What a position's culture is told in; None where no such kind is kept."""
        return self.profile.kinds.get("expect.values")


def _kept(profile: ProfileDefinition) -> list[str]:
    return [name for name, kind in profile.kinds.items() if kind.in_sheets]


def folded(heading: str) -> str:
    """A heading as it is compared.

    >>> folded(" 姓　名 * "), folded("手机（必填）")
    ('姓名', '手机')
    """
    return _NOISE.sub("", unicodedata.normalize("NFKC", heading)).casefold()


def laid_out(
    words: SheetsDefinition, profile: ProfileDefinition, stages: Mapping[str, str]
) -> Layout:
    """The tables. Words of kinds that a company does not keep are not used.

    Raises ValueError for a missing fixed column, or a name that two columns have.
    """
    if set(words.candidate) != set(FIXED) or set(words.position) != set(OF_POSITION):
        raise ValueError("sheets.yaml: candidate and position name exactly the fixed columns")
    choices = {"stage": tuple(stages.values())}
    fixed = [
        _column(key, words.candidate[key], options=choices.get(key, ()), required=key == "name")
        for key in FIXED
    ]
    # What comes once stands before the employments: one person's rows then read from left to right.
    kinds = sorted(_kept(profile), key=profile.repeats)
    told = [_of_kind(name, profile.kinds[name], words.kinds.get(name, Words())) for name in kinds]
    values = profile.kinds["expect.values"].options if "expect.values" in profile.kinds else {}
    places = [
        _column(
            key,
            words.position[key],
            options=tuple(values.values()) if key == "culture" else (),
            several=key == "culture",
            required=key == "title",
        )
        for key in OF_POSITION
    ]
    return Layout(
        names=words.sheets,
        candidates=_table((*fixed, *told)),
        positions=_table(places),
        profile=profile,
        stages=stages,
    )


def _column(
    key: str,
    words: Words,
    *,
    label: str = "",
    options: tuple[str, ...] = (),
    several: bool = False,
    required: bool = False,
) -> Column:
    shown = words.label or label
    return Column(
        key=key,
        label=shown,
        names=frozenset(folded(name) for name in (shown, *words.also)),
        hint=words.hint,
        example=words.example,
        options=options,
        several=several,
        required=required,
    )


def _of_kind(name: str, kind: Kind, words: Words) -> Column:
    options = tuple(kind.options.values())
    several = kind.type is Type.CHOICES
    return _column(name, words, label=kind.label, options=options, several=several)


def _table(columns: Iterable[Column]) -> Table:
    made = tuple(columns)
    seen: dict[str, str] = {}
    for column in made:
        for name in column.names:
            if not name or seen.setdefault(name, column.key) != column.key:
                raise ValueError(f"sheets.yaml: {column.key}: {name!r} is another column's name")
    return Table(columns=made)
