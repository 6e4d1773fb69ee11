"""Cases with a known outcome, as a CSV file: what rules are judged against and calibrated on.

One line a person: ``id``, ``outcome`` (an outcome of ours, or 1 for broken and 0 for kept),
``on_day`` (when it ended), then one column a rule with what it added while the case was open. A
column ``<rule>@`` beside it holds the day the rule began to hold; with it, lead time can be told,
and what was recorded after the fact is refused.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]
#: A promise was broken, or kept. Ours to rescind is neither: it says nothing about the person.
BROKEN = frozenset({"reneged", "declined", "renegotiated", "left", "1"})
KEPT = frozenset({"joined", "confirmed", "0"})
SKIPPED = frozenset({"rescinded"})
MOST_LINES = 200_000


class BadCases(ValueError):
    """The file cannot be used; every complaint names line and column, in Chinese.

    ``late`` counts the lines of each column that was recorded after the fact.
    """

    def __init__(self, complaints: Sequence[str], late: Mapping[str, int] | None = None) -> None:
        super().__init__("; ".join(complaints[:20]))
        self.complaints = tuple(complaints)
        self.late = dict(late or {})


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases by day. ``values`` and ``lead`` (days, NaN unknown) are cases by rules.

    ``dated`` are the rules with a column of days: of others nobody can tell whether they were
    recorded after the fact.
    """

    ids: tuple[str, ...]
    rules: tuple[str, ...]
    days: tuple[date, ...]
    broken: npt.NDArray[np.bool_]
    values: Row
    lead: Row
    skipped: int
    dated: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


def read(text: str, rules: Collection[str]) -> Cases:
    """Parse a file. Raises ``BadCases`` with all complaints; nothing is guessed or left out."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or ()
    complaints = list(_of_columns(columns, rules))
    if complaints:
        raise BadCases(complaints)
    known = tuple(name for name in columns if name in rules)
    kept, skipped, late = [], 0, Counter[str]()
    for number, line in enumerate(reader, 2):
        if number > MOST_LINES:
            raise BadCases([f"超过 {MOST_LINES} 行"])
        found = _of_line(number, line, known, complaints, late)
        if found is None:
            skipped += line.get("outcome") in SKIPPED
        else:
            kept.append(found)
    if complaints:
        raise BadCases(complaints, late)
    if len({one.id for one in kept}) < len(kept):
        raise BadCases(["id 有重复：同一个人只能有一行"])
    kept.sort(key=lambda one: (one.day, one.id))
    return Cases(
        ids=tuple(one.id for one in kept),
        rules=known,
        days=tuple(one.day for one in kept),
        broken=np.array([one.broken for one in kept], dtype=bool),
        values=np.array([one.values for one in kept], dtype=float).reshape(len(kept), len(known)),
        lead=np.array([one.lead for one in kept], dtype=float).reshape(len(kept), len(known)),
        skipped=skipped,
        dated=tuple(name for name in known if f"{name}@" in columns),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    id: str
    day: date
    broken: bool
    values: list[float]
    lead: list[float]


def _of_columns(columns: Sequence[str], rules: Collection[str]) -> Iterable[str]:
    for name in ("id", "outcome", "on_day"):
        if name not in columns:
            yield f"缺少列 {name}"
    if len(set(columns)) < len(columns):
        yield "有重名的列"
    for name in columns:
        if name in ("id", "outcome", "on_day"):
            continue
        if name.removesuffix("@") not in rules:
            yield f"不认识的列 {name}：只能是规则名，或规则名加 @"
        elif name.endswith("@") and name[:-1] not in columns:
            yield f"列 {name} 没有对应的 {name[:-1]}"
    if not any(name in rules for name in columns):
        yield "没有任何规则的列"


def _of_line(
    number: int,
    line: dict[str, str],
    rules: Sequence[str],
    complaints: list[str],
    late: Counter[str],
) -> _Case | None:
    outcome = (line["outcome"] or "").strip()
    if outcome in SKIPPED:
        return None
    before = len(complaints)
    if outcome not in BROKEN | KEPT:
        complaints.append(f"第 {number} 行 outcome：不认识 {outcome[:20]!r}")
    day = _day(line["on_day"])
    if day is None:
        complaints.append(f"第 {number} 行 on_day：要写成 2026-11-02")
    values, lead = [], []
    for rule in rules:
        value = _number(line[rule])
        if value is None:
            complaints.append(f"第 {number} 行 {rule}：不是 -100 到 100 的数")
        began = _day(line.get(f"{rule}@")) if line.get(f"{rule}@") else None
        if line.get(f"{rule}@") and began is None:
            complaints.append(f"第 {number} 行 {rule}@：要写成 2026-11-02")
        if began is not None and day is not None and began >= day:
            late[rule] += 1
            complaints.append(
                f"第 {number} 行 {rule}：{began} 才记下，结果 {day} 已知，不能用来预测"
            )
        values.append(value or 0.0)
        lead.append(float((day - began).days) if began and day else float("nan"))
    if len(complaints) > before or day is None:
        return None
    return _Case((line["id"] or "").strip(), day, outcome in BROKEN, values, lead)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text.strip()) if text and text.strip() else 0.0
    except ValueError:
        return None
    return value if -100 <= value <= 100 else None
