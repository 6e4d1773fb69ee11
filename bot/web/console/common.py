"""What console pages share: rendering inside the shell, going on after a form."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.web import views
from bot.web.security import Principal
from bot.web.site import Site


def site_of(request: Request) -> Site:
    """The site behind a request."""
    site: Site = request.app.state.site
    return site


def language(who: Principal) -> views.Language:
    """The language of whoever is signed in."""
    return who.session.language if who.session is not None else "zh"


def is_htmx(request: Request) -> bool:
    """Whether a part of a page asks, not a person for a page."""
    return request.headers.get("hx-request") == "true"


def is_refresh(request: Request) -> bool:
    """Whether an open page refreshes itself because something changed."""
    return is_htmx(request) and request.headers.get("hx-trigger") == "timeline-refresh"


def html(
    site: Site, template: str, shell: views.Shell, *, status: int = 200, **context: Any
) -> Response:
    """A rendered page."""
    text = site.pages.render(template, language=shell.language, shell=shell, **context)
    return HTMLResponse(text, status)


def go(address: str) -> Response:
    """On to a page after a form."""
    return RedirectResponse(address, 303)
