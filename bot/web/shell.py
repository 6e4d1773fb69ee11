"""What stands around every page: whose it is, which language, how much waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from fastapi import Request

from bot.web import views
from storage.database import Tx
from storage.queries import inbox, review, users
from storage.viewer import Permission

if TYPE_CHECKING:
    from bot.web.security import Principal
    from bot.web.site import Site

Active = Literal["", "alerts", "review", "candidates", "owed", "positions", "surveys", "settings"]
COMPANY = "company"


def language_of(request: Request) -> views.Language:
    """The language a browser asks for; Chinese unless it prefers English."""
    wanted = request.headers.get("accept-language", "")[:40].lower()
    return "en" if wanted.startswith("en") else "zh"


def outside(request: Request, template: str, page: object, *, csrf: str = "") -> str:
    """A page outside the console."""
    site: Site = request.app.state.site
    theirs = template in (
        "chat.html",
        "copy.html",
        "pledge.html",
        "privacy.html",
        "survey.html",
    )  # a candidate's
    language = "zh" if theirs else language_of(request)
    shell = views.Shell(
        language=language,
        now=site.road.now(),
        company=site.road.rulebook.company,
        csrf=csrf,
    )
    return site.pages.render(template, language=language, shell=shell, page=page)


def company(tx: Tx, site: Site) -> str:
    """The company's name: as set up, else as in the settings."""
    return users.setting(tx, COMPANY, site.road.rulebook.company)


async def remember_company(site: Site) -> None:
    """Let the bot speak in the name the company was set up with."""
    name = await site.road.database.read(lambda tx: company(tx, site))
    site.road.rulebook = replace(site.road.rulebook, company=name)


def inside(
    tx: Tx,
    site: Site,
    who: Principal,
    *,
    active: Active,
    path: str,
    flashes: tuple[views.Flash, ...] = (),
) -> views.Shell:
    """The shell of a console page."""
    viewer = who.viewer
    assert who.session is not None
    assert viewer.role is not None
    reads = viewer.may(Permission.ALERT_READ)
    return views.Shell(
        language=who.session.language,
        now=site.road.now(),
        company=company(tx, site),
        csrf=who.csrf(site),
        path=path,
        viewer=views.Viewer(id=viewer.id, name=viewer.name, role=viewer.role.value),
        active=active,
        open_alerts=inbox.count_unresolved(tx, viewer) if reads else 0,
        unclear=review.count_waiting(tx, viewer) if reads else 0,
        flashes=flashes,
    )
