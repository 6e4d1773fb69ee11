"""``/join/{channel}/{token}``: an invite that ties a member by their platform's own sign-in.

The page says who is invited and leads to the platform. The platform sends the browser back to
``/join/{channel}`` with a code; who came is asked server to server, and then goes down the road as
the ``/start`` message they would have typed: binding, audit and greeting are that one's.

What the platform gets is a state that means nothing to it. The invite's token stays in the
browser's cookie, sealed. Nothing begins without a press on our own page: only there stands the
state that the cookie beside it expects (A08).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot import rows
from bot.channels.base import Channel, SignIn, join_url
from bot.conversation.flows.binding import COMMAND
from bot.errors import DeliveryError, GiveUp, NotFound, TryLater
from bot.messages import Address, Inbound, Received
from bot.turn import InviteSeen
from bot.web.public_views import Joining, JoinPage
from bot.web.security import NOBODY, hidden_ip, needs
from bot.web.shell import outside
from bot.web.site import Site
from storage.aead import SealBroken
from storage.database import Tx
from storage.enums import InvitePurpose, InviteState, MessageKind
from storage.queries import audit, invites, users
from storage.vault import seal, unseal
from storage.viewer import Permission

log = structlog.get_logger()

#: C19: so long may somebody take between our page and coming back.
LIFE = timedelta(minutes=5)
#: An open page asks again before its state is too old.
REFRESH_S = 240
PLACE = "join.cookie"
SOON_S = 60
STATUS: dict[Joining, int] = {
    "invite": 200,
    "done": 200,
    "unfinished": 400,
    "state": 403,
    "refused": 403,
    "unknown": 404,
    "taken": 409,
    "used": 410,
    "expired": 410,
    "later": 503,
}

router = APIRouter(include_in_schema=False)
ANYBODY = [needs(Permission.PUBLIC)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to sign in, as the browser that opened the invite keeps it."""

    state: str
    token: str
    at: datetime

    @property
    def digest(self) -> str:
        """Names the attempt; says nothing about it."""
        return hashlib.sha256(self.state.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A call, and the platform it is about."""

    request: Request
    site: Site
    channel: Channel
    sign_in: SignIn

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.channel.name

    @property
    def redirect_uri(self) -> str:
        """Where the platform sends back to; never taken from the call."""
        return join_url(self.site.base_url, self.name)

    def page(self, kind: Joining, **more: Any) -> HTMLResponse:
        """The page in one of its states."""
        view = JoinPage(kind=kind, channel=self.name, **more)
        return HTMLResponse(outside(self.request, "join.html", view), STATUS[kind])


def _visit(request: Request, channel: str) -> Visit:
    """Raises ``NotFound`` for a channel where nobody signs in, ``TooFast``."""
    site: Site = request.app.state.site
    site.join_pace.take(hidden_ip(request, site))
    found = site.road.channels.get(channel)
    if found is None or found.limits.sign_in is None:
        raise NotFound
    return Visit(request=request, site=site, channel=found, sign_in=found.limits.sign_in)


# --- the invite -------------------------------------------------------------------------------


@router.get("/join/{channel}/{token}", dependencies=ANYBODY)
async def page(request: Request, channel: str, token: str) -> Response:
    """Who is invited, and the way to sign in. Looking uses nothing up."""
    visit = _visit(request, channel)
    site = visit.site

    def read(tx: Tx) -> tuple[InviteSeen | None, Any]:
        row = invites.by_token(tx, token, InvitePurpose.CHAT, channel=channel)
        return rows.invite_seen(tx, site.road.vault, token, channel, site.road.rulebook), row

    seen, row = await site.road.database.read(read)
    if seen is None:
        return visit.page(_worth(row, site.road.now()))
    attempt = Attempt(state=secrets.token_hex(32), token=token, at=site.road.now())
    inside = any(mark in _agent(request) for mark in visit.sign_in.inside)
    answer = visit.page(
        "invite",
        name=seen.name,
        staff=seen.user_id is not None,
        inside=inside,
        expires_at=row.expires_at,
        refresh_s=REFRESH_S,
        sign_in_url=visit.channel.sign_in_url(visit.redirect_uri, attempt.state, in_app=inside)
        or "",
    )
    _keep(answer, visit, attempt)
    return answer


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:400].lower()


def _worth(row: Any, now: datetime) -> Joining:
    """Why a link is good for nothing."""
    if row is None:
        return "unknown"
    return "used" if invites.state(row, now) is InviteState.USED else "expired"


# --- what the browser keeps -------------------------------------------------------------------


def _cookie(site: Site) -> str:
    return "__Host-join" if site.secure else "join"


def _keep(answer: Response, visit: Visit, attempt: Attempt) -> None:
    site = visit.site
    told = {"state": attempt.state, "token": attempt.token, "at": attempt.at.isoformat()}
    answer.set_cookie(
        _cookie(site),
        seal(site.road.vault.system, json.dumps(told), PLACE, visit.name, pad=True),
        max_age=int(LIFE.total_seconds()),
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )


def _kept(visit: Visit) -> Attempt | None:
    """What this browser began on this channel and may still end."""
    site = visit.site
    given = visit.request.cookies.get(_cookie(site), "")
    try:
        told = json.loads(unseal(site.road.vault.system, given, PLACE, visit.name))
    except SealBroken:
        return None
    at = datetime.fromisoformat(told["at"])
    if site.road.now() >= at + LIFE:
        return None
    return Attempt(state=told["state"], token=told["token"], at=at)


# --- coming back ------------------------------------------------------------------------------


@router.get("/join/{channel}", dependencies=ANYBODY)
async def back(request: Request, channel: str) -> Response:
    """The platform sent the browser back. A state is good once, in the browser it was made for."""
    visit = _visit(request, channel)
    attempt = _kept(visit)
    if attempt is None or not await _begun(visit, attempt):
        log.warning("join.refused", channel=channel, why="state")
        return visit.page("state")
    answer = await _came(visit, attempt)
    site = visit.site
    answer.delete_cookie(_cookie(site), path="/", secure=site.secure, httponly=True, samesite="lax")
    return answer


async def _begun(visit: Visit, attempt: Attempt) -> bool:
    """Whether this is the end of what our page began, for the first time."""
    given = visit.request.query_params.get("state", "").encode("utf-8", "surrogatepass")
    same = hmac.compare_digest(given, attempt.state.encode())

    def work(tx: Tx) -> bool:
        good = same and users.first_time(tx, "join", attempt.digest)
        if not good:
            _note(tx, visit, attempt, "refused", why="state")
        return good

    return await visit.site.road.database.write(work)


async def _came(visit: Visit, attempt: Attempt) -> HTMLResponse:
    """Ask the platform who it was, and let them in if the invite fits."""
    site, again = visit.site, join_url("", visit.name, attempt.token)
    code = visit.request.query_params.get(visit.sign_in.code, "")
    if not code:  # they said no, or the platform did
        return visit.page("unfinished", again_url=again)
    try:
        member = await visit.channel.signed_in(code, visit.redirect_uri)
    except GiveUp as error:
        await site.road.database.write(lambda tx: _note(tx, visit, attempt, "refused", why="code"))
        return visit.page("refused", reason=str(error), again_url=again)
    except DeliveryError as error:
        log.warning("join.later", channel=visit.name, why=str(error))
        answer = visit.page("later", again_url=again)
        delay = error.delay if isinstance(error, TryLater) else None
        answer.headers["Retry-After"] = str(int(delay.total_seconds()) if delay else SOON_S)
        return answer
    unfit = await site.road.database.write(lambda tx: _unfit(tx, visit, attempt, member))
    if unfit is not None:
        return visit.page(unfit)
    start = Inbound(
        external_id=f"join:{attempt.digest}",
        sender=member,
        kind=MessageKind.TEXT,
        text=f"{COMMAND} {attempt.token}",
        sent_at=site.road.now(),
    )
    await site.door.accept(Received(messages=(start,)))
    return visit.page("done")


def _unfit(tx: Tx, visit: Visit, attempt: Attempt, member: Address) -> Joining | None:
    """Why this account may not be tied by this invite. None: it may, or it is already.

    Either stands in the audit chain before anything is said.
    """
    why = _why_not(tx, visit, attempt, member)
    _note(tx, visit, attempt, "refused" if why else "done", why=why or "")
    return why


def _why_not(tx: Tx, visit: Visit, attempt: Attempt, member: Address) -> Joining | None:
    row = invites.by_token(tx, attempt.token, InvitePurpose.CHAT, channel=visit.name)
    if row is None:
        return "unknown"
    tied = invites.bound(tx, visit.name, member.value)
    whose = (tied.candidate_id, tied.user_id) if tied is not None else (None, None)
    if whose == (row.candidate_id, row.user_id) and row.revoked_at is None:
        return None
    road = visit.site.road
    if rows.invite_seen(tx, road.vault, attempt.token, visit.name, road.rulebook) is None:
        return _worth(row, tx.now)
    return "taken" if any(whose) else None


def _note(tx: Tx, visit: Visit, attempt: Attempt, outcome: str, *, why: str = "") -> None:
    """Add to the audit chain what came of an invite; nothing where there is none."""
    row = invites.by_token(tx, attempt.token, InvitePurpose.CHAT, channel=visit.name)
    if row is None:
        return
    request_id = str(visit.request.scope.get("yinuo.request_id", ""))
    ip = hidden_ip(visit.request, visit.site)
    visitor = replace(NOBODY, request_id=request_id, ip_hmac=ip)
    details = {"channel": visit.name, **({"why": why} if why else {})}
    keystore = visit.site.road.vault.keystore
    audit.append(tx, keystore, visitor, "invite.join", row.id, outcome=outcome, details=details)
