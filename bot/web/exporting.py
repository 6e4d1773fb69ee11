"""The record as spreadsheets, as far as its viewer may see it, with a line in the audit chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot import appraisal
from bot.casework import Ground
from bot.errors import BotError
from bot.profile.profile import Profile
from bot.risk import asof
from bot.sheets import tables, writing
from bot.sheets.positions import called
from bot.sheets.reading import MARK
from bot.sheets.tables import Shown, ShownPlace
from bot.turn import FactorSeen
from bot.web.importing import all_positions
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import Stage
from storage.queries import audit, people
from storage.queries import endings as ended_cases
from storage.queries.people import CandidateRow, PositionRow
from storage.viewer import Viewer

_PAGE = 500
Masked = Callable[[str], str]


class Format(StrEnum):
    """What can be written."""

    XLSX = "xlsx"
    CSV = "csv"


class Purpose(StrEnum):
    """Why somebody takes the record out of here; stands in the file and in the audit chain."""

    INTERVIEW = "interview"
    REPORT = "report"
    HANDOVER = "handover"
    MOVE = "move"
    CHECK = "check"


class TooMany(BotError):
    """More people than one export may carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file, how many people or positions are in it, and how many could not be."""

    data: bytes
    count: int
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to export. ``most`` people at most; ``masked`` is how a number is shown."""

    format: Format
    masked: Masked
    most: int | None = None
    stage: Stage | None = None
    purpose: str = ""  # in words


def candidates(tx: Tx, ground: Ground, viewer: Viewer, wanted: Wanted) -> Exported:
    """Candidates with their record; a workbook has the positions too. Raises ``TooMany``.

    Writes nothing: ``noted_export`` adds the link, before the file leaves.
    """
    layout = ground.rulebook.sheets
    places = {one.id: one for one in all_positions(tx, viewer)}
    shown: list[Shown] = []
    for row in _rows(tx, ground, viewer, wanted.stage):
        if len(shown) == wanted.most:
            raise TooMany
        shown.append(_shown(tx, ground, row, places, wanted.masked))
    rows = tables.candidates(shown, layout)
    mark = mark_of(viewer, tx.now, wanted.purpose)
    if wanted.format is Format.CSV:
        data = writing.csv_file(layout.candidates, rows, mark=mark)
    else:
        below = tables.positions(map(_place, places.values()), layout)
        sheets = [
            (layout.names.candidates, layout.candidates, rows),
            (layout.names.positions, layout.positions, below),
        ]
        data = writing.workbook(sheets, mark=("导出信息", mark))
    return Exported(data=data, count=len(shown))


def positions(tx: Tx, ground: Ground, viewer: Viewer, wanted: Wanted) -> Exported:
    """Positions only."""
    layout = ground.rulebook.sheets
    rows = tables.positions(map(_place, all_positions(tx, viewer)), layout)
    mark = mark_of(viewer, tx.now, wanted.purpose)
    if wanted.format is Format.CSV:
        data = writing.csv_file(layout.positions, rows, mark=mark)
    else:
        sheets = [(layout.names.positions, layout.positions, rows)]
        data = writing.workbook(sheets, mark=("导出信息", mark))
    return Exported(data=data, count=len(rows))


def endings(tx: Tx, ground: Ground, viewer: Viewer, wanted: Wanted, *, days: int) -> Exported:
    """Cases that ended, as ``yinuo risk backtest`` reads them: ids and figures, no names.

    What each rule added ``days`` days before the outcome, by what had been recorded by then. People
    we did not know yet at that moment are left out: ``left_out`` of them.
    """
    rules = ground.rulebook.risk
    found = ended_cases.ended(tx, viewer)
    history = ended_cases.factors(tx, [one.candidate_id for one in found])
    lines = [asof.line(_case(one, history[one.candidate_id]), rules, days) for one in found]
    rows = [one for one in lines if one is not None]
    heads = asof.columns(rules)
    if wanted.format is Format.CSV:
        data = writing.figures_csv(heads, rows)
    else:
        mark = mark_of(viewer, tx.now, wanted.purpose)
        data = writing.figures_book("结局", heads, rows, mark=("导出信息", mark))
    return Exported(data=data, count=len(rows), left_out=len(lines) - len(rows))


def _case(one: ended_cases.Ended, factors: Sequence[ended_cases.FactorRow]) -> asof.Case:
    return asof.Case(
        id=one.candidate_id,
        outcome=one.outcome,
        on_day=one.on_day,
        since=one.since,
        history=[
            asof.Stood(
                factor=FactorSeen(
                    rule=row.rule,
                    adds=row.adds,
                    fades_after_days=row.fades_after_days,
                    at=row.at,
                ),
                ended_at=row.ended_at,
            )
            for row in factors
        ],
    )


def noted_export(
    tx: Tx, ground: Ground, viewer: Viewer, what: str, wanted: Wanted, count: int, purpose: str
) -> None:
    """Add an export's link to the audit chain. ``purpose`` is one of ``Purpose``, or empty."""
    details = {"rows": count, "format": str(wanted.format), "stage": wanted.stage or ""}
    keystore = ground.vault.keystore
    audit.append(tx, keystore, viewer, f"{what}.export", what, purpose=purpose, details=details)


def _rows(tx: Tx, ground: Ground, viewer: Viewer, stage: Stage | None) -> Iterator[CandidateRow]:
    after: tuple[datetime, str] | None = None
    while True:
        rows: Sequence[CandidateRow] = people.page_candidates(
            tx, ground.vault, viewer, stage=stage, after=after, limit=_PAGE
        )
        yield from rows
        if len(rows) < _PAGE:
            return
        after = (rows[-1].created_at, rows[-1].id)


def _shown(
    tx: Tx, ground: Ground, row: CandidateRow, places: dict[str, PositionRow], masked: Masked
) -> Shown:
    key = ground.vault.key(tx, row.subject_id)
    profile: Profile = appraisal.profile_of(tx, key, ground.rulebook, row.id)
    place = places.get(row.position_id or "")
    return Shown(
        id=row.id,
        name=row.name,
        phone=masked(row.phone) if row.phone else "",
        position=called(place) if place is not None else "",
        stage=row.stage,
        start_on=row.start_on,
        told={said.kind: said.value for said in profile.once.values()},
        works=tuple({said.kind: said.value for said in job.told.values()} for job in profile.jobs),
    )


def _place(row: PositionRow) -> ShownPlace:
    return ShownPlace(
        title=row.title,
        department=row.department,
        city=row.city,
        level=row.level,
        budget_low=row.budget_low,
        budget_high=row.budget_high,
        months=row.months,
        headcount=row.headcount,
        requirements=row.requirements,
        culture=row.culture,
    )


def mark_of(viewer: Viewer, now: datetime, purpose: str) -> str:
    """Whose copy this is: a file that is found again says who let it out."""
    at = now.astimezone(SHANGHAI)
    words = f"；用途：{purpose}" if purpose else ""
    return f"{MARK} {viewer.name} {at:%Y-%m-%d %H:%M}{words}；含个人信息，用完请删除"


def whole(phone: str) -> str:
    """A number as it is, as short as people write it.

    >>> whole("+8613812345678"), whole("+85291234567")
    ('13812345678', '+85291234567')
    """
    return phone.removeprefix("+86") if phone.startswith("+861") else phone
