"""Offers, pledges (承诺卡), requests to change them, endings. Versions are added, never edited.

Bodies are JSON, sealed with the candidate's key. Ask ``people.get_candidate`` first: nothing here
asks who is looking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.errors import Conflict, NotFound
from storage.queries.common import insert, table, update
from storage.tables import ChangeRequest, Ending, Offer, Pledge
from storage.vault import seal, unseal

OFFER, PLEDGE, REQUEST, ENDING = (
    table(Offer),
    table(Pledge),
    table(ChangeRequest),
    table(Ending),
)
#: An offer in one of these states is on the table.
STANDING = ("draft", "sent", "accepted")
ENDED = ("replaced", "declined", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One version of an offer, opened."""

    id: str
    number: int
    state: str
    terms: dict[str, Any]
    created_by: str | None
    created_at: datetime
    sent_at: datetime | None
    answer_by: date | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeRow:
    """One version of a card, opened. Confirmed by both: ``ours_at`` and ``theirs_at``."""

    id: str
    number: int
    offer_id: str | None
    body: dict[str, Any]
    created_at: datetime
    ours_at: datetime | None
    ours_by: str | None
    theirs_at: datetime | None
    theirs_via: str | None
    replaced_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """Somebody asked for something else, opened."""

    id: str
    pledge_id: str | None
    side: str
    state: str
    body: dict[str, Any]
    source: str
    asked_at: datetime
    settled_at: datetime | None
    settled_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingRow:
    """How it ended, opened."""

    id: str
    outcome: str
    reason: str
    note: str
    on_day: date
    cost: int | None
    recorded_by: str | None
    recorded_at: datetime


def draft(
    tx: Tx, key: SubjectKey, candidate_id: str, terms: dict[str, Any], *, by: str
) -> OfferRow:
    """Add a version; the one before, if it still stands, is replaced by it."""
    standing = sa.and_(OFFER.c.candidate_id == candidate_id, OFFER.c.state.in_(STANDING))
    update(tx, Offer, standing, state="replaced", settled_at=tx.now)
    offer_id = new_public_id("o")
    row = {
        "id": offer_id,
        "candidate_id": candidate_id,
        "number": _next(tx, OFFER, candidate_id),
        "state": "draft",
        "terms_sealed": _sealed(key, terms, "offer.terms_sealed", offer_id),
        "created_by": by,
        "created_at": tx.now,
    }
    insert(tx, Offer, row)
    return offers(tx, key, candidate_id)[0]


def offers(tx: Tx, key: SubjectKey, candidate_id: str) -> list[OfferRow]:
    """All versions, newest first."""
    return [
        OfferRow(
            id=row.id,
            number=row.number,
            state=row.state,
            terms=_opened(key, row.terms_sealed, "offer.terms_sealed", row.id),
            created_by=row.created_by,
            created_at=row.created_at,
            sent_at=row.sent_at,
            answer_by=row.answer_by,
            settled_at=row.settled_at,
        )
        for row in _of(tx, OFFER, candidate_id, OFFER.c.number)
    ]


#: What may follow what.
_NEXT = {
    "draft": {"sent", "withdrawn"},
    "sent": {"accepted", "declined", "withdrawn"},
    "accepted": {"withdrawn"},
}


def move(
    tx: Tx, candidate_id: str, offer_id: str, state: str, *, answer_by: date | None = None
) -> None:
    """Send, accept, decline or withdraw an offer.

    Raises ``NotFound`` for another candidate's, ``Conflict`` when its state does not allow it.
    """
    theirs = sa.and_(OFFER.c.id == offer_id, OFFER.c.candidate_id == candidate_id)
    row = tx.first(sa.select(OFFER.c.state).where(theirs))
    if row is None:
        raise NotFound("no such offer")
    if state not in _NEXT.get(row.state, ()):
        raise Conflict(f"an offer that is {row.state} cannot become {state}")
    values: dict[str, Any] = {"state": state}
    if state == "sent":
        values |= {"sent_at": tx.now, "answer_by": answer_by}
    else:
        values["settled_at"] = tx.now
    update(tx, Offer, sa.and_(theirs, OFFER.c.state == row.state), **values)


