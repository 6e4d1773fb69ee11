"""The form of a position: what it says, what is wrong with it, and a stored one as a form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from bot.web import intake
from storage.queries.people import PositionRow

FIELDS = (
    "title", "department", "city", "budget_low_k", "budget_high_k", "months", "needed_by",
    "requirements",
)  # fmt: skip
CULTURE, TEAM = "culture", "team"
MOST_K, MOST_MONTHS, MOST_TEXT = 10_000, 36, 4_000
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A form that holds together. Budgets are yuan a month; ``culture`` are options of
    ``expect.values``."""

    title: str
    department: str
    city: str
    budget_low: int | None
    budget_high: int | None
    months: float | None
    needed_by: date | None
    requirements: str
    culture: tuple[str, ...]


def sent(
    form: Mapping[str, str], options: Collection[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The fields of a form, and which values were ticked; others than ``options`` are none."""
    fields = {key: form.get(key, "").strip() for key in FIELDS}
    return fields, tuple(one for one in options if f"{CULTURE}:{one}" in form)


def team(form: Mapping[str, str]) -> tuple[str, ...] | None:
    """Ids of the colleagues who were ticked; None: the form did not show them."""
    if TEAM not in form:
        return None
    return tuple(name.removeprefix(f"{TEAM}:") for name in form if name.startswith(f"{TEAM}:"))


def understood(
    fields: Mapping[str, str], culture: tuple[str, ...]
) -> tuple[Told | None, dict[str, str]]:
    """What a form says, or field -> key of what is wrong with it."""
    faults: dict[str, str] = {}
    if not intake.is_name(fields["title"], 120):
        faults["title"] = "title_missing"
    for key, most in (("department", 120), ("city", 60)):
        if fields[key] and not intake.is_name(fields[key], most):
            faults[key] = f"{key}_long"
    if len(fields["requirements"]) > MOST_TEXT:
        faults["requirements"] = "requirements_long"
    numbers: dict[str, float | None] = {}
    for key, most in (("budget_low_k", MOST_K), ("budget_high_k", MOST_K), ("months", MOST_MONTHS)):
        numbers[key] = _number(fields[key])
        if fields[key] and not 0 < (numbers[key] or 0) <= most:
            faults[key] = "number_wrong"
    low, high = numbers["budget_low_k"], numbers["budget_high_k"]
    if not faults and low is not None and high is not None and low > high:
        faults["budget_high_k"] = "budget_order"
    needed_by = _day(fields["needed_by"])
    if fields["needed_by"] and needed_by is None:
        faults["needed_by"] = "day_wrong"
    if faults:
        return None, faults
    return Told(
        title=fields["title"],
        department=fields["department"],
        city=fields["city"],
        budget_low=None if low is None else round(low * 1000),
        budget_high=None if high is None else round(high * 1000),
        months=numbers["months"],
        needed_by=needed_by,
        requirements=fields["requirements"],
        culture=culture,
    ), {}


def filled(row: PositionRow) -> dict[str, str]:
    """A stored position as the fields of the form."""
    return {
        "title": row.title,
        "department": row.department,
        "city": row.city,
        "budget_low_k": _thousands(row.budget_low),
        "budget_high_k": _thousands(row.budget_high),
        "months": "" if row.months is None else f"{row.months:g}",
        "needed_by": "" if row.needed_by is None else row.needed_by.isoformat(),
        "requirements": row.requirements,
    }


def _thousands(yuan: int | None) -> str:
    return "" if yuan is None else f"{yuan / 1000:.12g}"


def _number(text: str) -> float | None:
    try:
        return float(text) if text.isascii() and len(text) <= 12 else None
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    except ValueError:
        return None
    return day if day and _FIRST <= day <= _LAST else None
