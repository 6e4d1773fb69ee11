"""/api/v1/positions."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bot import appraisal
from bot.errors import NotFound
from bot.web import cursors, intake
from bot.web.api.common import (
    PREFIX,
    Cursor,
    Day,
    Id,
    IdempotencyKey,
    In,
    Limit,
    Line,
    Listed,
    Out,
    StrictRoute,
    cut,
    make_once,
    missing,
)
from bot.web.console.common import site_of
from bot.web.errors import Invalid
from bot.web.security import Principal, needs
from bot.web.site import Site
from storage.database import Tx
from storage.queries import audit, people, positions, users
from storage.queries.people import PositionRow
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/positions", tags=["positions"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.POSITION_READ)]
Yuan = Annotated[int, Field(ge=0, le=10_000_000)]


class PositionIn(In):
    """A job we hire for. Budgets are yuan a month; ``culture`` are keys of ``expect.values``."""

    department: Annotated[Line, Field(max_length=120)] = ""
    city: Annotated[Line, Field(max_length=60)] = ""
    budget_low: Yuan | None = None
    budget_high: Yuan | None = None
    months: Annotated[float, Field(gt=0, le=36)] | None = None
    level: Annotated[Line, Field(max_length=40)] = ""
    headcount: Annotated[int, Field(ge=1, le=10_000)] | None = None
    requirements: Annotated[str, Field(max_length=4000)] = ""
    culture: Annotated[list[Id], Field(max_length=20, default_factory=list)]
    needed_by: Day | None = None
    owner_id: Id | None = None
    manager_id: Id | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.budget_low, self.budget_high
        if low is not None and high is not None and low > high:
            raise PydanticCustomError("budget_order", "budget_low is above budget_high")
        return self


class NewPosition(PositionIn):
    """A new one."""

    title: Annotated[Line, Field(min_length=1, max_length=120)]


class ChangedPosition(PositionIn):
    """What is to change; what is not given stays."""

    title: Annotated[Line, Field(min_length=1, max_length=120)] = "-"  # never taken for a title


class Position(Out):
    """A position."""

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
    culture: list[str]
    needed_by: date | None
    owner_id: str | None
    manager_id: str | None
    created_at: datetime
    closed_at: datetime | None


def shown(row: PositionRow) -> Position:
    """A row as the API gives it."""
    return Position(
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
        culture=list(row.culture),
        needed_by=row.needed_by,
        owner_id=row.owner_id,
        manager_id=row.manager_id,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )


@router.post("", status_code=201)
async def create(
    request: Request, response: Response, body: NewPosition,
    who: Annotated[Principal, needs(Permission.POSITION_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> Position:  # fmt: skip
    """Add a position."""
    site = site_of(request)
    road = site.road

    def make(tx: Tx) -> str:
        _known(tx, site, body)
        return intake.add_position(tx, road, who.viewer, **body.model_dump())

    made = await make_once(request, who, idempotency_key, body, make)
    response.headers["Location"] = f"{PREFIX}/positions/{made}"
    row = await road.database.read(lambda tx: people.get_position(tx, who.viewer, made))
    return shown(row)


@router.get("")
async def page(
    request: Request, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Listed[Position]:
    """Positions the caller may know of, newest first."""
    road, after = site_of(request).road, cursors.moment_and_id(cursor)
    rows = await road.database.read(
        lambda tx: people.positions(tx, who.viewer, after=after, limit=limit + 1)
    )
    rows, following = cut(rows, limit, lambda row: cursors.made(row.created_at, row.id))
    return Listed(items=[shown(row) for row in rows], next=following)


@router.get("/{position_id}")
async def one(
    request: Request, who: Reader, position_id: Annotated[str, Path(description="Id.")]
) -> Position:
    """One position."""
    road = site_of(request).road
    row = await road.database.read(lambda tx: people.get_position(tx, who.viewer, position_id))
    return shown(row)


@router.patch("/{position_id}")
async def change(
    request: Request, body: ChangedPosition,
    who: Annotated[Principal, needs(Permission.POSITION_WRITE)],
    position_id: Annotated[str, Path(description="Id.")],
) -> Position:  # fmt: skip
    """Change a position; whom it is about is appraised again, one by one."""
    site = site_of(request)
    road, given = site.road, body.model_dump(exclude_unset=True)

    def work(tx: Tx) -> list[str]:
        people.get_position(tx, who.viewer, position_id)  # unknown before wrong
        _known(tx, site, body)
        positions.change(tx, who.viewer, position_id, **given)
        audit.append(tx, road.vault.keystore, who.viewer, "position.change", position_id)
        return positions.going_on(tx, position_id)

    for candidate_id in await road.database.write(work):
        appraised = partial(_appraised, site, candidate_id)
        await road.database.write(appraised)
    row = await road.database.read(lambda tx: people.get_position(tx, who.viewer, position_id))
    return shown(row)


def _appraised(site: Site, candidate_id: str, tx: Tx) -> None:
    appraisal.appraise(tx, site.road.vault, site.road.rulebook, candidate_id)


def _known(tx: Tx, site: Site, body: PositionIn) -> None:
    """Raises ``Missing`` for a person who is none of ours, ``Invalid`` for an unknown value."""
    for field, user_id in (("owner_id", body.owner_id), ("manager_id", body.manager_id)):
        if user_id is not None:
            try:
                users.get_user(tx, user_id)
            except NotFound:
                raise missing(field) from None
    options = site.road.rulebook.profile.kinds["expect.values"].options
    unknown = [one for one in body.culture if one not in options]
    if unknown:
        raise Invalid({"culture": f"one of {', '.join(options)}"})