def write_card(
    tx: Tx, key: SubjectKey, candidate_id: str, body: dict[str, Any], *, offer_id: str, by: str
) -> PledgeRow:
    """Add a version of the card; the one before is replaced. Nobody has confirmed it yet."""
    theirs = sa.and_(PLEDGE.c.candidate_id == candidate_id, PLEDGE.c.replaced_at.is_(None))
    update(tx, Pledge, theirs, replaced_at=tx.now)
    pledge_id = new_public_id("l")
    row = {
        "id": pledge_id,
        "candidate_id": candidate_id,
        "offer_id": offer_id,
        "number": _next(tx, PLEDGE, candidate_id),
        "body_sealed": _sealed(key, body, "pledge.body_sealed", pledge_id),
        "created_by": by,
        "created_at": tx.now,
    }
    insert(tx, Pledge, row)
    return cards(tx, key, candidate_id)[0]


def cards(tx: Tx, key: SubjectKey, candidate_id: str) -> list[PledgeRow]:
    """All versions of the card, newest first."""
    return [
        PledgeRow(
            id=row.id,
            number=row.number,
            offer_id=row.offer_id,
            body=_opened(key, row.body_sealed, "pledge.body_sealed", row.id),
            created_at=row.created_at,
            ours_at=row.ours_at,
            ours_by=row.ours_by,
            theirs_at=row.theirs_at,
            theirs_via=row.theirs_via,
            replaced_at=row.replaced_at,
        )
        for row in _of(tx, PLEDGE, candidate_id, PLEDGE.c.number)
    ]


def stands(tx: Tx, candidate_id: str) -> bool:
    """Whether a card is on the table, confirmed or not."""
    standing = sa.and_(PLEDGE.c.candidate_id == candidate_id, PLEDGE.c.replaced_at.is_(None))
    return tx.first(sa.select(PLEDGE.c.id).where(standing).limit(1)) is not None


def worth(tx: Tx, candidate_id: str, pledge_id: str) -> str | None:
    """What a candidate can still do with a card: ``open``, ``confirmed`` by them, or ``gone``
    (replaced, or its offer ended). None: it is not theirs."""
    row = tx.first(
        sa.select(PLEDGE.c.replaced_at, PLEDGE.c.theirs_at, OFFER.c.state)
        .outerjoin(OFFER, OFFER.c.id == PLEDGE.c.offer_id)
        .where(PLEDGE.c.id == pledge_id, PLEDGE.c.candidate_id == candidate_id)
    )
    if row is None:
        return None
    if row.replaced_at is not None or row.state in ENDED:
        return "gone"
    return "open" if row.theirs_at is None else "confirmed"


def confirm(
    tx: Tx, candidate_id: str, pledge_id: str, *, by: str | None = None, via: str | None = None
) -> bool:
    """Confirm the card that stands: ``by`` one of ours, or ``via`` the candidate's page or chat.

    False: this side had confirmed it. Raises ``NotFound`` for another's, ``Conflict`` for a card
    that was replaced or whose offer ended: nobody confirms what does not stand any more.
    """
    row = tx.first(
        sa.select(PLEDGE).where(PLEDGE.c.id == pledge_id, PLEDGE.c.candidate_id == candidate_id)
    )
    if row is None:
        raise NotFound("no such card")
    if row.replaced_at is not None:
        raise Conflict("this card was replaced by a newer one")
    offer = tx.scalar(sa.select(OFFER.c.state).where(OFFER.c.id == row.offer_id))
    if offer in ENDED:
        raise Conflict(f"the offer of this card is {offer}")
    ours = by is not None
    column = PLEDGE.c.ours_at if ours else PLEDGE.c.theirs_at
    values: dict[str, Any] = (
        {"ours_at": tx.now, "ours_by": by} if ours else {"theirs_at": tx.now, "theirs_via": via}
    )
    unconfirmed = sa.and_(
        PLEDGE.c.id == pledge_id, column.is_(None), PLEDGE.c.replaced_at.is_(None)
    )
    return update(tx, Pledge, unconfirmed, **values) == 1


