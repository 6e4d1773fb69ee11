"""The web application: every route, one permission each, behind one edge."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import uvicorn
from fastapi import APIRouter, FastAPI

from bot.web import (
    copy,
    errors,
    hooks,
    join,
    ops,
    own_pages,
    pledge,
    privacy,
    setup,
    shell,
    signin,
    survey,
)
from bot.web.api import alert_record as api_alert_record
from bot.web.api import alerts as api_alerts
from bot.web.api import audit as api_audit
from bot.web.api import candidates as api_candidates
from bot.web.api import interviews as api_interviews
from bot.web.api import invites as api_invites
from bot.web.api import messages as api_messages
from bot.web.api import offers as api_offers
from bot.web.api import openapi
from bot.web.api import owed as api_owed
from bot.web.api import positions as api_positions
from bot.web.api import responses as api_responses
from bot.web.api import surveys as api_surveys
from bot.web.api import teams as api_teams
from bot.web.api import users as api_users
from bot.web.chat import files as chat_files
from bot.web.chat import live as chat_live
from bot.web.chat import page as chat_page
from bot.web.chat.link import Links
from bot.web.console import (
    absences,
    alert,
    alert_record,
    alerts,
    attachments,
    candidate,
    candidates,
    code,
    consent,
    events,
    interviews,
    match,
    merge,
    offers,
    outcome,
    owed,
    positions,
    record,
    responses,
    results,
    resume,
    review,
    risk,
    settings,
    sheets,
    steps,
    surveys,
)
from bot.web.edge import Edge
from bot.web.security import checked
from bot.web.site import Site

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
#: In the order they are tried; what is called most often comes first.
ROUTERS: tuple[APIRouter, ...] = (
    hooks.router,
    chat_page.router,
    chat_live.router,
    chat_files.router,
    ops.router,
    api_messages.router,
    api_invites.router,
    api_candidates.router,
    api_alert_record.router,  # before an alert of that name
    api_alerts.router,
    api_owed.router,
    api_interviews.router,
    api_positions.router,
    api_teams.router,
    api_users.router,
    api_offers.router,
    api_surveys.router,
    api_responses.router,
    api_audit.router,
    openapi.router,
    alert_record.router,  # before an alert of that name
    alerts.router,
    alert.router,
    review.router,
    owed.router,
    candidates.router,
    sheets.router,
    candidate.router,
    consent.router,
    code.router,
    offers.router,
    record.router,
    steps.router,
    interviews.router,
    match.router,
    results.router,
    risk.router,
    outcome.router,
    resume.router,
    responses.router,
    merge.router,
    attachments.router,
    positions.router,
    surveys.router,
    settings.router,
    absences.router,
    events.router,
    signin.router,
    setup.router,
    join.router,
    own_pages.router,
    pledge.router,
    survey.router,
    privacy.router,
    copy.router,
)


def create(
    site: Site, *, lifespan: Lifespan | None = None, extra: tuple[APIRouter, ...] = ()
) -> FastAPI:
    """The application. Raises ``NotReady`` naming a route that declares no permission.

    ``lifespan`` starts and stops the product; ``extra`` are further routers.
    """
    app = FastAPI(
        title="一诺 Yinuo",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_around(site, lifespan),
        redirect_slashes=False,
    )
    app.state.site = site
    app.state.links = Links()
    for router in (*ROUTERS, *extra):
        app.router.routes.extend(router.routes)
    checked(app.routes)
    errors.install(app)
    app.add_middleware(Edge, site=site)
    return app


def _around(site: Site, inner: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await shell.remember_company(site)
        try:
            if inner is None:
                yield
            else:
                async with inner(app):
                    yield
        finally:
            site.feed.close()
            site.hashing.close()

    return lifespan


class Server(uvicorn.Server):
    """uvicorn for an application of ``create``: it ends live streams first, which would hold up
    its stop until the deadline."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let listeners go, then stop as uvicorn does."""
        app = self.config.app
        assert isinstance(app, FastAPI)
        app.state.site.feed.close()
        await super().shutdown(sockets)
