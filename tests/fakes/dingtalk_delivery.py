"""What the platform has to tell the app: messages, events and presses, one delivery each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

BOT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
Status = Literal["waiting", "sent", "taken", "failed", "late", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """What came back on a socket for one frame; `data` is decoded where it was JSON."""

    message_id: str
    connection_id: str
    code: int
    message: str
    data: Any
    at: float
    raw: str


@dataclass(slots=True, kw_only=True)
class Push:
    """One HTTP call of the platform to the app; status 0 means nobody answered."""

    url: str
    headers: dict[str, str]
    body: bytes
    at: float
    status: int | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The app's answer: an ack code or HTTP status, and its decoded body."""

    code: int
    data: Any


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One thing to tell the app.

    `settle` reads the answer and says whether it counts; None is no answer in time. `pack` makes
    the HTTP call where the receiver is a URL; without it the stream carries the delivery.
    """

    id: str  # messageId of the frame
    key: str  # msgId, eventId or id of the press: the same when it comes again
    kind: Literal["CALLBACK", "EVENT"]
    topic: str
    data: Json
    settle: Callable[[Outcome | None], bool]
    pack: Callable[[], Push] | None = None
    headers: Json = field(default_factory=dict)
    retry_s: float | None = None
    attempts_left: int = 1
    give_up_s: float | None = None  # an answer later than this is not read
    copies: int = 1
    due: float = 0.0
    sent_at: float = 0.0
    status: Status = "waiting"
    connection_id: str = ""
    sends: int = 0
