"""/console/candidates/{id}/offers: what we offer this person, the 承诺卡, what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response

from bot import appraisal, offering, pledging
from bot.errors import Conflict, NotFound
from bot.offers.pledge import Side
from bot.offers.terms import Terms
from bot.web import offer_rows, offer_views, views
from bot.web.console import offer_form
from bot.web.console.common import go, html, language, site_of
from bot.web.errors import Invalid
from bot.web.notices import done, say, sorry
from bot.web.paper import Paper, drawn
from bot.web.security import Principal, needs
from bot.web.setup import qr
from bot.web.shell import company, inside
from bot.web.site import Site
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.database import Tx
from storage.queries import audit, offers, people, users
from storage.queries.people import CandidateRow, PositionRow
from storage.viewer import SYSTEM, Permission

T = TypeVar("T")
MOST_WORDS = 500
router = APIRouter(prefix="/console/candidates/{candidate_id}", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.OFFER_READ)]
Writer = Annotated[Principal, needs(Permission.OFFER_WRITE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a page shows besides what is stored: the forms as last sent, what came of them."""

    flashes: tuple[views.Flash, ...] = ()
    form: offer_views.OfferForm | None = None
    link: offer_views.Link | None = None
    sending: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@router.get("/offers")
async def page(
    request: Request,
    who: Reader,
    candidate_id: str,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The page. Looking at pay is a deed: it stands in the audit chain or is not shown."""
    flashes = done(language(who), said)
    return await _page(request, who, candidate_id, Said(flashes=flashes), looked=True)


async def _page(
    request: Request, who: Principal, candidate_id: str, said: Said, *, looked: bool = False
) -> Response:
    site = site_of(request)

    def work(tx: Tx) -> tuple[views.Shell, offer_views.OffersPage]:
        row = people.get_candidate(tx, site.road.vault, who.viewer, candidate_id)
        if looked:
            audit.append(tx, site.road.vault.keystore, who.viewer, "offer.read", candidate_id)
        view = _view(tx, site, who, row, said)
        path = f"/console/candidates/{candidate_id}/offers"
        return inside(tx, site, who, active="candidates", path=path, flashes=said.flashes), view

    database = site.road.database
    shell, view = await (database.write(work) if looked else database.read(work))
    return html(site, "console/offers.html", shell, status=said.status, page=view)


def _view(
    tx: Tx, site: Site, who: Principal, row: CandidateRow, said: Said
) -> offer_views.OffersPage:
    key = site.road.vault.key(tx, row.subject_id)
    names = {user.id: user.name for user in users.all_users(tx)}
    kept = offers.offers(tx, key, row.id)
    shown = offer_rows.versions(kept, names)
    if kept and kept[0].state == "draft":
        found = offering.against(tx, site.road, row, offering.terms_of(kept[0]))
        shown[0] = replace(shown[0], objections=offer_rows.objections(found))
    card, older = offer_rows.cards(offers.cards(tx, key, row.id), kept, names, tx.now)
    position = people.get_position(tx, SYSTEM, row.position_id) if row.position_id else None
    form = said.form or offer_views.OfferForm(
        values=offer_form.shown(offering.terms_of(kept[0])) if kept else _known(row, position),
        open=not kept,
    )
    sending = said.sending
    if not sending and card is not None:
        sending = {
            f"{part}_{at}": value
            for at, one in enumerate(card.points)
            for part, value in (("what", one.what), ("who", one.who), ("by", one.by.isoformat()))
        }
    return offer_views.OffersPage(
        id=row.id,
        name=row.name,
        position=row.position_title,
        budget=_budget(position),
        versions=tuple(shown),
        form=form,
        card=card,
        older=older,
        wishes=tuple(offer_rows.wish(one, names) for one in offers.requests(tx, key, row.id)),
        link=said.link,
        sending=sending,
        errors=said.errors,
        writes=who.viewer.may(Permission.OFFER_WRITE),
    )


def _known(row: CandidateRow, position: PositionRow | None) -> dict[str, str]:
    return {
        "months": f"{position.months:g}" if position and position.months else "12",
        "level": position.level if position else "",
        "city": position.city if position else "",
        "start_on": row.start_on.isoformat() if row.start_on else "",
        "contract_months": "36",
        "probation_months": "0",
    }


def _budget(position: PositionRow | None) -> str:
    budget = appraisal.budget_of(position)
    return f"{budget.high or budget.low:,}" if budget is not None else ""


# --- versions -----------------------------------------------------------------------------------


@router.post("/offers")
async def draft(request: Request, who: Writer, candidate_id: str) -> Response:
    """Look at terms (``do=check``) or keep them as a version. The law is never passed over."""
    fields, site, speaks = await read_form(request), site_of(request), language(who)
    sent = offer_form.values(fields)
    terms, faults = offer_form.terms(sent)
    form = offer_views.OfferForm(
        values=sent, errors={key: say(speaks, why) for key, why in faults.items()}, open=True
    )
    if terms is None:
        said = Said(flashes=sorry(speaks, "not_saved"), form=form, status=422)
        return await _page(request, who, candidate_id, said)
    form = replace(form, checked=True, yearly=terms.yearly, monthly=terms.monthly)
    if fields.get("do") == "check":
        found = await site.road.database.read(
            lambda tx: _against(tx, site, who, candidate_id, terms)
        )
        return await _page(request, who, candidate_id, Said(form=replace(form, objections=found)))
    try:
        await offering.draft(site.road, who.viewer, candidate_id, terms, reason=sent["reason"])
    except offering.Stopped as error:
        form = replace(form, objections=offer_rows.objections(error.objections))
        why = "offer_stopped" if any(one.stops for one in error.objections) else "offer_reason"
        said = Said(flashes=sorry(speaks, why), form=form, status=422)
        return await _page(request, who, candidate_id, said)
    return _on(candidate_id, "offer_kept")


def _against(
    tx: Tx, site: Site, who: Principal, candidate_id: str, terms: Terms
) -> tuple[offer_views.Objection, ...]:
    row = people.get_candidate(tx, site.road.vault, who.viewer, candidate_id)
    return offer_rows.objections(offering.against(tx, site.road, row, terms))


@router.post("/offers/{offer_id}/send")
async def send(request: Request, who: Writer, candidate_id: str, offer_id: str) -> Response:
    """Put a version on the table: its card is written, confirmed by us, and sent as a link."""
    site, speaks = site_of(request), language(who)
    points, answer_by, sent, faults = offer_form.points(await read_form(request), _today(site))
    if faults:
        return await _unsent(request, who, candidate_id, sent, faults)
    try:
        shared = await pledging.send(
            site.road,
            who.viewer,
            candidate_id,
            offer_id,
            answer_by=answer_by,
            open_points=points,
        )
    except offering.Stopped as error:
        stops = any(one.stops for one in error.objections)
        flashes = sorry(speaks, "offer_stopped" if stops else "offer_reason")
        said = Said(flashes=flashes, sending=sent, status=409)
        return await _page(request, who, candidate_id, said)
    except Conflict:
        return await _late(request, who, candidate_id, "offer_moved")
    return await _shared(request, who, candidate_id, shared)


async def _unsent(
    request: Request,
    who: Principal,
    candidate_id: str,
    sent: Mapping[str, str],
    faults: Mapping[str, str],
) -> Response:
    speaks = language(who)
    errors = {key: say(speaks, why) for key, why in faults.items()}
    flashes = sorry(speaks, "not_saved")
    said = Said(flashes=flashes, sending=sent, errors=errors, status=422)
    return await _page(request, who, candidate_id, said)


async def _shared(
    request: Request, who: Principal, candidate_id: str, shared: pledging.Shared
) -> Response:
    """On; or the link itself, this once, where there is no chat to say it in."""
    if shared.sent:
        return _on(candidate_id, "link_sent")
    link = offer_views.Link(url=shared.url, qr=qr(shared.url), expires_at=shared.expires_at)
    return await _page(request, who, candidate_id, Said(link=link))


@router.post("/offers/{offer_id}/settle")
async def settle(request: Request, who: Writer, candidate_id: str, offer_id: str) -> Response:
    """The candidate accepted or declined, or we withdraw."""
    state = (await read_form(request)).get("state", "")
    if state not in ("accepted", "declined", "withdrawn"):
        raise Invalid({"state": "unknown"})
    deed = offering.settle(site_of(request).road, who.viewer, candidate_id, offer_id, state)
    return await _done(request, who, candidate_id, deed, "offer_settled", "offer_moved")


# --- the card -----------------------------------------------------------------------------------


@router.post("/pledges")
async def rewrite(request: Request, who: Writer, candidate_id: str) -> Response:
    """Write the card anew with other open points."""
    site = site_of(request)
    points, _, sent, faults = offer_form.points(await read_form(request), _today(site))
    if faults:
        return await _unsent(request, who, candidate_id, sent, faults)
    deed = pledging.rewrite(site.road, who.viewer, candidate_id, points)
    return await _done(request, who, candidate_id, deed, "pledge_written", "pledge_stale")


@router.post("/pledges/{card_id}/confirm")
async def confirm(request: Request, who: Writer, candidate_id: str, card_id: str) -> Response:
    """Confirm a card for our side."""
    deed = pledging.confirm(site_of(request).road, who.viewer, candidate_id, card_id)
    return await _done(request, who, candidate_id, deed, "pledge_confirmed", "pledge_stale")


@router.post("/pledges/link")
async def link(request: Request, who: Writer, candidate_id: str) -> Response:
    """Send a new link to the card that stands."""
    try:
        shared = await pledging.share(site_of(request).road, who.viewer, candidate_id)
    except Conflict:
        return await _late(request, who, candidate_id, "pledge_stale")
    return await _shared(request, who, candidate_id, shared)


@router.get("/pledges/{card_id}/pdf")
async def pdf(request: Request, who: Reader, candidate_id: str, card_id: str) -> Response:
    """A version of the card on paper."""
    site = site_of(request)

    def work(tx: Tx) -> Paper:
        row = people.get_candidate(tx, site.road.vault, who.viewer, candidate_id)
        key = site.road.vault.key(tx, row.subject_id)
        found = [one for one in offers.cards(tx, key, row.id) if one.id == card_id]
        if not found:
            raise NotFound("no such card")
        details = {"card": card_id}
        keystore = site.road.vault.keystore
        audit.append(tx, keystore, who.viewer, "pledge.print", row.id, details=details)
        names = {user.id: user.name for user in users.all_users(tx)}
        return offer_rows.paper(
            offer_rows.card(found[0], names, tx.now, stands=found[0].replaced_at is None),
            site.pages.words["zh"],
            company=company(tx, site),
            name=row.name,
            position=row.position_title,
            region=site.road.rulebook.region,
        )

    paper = await site.road.database.write(work)
    return as_pdf(await asyncio.to_thread(drawn, paper))


def as_pdf(data: bytes) -> Response:
    """A file that is saved, not shown: its name says nothing of whose it is."""
    headers = {"Content-Disposition": 'attachment; filename="pledge-card.pdf"'}
    return Response(data, headers=headers, media_type="application/pdf")


# --- requests -----------------------------------------------------------------------------------


@router.post("/requests")
async def note(request: Request, who: Writer, candidate_id: str) -> Response:
    """Note that somebody asks for something else: said on the telephone, or wanted by us."""
    fields, speaks = await read_form(request), language(who)
    what, side = fields.get("what", "").strip(), fields.get("side", "")
    if side not in list(Side):
        raise Invalid({"side": "unknown"})
    if not 0 < len(what) <= MOST_WORDS:
        errors = {"what": say(speaks, "request_empty")}
        said = Said(flashes=sorry(speaks, "not_saved"), errors=errors, status=422)
        return await _page(request, who, candidate_id, said)
    source = f"console:{request.scope['yinuo.request_id']}"
    deed = offering.ask_change(
        site_of(request).road, who.viewer, candidate_id, what, side=Side(side), source=source
    )
    return await _done(request, who, candidate_id, deed, "request_noted", "pledge_stale")


@router.post("/requests/{request_id}/answer")
async def answer(request: Request, who: Writer, candidate_id: str, request_id: str) -> Response:
    """Agree to a request, refuse it, or note that it was taken back; with words for the asker."""
    fields, speaks = await read_form(request), language(who)
    state, words = fields.get("state", ""), fields.get("answer", "").strip()
    if state not in ("agreed", "refused", "taken_back"):
        raise Invalid({"state": "unknown"})
    if len(words) > MOST_WORDS:
        said = Said(flashes=sorry(speaks, "text_long"), status=422)
        return await _page(request, who, candidate_id, said)
    deed = offering.answer_change(
        site_of(request).road, who.viewer, candidate_id, request_id, state, answer=words
    )
    return await _done(request, who, candidate_id, deed, "request_answered", "request_settled")


# --- going on -----------------------------------------------------------------------------------


async def _done(
    request: Request,
    who: Principal,
    candidate_id: str,
    deed: Awaitable[Any],
    said: str,
    late: str,
) -> Response:
    """Do it and go on; 409 with words where somebody or something was faster."""
    try:
        await deed
    except Conflict:
        return await _late(request, who, candidate_id, late)
    return _on(candidate_id, said)


async def _late(request: Request, who: Principal, candidate_id: str, why: str) -> Response:
    said = Said(flashes=sorry(language(who), why), status=409)
    return await _page(request, who, candidate_id, said)


def _on(candidate_id: str, said: str) -> Response:
    return go(f"/console/candidates/{candidate_id}/offers?said={said}")


def _today(site: Site) -> date:
    return site.road.now().astimezone(SHANGHAI).date()
