"""/console/candidates/{id}: one person, and what can be done: move, reply, take over,
release, invite."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import desk, offering, portraying
from bot.errors import Conflict, DeliveryError, MayNotAsk
from bot.web import cursors, views
from bot.web.console.common import go, html, is_htmx, is_refresh, language, site_of
from bot.web.console.person import person
from bot.web.errors import Invalid
from bot.web.notices import done, sorry
from bot.web.security import Principal, needs
from bot.web.setup import qr
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import Stage
from storage.queries import audit, people
from storage.viewer import Permission

MAX_REPLY = 4000
router = APIRouter(prefix="/console/candidates", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]
Speaker = Annotated[Principal, needs(Permission.CHAT_WRITE)]


@router.get("/{candidate_id}")
async def page(
    request: Request,
    who: Reader,
    candidate_id: str,
    before: Annotated[str, Query(max_length=100)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The page. Looking at a person is a deed: it stands in the audit chain or is not shown."""
    return await shown(
        request,
        who,
        candidate_id,
        before=cursors.number(before),
        flashes=done(language(who), said),
        looked=not is_refresh(request),
    )


async def shown(
    request: Request,
    who: Principal,
    candidate_id: str,
    *,
    before: int | None = None,
    flashes: tuple[views.Flash, ...] = (),
    fresh: views.FreshInvite | None = None,
    code: views.FreshCode | None = None,
    looked: bool = False,
    status: int = 200,
    template: str = "candidate",
    unsent: tuple[str, str] = ("", ""),
) -> Response:
    """The page as whoever looks may see it."""
    site = site_of(request)

    def work(tx: Tx) -> tuple[views.Shell, views.CandidatePage]:
        row = people.get_candidate(tx, site.road.vault, who.viewer, candidate_id)
        if looked:
            keystore = site.road.vault.keystore
            audit.append(tx, keystore, who.viewer, "candidate.read", candidate_id)
        view = person(tx, site, who, row, before=before, fresh=fresh, code=code)
        view = replace(view, unsent=unsent[0], why_unsent=unsent[1])
        path = f"/console/candidates/{candidate_id}"
        shell = inside(tx, site, who, active="candidates", path=path, flashes=flashes)
        return shell, view

    database = site.road.database
    shell, view = await (database.write(work) if looked else database.read(work))
    return html(site, f"console/{template}.html", shell, page=view, status=status)


async def refused(request: Request, who: Principal, candidate_id: str, why: str) -> Response:
    """The page as it is, saying why nothing was done."""
    status = 422 if why in ("reply_empty", "consent_note") else 409
    flashes = sorry(language(who), why)
    return await shown(request, who, candidate_id, flashes=flashes, status=status)


@router.post("/{candidate_id}/stage")
async def move(request: Request, who: Writer, candidate_id: str) -> Response:
    """Another stage; only people set it. One that ends something asks for the outcome first."""
    stage = (await read_form(request)).get("stage", "")
    if stage not in list(Stage):
        raise Invalid({"stage": "unknown"})
    site = site_of(request)
    ends = offering.asked_by(Stage(stage))
    if ends is not None:  # asked how, why, when and at what cost; then the stage follows
        return go(f"/console/candidates/{candidate_id}/outcome?asked={ends}")
    await desk.move(site.road, who.viewer, candidate_id, Stage(stage))
    return go(f"/console/candidates/{candidate_id}?said=moved")


@router.post("/{candidate_id}/reply")
async def reply(request: Request, who: Speaker, candidate_id: str) -> Response:
    """Words to the person, in the viewer's name."""
    text = (await read_form(request)).get("text", "").strip()
    if not 0 < len(text) <= MAX_REPLY:
        return await refused(request, who, candidate_id, "reply_empty")
    site = site_of(request)
    cause = str(request.scope["yinuo.request_id"])
    try:
        await desk.reply(site.road, who.viewer, candidate_id, text, cause=cause)
    except MayNotAsk as error:
        return await shown(request, who, candidate_id, unsent=(text, str(error)), status=422)
    except Conflict:
        return await refused(request, who, candidate_id, "unreachable")
    if is_htmx(request):
        return await shown(request, who, candidate_id)
    return go(f"/console/candidates/{candidate_id}?said=replied")


@router.post("/{candidate_id}/handover")
async def hand_over(request: Request, who: Speaker, candidate_id: str) -> Response:
    """The viewer goes on in the platform's own client."""
    site = site_of(request)
    try:
        await desk.hand_over(site.road, who.viewer, candidate_id)
    except Conflict:
        return await refused(request, who, candidate_id, "no_handover")
    except DeliveryError as error:  # its words are for HR
        flash = views.Flash(kind="error", text=str(error))
        return await shown(request, who, candidate_id, flashes=(flash,), status=409)
    return go(f"/console/candidates/{candidate_id}?said=handed_over")


@router.post("/{candidate_id}/release")
async def release(request: Request, who: Speaker, candidate_id: str) -> Response:
    """The bot may speak again."""
    site = site_of(request)
    await desk.release(site.road, who.viewer, candidate_id)
    return go(f"/console/candidates/{candidate_id}?said=released")


@router.post("/{candidate_id}/card")
async def card(request: Request, who: Reader, candidate_id: str) -> Response:
    """The person as a card in the viewer's own chat, with what the viewer may see."""
    site = site_of(request)
    try:
        await portraying.send(site.road, who.viewer, candidate_id)
    except Conflict:
        return await refused(request, who, candidate_id, "no_own_chat")
    return go(f"/console/candidates/{candidate_id}?said=card_sent")


@router.post("/{candidate_id}/invites")
async def invite(request: Request, who: Speaker, candidate_id: str) -> Response:
    """A link for this person; it is shown in this answer and never again."""
    channel = (await read_form(request)).get("channel", "")
    site = site_of(request)
    try:
        made = await desk.invite(
            site.road, who.viewer, candidate_id, channel, days=days_of(site, channel)
        )
    except Conflict:
        return await refused(request, who, candidate_id, "channel_off")
    fresh = views.FreshInvite(
        channel=channel, url=made.url, qr=qr(made.url), expires_at=made.expires_at
    )
    template = "_invites" if is_htmx(request) else "candidate"
    return await shown(request, who, candidate_id, fresh=fresh, template=template)


def days_of(site: Site, channel: str) -> int:
    """How long a link of this channel is good."""
    return site.invite_days.get(channel, 7)
