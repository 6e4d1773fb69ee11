"""/api/v1/candidates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from bot import agreeing, consenting, desk
from bot.errors import NotFound
from bot.pipeline import Road
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
    Name,
    Out,
    Phone,
    StrictRoute,
    cut,
    make_once,
    missing,
)
from bot.web.console.common import site_of
from bot.web.errors import Invalid
from bot.web.masking import mask_phone
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.enums import Stage
from storage.queries import audit, people, users
from storage.queries.consents import ConsentRow
from storage.queries.people import CandidateRow
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/candidates", tags=["candidates"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]
CandidateId = Annotated[str, Path(description="Id of a candidate.")]


class Told(In):
    """A consent the person gave before they came: which, and where it was given."""

    item: Annotated[str, Field(min_length=1, max_length=24)]
    source: Annotated[Line, Field(min_length=1, max_length=agreeing.MOST_SOURCE)]


class Standing(Out):
    """A consent that stands: given, not taken back, to words that are still ours."""

    item: str
    at: datetime
    source: str


class NewCandidate(In):
    """A person we begin to talk with."""

    name: Name
    stage: Stage = Stage.INTERVIEW
    phone: Phone | None = None
    position_id: Id | None = None
    owner_id: Id | None = None
    start_on: Day | None = None
    consents: Annotated[tuple[Told, ...], Field(max_length=20)] = ()


class Move(In):
    """Another stage; only people and programs of people set it."""

    stage: Stage
    start_on: Day | None = None


class Candidate(Out):
    """A candidate. The phone is masked; the score orders work and decides nothing."""

    id: str
    name: str
    phone: str
    stage: Stage
    stage_at: datetime
    start_on: date | None
    position_id: str | None
    position: str
    owner_id: str | None
    owner: str
    score: int
    level: str
    created_at: datetime
    consents: list[Standing]


def shown(row: CandidateRow, consents: Sequence[ConsentRow]) -> Candidate:
    """A row as the API gives it."""
    return Candidate(
        id=row.id,
        name=row.name,
        phone=mask_phone(row.phone) if row.phone else "",
        stage=row.stage,
        stage_at=row.stage_at,
        start_on=row.start_on,
        position_id=row.position_id,
        position=row.position_title,
        owner_id=row.owner_id,
        owner=row.owner_name,
        score=row.score,
        level=row.level,
        created_at=row.created_at,
        consents=[Standing(item=one.item, at=one.at, source=one.source) for one in consents],
    )


def _shown(tx: Tx, road: Road, who: Principal, rows: Sequence[CandidateRow]) -> list[Candidate]:
    """Rows with their consents; these only for whoever may read the chat."""
    reads = who.viewer.may(Permission.CHAT_READ)
    ids = [row.id for row in rows]
    stands = consenting.standing_of(tx, road.rulebook, ids) if reads else {}
    return [shown(row, stands.get(row.id, ())) for row in rows]


async def _one(road: Road, who: Principal, candidate_id: str) -> Candidate:
    def read(tx: Tx) -> list[Candidate]:
        row = people.get_candidate(tx, road.vault, who.viewer, candidate_id)
        return _shown(tx, road, who, [row])

    [found] = await road.database.read(read)
    return found


@router.post("", status_code=201)
async def create(
    request: Request, response: Response, who: Writer, body: NewCandidate,
    idempotency_key: IdempotencyKey = None,
) -> Candidate:  # fmt: skip
    """Add a candidate."""
    road = site_of(request).road
    if {one.item for one in body.consents} - road.rulebook.consents.items.keys():
        raise Invalid({"consents.item": "not an item of config/consent.yaml"})

    def make(tx: Tx) -> str:
        if body.position_id is not None:
            try:
                people.get_position(tx, who.viewer, body.position_id)
            except NotFound:
                raise missing("position_id") from None
        if body.owner_id is not None:
            try:
                users.get_user(tx, body.owner_id)
            except NotFound:
                raise missing("owner_id") from None
        return intake.add_candidate(
            tx,
            road,
            who.viewer,
            name=body.name,
            stage=body.stage,
            phone=body.phone or "",
            position_id=body.position_id,
            start_on=body.start_on,
            owner_id=body.owner_id,
            consents=[(one.item, one.source) for one in body.consents],
        )

    made = await make_once(request, who, idempotency_key, body, make)
    response.headers["Location"] = f"{PREFIX}/candidates/{made}"
    return await _one(road, who, made)


@router.get("")
async def page(
    request: Request,
    who: Reader,
    stage: Stage | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listed[Candidate]:
    """Candidates the caller may know of, newest first."""
    road, after = site_of(request).road, cursors.moment_and_id(cursor)

    def read(tx: Tx) -> Listed[Candidate]:
        found = people.page_candidates(
            tx, road.vault, who.viewer, stage=stage, after=after, limit=limit + 1
        )
        rows, following = cut(found, limit, lambda row: cursors.made(row.created_at, row.id))
        return Listed(items=_shown(tx, road, who, rows), next=following)

    return await road.database.read(read)


@router.get("/{candidate_id}")
async def one(request: Request, who: Reader, candidate_id: CandidateId) -> Candidate:
    """One candidate. A person's look at it stands in the audit chain."""
    road = site_of(request).road

    def work(tx: Tx) -> Candidate:
        row = people.get_candidate(tx, road.vault, who.viewer, candidate_id)
        if who.is_person:
            audit.append(tx, road.vault.keystore, who.viewer, "candidate.read", candidate_id)
        [found] = _shown(tx, road, who, [row])
        return found

    database = road.database
    return await (database.write(work) if who.is_person else database.read(work))


@router.post("/{candidate_id}/stage")
async def move(request: Request, who: Writer, candidate_id: CandidateId, body: Move) -> Candidate:
    """Move to a stage."""
    road = site_of(request).road
    await desk.move(road, who.viewer, candidate_id, body.stage, start_on=body.start_on)
    return await _one(road, who, candidate_id)
