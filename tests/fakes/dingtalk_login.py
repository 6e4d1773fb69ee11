"""Signing in over OAuth: the page, what its code is worth, and who it was.

The page names a person of any organisation; whether they are a member the directory says. It hands
out ``authCode``, good once and for five minutes.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from tests.fakes.dingtalk_endpoint import Ask, Endpoint, free
from tests.fakes.dingtalk_errors import Json, V1Error, bad, scope_refused
from tests.fakes.dingtalk_state import Person, State

CODE_LIFE_S = 300
TOKEN_LIFE_S = 7200
READ = "Contact.User.Read"
TOKEN_HEADER = "x-acs-dingtalk-access-token"


@dataclass(slots=True)
class Code:
    """A code on its way back to the app."""

    union_id: str
    until: float


@dataclass(slots=True)
class Login:
    """`browser` is who confirms on the page; None shows a QR code."""

    state: State
    redirect_uris: set[str] | None = None  # registered in the console; None: any
    browser: Person | None = None
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Code] = field(default_factory=dict)

    def endpoints(self) -> list[Endpoint]:
        return [
            free("GET", "/oauth2/auth", self.page),
            free("POST", "/v1.0/oauth2/userAccessToken", self.exchange),
            free("GET", "/v1.0/contact/users/{unionId}", self.who),
        ]

    def page(self, ask: Ask) -> Response:
        """Whoever sits at the browser is sent back, or `error` if the app asked wrongly."""
        query = ask.query
        uri = query.get("redirect_uri", "")
        if query.get("client_id") != self.state.app.client_id:
            return HTMLResponse("<p>应用不存在</p>", 400)
        if not uri or (self.redirect_uris is not None and uri not in self.redirect_uris):
            return HTMLResponse("<p>回调地址未登记</p>", 400)
        scopes = query.get("scope", "").split(" ")
        if query.get("response_type") != "code" or "openid" not in scopes:
            return HTMLResponse("<p>参数错误</p>", 400)
        if query.get("prompt") != "consent":
            return HTMLResponse("<p>参数错误：prompt</p>", 400)
        if self.browser is None:
            return HTMLResponse("<!doctype html><title>钉钉登录</title><p>请用钉钉扫码</p>")
        answer = {"authCode": self.grant(self.browser)}
        if "state" in query:
            answer["state"] = query["state"]
        return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}", 302)

    def grant(self, person: Person) -> str:
        """A code as the page hands it out."""
        code = self.state.fresh("auth")
        self.codes[code] = Code(person.union_id, self.state.clock() + CODE_LIFE_S)
        return code

    def exchange(self, ask: Ask) -> Json:
        app = self.state.app
        if (ask.text("clientId"), ask.text("clientSecret")) != (app.client_id, app.client_secret):
            raise bad("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        if ask.text("grantType") != "authorization_code":
            raise bad("invalidParameter.grantType", "不支持的grantType")
        code = self.codes.pop(ask.text("code"), None)
        if code is None or self.state.clock() >= code.until:
            raise bad("invalidParameter.authCode.notFound", "不合法的临时授权码")
        token = self.state.fresh("user-token-")
        self.tokens[token] = Code(code.union_id, self.state.clock() + TOKEN_LIFE_S)
        return {"accessToken": token, "refreshToken": self.state.fresh("r"), "expireIn": 7200}

    def who(self, ask: Ask) -> Json:
        """`me` alone: whose token it is."""
        token = self.tokens.get(ask.headers.get(TOKEN_HEADER, ""))
        if token is None or self.state.clock() >= token.until:
            raise bad("InvalidAuthentication", "不合法的access_token")
        if READ in self.state.withheld:
            raise scope_refused("api", READ)
        if ask.path["unionId"] != "me":
            raise V1Error(404, "userNotExist", "用户不存在")
        person = self.state.people[token.union_id]
        return {"nick": person.name, "unionId": person.union_id, "openId": f"o{person.union_id}"}
