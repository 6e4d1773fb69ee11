"""Candidates, positions and invites."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage import crypto
from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Stage
from storage.errors import Conflict, NotFound
from storage.queries.common import chunks, insert, table
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import Candidate, Fact, Factor, Position, User
from storage.vault import Vault, seal, unseal
from storage.viewer import SYSTEM, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """A candidate as the people who work with them see them."""

    id: str
    name: str
    phone: str
    stage: Stage
    stage_at: datetime
    start_on: date | None
    position_id: str | None
    position_title: str
    owner_id: str | None
    owner_name: str
    score: int
    level: str
    version: int
    subject_id: str
    created_at: datetime
    likeness: float | None
    likeness_of: str | None
    likeness_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """A job we hire for."""

    id: str
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
    needed_by: date | None
    owner_id: str | None
    manager_id: str | None
    created_at: datetime
    closed_at: datetime | None


def _select(viewer: Viewer) -> sa.Select[Any]:
    owner = table(User).alias("owner")
    owner_id = sa.func.coalesce(CANDIDATE.c.owner_id, POSITION.c.owner_id)
    return (
        sa.select(
            CANDIDATE,
            POSITION.c.title.label("position_title"),
            owner_id.label("effective_owner_id"),
            owner.c.name.label("owner_name"),
        )
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .outerjoin(owner, owner.c.id == owner_id)
        .where(visible(viewer))
    )


def _open(row: Any, key: SubjectKey) -> CandidateRow:
    phone = row.phone_sealed
    return CandidateRow(
        id=row.id,
        name=unseal(key, row.name_sealed, "candidate.name_sealed", row.id),
        phone=unseal(key, phone, "candidate.phone_sealed", row.id) if phone else "",
        stage=Stage(row.stage),
        stage_at=row.stage_at,
        start_on=row.start_on,
        position_id=row.position_id,
        position_title=row.position_title or "",
        owner_id=row.effective_owner_id,
        owner_name=row.owner_name or "",
        score=row.score,
        level=row.level,
        version=row.version,
        subject_id=row.subject_id,
        created_at=row.created_at,
        likeness=row.likeness,
        likeness_of=row.likeness_of,
        likeness_due=row.likeness_due,
    )


def create_candidate(
    tx: Tx,
    vault: Vault,
    viewer: Viewer,
    *,
    name: str,
    stage: Stage,
    phone: str | None = None,
    position_id: str | None = None,
    start_on: date | None = None,
    owner_id: str | None = None,
) -> str:
    """Add a candidate; the id. Raises ``NotFound`` for a position the viewer cannot see."""
    if position_id is not None:
        get_position(tx, viewer, position_id)
    candidate_id = new_public_id("c")
    key = vault.new_subject(tx, candidate_id=candidate_id)
    told = new_row(vault, key, candidate_id, name=name, stage=stage, phone=phone, at=tx.now)
    told |= {"position_id": position_id, "owner_id": owner_id, "start_on": start_on}
    insert(tx, Candidate, told)
    return candidate_id


def new_row(
    vault: Vault,
    key: SubjectKey,
    candidate_id: str,
    *,
    name: str,
    stage: Stage,
    phone: str | None,
    at: datetime,
) -> dict[str, Any]:
    """A new candidate's row, sealed; without whose it is, for what, and from when."""
    number = crypto.normalise_phone(phone) if phone else None
    return {
        "id": candidate_id,
        "subject_id": key.id,
        "name_sealed": seal(key, name, "candidate.name_sealed", candidate_id),
        "phone_sealed": seal(key, number, "candidate.phone_sealed", candidate_id, pad=True)
        if number
        else None,
        "phone_index": crypto.blind_index(vault.keystore, "candidate.phone", number)
        if number
        else None,
        "stage": stage.value,
        "stage_at": at,
        "version": 0,
        "score": 0,
        "level": "low",
        "created_at": at,
    }


def get_candidate(tx: Tx, vault: Vault, viewer: Viewer, candidate_id: str) -> CandidateRow:
    """One candidate. Raises ``NotFound``, also for one the viewer may not know of."""
    row = tx.first(_select(viewer).where(CANDIDATE.c.id == candidate_id))
    if row is None:
        raise NotFound("no such candidate")
    return _open(row, vault.key(tx, row.subject_id))


