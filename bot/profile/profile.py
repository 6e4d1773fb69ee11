"""A profile: the statements that stand, put together, and what contradicts what."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from bot.profile.pay import Pay
from bot.profile.values import NOW, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing somebody said of a candidate. ``item`` tells the entries of a group apart."""

    id: str
    kind: str
    item: str  # empty where a kind comes once
    value: Value
    source: str  # form:<user>, resume:<attachment>, import:<user>, message:<uid>, survey:<id> …
    said_at: datetime
    verified_by: str | None = None
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One employment, as far as it was told."""

    item: str
    told: Mapping[str, Statement]  # by the name behind "job."

    def of(self, name: str) -> Value | None:
        """The value of one statement, or None."""
        said = self.told.get(name)
        return None if said is None else said.value

    @property
    def begins(self) -> str:
        """``YYYY-MM``; empty when nobody said."""
        return str(self.of("from") or "")

    @property
    def ends(self) -> str:
        """``YYYY-MM``, ``now``, or empty when nobody said."""
        return str(self.of("until") or "")

    def pay(self, name: str = "pay") -> Pay | None:
        """``pay`` is the last one, ``pay_first`` the one at the start."""
        raw = self.of(name)
        return None if raw is None else Pay.of_json(raw)

    def months(self, today: date) -> int | None:
        """How many months it lasted so far; None when nobody said."""
        if not self.begins or not self.ends:
            return None
        return max(0, _months(self.ends, today) - _months(self.begins, today))


def _months(text: str, today: date) -> int:
    if text == NOW:
        return today.year * 12 + today.month
    year, month = text.split("-")
    return int(year) * 12 + int(month)


@dataclass(frozen=True)
class Profile:
    """Everything that stands, read-only. Built from statements; holds no name and no phone."""

    statements: tuple[Statement, ...] = field(default=())

    @cached_property
    def once(self) -> Mapping[str, Statement]:
        """Statements of kinds that come once, by kind."""
        return {said.kind: said for said in self.statements if not said.item}

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """Employments, newest first; those without a beginning last."""
        told: dict[str, dict[str, Statement]] = {}
        for said in self.statements:
            group, _, name = said.kind.partition(".")
            if group == "job" and said.item:
                told.setdefault(said.item, {})[name] = said
        made = [Job(item=item, told=names) for item, names in told.items()]
        return tuple(sorted(made, key=lambda job: job.begins or "0", reverse=True))

    def of(self, kind: str) -> Value | None:
        """The value of a kind that comes once, or None."""
        said = self.once.get(kind)
        return None if said is None else said.value

    def pay(self, kind: str) -> Pay | None:
        """A pay that comes once, or None."""
        raw = self.of(kind)
        return None if raw is None else Pay.of_json(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two statements that cannot both hold, or one that cannot. ``says`` asks, in Chinese."""

    kinds: tuple[str, ...]
    items: tuple[str, ...]
    says: str


def contradictions(profile: Profile, today: date) -> tuple[Contradiction, ...]:
    """What does not fit together; HR is asked, nothing is put right silently."""
    return (*_of_each(profile.jobs, today), *_between(profile.jobs, today))


def _of_each(jobs: Iterable[Job], today: date) -> Iterable[Contradiction]:
    this_month = today.year * 12 + today.month
    for job in jobs:
        if job.begins and _months(job.begins, today) > this_month:
            yield Contradiction(
                kinds=("job.from",), items=(job.item,), says="入职年月在将来，请核对"
            )
        if not job.begins or not job.ends:
            continue
        if _months(job.ends, today) < _months(job.begins, today):
            yield Contradiction(
                kinds=("job.from", "job.until"),
                items=(job.item,),
                says=f"离职（{job.ends}）早于入职（{job.begins}），哪一个对？",
            )


def _between(jobs: tuple[Job, ...], today: date) -> Iterable[Contradiction]:
    dated = [job for job in jobs if job.begins and job.ends]
    for later, earlier in itertools.pairwise(dated):
        over = _months(earlier.ends, today) - _months(later.begins, today)
        if over > 1:
            yield Contradiction(
                kinds=("job.until", "job.from"),
                items=(earlier.item, later.item),
                says=f"两段工作重叠了 {over} 个月，是兼职还是写错？",
            )
