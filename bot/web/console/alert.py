"""/console/alerts/{id}: one alert with all that is needed to answer it, and the answer."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import answering_alerts, desk
from bot.alerts import later
from bot.errors import Conflict, MayNotAsk
from bot.showing import suggested
from bot.web import alert_views as shapes
from bot.web import credentials, views
from bot.web.console import alert_parts as parts
from bot.web.console.cards import cards
from bot.web.console.common import go, html, is_htmx, language, site_of
from bot.web.errors import Invalid
from bot.web.notices import done, say
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import AlertStatus
from storage.queries import alerts, audit, inbox, people, timeline
from storage.viewer import Permission

MAX_REPLY = 4000
_ONCE = re.compile(r"[A-Za-z0-9_-]{20,60}", re.ASCII)
router = APIRouter(prefix="/console/alerts", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]
Judge = Annotated[Principal, needs(Permission.ALERT_WRITE)]
Speaker = Annotated[Principal, needs(Permission.CHAT_WRITE)]


@router.get("/{alert_id}")
async def page(
    request: Request,
    who: Reader,
    alert_id: str,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The page. Looking at a person's words is a deed: it stands in the audit chain."""
    looked = request.headers.get("hx-trigger") != "alert-state-refresh"
    return await shown(request, who, alert_id, flashes=done(language(who), said), looked=looked)


async def shown(
    request: Request,
    who: Principal,
    alert_id: str,
    *,
    flashes: tuple[views.Flash, ...] = (),
    looked: bool = False,
    status: int = 200,
    sent: str = "",
    unsent: str = "",
    why: str = "",
    mislabelled: str = "",
) -> Response:
    """The page as it stands. ``sent`` says that words left, ``why`` why ``unsent`` did not,
    ``mislabelled`` why labels were not kept."""
    site = site_of(request)

    def work(tx: Tx) -> tuple[views.Shell, shapes.AlertPage]:
        alert = alerts.get(tx, site.road.vault, who.viewer, alert_id)
        row = people.get_candidate(tx, site.road.vault, who.viewer, alert.candidate_id)
        if looked:
            keystore = site.road.vault.keystore
            details = {"page": "alert", "alert": alert_id}
            audit.append(tx, keystore, who.viewer, "candidate.read", row.id, details=details)
        [card] = cards(tx, site, who.viewer, [alert], language(who))
        if mislabelled and card.labels is not None:
            card = replace(card, labels=replace(card.labels, error=mislabelled))
        waits = alert.status is not AlertStatus.RESOLVED
        book = suggested(site.road.rulebook, who.viewer, alert, row.start_on)
        channel, blocked, muted = _reach(tx, who, alert.candidate_id, request)
        draft = book.draft if book is not None else ""
        # Whoever has answered what stands here has no need of the same draft again.
        drafted = bool(draft) and waits and card.answered is None and not why
        view = shapes.AlertPage(
            card=card,
            lines=parts.lines(tx, site, who, alert),
            known=parts.known(tx, site, who, alert, row),
            aims=book.aims if book is not None else (),
            avoid=book.avoid if book is not None else "",
            suggestion=draft,
            draft=draft if drafted else unsent,
            drafted=drafted,
            sent=sent,
            why_unsent=why,
            once=credentials.new_token()[0],
            channel=channel,
            blocked=blocked,
            muted=muted,
            later=parts.moments(site) if waits else (),
            next_id=(inbox.next_open(tx, who.viewer, but=alert_id) or "") if not waits else "",
            events=parts.events(tx, alert),
            told=parts.told(tx, alert),
        )
        path = f"/console/alerts/{alert_id}"
        return inside(tx, site, who, active="alerts", path=path, flashes=flashes), view

    database = site.road.database
    shell, view = await (database.write(work) if looked else database.read(work))
    return html(site, "console/alert.html", shell, page=view, status=status)


def _reach(tx: Tx, who: Principal, candidate_id: str, request: Request) -> tuple[str, str, bool]:
    """The channel a reply goes over, why it cannot, and whether the bot is quiet there."""
    road, speaks = site_of(request).road, language(who)
    if not who.viewer.may(Permission.CHAT_WRITE):
        return "", say(speaks, "chat_hidden"), False
    talks = [
        one
        for one in timeline.conversations_of(tx, who.viewer, candidate_id)
        if not road.listens(one.channel, one.address)
    ]
    if not talks:
        return "", say(speaks, "no_channel"), False
    here = talks[0]
    return here.channel, "" if here.reachable else say(speaks, "unreachable"), here.muted


@router.post("/{alert_id}/reply")
async def reply(request: Request, who: Speaker, alert_id: str) -> Response:
    """Words to the candidate, in the viewer's name. What is not sent stays in the box."""
    form = await read_form(request)
    site, text, speaks = site_of(request), form.get("text", "").strip(), language(who)
    once = form.get("once", "")
    if not _ONCE.fullmatch(once):
        raise Invalid({"once": "missing"})
    if not 0 < len(text) <= MAX_REPLY:
        return await _unsent(request, who, alert_id, text, say(speaks, "reply_empty"), 422)
    try:
        cause = _cause(who, alert_id, once, text)
        await answering_alerts.reply(site.road, who.viewer, alert_id, text, cause=cause)
    except MayNotAsk as error:
        return await _unsent(request, who, alert_id, text, str(error), 422)
    except Conflict:
        return await _unsent(request, who, alert_id, text, say(speaks, "unreachable"), 409)
    if is_htmx(request):
        return await shown(request, who, alert_id, sent=say(speaks, "replied"))
    return go(f"/console/alerts/{alert_id}?said=replied")


async def _unsent(
    request: Request, who: Principal, alert_id: str, text: str, why: str, status: int
) -> Response:
    # htmx takes the part of a 422; another refusal it would only call failed.
    code = 422 if is_htmx(request) else status
    return await shown(request, who, alert_id, unsent=text, why=why, status=code)


def _cause(who: Principal, alert_id: str, once: str, text: str) -> str:
    """The same form with the same words is the same reply, however often it is sent; changed words
    are another."""
    told = "\n".join((who.viewer.id, alert_id, once, text))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:40]


@router.post("/{alert_id}/snooze")
async def snooze(request: Request, who: Judge, alert_id: str) -> Response:
    """Not now: an hour, before this day ends, the next morning."""
    site, wanted = site_of(request), (await read_form(request)).get("until", "")
    found = later.moments(site.road.rulebook.calendar, site.road.now())
    named = {name.value: at for name, at in found.items()}
    if wanted not in list(later.Later):
        raise Invalid({"until": "unknown"})
    # Pressed so late that the moment is gone: the next morning is what is left of it.
    until = named.get(wanted, found[later.Later.MORNING])
    cause = f"console:{request.scope['yinuo.request_id']}"
    try:
        await desk.snooze(site.road, who.viewer, alert_id, until, cause=cause)
    except Conflict:
        flash = views.Flash(kind="error", text=say(language(who), "alert_closed"))
        return await shown(request, who, alert_id, flashes=(flash,), status=409)
    if is_htmx(request):
        return await shown(request, who, alert_id)
    return go(f"/console/alerts/{alert_id}?said=put_off")
