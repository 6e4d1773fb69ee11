"""Signing in: tokens for the app, codes for people, and what a code is worth.

The page, the token endpoint of OAuth v2 and v3, the older one, and who it was. A code lives five
minutes and is good once. People of other tenants cannot sign in.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from tests.fakes.feishu_errors import ApiError, Json, ok, refused
from tests.fakes.feishu_request import Asked, Endpoint
from tests.fakes.feishu_state import Person, State
from tests.fakes.feishu_tokens import LIFE_S

CODE_LIFE_S = 300
PAGE = "<!doctype html><title>飞书登录</title><p>请使用飞书扫码登录</p>"


@dataclass(slots=True)
class Code:
    """A code on its way back to the app."""

    value: str
    open_id: str
    redirect_uri: str
    challenge: str
    at: float
    used: bool = False


@dataclass(slots=True)
class Login:
    """The login endpoints; `browser` is who confirms on the page, None shows a QR code."""

    state: State
    redirect_uris: set[str] | None = None  # registered in the console; None: any
    browser: Person | None = None
    codes: dict[str, Code] = field(default_factory=dict)

    def endpoints(self) -> list[Endpoint]:
        v3, v1 = "/open-apis/auth/v3", "/open-apis/authen/v1"
        addresses: list[tuple[str, str, str, Any]] = [
            ("token", "POST", f"{v3}/tenant_access_token/internal", self.tenant_token),
            ("app_token", "POST", f"{v3}/app_access_token/internal", self.app_token),
            ("authorize", "GET", f"{v1}/authorize", self.authorize),
            ("login", "POST", "/open-apis/authen/v2/oauth/token", self.exchange),
            ("login", "POST", "/oauth/v3/token", self.exchange_strictly),
        ]
        listed = [
            Endpoint(name=name, verb=verb, path=path, answer=answer, token="none")
            for name, verb, path, answer in addresses
        ]
        return [
            *listed,
            Endpoint(
                name="login",
                verb="POST",
                path=f"{v1}/oidc/access_token",
                answer=self.exchange_old,
                token="app",
            ),
            Endpoint(
                name="user_info", verb="GET", path=f"{v1}/user_info", answer=self.who, token="user"
            ),
        ]

    # The app

    def tenant_token(self, asked: Asked) -> Json:
        self._app(asked)
        token, left = self.state.tokens.current("tenant")
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": left}

    def app_token(self, asked: Asked) -> Json:
        self._app(asked)
        token, left = self.state.tokens.current("app")
        tenant, _ = self.state.tokens.current("tenant")
        both = {"app_access_token": token, "tenant_access_token": tenant}
        return {"code": 0, "msg": "ok", "expire": left, **both}

    def _app(self, asked: Asked) -> None:
        app, status = self.state.app, self.state.unconfirmed.token_error_status
        if asked.body.get("app_id") != app.app_id:
            raise refused(10003, status=status)
        if asked.body.get("app_secret") != app.secret:
            raise refused(10014, status=status)

    # People

    def authorize(self, asked: Asked) -> Response:
        """The page: whoever sits at the browser confirms at once and is sent back."""
        query = asked.query
        uri = query.get("redirect_uri", "")
        if query.get("client_id", query.get("app_id")) != self.state.app.app_id:
            return HTMLResponse("<p>20048: app not found</p>", status_code=400)
        if not uri or (self.redirect_uris is not None and uri not in self.redirect_uris):
            return HTMLResponse("<p>20029: redirect_uri is invalid</p>", status_code=400)
        if self.browser is None:
            return HTMLResponse(PAGE)
        state = query.get("state", "")
        code = self.grant(self.browser, uri, query.get("code_challenge", ""))
        answer = {"code": code} | ({"state": state} if state else {})
        return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}", 302)

    def grant(self, person: Person, redirect_uri: str = "", challenge: str = "") -> str:
        """A code as the page hands it out; PermissionError for people of other tenants."""
        if person.external or not person.available:
            raise PermissionError("this person cannot sign in to the app")
        with self.state.lock:
            value = self.state.fresh("")
            now = self.state.clock()
            self.codes[value] = Code(value, person.open_id, redirect_uri, challenge, now)
            return value

    def exchange(self, asked: Asked) -> Json:
        """OAuth v2: a code_verifier nobody asked for is ignored."""
        return self._exchange(asked, strict=False)

    def exchange_strictly(self, asked: Asked) -> Json:
        """OAuth v3: a code_verifier without a challenge is refused."""
        return self._exchange(asked, strict=True)

    def _exchange(self, asked: Asked, *, strict: bool) -> Json:
        body, app = asked.body, self.state.app
        if body.get("grant_type") != "authorization_code":
            raise _denied(20036, "unsupported_grant_type", "grant_type is not supported")
        if body.get("client_id") != app.app_id:
            raise _denied(20048, "invalid_client", "the app does not exist")
        if body.get("client_secret") != app.secret:
            raise _denied(20002, "invalid_client", "the client secret is invalid")
        code = self._code(body.get("code"))
        if code.redirect_uri and body.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            raise _denied(20071, "invalid_grant", "redirect_uri does not match")
        verifier = str(body.get("code_verifier", ""))
        unasked = strict and verifier and not code.challenge
        if unasked or (code.challenge and not _proves(verifier, code.challenge)):
            raise _denied(20049, "invalid_grant", "PKCE verification failed")
        return {"code": 0, "scope": "", **self._spend(code)}

    def exchange_old(self, asked: Asked) -> Json:
        """The endpoint of before OAuth: the app's token stands for id and secret."""
        if asked.body.get("grant_type") != "authorization_code":
            raise refused(20036)
        try:
            code = self._code(asked.body.get("code"))
        except ApiError as error:
            raise refused(error.code) from None
        return ok({"scope": "", **self._spend(code)})

    def _code(self, value: Any) -> Code:
        code = self.codes.get(str(value))
        if code is None:
            raise _denied(20003, "invalid_grant", "the code is invalid")
        if code.used:
            raise _denied(20065, "invalid_grant", "the code has been used")
        if self.state.clock() - code.at > CODE_LIFE_S:
            raise _denied(20004, "invalid_grant", "the code is expired")
        if self.state.people[code.open_id].resigned:
            raise _denied(20066, "invalid_grant", "the user's status is invalid")
        return code

    def _spend(self, code: Code) -> Json:
        code.used = True
        token = self.state.tokens.issue("user", code.open_id)
        return {"access_token": token.value, "expires_in": LIFE_S, "token_type": "Bearer"}

    def who(self, asked: Asked) -> Json:
        """Name and ids; phone, address and user_id only with their scopes."""
        person, app = asked.person, self.state.app
        assert person is not None
        info: Json = {
            "name": person.name,
            "en_name": person.name,
            "avatar_url": "",
            "open_id": person.open_id,
            "union_id": person.union_id,
            "tenant_key": person.tenant_key,
        }
        for scope, key, value in (
            ("contact:user.employee_id:readonly", "user_id", person.user_id),
            ("contact:user.phone:readonly", "mobile", person.dialled),
            ("contact:user.email:readonly", "email", person.email),
        ):
            if app.granted(scope):
                info[key] = value
        return ok(info)


def _proves(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge


def _denied(code: int, error: str, description: str) -> ApiError:
    """A refusal in the words of OAuth."""
    whole = {"code": code, "error": error, "error_description": description}
    return ApiError(code, description, whole=whole)
