"""What people of ours do about an offer: draft, send, settle, write and confirm the card, end.

The law stops an offer before it is kept; our own budget asks for a reason. Each function is one
unit of work with its link in the audit chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot import appraisal, casework, planning
from bot.errors import Conflict
from bot.offers import law, pledge
from bot.offers.law import Objection
from bot.offers.pledge import Body, Open, Side
from bot.offers.terms import Terms
from bot.pipeline import Road
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import ENDED, InvitePurpose, Stage
from storage.queries import invites, offers, people
from storage.queries.offers import OfferRow, PledgeRow
from storage.queries.people import CandidateRow
from storage.viewer import SYSTEM, Viewer


class Outcome(StrEnum):
    """How it ended, as analytics count it."""

    JOINED = "joined"
    RENEGOTIATED = "renegotiated"
    DECLINED = "declined"
    RENEGED = "reneged"
    RESCINDED = "rescinded"
    LEFT = "left"


#: The stage an outcome leaves somebody in; a renegotiation ends nothing.
_STAGE = {
    Outcome.JOINED: Stage.ONBOARDED,
    Outcome.DECLINED: Stage.DECLINED,
    Outcome.RENEGED: Stage.RENEGED,
    Outcome.RESCINDED: Stage.RESCINDED,
    Outcome.LEFT: Stage.LEFT,
}
#: Where somebody stands who has not said yes.
_BEFORE = (Stage.INTERVIEW, Stage.OFFER)
#: What may come of somebody who has joined; of whoever has not, everything but leaving.
_JOINED: dict[Stage, tuple[Outcome, ...]] = {
    Stage.ONBOARDED: (Outcome.LEFT, Outcome.JOINED, Outcome.RENEGOTIATED),
    Stage.CONFIRMED: (Outcome.LEFT, Outcome.RENEGOTIATED),
}


class Stopped(Conflict):
    """The law, or a budget nobody gave a reason to leave, stands against the offer."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        super().__init__("the offer may not be made like this")
        self.objections = tuple(objections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """An offer that was kept, and what still speaks against it (the budget, with a reason)."""

    offer: OfferRow
    objections: tuple[Objection, ...]


async def draft(
    road: Road, viewer: Viewer, candidate_id: str, terms: Terms, *, reason: str = ""
) -> Drafted:
    """Keep a version of an offer. ``reason`` is why the budget may be left.

    Raises ``Stopped`` with every objection, and ``NotFound``.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Drafted:
        return drafted(tx, road, viewer, row, key, terms, reason=reason)

    return await casework.about(road, viewer, candidate_id, work)


def drafted(
    tx: Tx,
    road: Road,
    viewer: Viewer,
    row: CandidateRow,
    key: SubjectKey,
    terms: Terms,
    *,
    reason: str,
) -> Drafted:
    """``draft`` as a part of the caller's unit of work."""
    found = against(tx, road, row, terms)
    if any(one.stops for one in found) or (found and not reason.strip()):
        raise Stopped(found)
    body = terms.model_dump(mode="json") | ({"reason": reason.strip()} if found else {})
    made = offers.draft(tx, key, row.id, body, by=viewer.id)
    invites.revoke(tx, row.id, InvitePurpose.PLEDGE)
    casework.noted(
        tx, road, viewer, "offer.draft", row.id, {"offer": made.id, "number": made.number}
    )
    return Drafted(offer=made, objections=found)


def against(tx: Tx, road: Road, row: CandidateRow, terms: Terms) -> tuple[Objection, ...]:
    """What the law of the region and the budget of a candidate's position say to terms now."""
    position = people.get_position(tx, SYSTEM, row.position_id) if row.position_id else None
    return law.objections(terms, road.rulebook.region, appraisal.budget_of(position))


async def send(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    offer_id: str,
    *,
    answer_by: date | None,
    open_points: Sequence[Open] = (),
) -> PledgeRow:
    """Put an offer on the table and write its card, confirmed by our side.

    Raises ``NotFound``, ``Conflict`` and ``Stopped``.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> PledgeRow:
        return sent(
            tx, road, viewer, row, key, offer_id, answer_by=answer_by, open_points=open_points
        )

    return await casework.about(road, viewer, candidate_id, work)


def sent(
    tx: Tx,
    road: Road,
    viewer: Viewer,
    row: CandidateRow,
    key: SubjectKey,
    offer_id: str,
    *,
    answer_by: date | None,
    open_points: Sequence[Open],
) -> PledgeRow:
    """``send`` as a part of the caller's unit of work. Law and budget are asked once more: both
    may have changed since the draft. Raises ``MayNotAsk`` for what an open point asks."""
    casework.lawful(road, *(one.what for one in open_points))
    offers.move(tx, row.id, offer_id, "sent", answer_by=answer_by)
    [offer] = [one for one in offers.offers(tx, key, row.id) if one.id == offer_id]
    terms = terms_of(offer)
    found = against(tx, road, row, terms)
    if any(one.stops for one in found) or (found and not offer.terms.get("reason")):
        raise Stopped(found)
    body = Body(agreed=pledge.agreed(terms), open=tuple(open_points))
    card = offers.write_card(
        tx, key, row.id, body.model_dump(mode="json"), offer_id=offer_id, by=viewer.id
    )
    offers.confirm(tx, row.id, card.id, by=viewer.id)
    invites.revoke(tx, row.id, InvitePurpose.PLEDGE)
    casework.noted(tx, road, viewer, "offer.send", row.id, {"offer": offer_id, "card": card.id})
    return offers.cards(tx, key, row.id)[0]


async def settle(road: Road, viewer: Viewer, candidate_id: str, offer_id: str, state: str) -> None:
    """An offer was accepted or declined, or we withdraw it. Whoever says that it was accepted moves
    the candidate to that stage, with the first day agreed on, and what is asked then is planned.
    Raises ``NotFound``, ``Conflict``."""

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        offers.move(tx, row.id, offer_id, state)
        if state in offers.ENDED:
            invites.revoke(tx, row.id, InvitePurpose.PLEDGE)
        if state == "accepted" and row.stage in _BEFORE:
            [offer] = [one for one in offers.offers(tx, key, row.id) if one.id == offer_id]
            first_day = terms_of(offer).start_on or row.start_on
            people.set_stage(tx, viewer, row.id, Stage.ACCEPTED, start_on=first_day)
            planning.replan(tx, road.rulebook, row.id)
            casework.noted(
                tx, road, viewer, "candidate.stage", row.id, {"stage": Stage.ACCEPTED.value}
            )
        casework.noted(
            tx, road, viewer, "offer.settle", row.id, {"offer": offer_id, "state": state}
        )

    await casework.about(road, viewer, candidate_id, work)


def confirmed(
    tx: Tx, road: Road, candidate_id: str, card_id: str, *, via: str, visitor: Viewer = SYSTEM
) -> bool:
    """The candidate confirms the card that stands, by a button or on the page; False: they had.

    ``visitor`` is who called, as the audit chain keeps it. Raises ``NotFound`` and ``Conflict``
    (it was replaced, or its offer ended). Part of the caller's unit of work.
    """
    fresh = offers.confirm(tx, candidate_id, card_id, via=via)
    if fresh:
        casework.noted(
            tx, road, visitor, "pledge.confirm", candidate_id, {"card": card_id, "via": via}
        )
    return fresh


async def ask_change(
    road: Road, viewer: Viewer, candidate_id: str, what: str, *, side: Side, source: str
) -> str:
    """Note that somebody asks for something else than what stands: dated, with its source."""

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> str:
        made = offers.ask_change(tx, key, row.id, {"what": what}, side=side.value, source=source)
        casework.noted(
            tx, road, viewer, "pledge.request", row.id, {"request": made, "side": side.value}
        )
        return made

    return await casework.about(road, viewer, candidate_id, work)


async def answer_change(
    road: Road, viewer: Viewer, candidate_id: str, request_id: str, state: str, *, answer: str = ""
) -> None:
    """Agree to a request, refuse it, or note that it was taken back; ``answer`` is what the
    candidate reads beside it. Raises ``NotFound``, ``Conflict`` where it was answered, and
    ``MayNotAsk``."""
    casework.lawful(road, answer)

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        offers.settle(tx, key, row.id, request_id, state, by=viewer.id, answer=answer)
        details = {"request": request_id, "state": state}
        casework.noted(tx, road, viewer, "pledge.answer", row.id, details)

    await casework.about(road, viewer, candidate_id, work)


def outcomes_from(stage: Stage) -> tuple[Outcome, ...]:
    """What may be recorded of somebody at a stage; after an end everything, to put it right."""
    if stage in ENDED:
        return tuple(Outcome)
    return _JOINED.get(stage, tuple(one for one in Outcome if one is not Outcome.LEFT))


def asked_by(stage: Stage) -> Outcome | None:
    """The outcome to be told of before somebody is moved to a stage; None: nothing is asked."""
    return next((outcome for outcome, leads in _STAGE.items() if leads is stage), None)


async def end(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    outcome: Outcome,
    *,
    reason: str,
    note: str,
    on_day: date,
    cost: int | None,
) -> None:
    """Record how it ended and move the candidate there; the same again changes nothing.

    Raises ``NotFound``, and ``Conflict`` for an outcome nobody at this stage can have.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> None:
        last = next(iter(offers.endings(tx, key, row.id)), None)
        told = (outcome.value, reason, note, on_day, cost)
        if last and told == (last.outcome, last.reason, last.note, last.on_day, last.cost):
            return
        if outcome not in outcomes_from(row.stage):
            raise Conflict("nobody at this stage ends like this")
        offers.end(
            tx,
            key,
            row.id,
            outcome=outcome.value,
            reason=reason,
            note=note,
            on_day=on_day,
            cost=cost,
            by=viewer.id,
        )
        stage = _STAGE.get(outcome)
        if stage is not None and stage is not row.stage:
            people.set_stage(tx, viewer, row.id, stage)
            planning.replan(tx, road.rulebook, row.id)
        casework.noted(tx, road, viewer, "candidate.outcome", row.id, {"outcome": outcome.value})

    await casework.about(road, viewer, candidate_id, work)


def terms_of(offer: OfferRow) -> Terms:
    """The terms of a kept offer."""
    return Terms.model_validate({k: v for k, v in offer.terms.items() if k != "reason"})
