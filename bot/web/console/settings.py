"""/console/settings: my own account, my devices, where the bot finds me; and the way in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import absences, desk
from bot.errors import Conflict
from bot.web import desk_views as shapes
from bot.web import settings_views, views
from bot.web.console.common import go, html, language, site_of
from bot.web.desk_views import UNTOUCHED, SentForm
from bot.web.errors import Invalid
from bot.web.notices import done, sorry
from bot.web.pages import LANGUAGES
from bot.web.security import Principal, needs
from bot.web.setup import qr
from bot.web.shell import inside
from bot.web.signin import safe_next
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.queries import absences as away
from storage.queries import alerts, audit, users
from storage.queries.scope import WORKING
from storage.viewer import Permission

HOME = "/console/settings"
router = APIRouter(prefix="/console", include_in_schema=False)
Me = Annotated[Principal, needs(Permission.SIGNED_IN)]


@router.get("")
async def start(who: Me) -> Response:
    """The first page this person may open."""
    if who.viewer.may(Permission.ALERT_READ):
        return go("/console/alerts")
    return go("/console/candidates" if who.viewer.may(Permission.CANDIDATE_READ) else HOME)


@router.get("/settings")
async def page(
    request: Request, who: Me, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The page."""
    return await _page(request, who, flashes=done(language(who), said))


async def answer(
    request: Request,
    who: Principal,
    *,
    absence: SentForm = UNTOUCHED,
    why: str,
    status: int,
) -> Response:
    """The page with a form that comes back, and why."""
    flashes = sorry(language(who), why)
    return await _page(request, who, flashes=flashes, absence=absence, status=status)


async def _page(
    request: Request,
    who: Principal,
    *,
    flashes: tuple[views.Flash, ...] = (),
    link: settings_views.ChatLink | None = None,
    absence: SentForm = UNTOUCHED,
    status: int = 200,
) -> Response:
    site, session = site_of(request), who.session
    assert session is not None
    assert who.viewer.role is not None
    role = who.viewer.role.value

    def read(tx: Tx) -> tuple[views.Shell, settings_views.SettingsPage]:
        sessions = tuple(
            settings_views.SessionRow(
                id=row.id,
                agent=row.agent,
                created_at=row.created_at,
                seen_at=row.seen_at,
                current=row.id == session.id,
            )
            for row in users.sessions_of(tx, who.viewer.id)
        )
        view = settings_views.SettingsPage(
            login=session.login,
            name=who.viewer.name,
            role=role,
            sessions=sessions,
            chats=_chats(tx, site, who.viewer.id),
            chat_link=link,
            absences=_absences(tx, site, who, absence)
            if who.viewer.may(Permission.ABSENCE_WRITE)
            else None,
            totp_on=session.totp_on,
        )
        return inside(tx, site, who, active="settings", path=HOME, flashes=flashes), view

    shell, view = await site.road.database.read(read)
    return html(site, "console/settings.html", shell, page=view, status=status)


def _absences(tx: Tx, site: Site, who: Principal, sent: SentForm) -> shapes.Absences:
    """Who is away or will be: for admins everybody, for HR themselves."""
    viewer, today = who.viewer, absences.today(site.road)
    rows = away.coming(tx, today=today, user_id=None if viewer.sees_all else viewer.id)
    working = [row for row in users.all_users(tx) if row.role in WORKING]
    return shapes.Absences(
        rows=tuple(
            shapes.AbsenceRow(
                id=row.id,
                name=row.user_name,
                deputy=row.deputy_name,
                from_on=row.from_on,
                until_on=row.until_on,
                now=row.active,
                own=row.user_id == viewer.id,
            )
            for row in rows
        ),
        deputies=tuple(
            shapes.Colleague(id=row.id, name=row.name)
            for row in working
            if viewer.sees_all or row.id != viewer.id
        ),
        who=tuple(shapes.Colleague(id=row.id, name=row.name) for row in working)
        if viewer.sees_all
        else (),
        standing_in=tuple(one.user_name for one in away.standing_in(tx, viewer.id)),
        me=viewer.id,
        today=today,
        values=sent.values,
        errors=sent.errors,
    )


