"""/api/v1/candidates/{id}/offers, /pledges and /requests.

A program may draft an offer and note a request. Sending, confirming and answering bind the company:
people of ours do that in the console.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from bot import casework, offering
from bot.offers.pledge import Body, Side
from bot.offers.terms import Per, Terms, Yuan
from bot.web import cursors
from bot.web.api.candidates import CandidateId
from bot.web.api.common import (
    PREFIX,
    Cursor,
    Day,
    IdempotencyKey,
    In,
    Limit,
    Line,
    Listed,
    Out,
    StrictRoute,
    cut,
    make_once,
)
from bot.web.console.common import site_of
from bot.web.errors import Invalid
from bot.web.security import Principal, needs
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import audit, offers, people
from storage.queries.offers import OfferRow, PledgeRow, RequestRow
from storage.queries.people import CandidateRow
from storage.viewer import Permission

T = TypeVar("T")
router = APIRouter(
    prefix=f"{PREFIX}/candidates/{{candidate_id}}", tags=["offers"], route_class=StrictRoute
)
Reader = Annotated[Principal, needs(Permission.OFFER_READ)]
Writer = Annotated[Principal, needs(Permission.OFFER_WRITE)]
Words = Annotated[Line, Field(min_length=1, max_length=200)]


def _said(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "nothing to say")
    return text


class NewBonus(In):
    """Money beside the base; ``when`` is what has to be reached."""

    name: Words
    amount: Yuan
    per: Per
    when: Words


class NewOffer(In):
    """Terms in gross yuan. ``contract_months`` null: no fixed term. ``reason``: why the position's
    budget may be left; it is not shown to the candidate."""

    base: Yuan
    months: Annotated[float, Field(ge=12, le=36)] = 12
    bonuses: Annotated[tuple[NewBonus, ...], Field(max_length=10)] = ()
    level: Annotated[Line, Field(max_length=40)] = ""
    city: Annotated[Line, Field(max_length=60)] = ""
    start_on: Day | None = None
    contract_months: Annotated[int, Field(ge=1, le=600)] | None = 36
    probation_months: Annotated[int, Field(ge=0, le=24)] = 0
    probation_pay: Yuan | None = None
    notes: Annotated[str, Field(max_length=1000)] = ""
    reason: Annotated[Line, Field(max_length=200)] = ""

    def terms(self) -> Terms:
        """The terms without the reason."""
        return Terms.model_validate(self.model_dump(exclude={"reason"}))


class Offer(Out):
    """One version of an offer; a newer one never changes it."""

    id: str
    number: int
    state: Literal["draft", "sent", "accepted", "declined", "replaced", "withdrawn"]
    terms: Terms
    reason: str
    created_by: str | None
    created_at: datetime
    sent_at: datetime | None
    answer_by: date | None
    settled_at: datetime | None


class Agreed(Out):
    """One line both sides agreed."""

    label: str
    words: str


class Point(Out):
    """Something not settled: what, who answers, by when."""

    what: str
    who: Side
    by: date


class Pledge(Out):
    """One version of a 承诺卡 and who confirmed it when."""

    id: str
    number: int
    offer_id: str | None
    agreed: list[Agreed]
    open: list[Point]
    created_at: datetime
    ours_at: datetime | None
    ours_by: str | None
    theirs_at: datetime | None
    replaced_at: datetime | None


class NewRequest(In):
    """Somebody asks for something else than what stands."""

    what: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_said)]
    side: Side = Side.CANDIDATE


class ChangeRequest(Out):
    """A request to change, dated, with its answer. It counts against nobody."""

    id: str
    side: Side
    state: Literal["open", "agreed", "refused", "taken_back"]
    what: str
    answer: str
    pledge_id: str | None
    asked_at: datetime
    settled_at: datetime | None
    settled_by: str | None


def _offer(row: OfferRow) -> Offer:
    return Offer.model_validate(
        {
            "id": row.id,
            "number": row.number,
            "state": row.state,
            "terms": offering.terms_of(row),
            "reason": row.terms.get("reason", ""),
            "created_by": row.created_by,
            "created_at": row.created_at,
            "sent_at": row.sent_at,
            "answer_by": row.answer_by,
            "settled_at": row.settled_at,
        }
    )


def _pledge(row: PledgeRow) -> Pledge:
    body = Body.model_validate(row.body)
    return Pledge(
        id=row.id,
        number=row.number,
        offer_id=row.offer_id,
        agreed=[Agreed(label=label, words=words) for label, words in body.agreed],
        open=[Point(what=one.what, who=one.who, by=one.by) for one in body.open],
        created_at=row.created_at,
        ours_at=row.ours_at,
        ours_by=row.ours_by,
        theirs_at=row.theirs_at,
        replaced_at=row.replaced_at,
    )


def _request(row: RequestRow) -> ChangeRequest:
    return ChangeRequest.model_validate(
        {
            "id": row.id,
            "side": row.side,
            "state": row.state,
            "what": str(row.body.get("what", "")),
            "answer": str(row.body.get("answer", "")),
            "pledge_id": row.pledge_id,
            "asked_at": row.asked_at,
            "settled_at": row.settled_at,
            "settled_by": row.settled_by,
        }
    )


@router.post("/offers", status_code=201)
async def draft(
    request: Request, response: Response, body: NewOffer, who: Writer,
    candidate_id: CandidateId, idempotency_key: IdempotencyKey = None,
) -> Offer:  # fmt: skip
    """Draft a version. What the law forbids, or the budget without a reason, is a 422 that names
    the article."""
    road = site_of(request).road

    def make(tx: Tx) -> str:
        row = people.get_candidate(tx, road.vault, who.viewer, candidate_id)
        key = road.vault.key(tx, row.subject_id)
        made = offering.drafted(tx, road, who.viewer, row, key, body.terms(), reason=body.reason)
        return made.offer.id

    try:
        made = await make_once(request, who, idempotency_key, body, make)
    except offering.Stopped as error:
        raise Invalid(
            {one.kind: one.article or "give a reason" for one in error.objections}
        ) from error
    found = await _rows(request, who, candidate_id, offers.offers)
    response.headers["Location"] = f"{PREFIX}/candidates/{candidate_id}/offers"
    return _offer(next(one for one in found if one.id == made))


@router.get("/offers")
async def versions(
    request: Request, who: Reader, candidate_id: CandidateId,
    limit: Limit = 50, cursor: Cursor = None,
) -> Listed[Offer]:  # fmt: skip
    """Versions of what was offered, newest first."""
    rows = await _rows(request, who, candidate_id, offers.offers, looked=True)
    some, following = _numbered(rows, limit, cursor)
    return Listed(items=[_offer(row) for row in some], next=following)


@router.get("/pledges")
async def cards(
    request: Request, who: Reader, candidate_id: CandidateId,
    limit: Limit = 50, cursor: Cursor = None,
) -> Listed[Pledge]:  # fmt: skip
    """Versions of the card, newest first."""
    rows = await _rows(request, who, candidate_id, offers.cards, looked=True)
    some, following = _numbered(rows, limit, cursor)
    return Listed(items=[_pledge(row) for row in some], next=following)


@router.post("/requests", status_code=201)
async def ask(
    request: Request, response: Response, body: NewRequest, who: Writer,
    candidate_id: CandidateId, idempotency_key: IdempotencyKey = None,
) -> ChangeRequest:  # fmt: skip
    """Note that somebody asks for something else. HR answers it in the console."""
    road = site_of(request).road
    source = f"api:{request.scope['yinuo.request_id']}"

    def make(tx: Tx) -> str:
        row = people.get_candidate(tx, road.vault, who.viewer, candidate_id)
        key = road.vault.key(tx, row.subject_id)
        words, side = {"what": body.what}, body.side.value
        made = offers.ask_change(tx, key, row.id, words, side=side, source=source)
        details = {"request": made, "side": side}
        casework.noted(tx, road, who.viewer, "pledge.request", row.id, details)
        return made

    made = await make_once(request, who, idempotency_key, body, make)
    found = await _rows(request, who, candidate_id, offers.requests)
    response.headers["Location"] = f"{PREFIX}/candidates/{candidate_id}/requests"
    return _request(next(one for one in found if one.id == made))


@router.get("/requests")
async def requests(
    request: Request, who: Reader, candidate_id: CandidateId,
    limit: Limit = 50, cursor: Cursor = None,
) -> Listed[ChangeRequest]:  # fmt: skip
    """Requests to change, newest first."""
    after = cursors.moment_and_id(cursor)
    rows = await _rows(request, who, candidate_id, offers.requests, looked=True)
    rest = [row for row in rows if after is None or (row.asked_at, row.id) < after]
    some, following = cut(rest, limit, lambda row: cursors.made(row.asked_at, row.id))
    return Listed(items=[_request(row) for row in some], next=following)


async def _rows(
    request: Request, who: Principal, candidate_id: str, read: Any, *, looked: bool = False
) -> list[Any]:
    """Rows of a candidate the caller may know of; looking at pay stands in the audit chain."""
    road = site_of(request).road

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> list[Any]:
        if looked:
            audit.append(tx, road.vault.keystore, who.viewer, "offer.read", row.id)
        return list(read(tx, key, row.id))

    return await casework.about(road, who.viewer, candidate_id, work)


def _numbered(rows: Sequence[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """A page of versions; a cursor is the number of the last one seen."""
    before = cursors.number(cursor or "")
    rest: list[Any] = [row for row in rows if before is None or _number(row) < before]
    if len(rest) <= limit:
        return rest, None
    return rest[:limit], cursors.made(_number(rest[limit - 1]))


def _number(row: Any) -> int:
    return int(row.number)
