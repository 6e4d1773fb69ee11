"""/api/v1/positions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bot.errors import NotFound
from bot.web import cursors, intake
from bot.web.api.common import (
    PREFIX,
    Cursor,
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
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.queries import people, users
from storage.queries.people import PositionRow
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/positions", tags=["positions"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.POSITION_READ)]
Yuan = Annotated[int, Field(ge=0, le=10_000_000)]


class NewPosition(In):
    """A job we hire for. Budgets are yuan a month."""

    title: Annotated[Line, Field(min_length=1, max_length=120)]
    department: Annotated[Line, Field(max_length=120)] = ""
    city: Annotated[Line, Field(max_length=60)] = ""
    budget_low: Yuan | None = None
    budget_high: Yuan | None = None
    months: Annotated[float, Field(gt=0, le=36)] | None = None
    owner_id: Id | None = None
    manager_id: Id | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.budget_low, self.budget_high
        if low is not None and high is not None and low > high:
            raise PydanticCustomError("budget_order", "budget_low is above budget_high")
        return self


class Position(Out):
    """A position."""

    id: str
    title: str
    department: str
    city: str
    budget_low: int | None
    budget_high: int | None
    months: float | None
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
    road = site_of(request).road

    def make(tx: Tx) -> str:
        for field, user_id in (("owner_id", body.owner_id), ("manager_id", body.manager_id)):
            if user_id is not None:
                try:
                    users.get_user(tx, user_id)
                except NotFound:
                    raise missing(field) from None
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