def ask_change(
    tx: Tx, key: SubjectKey, candidate_id: str, body: dict[str, Any], *, side: str, source: str
) -> str:
    """Keep a request to change what stands; its id. The same source again is the same request."""
    row = tx.first(
        sa.select(REQUEST.c.id).where(
            REQUEST.c.candidate_id == candidate_id, REQUEST.c.source == source
        )
    )
    if row is not None:
        return str(row.id)
    standing = tx.first(
        sa.select(PLEDGE.c.id).where(
            PLEDGE.c.candidate_id == candidate_id, PLEDGE.c.replaced_at.is_(None)
        )
    )
    request_id = new_public_id("q")
    values = {
        "id": request_id,
        "candidate_id": candidate_id,
        "pledge_id": standing.id if standing else None,
        "side": side,
        "state": "open",
        "body_sealed": _sealed(key, body, "change_request.body_sealed", request_id),
        "source": source,
        "asked_at": tx.now,
    }
    insert(tx, ChangeRequest, values)
    return request_id


def requests(tx: Tx, key: SubjectKey, candidate_id: str) -> list[RequestRow]:
    """All requests, newest first."""
    return [
        RequestRow(
            id=row.id,
            pledge_id=row.pledge_id,
            side=row.side,
            state=row.state,
            body=_opened(key, row.body_sealed, "change_request.body_sealed", row.id),
            source=row.source,
            asked_at=row.asked_at,
            settled_at=row.settled_at,
            settled_by=row.settled_by,
        )
        for row in _of(tx, REQUEST, candidate_id, REQUEST.c.asked_at)
    ]


def settle(
    tx: Tx,
    key: SubjectKey,
    candidate_id: str,
    request_id: str,
    state: str,
    *,
    by: str,
    answer: str = "",
) -> None:
    """Agree to, refuse or take back an open request, with words of ours for whoever asked.

    Raises ``NotFound`` for another's, ``Conflict`` for one that was answered.
    """
    if state not in ("agreed", "refused", "taken_back"):
        raise Conflict(f"a request cannot be {state}")
    theirs = sa.and_(REQUEST.c.id == request_id, REQUEST.c.candidate_id == candidate_id)
    row = tx.first(sa.select(REQUEST.c.body_sealed).where(theirs))
    if row is None:
        raise NotFound("no such request")
    where = "change_request.body_sealed"
    body = _opened(key, row.body_sealed, where, request_id)
    sealed = _sealed(key, body | ({"answer": answer} if answer else {}), where, request_id)
    values = {"state": state, "settled_at": tx.now, "settled_by": by, "body_sealed": sealed}
    if update(tx, ChangeRequest, sa.and_(theirs, REQUEST.c.state == "open"), **values) != 1:
        raise Conflict("this request was answered")


def end(
    tx: Tx,
    key: SubjectKey,
    candidate_id: str,
    *,
    outcome: str,
    reason: str,
    note: str,
    on_day: date,
    cost: int | None,
    by: str,
) -> str:
    """Record how it ended; the newest record holds, the older ones stay."""
    ending_id = new_public_id("e")
    row = {
        "id": ending_id,
        "candidate_id": candidate_id,
        "outcome": outcome,
        "reason": reason,
        "note_sealed": seal(key, note, "ending.note_sealed", ending_id, pad=True) if note else None,
        "on_day": on_day,
        "cost": cost,
        "recorded_by": by,
        "recorded_at": tx.now,
    }
    insert(tx, Ending, row)
    return ending_id


def endings(tx: Tx, key: SubjectKey, candidate_id: str) -> list[EndingRow]:
    """How it ended, newest record first."""
    return [
        EndingRow(
            id=row.id,
            outcome=row.outcome,
            reason=row.reason,
            note=unseal(key, row.note_sealed, "ending.note_sealed", row.id)
            if row.note_sealed
            else "",
            on_day=row.on_day,
            cost=row.cost,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in _of(tx, ENDING, candidate_id, ENDING.c.recorded_at)
    ]


def _of(tx: Tx, rows: sa.Table, candidate_id: str, order: sa.ColumnElement[Any]) -> list[Any]:
    return tx.all(
        sa.select(rows)
        .where(rows.c.candidate_id == candidate_id)
        .order_by(order.desc(), rows.c.id.desc())
    )


def _next(tx: Tx, rows: sa.Table, candidate_id: str) -> int:
    most = tx.scalar(
        sa.select(sa.func.max(rows.c.number)).where(rows.c.candidate_id == candidate_id)
    )
    return int(most or 0) + 1


def _sealed(key: SubjectKey, body: dict[str, Any], where: str, row_id: str) -> str:
    words = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return seal(key, words, where, row_id, pad=True)


def _opened(key: SubjectKey, token: str, where: str, row_id: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(unseal(key, token, where, row_id))
    return body