def page_candidates(
    tx: Tx,
    vault: Vault,
    viewer: Viewer,
    *,
    stage: Stage | None = None,
    phone: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[CandidateRow]:
    """Candidates, newest first; ``after`` is (created_at, id) of the last one seen."""
    query = (
        _select(viewer).order_by(CANDIDATE.c.created_at.desc(), CANDIDATE.c.id.desc()).limit(limit)
    )
    if stage is not None:
        query = query.where(CANDIDATE.c.stage == stage.value)
    if phone is not None:
        number = crypto.normalise_phone(phone)
        index = crypto.blind_index(vault.keystore, "candidate.phone", number) if number else ""
        query = query.where(CANDIDATE.c.phone_index == index)
    if after is not None:
        query = query.where(sa.tuple_(CANDIDATE.c.created_at, CANDIDATE.c.id) < sa.tuple_(*after))
    rows = tx.all(query)
    keys = vault.keys(tx, {row.subject_id for row in rows})
    return [_open(row, keys[row.subject_id]) for row in rows]


def among(
    tx: Tx, vault: Vault, viewer: Viewer, *, ids: Collection[str] = (), phones: Collection[str] = ()
) -> list[CandidateRow]:
    """Candidates by id or by number (E.164), as far as the viewer may know of them."""
    indexes = [crypto.blind_index(vault.keystore, "candidate.phone", one) for one in phones]
    found: dict[str, Any] = {}
    for column, values in ((CANDIDATE.c.id, ids), (CANDIDATE.c.phone_index, indexes)):
        for some in chunks(values):
            found.update((row.id, row) for row in tx.all(_select(viewer).where(column.in_(some))))
    keys = vault.keys(tx, {row.subject_id for row in found.values()})
    return [_open(row, keys[row.subject_id]) for row in found.values()]


def find_candidates(
    tx: Tx, vault: Vault, viewer: Viewer, text: str, *, limit: int = 50
) -> list[CandidateRow]:
    """Candidates whose name contains a text, or whose phone it is.

    Names are sealed, so they are compared after opening: newest first, at most 20,000 people.
    """
    if crypto.normalise_phone(text) is not None:
        return page_candidates(tx, vault, viewer, phone=text, limit=limit)
    wanted = text.casefold().strip()
    found: list[CandidateRow] = []
    after: tuple[datetime, str] | None = None
    for _ in range(40):
        rows = page_candidates(tx, vault, viewer, after=after, limit=500)
        found.extend(row for row in rows if wanted in row.name.casefold())
        if len(rows) < 500 or len(found) >= limit:
            break
        after = (rows[-1].created_at, rows[-1].id)
    return found[:limit]


def set_stage(
    tx: Tx, viewer: Viewer, candidate_id: str, stage: Stage, *, start_on: date | None = None
) -> None:
    """Move a candidate to a stage. Raises ``NotFound``."""
    values: dict[str, Any] = {"stage": stage.value, "stage_at": tx.now}
    if start_on is not None:
        values["start_on"] = start_on
    changed = tx.run(
        sa.update(CANDIDATE)
        .where(CANDIDATE.c.id == candidate_id, visible(viewer))
        .values(version=CANDIDATE.c.version + 1, **values)
    ).rowcount
    if changed != 1:
        raise NotFound("no such candidate")


def assign(tx: Tx, viewer: Viewer, candidate_id: str, position_id: str) -> None:
    """Put a candidate up for a position. Raises ``NotFound`` for either the viewer cannot see."""
    get_position(tx, viewer, position_id)
    theirs = sa.and_(CANDIDATE.c.id == candidate_id, visible(viewer))
    values = {"position_id": position_id, "version": CANDIDATE.c.version + 1}
    if tx.run(sa.update(CANDIDATE).where(theirs).values(**values)).rowcount != 1:
        raise NotFound("no such candidate")


def factors(tx: Tx, candidate_id: str) -> list[Any]:
    """Contributions to a candidate's score, newest first. Ask ``get_candidate`` first."""
    rows = table(Factor)
    return tx.all(
        sa.select(rows)
        .where(rows.c.candidate_id == candidate_id, rows.c.ended_at.is_(None))
        .order_by(rows.c.at.desc())
    )


def facts(tx: Tx, key: SubjectKey, candidate_id: str) -> list[tuple[Any, str]]:
    """Standing facts of a candidate, newest first, with their opened values."""
    rows = table(Fact)
    found = tx.all(
        sa.select(rows)
        .where(
            rows.c.candidate_id == candidate_id,
            rows.c.superseded_at.is_(None),
            rows.c.kind.not_like("%.%"),  # those of the record: storage.queries.profile
        )
        .order_by(rows.c.said_at.desc())
    )
    return [(row, unseal(key, row.value_sealed, "fact.value_sealed", row.id)) for row in found]


def create_position(
    tx: Tx,
    viewer: Viewer,
    *,
    title: str,
    department: str = "",
    city: str = "",
    budget_low: int | None = None,
    budget_high: int | None = None,
    months: float | None = None,
    level: str = "",
    headcount: int | None = None,
    requirements: str = "",
    culture: Sequence[str] = (),
    needed_by: date | None = None,
    owner_id: str | None = None,
    manager_id: str | None = None,
) -> str:
    """Add a position; the id. Budgets are yuan a month. Raises ``Conflict`` on a bad range."""
    if budget_low is not None and budget_high is not None and budget_low > budget_high:
        raise Conflict("budget_low is above budget_high")
    position_id = new_public_id("p")
    insert(
        tx,
        Position,
        {
            "id": position_id,
            "title": title,
            "department": department,
            "city": city,
            "budget_low": budget_low,
            "budget_high": budget_high,
            "months": months,
            "level": level,
            "headcount": headcount,
            "requirements": requirements,
            "culture": list(culture),
            "needed_by": needed_by,
            "owner_id": owner_id,
            "manager_id": manager_id,
            "created_at": tx.now,
        },
    )
    return position_id


def positions(
    tx: Tx, viewer: Viewer, *, after: tuple[datetime, str] | None = None, limit: int = 500
) -> list[PositionRow]:
    """Positions, newest first. HR works all of them; a manager sees the managed ones.

    ``after`` is (created_at, id) of the last one seen.
    """
    query = (
        sa.select(POSITION)
        .where(_may_see_position(viewer))
        .order_by(POSITION.c.created_at.desc(), POSITION.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(POSITION.c.created_at, POSITION.c.id) < sa.tuple_(*after))
    return [_open_position(row) for row in tx.all(query)]


def get_position(tx: Tx, viewer: Viewer, position_id: str) -> PositionRow:
    """One position. Raises ``NotFound``."""
    row = tx.first(
        sa.select(POSITION).where(POSITION.c.id == position_id, _may_see_position(viewer))
    )
    if row is None:
        raise NotFound("no such position")
    return _open_position(row)


def _may_see_position(viewer: Viewer) -> sa.ColumnElement[bool]:
    if viewer.role is not None and viewer.role.value == "manager":
        return POSITION.c.manager_id == viewer.id
    return sa.true()


def _open_position(row: Any) -> PositionRow:
    return PositionRow(
        id=row.id,
        title=row.title,
        department=row.department,
        city=row.city,
        budget_low=row.budget_low,
        budget_high=row.budget_high,
        months=row.months,
        level=row.level,
        headcount=row.headcount,
        requirements=row.requirements,
        culture=tuple(row.culture or ()),
        needed_by=row.needed_by,
        owner_id=row.owner_id,
        manager_id=row.manager_id,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )


def scored(tx: Tx, *, after: str | None, limit: int) -> list[Any]:
    """Candidates whose score is not zero, by id: id and score. For the product's own upkeep."""
    query = (
        sa.select(CANDIDATE.c.id, CANDIDATE.c.score)
        .where(visible(SYSTEM), CANDIDATE.c.score > 0)
        .order_by(CANDIDATE.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(CANDIDATE.c.id > after)
    return tx.all(query)
