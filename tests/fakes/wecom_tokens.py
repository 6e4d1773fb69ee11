"""Access tokens: one for each app, by corpid and secret."""

from tests.fakes.wecom_doubts import HOUR_S
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_request import Asked, Endpoint
from tests.fakes.wecom_state import App, State, Token, opaque


def gettoken(state: State, asked: Asked) -> Json:
    corpid, secret = asked.query.get("corpid"), asked.query.get("corpsecret")
    if not secret:
        raise ApiError(41004)
    if not corpid:
        raise ApiError(41002)
    doubts = state.doubts
    wrong = ("wrong secret", asked.ip), (doubts.wrong_secrets_per_hour, HOUR_S)
    if not state.meters.room(*wrong):
        raise ApiError(45009, "too many wrong secrets")
    if corpid != state.corpid:
        raise ApiError(40013)
    app = next((app for app in state.apps.values() if app.secret == secret), None)
    if app is None:
        state.meters.take(*wrong)
        raise ApiError(40001, "wrong secret")
    if not state.meters.take(("gettoken", app.agentid), (doubts.gettoken_per_hour, HOUR_S)):
        raise ApiError(45009, "too many tokens")
    return _answer(state, _issue(state, app))


def _answer(state: State, token: Token) -> Json:
    left = int(token.expires_at - state.clock())
    return {"errcode": 0, "errmsg": "ok", "access_token": token.value, "expires_in": left}


def _issue(state: State, app: App) -> Token:
    now = state.clock()
    alive = [
        token
        for token in state.tokens.values()
        if token.agentid == app.agentid and not token.revoked and token.expires_at - now >= 1
    ]
    if alive and state.doubts.same_token_on_repeat:
        return alive[-1]
    if state.doubts.new_token_kills_old:
        for token in alive:
            token.revoked = True
    fresh = Token(opaque() + opaque(), app.agentid, now + app.token_life_s)
    state.tokens[fresh.value] = fresh
    return fresh


def caller(state: State, asked: Asked) -> App:
    """The app a request comes from. The token counts in the query string and nowhere else."""
    value = asked.query.get("access_token")
    if not value:
        raise ApiError(41001)
    token = state.tokens.get(value)
    if token is None or token.revoked:
        raise ApiError(40014)
    if state.clock() >= token.expires_at:
        raise ApiError(42001)
    app = state.apps[token.agentid]
    if app.disabled:
        raise ApiError(50003)
    if app.trusted_ips is not None and asked.ip not in app.trusted_ips:
        raise ApiError(60020, asked.ip)
    return app


def getcallbackip(state: State, asked: Asked) -> Json:
    return {"ip_list": ["127.0.0.1", "101.226.103.*"]}


ENDPOINTS = {
    "gettoken": Endpoint(gettoken, ("GET",), token=False),
    "getcallbackip": Endpoint(getcallbackip, ("GET",), empty={"ip_list": []}),
}
