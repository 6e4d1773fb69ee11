"""/api/v1/candidates/{id}/interviews: talks with people of ours, and what these thought."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, Field

from bot import interviewing
from bot.errors import NotFound
from bot.web.api.candidates import CandidateId
from bot.web.api.common import (
    PREFIX,
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
from bot.web.console.interviews import FARTHEST, MOST_NUMBER
from bot.web.errors import Invalid
from bot.web.security import Principal, needs
from storage.crypto import new_public_id
from storage.database import Tx
from storage.queries import interviews, people
from storage.queries.interviews import InterviewRow
from storage.viewer import Permission

router = APIRouter(
    prefix=f"{PREFIX}/candidates/{{candidate_id}}/interviews",
    tags=["interviews"],
    route_class=StrictRoute,
)
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]


class NewInterview(In):
    """An interview. Without ``interviewer_id`` the position's manager is asked for feedback;
    without ``number`` it is one more than the last."""

    at: AwareDatetime
    interviewer_id: Id | None = None
    number: Annotated[int, Field(ge=1, le=MOST_NUMBER)] | None = None


class Talk(Out):
    """An interview. ``verdict`` and ``feedback`` are what its interviewer said: an opinion for
    people to read, nothing follows from it. ``done_at`` without a verdict: told another way."""

    id: str
    number: int
    at: datetime
    interviewer_id: str | None
    interviewer: str
    cancelled_at: datetime | None
    verdict: Literal["yes", "unsure", "no"] | None
    feedback: str
    done_at: datetime | None
    done_by: str | None


def shown(row: InterviewRow) -> Talk:
    """A row as the API gives it."""
    return Talk(
        id=row.id,
        number=row.number,
        at=row.at,
        interviewer_id=row.interviewer_id,
        interviewer=row.interviewer,
        cancelled_at=row.cancelled_at,
        verdict=row.verdict.value if row.verdict is not None else None,
        feedback=row.feedback,
        done_at=row.done_at,
        done_by=row.done_by,
    )


@router.get("")
async def page(request: Request, who: Reader, candidate_id: CandidateId) -> Listed[Talk]:
    """All interviews, the first one first. Whoever may not read the chat sees those they held."""
    road = site_of(request).road

    def read(tx: Tx) -> list[InterviewRow]:
        row = people.get_candidate(tx, road.vault, who.viewer, candidate_id)
        found = interviews.of_candidate(tx, road.vault.key(tx, row.subject_id), row.id)
        whole = who.viewer.may(Permission.CHAT_READ)
        return interviews.told_to(found, who.viewer, whole=whole)

    rows = await road.database.read(read)
    return Listed(items=[shown(row) for row in rows], next=None)


@router.post("", status_code=201)
async def add(
    request: Request, who: Writer, candidate_id: CandidateId, body: NewInterview,
    idempotency_key: IdempotencyKey = None,
) -> Talk:  # fmt: skip
    """Note an interview; after it, whoever held it is asked for a word in their chat."""
    road = site_of(request).road
    if not road.now() - FARTHEST <= body.at <= road.now() + FARTHEST:
        raise Invalid({"at": "within a year"})

    def make(tx: Tx) -> str:
        people.get_candidate(tx, road.vault, who.viewer, candidate_id)  # unknown before wrong
        try:
            return interviewing.add(
                tx,
                road,
                who.viewer,
                candidate_id,
                new_public_id("vw"),
                at=body.at,
                interviewer_id=body.interviewer_id,
                number=body.number,
            )
        except NotFound:
            raise missing("interviewer_id") from None

    made = await make_once(request, who, idempotency_key, body, make)

    def read(tx: Tx) -> InterviewRow:
        row = people.get_candidate(tx, road.vault, who.viewer, candidate_id)
        found = interviews.of_candidate(tx, road.vault.key(tx, row.subject_id), row.id)
        return next(one for one in found if one.id == made)

    return shown(await road.database.read(read))


@router.delete("/{interview_id}", status_code=204)
async def cancel(
    request: Request,
    who: Writer,
    candidate_id: CandidateId,
    interview_id: Annotated[str, Path(description="Id of an interview.")],
) -> Response:
    """It does not take place."""
    road = site_of(request).road
    await road.database.write(
        lambda tx: interviewing.cancel(tx, road, who.viewer, candidate_id, interview_id)
    )
    return Response(status_code=204)
