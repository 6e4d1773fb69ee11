"""/api/v1/users/{id}/absences: when colleagues are away, and who stands in for them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from bot import absences
from bot.errors import NotFound
from bot.web.api.common import (
    PREFIX,
    Day,
    Id,
    IdempotencyKey,
    In,
    Listed,
    Out,
    StrictRoute,
    make_once,
    missing,
)
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.queries import absences as away
from storage.queries import users
from storage.queries.absences import Absence
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/users", tags=["users"], route_class=StrictRoute)
Writer = Annotated[Principal, needs(Permission.ABSENCE_WRITE)]
UserId = Annotated[str, Path(description="Id of a colleague.")]


class NewAbsence(In):
    """Away from one day to another, both included; meanwhile the deputy sees and is told all."""

    deputy_id: Id
    from_on: Day
    until_on: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until_on < self.from_on:
            raise PydanticCustomError("day_order", "until_on is before from_on")
        return self


class AbsenceOut(Out):
    """An absence. ``active``: the deputy stands in now."""

    id: str
    user_id: str
    deputy_id: str
    from_on: date
    until_on: date
    active: bool


def shown(row: Absence) -> AbsenceOut:
    """A row as the API gives it."""
    return AbsenceOut(
        id=row.id,
        user_id=row.user_id,
        deputy_id=row.deputy_id,
        from_on=row.from_on,
        until_on=row.until_on,
        active=row.active,
    )


@router.get("/{user_id}/absences")
async def page(request: Request, who: Writer, user_id: UserId) -> Listed[AbsenceOut]:
    """Absences of a colleague that are not over yet. HR ask for their own."""
    road = site_of(request).road

    def read(tx: Tx) -> list[Absence]:
        _spoken_for(tx, who, user_id)
        return away.coming(tx, today=absences.today(road), user_id=user_id)

    rows = await road.database.read(read)
    return Listed(items=[shown(row) for row in rows], next=None)


@router.post("/{user_id}/absences", status_code=201)
async def add(
    request: Request, who: Writer, user_id: UserId, body: NewAbsence,
    idempotency_key: IdempotencyKey = None,
) -> AbsenceOut:  # fmt: skip
    """Say that a colleague is away. From today on, the deputy stands in at once."""
    road = site_of(request).road

    def make(tx: Tx) -> str:
        _spoken_for(tx, who, user_id)
        try:
            users.get_user(tx, body.deputy_id)
        except NotFound:
            raise missing("deputy_id") from None
        told = (user_id, body.deputy_id, body.from_on, body.until_on)
        return absences.add(tx, road, who.viewer, *told).id

    made = await make_once(request, who, idempotency_key, body, make)
    return shown(await road.database.read(lambda tx: away.get(tx, who.viewer, made)))


@router.delete("/{user_id}/absences/{absence_id}", status_code=204)
async def end(
    request: Request,
    who: Writer,
    user_id: UserId,
    absence_id: Annotated[str, Path(description="Id of an absence.")],
) -> Response:
    """Take it back, or come home early: nobody stands in from now on."""
    road = site_of(request).road

    def work(tx: Tx) -> None:
        if away.get(tx, who.viewer, absence_id).user_id != user_id:
            raise NotFound("no such absence")
        absences.end(tx, road, who.viewer, absence_id)

    await road.database.write(work)
    return Response(status_code=204)


def _spoken_for(tx: Tx, who: Principal, user_id: str) -> None:
    """Raises ``NotFound``, the same for nobody and for a colleague who speaks for themselves."""
    if not absences.may_speak_for(who.viewer, user_id):
        raise NotFound("no such colleague")
    users.get_user(tx, user_id)
