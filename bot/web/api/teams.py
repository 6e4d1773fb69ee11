"""/api/v1/positions/{id}/team: the HR colleagues who work a position together with its owner."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from bot import absences
from bot.errors import NotFound
from bot.web.api.common import PREFIX, Id, In, Listed, Out, StrictRoute, missing
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.queries import people, teams
from storage.queries.teams import Member
from storage.viewer import Permission

router = APIRouter(
    prefix=f"{PREFIX}/positions/{{position_id}}/team", tags=["positions"], route_class=StrictRoute
)
PositionId = Annotated[str, Path(description="Id of a position.")]


class Team(In):
    """Exactly these are the team from now on. They see whoever is up for the position."""

    user_ids: Annotated[list[Id], Field(max_length=50)]


class Mate(Out):
    """One of the team."""

    user_id: str
    name: str


def _listed(rows: list[Member]) -> Listed[Mate]:
    return Listed(items=[Mate(user_id=row.user_id, name=row.name) for row in rows], next=None)


@router.get("")
async def page(
    request: Request,
    who: Annotated[Principal, needs(Permission.POSITION_READ)],
    position_id: PositionId,
) -> Listed[Mate]:
    """The team, by name."""

    def read(tx: Tx) -> list[Member]:
        people.get_position(tx, who.viewer, position_id)
        return teams.team(tx, position_id)

    return _listed(await site_of(request).road.database.read(read))


@router.put("")
async def change(
    request: Request,
    who: Annotated[Principal, needs(Permission.POSITION_WRITE)],
    position_id: PositionId,
    body: Team,
) -> Listed[Mate]:
    """Let exactly these colleagues be the team. HR say so for positions that they work."""
    road = site_of(request).road

    def work(tx: Tx) -> list[Member]:
        people.get_position(tx, who.viewer, position_id)  # unknown before wrong
        try:
            absences.share(tx, road, who.viewer, position_id, body.user_ids)
        except NotFound:
            raise missing("user_ids") from None
        return teams.team(tx, position_id)

    return _listed(await road.database.write(work))
