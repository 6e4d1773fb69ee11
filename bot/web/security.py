"""Who is calling, what they may do, and whether the form is ours.

Every route declares one permission with ``needs``; ``checked`` refuses to start without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from bot.errors import NotReady
from bot.web import credentials
from bot.web.errors import Forbidden, NotSignedIn
from bot.web.multipart import LARGEST, read_file
from bot.web.strict import media_type, read_form
from bot.web.views import Language
from storage.database import Tx
from storage.enums import Role
from storage.queries import audit, users
from storage.viewer import Permission, Viewer

if TYPE_CHECKING:
    from bot.web.site import Site

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PARALLEL_SESSIONS = 3
#: A session's last use is written at most this often.
SEEN_EVERY = timedelta(seconds=60)
#: Parts of pages that refresh themselves: nobody is there because of them.
REFRESHING = frozenset(
    f"{part}-refresh" for part in ("alert-list", "review-list", "side-review", "timeline")
)
_CLOSELY_KEPT = frozenset({Role.HR_ADMIN, Role.AUDITOR})
NOBODY = Viewer(id="", name="", role=None)


def idle_limit(role: Role) -> timedelta:
    """How long a session lives without use (C4)."""
    return timedelta(minutes=15 if role in _CLOSELY_KEPT else 30)


def session_life(role: Role) -> timedelta:
    """How long a session lives at most (C4)."""
    return timedelta(hours=8 if role in _CLOSELY_KEPT else 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser."""

    id: str
    token_hash: str
    login: str
    language: Language
    totp_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever calls: a person in a browser, a program with a key, or nobody yet."""

    viewer: Viewer
    session: Session | None = None

    @property
    def is_person(self) -> bool:
        """Whether a console user stands behind the call."""
        return self.session is not None

    def csrf(self, site: Site) -> str:
        """A token for this session's forms."""
        assert self.session is not None
        return credentials.csrf_token(site.key("csrf"), self.session.token_hash)


ANYBODY = Principal(viewer=NOBODY)


class Needs:
    """The dependency behind ``needs``."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Principal:
        """The caller, found once a request. Raises ``NotSignedIn`` or ``Forbidden``."""
        found: Principal | None = request.scope.get("yinuo.principal")
        if found is None:
            found = request.scope["yinuo.principal"] = await self._find(request)
        return found

    async def _find(self, request: Request) -> Principal:
        if self.permission is Permission.PUBLIC:
            return ANYBODY
        site: Site = request.app.state.site
        if self.permission is Permission.METRICS_READ and _is_this_machine(request):
            return ANYBODY
        who = await principal(request, site)
        if request.method not in SAFE and who.session is not None:
            await refuse_foreign_form(request, site, who.session.token_hash)
        if not who.viewer.may(self.permission):
            raise Forbidden
        return who


def needs(permission: Permission) -> Any:
    """What a route declares: ``who: Annotated[Principal, needs(Permission.ALERT_READ)]``."""
    return Depends(Needs(permission), use_cache=False)


def needs_of(route: APIRoute) -> list[Needs]:
    """What a route declares, dependencies of dependencies included."""
    found: list[Needs] = []
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Needs):
            found.append(dependant.call)
        waiting.extend(dependant.dependencies)
    return found


def checked(routes: Iterable[object]) -> None:
    """Refuse to start with a route that says not exactly one permission. Raises ``NotReady``."""
    for route in routes:
        path = getattr(route, "path", repr(route))
        if not isinstance(route, APIRoute):
            raise NotReady(f"route {path} declares no permission")
        declared = needs_of(route)
        if len(declared) != 1:
            methods = ",".join(sorted(route.methods or ()))
            raise NotReady(f"route {methods} {path} declares {len(declared)} permissions, not one")


def _is_this_machine(request: Request) -> bool:
    """Called on loopback by nobody's proxy."""
    host = request.client.host if request.client else ""
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return host in ("127.0.0.1", "::1") and not forwarded


async def principal(request: Request, site: Site) -> Principal:
    """Who calls, by key or by cookie; a key opens no console. Raises ``NotSignedIn``."""
    header = request.headers.get("authorization")
    if header is not None and not request.url.path.startswith("/console"):
        return await _by_key(request, site, header)
    token = request.cookies.get(site.cookie)
    if not token:
        raise NotSignedIn
    found = await by_session(request, site, credentials.token_hash(token), touch=True)
    if found is None:
        request.scope["yinuo.session_ended"] = True
        raise NotSignedIn
    return found


async def _by_key(request: Request, site: Site, header: str) -> Principal:
    scheme, _, text = header.partition(" ")
    parts = credentials.parse_api_key(text.strip()) if scheme.lower() == "bearer" else None
    if parts is None:
        raise NotSignedIn
    row = await site.road.database.read(lambda tx: users.live_key(tx, parts.id))
    if row is None or not parts.matches(row.secret_hash):
        raise NotSignedIn
    now = site.road.now()
    if row.last_used_at is None or now - row.last_used_at > SEEN_EVERY:
        await site.road.database.write(lambda tx: users.used_key(tx, parts.id))
    known = {str(permission) for permission in Permission}
    scopes = frozenset(Permission(scope) for scope in row.scopes if scope in known)
    viewer = Viewer(
        id=row.id,
        name=row.name,
        role=None,
        permissions=scopes,
        sees_all=True,
        request_id=_request_id(request),
        ip_hmac=hidden_ip(request, site),
    )
    return Principal(viewer=viewer)


