"""The pages a browser signs in on: inside of the client, and in any other browser.

One address stands for open.weixin.qq.com and login.work.weixin.qq.com. Whoever sits at the browser
confirms at once and is sent back with a code; with nobody there it is a page with a QR code.
"""

import re
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.fakes.wecom_state import Call, State

INSIDE = "connect/oauth2/authorize"
DESKTOP = "wwlogin/sso/login"
#: What each page insists on, besides appid, redirect_uri and state.
WANTED = {
    INSIDE: {"response_type": "code", "scope": "snsapi_base"},
    DESKTOP: {"login_type": "CorpApp"},
}
_STATE = re.compile(r"[a-zA-Z0-9]{0,128}")


class Pages:
    """Both pages for one corp."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [Route(f"/{path}", self.page, methods=["GET"]) for path in WANTED]

    async def page(self, request: Request) -> Response:
        path, query = request.url.path.removeprefix("/"), dict(request.query_params)
        record = Call(path, "GET", query, {}, b"", self._state.clock())
        with self._state.lock:
            self._state.calls.append(record)
            response = self._answer(path, query)
        record.status = response.status_code
        self._state.change()
        return response

    def _answer(self, path: str, query: dict[str, str]) -> Response:
        state, uri = self._state, query.get("redirect_uri", "")
        agentid = query.get("agentid", "")
        known = agentid.isdecimal() and int(agentid) in state.apps
        if query.get("appid") != state.corpid or not known:
            return HTMLResponse("<p>参数错误：appid 或 agentid</p>", 400)
        trusted = state.trusted_domains
        if not uri or (trusted is not None and urlsplit(uri).netloc not in trusted):
            return HTMLResponse("<p>redirect_uri 与配置的授权完成回调域名不一致（50001）</p>", 400)
        if any(query.get(name) != value for name, value in WANTED[path].items()):
            return HTMLResponse("<p>参数错误</p>", 400)
        if not _STATE.fullmatch(query.get("state", "")):
            return HTMLResponse("<p>参数错误：state</p>", 400)
        if state.browser is None:
            return HTMLResponse("<!doctype html><title>企业微信登录</title><p>请用企业微信扫码</p>")
        answer = {"code": state.browser(), "state": query.get("state", "")}
        return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}", 302)
