"""Records in, rows of texts out: the inverse of ``bot.sheets.reading``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.profile import values
from bot.profile.values import Value
from bot.sheets.definition import Layout
from bot.sheets.positions import called
from storage.enums import Stage

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A candidate as the viewer may see them. ``phone`` is ready to be shown.

    ``told`` holds the kinds that come once, ``works`` what is known of each employment.
    """

    id: str
    name: str
    phone: str
    position: str
    stage: Stage
    start_on: date | None
    told: Mapping[str, Value] = field(default_factory=dict)
    works: tuple[Mapping[str, Value], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlace:
    """A position. Budgets are yuan a month."""

    title: str
    department: str
    city: str
    budget_low: int | None
    budget_high: int | None
    months: float | None
    level: str
    headcount: int | None
    requirements: str
    culture: tuple[str, ...]


def candidates(people: Iterable[Shown], layout: Layout) -> list[Row]:
    """Rows under the columns of ``layout.candidates``; whose a row is stands in each."""
    rows: list[Row] = []
    for one in sorted(people, key=lambda one: (one.position, one.name, one.phone, one.id)):
        whose = {"id": one.id, "name": one.name, "phone": one.phone}
        first = {
            "position": one.position,
            "stage": layout.stages[one.stage.value],
            "start_on": one.start_on.isoformat() if one.start_on else "",
            **_written(one.told, layout),
        }
        works = sorted(
            (_written(work, layout) for work in one.works),
            key=lambda cells: [cells.get(kind, "") for kind in ("job.from", *layout.of_a_job)],
            reverse=True,
        )
        # Two employments of which the same is known are one, to a reader.
        apart = [work for at, work in enumerate(works) if work not in works[:at]]
        for at, work in enumerate(apart or [{}]):
            rows.append(_row({**whose, **(first if at == 0 else {}), **work}, layout))
    return rows


def positions(places: Iterable[ShownPlace], layout: Layout) -> list[Row]:
    """Rows under the columns of ``layout.positions``."""
    rows = [tuple(_of_place(one, column.key, layout) for column in layout.positions.columns)
            for one in sorted(places, key=called)]  # fmt: skip
    return list(dict.fromkeys(rows))


def _row(cells: Mapping[str, str], layout: Layout) -> Row:
    return tuple(cells.get(column.key, "") for column in layout.candidates.columns)


def _written(told: Mapping[str, Value], layout: Layout) -> dict[str, str]:
    kinds = layout.profile.kinds
    return {kind: values.written(kinds[kind], value) for kind, value in told.items()}


def _of_place(place: ShownPlace, key: str, layout: Layout) -> str:
    value = getattr(place, key)
    if key == "culture":
        return values.written(layout.culture, value) if layout.culture else ""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
