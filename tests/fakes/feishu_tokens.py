"""Access tokens of the app and of people: two hours long, renewed in the last half hour."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.feishu_errors import refused

Kind = Literal["tenant", "app", "user"]

LIFE_S = 7200
RENEW_S = 1800
PREFIX: dict[Kind, str] = {"tenant": "t-", "app": "a-", "user": "u-"}


@dataclass(frozen=True, slots=True)
class Token:
    """What a token opens, and until when (platform clock, Unix seconds)."""

    value: str
    kind: Kind
    expires_at: float
    open_id: str = ""


@dataclass(slots=True)
class Tokens:
    """Every token ever given out that was not revoked."""

    clock: Callable[[], float]
    random: random.Random
    issued: dict[str, Token] = field(default_factory=dict)

    def current(self, kind: Kind) -> tuple[str, int]:
        """The app's token with its seconds left: the same one until 30 minutes before its end."""
        mine = [token for token in self.issued.values() if token.kind == kind]
        left = mine[-1].expires_at - self.clock() if mine else 0.0
        if left < RENEW_S:
            return self.issue(kind).value, LIFE_S
        return mine[-1].value, int(left)

    def issue(self, kind: Kind, open_id: str = "") -> Token:
        value = f"{PREFIX[kind]}{self.random.getrandbits(160):040x}"
        token = Token(value, kind, self.clock() + LIFE_S, open_id)
        self.issued[value] = token
        return token

    def check(self, authorization: str, *kinds: Kind) -> Token:
        """The token of an Authorization header, if it is of one of these kinds and alive."""
        scheme, _, value = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not value:
            raise refused(99991661)
        if not value.startswith(tuple(PREFIX.values())):
            raise refused(99991671)
        token = self.issued.get(value)
        if token is None or token.kind not in kinds or token.expires_at <= self.clock():
            raise refused(99991668 if "user" in kinds else 99991663)
        return token

    def revoke(self) -> None:
        """Make every token invalid, as the platform does in an incident or a new secret."""
        self.issued.clear()