async def by_session(
    request: Request, site: Site, token_hash: str, *, touch: bool
) -> Principal | None:
    """The person behind a session that is neither idle nor over; ``touch``: it is used now."""
    row = await site.road.database.read(
        lambda tx: users.session_user(tx, token_hash, idle=timedelta(minutes=30))
    )
    if row is None:
        return None
    role, now = Role(row.role), site.road.now()
    if now - row.seen_at >= idle_limit(role):
        return None
    refreshing = request.headers.get("hx-trigger", "") in REFRESHING
    if touch and not refreshing and now - row.seen_at > SEEN_EVERY:
        await site.road.database.write(lambda tx: users.saw_session(tx, row.session_id))
    language: Language = "en" if row.language == "en" else "zh"
    return Principal(
        viewer=viewer_of(request, site, row.id, row.name, role),
        session=Session(
            id=row.session_id,
            token_hash=token_hash,
            login=row.login,
            language=language,
            totp_on=row.totp_sealed is not None,
        ),
    )


def viewer_of(request: Request, site: Site, user_id: str, name: str, role: Role) -> Viewer:
    """A person as the audit chain records them."""
    made = Viewer.of_user(user_id, name, role, request_id=_request_id(request))
    return Viewer(
        id=made.id,
        name=made.name,
        role=role,
        permissions=made.permissions,
        sees_all=made.sees_all,
        request_id=made.request_id,
        ip_hmac=hidden_ip(request, site),
    )


def _request_id(request: Request) -> str:
    return str(request.scope.get("yinuo.request_id", ""))


def client_ip(request: Request) -> str:
    """The caller's address, as far as trusted proxies are believed."""
    return request.client.host if request.client else ""


def hidden_ip(request: Request, site: Site) -> str:
    """The caller's address, only comparable."""
    return site.hidden("ip", client_ip(request))[:32]


# --- forms ------------------------------------------------------------------------------------


async def refuse_foreign_form(request: Request, site: Site, bound_to: str) -> None:
    """Raises ``Forbidden`` unless the browser says it is our page and the token is this session's.

    Browsers send ``Origin: null`` with forms of a page that gives no referrer, ours among them,
    so a null origin proves nothing either way; the token then decides alone.
    """
    if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
        raise Forbidden
    origin = request.headers.get("origin")
    scheme = "https" if site.secure else request.url.scheme
    own = f"{scheme}://{request.headers.get('host', '')}"
    if origin not in (None, "null", own):
        raise Forbidden
    token, kind = request.headers.get("x-csrf-token"), media_type(request)
    if token is None and kind == "application/x-www-form-urlencoded":
        token = (await read_form(request)).get("csrf")
    elif token is None and kind == "multipart/form-data":
        with site.uploads.one(bound_to):
            token = (await read_file(request, most=LARGEST)).fields.get("csrf")
    if not credentials.csrf_ok(site.key("csrf"), bound_to, token):
        raise Forbidden


# --- sessions ---------------------------------------------------------------------------------


def open_session(
    tx: Tx, site: Site, viewer: Viewer, *, token_hash: str, agent: str, how: str
) -> None:
    """Start a session in the caller's transaction, with its link in the audit chain."""
    assert viewer.role is not None
    users.open_session(
        tx,
        token_hash=token_hash,
        user_id=viewer.id,
        lifetime=session_life(viewer.role),
        agent=agent,
        most=PARALLEL_SESSIONS,
    )
    keystore = site.road.vault.keystore
    audit.append(tx, keystore, viewer, "session.open", viewer.id, details={"how": how})


def set_session(response: Response, site: Site, token: str, role: Role) -> None:
    """Hand the browser its cookie."""
    response.set_cookie(
        site.cookie,
        token,
        max_age=int(session_life(role).total_seconds()),
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )


_AGENTS = (
    ("wxwork", "企业微信"), ("micromessenger", "微信"), ("dingtalk", "钉钉"), ("edg/", "Edge"),
    ("firefox/", "Firefox"), ("chrome/", "Chrome"), ("safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iphone", "iPhone"), ("ipad", "iPad"), ("android", "Android"), ("windows", "Windows"),
    ("mac os", "macOS"), ("linux", "Linux"),
)  # fmt: skip


def agent_name(request: Request) -> str:
    """A short name of the browser: ``Chrome · Windows``; empty for one we do not know."""
    text = request.headers.get("user-agent", "")[:400].lower()
    browser = next((name for mark, name in _AGENTS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return " · ".join(part for part in (browser, system) if part)
