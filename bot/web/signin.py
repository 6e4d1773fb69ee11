"""Signing in with password and one-time code, by a one-time link, and out again.

A wrong login, a wrong password and a wrong code are answered alike and take the same time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.errors import NotFound
from bot.web import credentials
from bot.web.public_views import SigninPage
from bot.web.security import (
    Principal,
    agent_name,
    hidden_ip,
    needs,
    open_session,
    refuse_foreign_form,
    set_session,
    viewer_of,
)
from bot.web.shell import outside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import InvitePurpose, Role
from storage.queries import audit, invites, users
from storage.vault import unseal
from storage.viewer import Permission, Viewer

ACCOUNT_WINDOW = timedelta(minutes=30)
ADDRESS_WINDOW = timedelta(minutes=5)
ADDRESS_FAILURES = 20
TOTP = "user.totp_sealed"
START = "/console"
#: A cookie that ties the sign-in form to the browser that asked for it.
FORM_COOKIE = "form"

router = APIRouter(include_in_schema=False)
ANYBODY = [needs(Permission.PUBLIC)]
Error = Literal["", "credentials", "code", "locked", "expired"]


def safe_next(wanted: str) -> str:
    """Where to go after signing in: a page of the console, and nowhere else (A09)."""
    inside = re.fullmatch(r"/console(?:/[A-Za-z0-9_-]{1,60}){0,3}", wanted, re.ASCII)
    return wanted if inside else START


def form_token(request: Request, site: Site) -> tuple[str, str]:
    """What a form outside a session is bound to, and its token."""
    bound = request.cookies.get(FORM_COOKIE, "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", bound, re.ASCII):
        bound = credentials.new_token()[0]
    return bound, credentials.csrf_token(site.key("csrf"), bound)


def keep_form(response: Response, site: Site, bound: str) -> None:
    """Give the browser what its form is bound to."""
    response.set_cookie(
        FORM_COOKIE,
        bound,
        max_age=3600,
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="strict",
    )


async def own_form(request: Request, site: Site) -> dict[str, str]:
    """The fields of a form of ours from a browser without a session. Raises ``Forbidden``."""
    fields = await read_form(request)
    await refuse_foreign_form(request, site, request.cookies.get(FORM_COOKIE, ""))
    return fields


@router.get("/", dependencies=ANYBODY)
async def root() -> Response:
    """The console is what people look for here."""
    return RedirectResponse(START, 303)


@router.get("/signin", dependencies=ANYBODY)
async def page(
    request: Request,
    next_: Annotated[str, Query(alias="next", max_length=300)] = START,
    ended: str = "",
) -> Response:
    """The form."""
    error: Error = "expired" if ended else ""
    return _form(request, SigninPage(action=_action(next_), error=error), 200)


def _action(wanted: str) -> str:
    return f"/signin?next={safe_next(wanted)}"


def _form(request: Request, view: SigninPage, status: int) -> Response:
    site: Site = request.app.state.site
    bound, token = form_token(request, site)
    response = HTMLResponse(outside(request, "signin.html", view, csrf=token), status)
    keep_form(response, site, bound)
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One attempt. ``account`` and ``address`` are keyed hashes."""

    login: str
    password: str
    code: str
    account: str
    address: str


