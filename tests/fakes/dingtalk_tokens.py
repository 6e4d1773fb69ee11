"""Access tokens of both hosts: one at a time, renewed while it lives, checked on every call."""

from dataclasses import dataclass

from tests.fakes.dingtalk_endpoint import Ask, Endpoint, Host, free
from tests.fakes.dingtalk_errors import Json, OapiError, bad, ok, token_refused
from tests.fakes.dingtalk_state import State

LIFE_S = 7200


@dataclass(slots=True)
class Token:
    """One issued token."""

    value: str
    host: Host
    until: float
    revoked: bool = False


class Tokens:
    """The tokens of one app."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._issued: dict[str, Token] = {}

    def endpoints(self) -> list[Endpoint]:
        return [
            free("POST", "/v1.0/oauth2/accessToken", self.v1),
            free("POST", "/v1.0/oauth2/{corpId}/token", self.newer),
            free("GET", "/gettoken", self.old),
        ]

    def v1(self, ask: Ask) -> Json:
        self._check(ask.text("appKey"), ask.text("appSecret"))
        return {"accessToken": self._issue("api").value, "expireIn": LIFE_S}

    def newer(self, ask: Ask) -> Json:
        if ask.text("grant_type") != "client_credentials":
            raise bad("invalidParameter.grantType", "不支持的grant_type")
        self._check(ask.text("client_id"), ask.text("client_secret"))
        if ask.path["corpId"] != self._state.app.corp_id:
            raise bad("invalidParameter.corpId", "无效的corpId")
        return {"access_token": self._issue("api").value, "expires_in": LIFE_S}

    def old(self, ask: Ask) -> Json:
        pair = (ask.query.get("appkey"), ask.query.get("appsecret"))
        if pair != (self._state.app.client_id, self._state.app.client_secret):
            raise OapiError(40096, "不合法的appKey或appSecret")
        return ok(access_token=self._issue("oapi").value, expires_in=LIFE_S)

    def _check(self, client_id: str, client_secret: str) -> None:
        if (client_id, client_secret) != (self._state.app.client_id, self._state.app.client_secret):
            raise bad("invalidClientIdOrSecret", "无效的clientId或者clientSecret")

    def _issue(self, host: Host) -> Token:
        """The token that still lives, for another 7200 s, or a new one."""
        token = next((t for t in self._issued.values() if t.host == host and self._lives(t)), None)
        if token is None:
            token = Token(self._state.fresh(f"{host}-token-"), host, 0.0)
            self._issued[token.value] = token
        token.until = self._state.clock() + LIFE_S
        return token

    def _lives(self, token: Token) -> bool:
        return not token.revoked and self._state.clock() < token.until

    def check(self, host: Host, value: str) -> None:
        """Let a call in; raises what its host says to a token that is wrong, foreign or old."""
        token = self._issued.get(value)
        if token is None or token.revoked:
            raise token_refused(host)
        if token.host != host and not self._state.unconfirmed.tokens_interchange:
            raise token_refused(host)
        if not self._lives(token):
            raise token_refused(host, expired=True)

    def revoke(self) -> None:
        """Nothing issued so far is good any more."""
        for token in self._issued.values():
            token.revoked = True
