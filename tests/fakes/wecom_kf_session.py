"""One customer's conversation with one kf account: its state, its quota, its one-time codes."""

import secrets
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.wecom_doubts import KF_WINDOW_S, Doubts
from tests.fakes.wecom_errors import ApiError, Json

NEW, BOT, POOL, HUMAN, ENDED = range(5)
MOVES = {(NEW, BOT), (NEW, POOL), (NEW, HUMAN), (BOT, POOL), (BOT, HUMAN), (POOL, HUMAN)}
MOVES |= {(HUMAN, HUMAN), (HUMAN, ENDED)}
QUOTA = 5
WELCOME_LIFE_S = 20

Kind = Literal["welcome", "pool", "servicer", "ended"]
LIVES_S: dict[Kind, float] = {
    "welcome": WELCOME_LIFE_S,
    "pool": KF_WINDOW_S,
    "servicer": KF_WINDOW_S,
    "ended": 20,
}
TYPES: dict[Kind, set[str]] = {
    "welcome": {"text", "msgmenu"},
    "pool": {"text"},
    "servicer": {"text"},
    "ended": {"text", "msgmenu"},
}
STATES: dict[Kind, int] = {"pool": POOL, "servicer": HUMAN, "ended": ENDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenByCustomer:
    """One message as the customer sees it. `by`: "api", "code" (send_msg_on_event), "servicer"."""

    msgid: str
    msgtype: str
    content: Json
    by: Literal["api", "code", "servicer"]
    at: float
    servicer: str = ""

    @property
    def text(self) -> str:
        """The words: of a text, or of a menu line by line."""
        if self.msgtype != "msgmenu":
            return str(self.content.get("content", ""))
        lines = [self.content.get("head_content", ""), *self.labels]
        return "\n".join(line for line in [*lines, self.content.get("tail_content", "")] if line)

    @property
    def labels(self) -> list[str]:
        """Lines of a menu."""
        return [str(item[item["type"]]["content"]) for item in self.content.get("list", [])]


@dataclass(slots=True)
class Code:
    """A code for one message with send_msg_on_event."""

    kind: Kind
    open_kfid: str
    external_userid: str
    expires_at: float
    used: bool = False
    value: str = field(default_factory=lambda: secrets.token_urlsafe(24))


@dataclass(slots=True)
class Session:
    """State and quota; `wrote_at` is when the customer last wrote."""

    open_kfid: str
    external_userid: str
    state: int = ENDED
    servicer: str = ""
    wrote_at: float | None = None
    ends_at: float = 0.0
    sent: int = 0
    welcomed_at: float | None = None
    seen: list[SeenByCustomer] = field(default_factory=list)

    def expire(self, now: float) -> None:
        """A session ends by itself 48 hours after the customer's last word, or its reopening."""
        if self.state != ENDED and now > self.ends_at:
            self.state, self.servicer = ENDED, ""

    def reopen(self, servicer: str, now: float) -> None:
        """A servicer takes up an ended session in the client."""
        self.state, self.servicer, self.ends_at = HUMAN, servicer, now + KF_WINDOW_S

    def late(self, now: float) -> bool:
        """Whether the customer wrote, but more than 48 hours ago."""
        return self.wrote_at is not None and now - self.wrote_at > KF_WINDOW_S

    def hear(self, now: float, servicer: str | None, *, refill: bool) -> None:
        """The customer writes; a `servicer` takes a session that begins, None leaves it new."""
        self.expire(now)
        began = self.state == ENDED
        if began:
            self.state, self.servicer = (HUMAN, servicer) if servicer else (NEW, "")
        self.wrote_at, self.ends_at = now, now + KF_WINDOW_S
        if refill or began:
            self.sent = 0

    def spend(self, now: float, doubts: Doubts) -> None:
        """Count one message of the API against state, 48 hours and quota."""
        self.expire(now)
        if self.late(now):
            raise ApiError(doubts.after_48_hours_errcode, "48 hours")
        if self.state in {POOL, HUMAN}:
            raise ApiError(95018, f"state {self.state}")
        if self.state == ENDED:
            raise ApiError(doubts.ended_errcode, "state 4")
        if self.sent >= QUOTA:
            raise ApiError(95001, f"{QUOTA} messages")
        self.sent += 1
        self.state = BOT

    def move(self, state: int, servicer: str, now: float, doubts: Doubts) -> Code | None:
        """Change the state as the API may; the code for the one message that goes with it."""
        self.expire(now)
        if (self.state, state) not in MOVES | doubts.extra_moves:
            ended = self.state == ENDED
            code = doubts.move_from_ended_errcode if ended else 95016
            raise ApiError(code, f"{self.state} to {state}")
        if state == HUMAN and self.state == HUMAN and servicer == self.servicer:
            raise ApiError(95016, "the same servicer")
        self.state, self.servicer = state, servicer
        kinds: dict[int, Kind] = {POOL: "pool", HUMAN: "servicer", ENDED: "ended"}
        return self.code(kinds[state], now) if state in kinds else None

    def code(self, kind: Kind, now: float) -> Code:
        return Code(kind, self.open_kfid, self.external_userid, now + LIVES_S[kind])

    def welcomes(self, now: float, doubts: Doubts) -> bool:
        """Whether entering the chat brings a welcome code."""
        if self.welcomed_at is not None and now - self.welcomed_at <= KF_WINDOW_S:
            return False
        if self.wrote_at is None:
            return True
        return not doubts.ever_written_blocks_welcome and self.late(now)