@router.post("/signin", dependencies=ANYBODY)
async def sign_in(
    request: Request, next_: Annotated[str, Query(alias="next", max_length=300)] = START
) -> Response:
    """Password and code together; a session when both are right."""
    site: Site = request.app.state.site
    fields = await own_form(request, site)
    attempt = _Try(
        login=fields.get("login", "").strip()[:60],
        password=fields.get("password", ""),
        code=fields.get("code", "")[:60],
        account=site.hidden("login", fields.get("login", "").strip()[:60]),
        address=site.hidden("address", hidden_ip(request, site)),
    )
    row, wait = await site.road.database.read(lambda tx: _known(tx, attempt))
    if wait > timedelta(0):
        minutes = -(-int(wait.total_seconds()) // 60)
        view = SigninPage(
            action=_action(next_), login=attempt.login, error="locked", wait_minutes=max(1, minutes)
        )
        response = _form(request, view, 429)
        response.headers["Retry-After"] = str(max(1, int(wait.total_seconds())))
        return response
    stored = row.password_hash if row is not None else None
    right = await site.hashing.run(lambda: credentials.verify_password(stored, attempt.password))
    entered = _second_factor(site, row, attempt) if right else None
    if entered is not None:
        token = await _enter(request, site, row, attempt, entered)
        if token is not None:
            answer = RedirectResponse(safe_next(next_), 303)
            set_session(answer, site, token, Role(row.role))
            return answer
    await site.road.database.write(lambda tx: _fail(tx, request, site, row, attempt))
    view = SigninPage(action=_action(next_), login=attempt.login, error="credentials")
    return _form(request, view, 401)


def _known(tx: Tx, attempt: _Try) -> tuple[Any, timedelta]:
    """The account, if there is one, and how long nobody may try now."""
    count, last = users.failures(tx, attempt.account, within=ACCOUNT_WINDOW)
    wait = timedelta(0)
    if last is not None:
        wait = last + credentials.lockout_delay(count) - tx.now
    many, latest = users.failures(tx, attempt.address, within=ADDRESS_WINDOW)
    if many >= ADDRESS_FAILURES and latest is not None:
        wait = max(wait, latest + ADDRESS_WINDOW - tx.now)
    return users.by_login(tx, attempt.login), wait


def _second_factor(site: Site, row: Any, attempt: _Try) -> Callable[[Tx], bool] | None:
    """What uses the code up, once it was found right; None when it is wrong."""
    if row.totp_sealed is None:
        return None  # set-up was never finished
    secret = unseal(site.road.vault.system, row.totp_sealed, TOTP, row.id)
    # Phones know the real time, also when this company runs on a clock of its own.
    step = credentials.check_totp(secret, attempt.code, site.wall(), row.totp_step)
    if step is not None:
        return lambda tx: users.take_totp_step(tx, row.id, step)
    return lambda tx: _redeem(tx, row.id, attempt.code)


def _redeem(tx: Tx, user_id: str, code: str) -> bool:
    left = credentials.redeem(code, users.get_user(tx, user_id, lock=True).recovery)
    if left is None:
        return False
    users.change_user(tx, user_id, recovery=left)
    return True


async def _enter(
    request: Request, site: Site, row: Any, attempt: _Try, use_up: Callable[[Tx], bool]
) -> str | None:
    """A new session's token; None when the code was used, by somebody faster too."""
    token, digest = credentials.new_token()
    fresh: str | None = None
    if credentials.needs_rehash(row.password_hash):
        fresh = await site.hashing.run(lambda: credentials.hash_password(attempt.password))
    viewer = viewer_of(request, site, row.id, row.name, Role(row.role))

    def work(tx: Tx) -> bool:
        if not use_up(tx):
            return False
        if fresh is not None:
            users.change_user(tx, row.id, password_hash=fresh)
        users.forgive(tx, attempt.account)
        open_session(tx, site, viewer, token_hash=digest, agent=agent_name(request), how="password")
        return True

    return token if await site.road.database.write(work) else None


def _fail(tx: Tx, request: Request, site: Site, row: Any, attempt: _Try) -> None:
    users.failed(tx, [attempt.account, attempt.address])
    if row is not None:
        viewer = viewer_of(request, site, row.id, row.name, Role(row.role))
        keystore = site.road.vault.keystore
        audit.append(tx, keystore, viewer, "session.open", row.id, outcome="refused")


@router.get("/signin/{token}", dependencies=ANYBODY)
async def by_link(request: Request, token: str) -> Response:
    """A one-time link made on the server's own command line: in, without a password."""
    site: Site = request.app.state.site
    cookie, digest = credentials.new_token()

    def work(tx: Tx) -> Role:
        invite = invites.find_invite(tx, token, InvitePurpose.SIGNIN)
        if invite is None or invite.user_id is None or not invites.use_invite(tx, invite.id):
            raise NotFound
        user = users.get_user(tx, invite.user_id)
        role = Role(user.role)
        viewer: Viewer = viewer_of(request, site, user.id, user.name, role)
        open_session(tx, site, viewer, token_hash=digest, agent=agent_name(request), how="link")
        return role

    role = await site.road.database.write(work)
    answer = RedirectResponse(START, 303)
    set_session(answer, site, cookie, role)
    return answer


@router.post("/console/signout")
async def sign_out(
    request: Request, who: Annotated[Principal, needs(Permission.SIGNED_IN)]
) -> Response:
    """End this session and let the browser forget what it kept of us."""
    site: Site = request.app.state.site
    session = who.session
    assert session is not None

    def work(tx: Tx) -> None:
        users.end_session(tx, who.viewer.id, session.id)
        audit.append(tx, site.road.vault.keystore, who.viewer, "session.close", who.viewer.id)

    await site.road.database.write(work)
    answer = RedirectResponse("/signin", 303)
    answer.delete_cookie(site.cookie, path="/", secure=site.secure, httponly=True, samesite="lax")
    answer.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return answer