def _chats(tx: Tx, site: Site, user_id: str) -> tuple[settings_views.ChatAccount, ...]:
    """Where cards could go: channels that carry them, and accounts tied when others ran."""
    running = {name for name, one in site.road.channels.items() if not one.limits.link_is_chat}
    mine: dict[str, bool] = {}
    for row in users.chat_accounts(tx, user_id):
        mine[row.channel] = mine.get(row.channel, False) or row.reachable
    chosen = {row.channel for row in alerts.receivers(tx, user_id, running)}
    return tuple(
        settings_views.ChatAccount(
            channel=name,
            linked=name in mine,
            chosen=name in chosen,
            reachable=mine.get(name, True),
            running=name in running,
        )
        for name in sorted(running | mine.keys())
    )


@router.post("/settings/language")
async def set_language(request: Request, who: Me) -> Response:
    """Chinese or English, and back to the page one was on."""
    fields = await read_form(request)
    wanted = fields.get("language", "")
    if wanted not in LANGUAGES:
        raise Invalid({"language": "unknown"})
    site = site_of(request)
    await site.road.database.write(lambda tx: users.change_user(tx, who.viewer.id, language=wanted))
    return go(safe_next(fields.get("next", "")))


@router.post("/settings/chats/{channel}")
async def link_chat(request: Request, who: Me, channel: str) -> Response:
    """A one-time link that ties the account which opens it, or signs in behind it, to me."""
    site = site_of(request)
    try:
        made = await desk.invite_colleague(site.road, who.viewer, who.viewer.id, channel)
    except Conflict:
        flashes = sorry(language(who), "channel_off")
        return await _page(request, who, flashes=flashes, status=409)
    link = settings_views.ChatLink(
        channel=channel, url=made.url, qr=qr(made.url), expires_at=made.expires_at
    )
    return await _page(request, who, link=link)


@router.post("/settings/chats/{channel}/prefer")
async def prefer_chat(request: Request, who: Me, channel: str) -> Response:
    """Cards come to me over this channel from now on."""
    site = site_of(request)

    def work(tx: Tx) -> bool:
        found = users.prefer_chat(tx, who.viewer.id, channel)
        if found:
            keystore = site.road.vault.keystore
            details = {"channel": channel}
            audit.append(
                tx, keystore, who.viewer, "user.prefer_chat", who.viewer.id, details=details
            )
        return found

    if channel not in site.road.channels or not await site.road.database.write(work):
        flashes = sorry(language(who), "channel_off")
        return await _page(request, who, flashes=flashes, status=409)
    return go(f"{HOME}?said=chat_preferred")


@router.post("/settings/chats/{channel}/unlink")
async def unlink_chat(request: Request, who: Me, channel: str) -> Response:
    """The bot does not know me there any more."""
    site = site_of(request)

    def work(tx: Tx) -> None:
        if users.unlink_chat(tx, who.viewer.id, channel):
            keystore = site.road.vault.keystore
            details = {"channel": channel}
            audit.append(tx, keystore, who.viewer, "user.unlink", who.viewer.id, details=details)

    await site.road.database.write(work)
    return go(f"{HOME}?said=chat_unlinked")


@router.post("/settings/sessions/{session_id}/revoke")
async def revoke(request: Request, who: Me, session_id: str) -> Response:
    """Sign another of my browsers out."""
    site = site_of(request)

    def work(tx: Tx) -> None:
        users.end_session(tx, who.viewer.id, session_id)
        keystore = site.road.vault.keystore
        audit.append(tx, keystore, who.viewer, "session.close", who.viewer.id)

    await site.road.database.write(work)
    return go(f"{HOME}?said=session_ended")
