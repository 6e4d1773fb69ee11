"""``/f/{token}``: which page a link of the candidate's opens, and what those pages share."""

from __future__ import annotations

import re
from dataclasses import replace

from fastapi import Request

from bot.errors import NotFound
from bot.web import credentials
from bot.web.security import NOBODY, by_session, hidden_ip, needs
from bot.web.site import Site
from storage.viewer import Permission, Viewer

TOKEN = re.compile(r"[A-Za-z0-9_-]{40,64}", re.ASCII)
ANYBODY = [needs(Permission.PUBLIC)]


def site_of_link(request: Request, token: str) -> Site:
    """Counts the call, before anything is looked up. Raises ``NotFound`` for what is no token,
    ``TooFast``.
    """
    site: Site = request.app.state.site
    site.join_pace.take(hidden_ip(request, site))
    if not TOKEN.fullmatch(token):
        raise NotFound
    return site


def visitor_of(request: Request, site: Site) -> Viewer:
    """Whoever opens a link, as the audit chain records them."""
    request_id = str(request.scope.get("yinuo.request_id", ""))
    return replace(NOBODY, id="link", request_id=request_id, ip_hmac=hidden_ip(request, site))


async def is_colleague(request: Request, site: Site) -> bool:
    """Whether the browser is signed in to the console: it answers for nobody else."""
    cookie = request.cookies.get(site.cookie)
    if not cookie:
        return False
    found = await by_session(request, site, credentials.token_hash(cookie), touch=False)
    return found is not None
