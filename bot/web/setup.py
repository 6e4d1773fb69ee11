"""``/setup/{token}``: the first account, or an invited one, by a one-time link.

Three steps: who you are and a password, a one-time code, recovery codes. Nothing is stored until
the code proved right; what was entered travels sealed in the browser's own cookie, so a server
that stops in between leaves no half account and no lost link.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import segno
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.errors import NotFound
from bot.web import credentials
from bot.web.notices import say
from bot.web.public_views import RecoveryPage, SetupPage, TotpPage
from bot.web.security import agent_name, needs, open_session, set_session, viewer_of
from bot.web.shell import COMPANY, company, language_of, outside
from bot.web.signin import TOTP, form_token, keep_form, own_form
from bot.web.site import Site
from storage.aead import SealBroken
from storage.database import Tx
from storage.enums import InvitePurpose, Role
from storage.queries import audit, invites, users
from storage.vault import seal, unseal
from storage.viewer import Permission

COOKIE = "setup"
LIFE_S = 1800
BRAND = "一诺"
_LOGIN = re.compile(r"[A-Za-z0-9._@-]{2,60}", re.ASCII)

router = APIRouter(include_in_schema=False)
ANYBODY = [needs(Permission.PUBLIC)]
Entered = dict[str, str]


def qr(text: str) -> str:
    """A QR code as a ``data:`` address."""
    return segno.make(text, error="m").svg_data_uri(scale=4, border=1)


async def _invite(site: Site, token: str) -> tuple[Any, Any, str]:
    """The link, the invited user (None: the very first), the company. Raises ``NotFound``."""

    def read(tx: Tx) -> tuple[Any, Any, str]:
        row = invites.find_invite(tx, token, InvitePurpose.SETUP)
        if row is None or (row.user_id is None and users.count_users(tx)):
            raise NotFound
        user = users.get_user(tx, row.user_id) if row.user_id else None
        return row, user, company(tx, site)

    return await site.road.database.read(read)


@router.get("/setup/{token}", dependencies=ANYBODY)
async def page(request: Request, token: str) -> Response:
    """The first step; an invited person finds company, name and login filled in."""
    site: Site = request.app.state.site
    _, user, name = await _invite(site, token)
    view = SetupPage(action=f"/setup/{token}", company=name)
    if user is not None:
        view = replace(view, name=user.name, login=user.login, invited=True)
    return _form(request, "setup.html", view, 200)


def _form(request: Request, template: str, view: SetupPage | TotpPage, status: int) -> Response:
    site: Site = request.app.state.site
    bound, csrf = form_token(request, site)
    response = HTMLResponse(outside(request, template, view, csrf=csrf), status)
    keep_form(response, site, bound)
    return response


@router.post("/setup/{token}", dependencies=ANYBODY)
async def enter(request: Request, token: str) -> Response:
    """Check what was entered, hash the password, go on to the one-time code."""
    site: Site = request.app.state.site
    fields = await own_form(request, site)
    invite, user, name = await _invite(site, token)
    entered = {key: fields.get(key, "").strip() for key in ("company", "name", "login")}
    if user is not None:
        entered |= {"company": name, "login": user.login}
    password = fields.get("password", "")
    faults = _faults(entered, password)
    if not faults and user is None:
        login = entered["login"]
        if await site.road.database.read(lambda tx: users.by_login(tx, login)) is not None:
            faults["login"] = "login_taken"
    if faults:
        language = language_of(request)
        view = SetupPage(
            action=f"/setup/{token}",
            errors={key: say(language, fault) for key, fault in faults.items()},
            invited=user is not None,
            **entered,
        )
        return _form(request, "setup.html", view, 422)
    entered["password_hash"] = await site.hashing.run(lambda: credentials.hash_password(password))
    entered["secret"] = credentials.new_totp_secret()
    answer = RedirectResponse(f"/setup/{token}/totp", 303)
    sealed = seal(
        site.road.vault.system, json.dumps(entered), f"setup.{COOKIE}", invite.id, pad=True
    )
    answer.set_cookie(
        COOKIE,
        sealed,
        max_age=LIFE_S,
        path="/setup",
        secure=site.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def _faults(entered: Entered, password: str) -> dict[str, str]:
    """Field -> key of what is wrong with it."""
    faults: dict[str, str] = {}
    if not _is_line(entered["company"], 80):
        faults["company"] = "company_missing"
    if not _is_line(entered["name"], 60):
        faults["name"] = "name_missing"
    if not _LOGIN.fullmatch(entered["login"]):
        faults["login"] = "login_wrong"
    words = [BRAND, "yinuo", entered["company"], entered["name"], entered["login"]]
    fault = credentials.password_fault(password, words=words)
    if fault is not None:
        faults["password"] = f"password_{fault.value}"
    return faults


def _is_line(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable()


def _entered(request: Request, site: Site, invite_id: str) -> Entered | None:
    """What the first step left in the browser; None when it is not there or not ours."""
    try:
        text = unseal(
            site.road.vault.system, request.cookies.get(COOKIE, ""), f"setup.{COOKIE}", invite_id
        )
    except SealBroken:
        return None
    found: Entered = json.loads(text)
    return found


def _totp_page(token: str, entered: Entered, *, wrong: bool) -> TotpPage:
    secret = entered["secret"]
    address = credentials.totp_uri(
        secret, login=entered["login"], issuer=f"{BRAND} {entered['company'][:30]}"
    )
    return TotpPage(
        action=f"/setup/{token}/totp",
        account=entered["login"],
        qr=qr(address),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        wrong=wrong,
    )


@router.get("/setup/{token}/totp", dependencies=ANYBODY)
async def totp(request: Request, token: str) -> Response:
    """The second step."""
    site: Site = request.app.state.site
    invite, _, _ = await _invite(site, token)
    entered = _entered(request, site, invite.id)
    if entered is None:
        return RedirectResponse(f"/setup/{token}", 303)
    return _form(request, "totp.html", _totp_page(token, entered, wrong=False), 200)


@router.post("/setup/{token}/totp", dependencies=ANYBODY)
async def finish(request: Request, token: str) -> Response:
    """The code is right: make the account, use the link up, sign in, show recovery codes."""
    site: Site = request.app.state.site
    fields = await own_form(request, site)
    invite, user, _ = await _invite(site, token)
    entered = _entered(request, site, invite.id)
    if entered is None:
        return RedirectResponse(f"/setup/{token}", 303)
    step = credentials.check_totp(entered["secret"], fields.get("code", ""), site.wall(), None)
    if step is None:
        return _form(request, "totp.html", _totp_page(token, entered, wrong=True), 422)
    codes, digests = credentials.new_recovery_codes()
    session, digest = credentials.new_token()
    work = _account(request, site, invite, user, entered, step, digests, digest)
    role = await site.road.database.write(work)
    if user is None:
        site.road.rulebook = replace(site.road.rulebook, company=entered["company"])
    view = RecoveryPage(login=entered["login"], codes=tuple(codes), next_url=_next(site))
    answer = HTMLResponse(outside(request, "recovery.html", view))
    set_session(answer, site, session, role)
    answer.delete_cookie(COOKIE, path="/setup", secure=site.secure, httponly=True)
    return answer


def _next(site: Site) -> str:
    """Where a new account goes first: to connect a chat for its alerts, where there is one."""
    cards = [one for one in site.road.channels.values() if not one.limits.link_is_chat]
    return "/console/settings" if cards else "/console"


def _account(
    request: Request,
    site: Site,
    invite: Any,
    user: Any,
    entered: Entered,
    step: int,
    digests: list[str],
    session_digest: str,
) -> Callable[[Tx], Role]:
    """The unit of work that makes the account, whole or not at all."""
    vault = site.road.vault

    def work(tx: Tx) -> Role:
        if not invites.use_invite(tx, invite.id):
            raise NotFound
        role = Role(user.role) if user is not None else Role.HR_ADMIN
        user_id = user.id if user is not None else _first_admin(tx, entered)
        users.change_user(
            tx,
            user_id,
            name=entered["name"],
            password_hash=entered["password_hash"],
            totp_sealed=seal(vault.system, entered["secret"], TOTP, user_id),
            totp_step=step,
            recovery=digests,
        )
        viewer = viewer_of(request, site, user_id, entered["name"], role)
        audit.append(
            tx, vault.keystore, viewer, "user.setup", user_id, details={"role": role.value}
        )
        open_session(
            tx, site, viewer, token_hash=session_digest, agent=agent_name(request), how="setup"
        )
        return role

    return work


def _first_admin(tx: Tx, entered: Entered) -> str:
    if users.count_users(tx):
        raise NotFound
    users.set_setting(tx, COMPANY, entered["company"])
    return users.create_user(tx, login=entered["login"], name=entered["name"], role=Role.HR_ADMIN)
