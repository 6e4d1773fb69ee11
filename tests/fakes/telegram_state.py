"""What the platform remembers: people, chats, files, updates not yet taken, faults to come.

One lock guards everything; any thread may call. `change` wakes whoever waits.
"""

import itertools
import math
import random
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram_errors import ApiError

Json = dict[str, Any]

UPDATE_LIFE_S = 24 * 3600
QUERY_LIFE_S = 150  # callback queries, in the queue and for the answer
FILE_LINK_LIFE_S = 3600
DEFAULT_KINDS = frozenset(
    {"message", "edited_message", "callback_query", "my_chat_member", "inline_query"}
    | {"channel_post", "edited_channel_post", "business_connection", "business_message"}
    | {"edited_business_message", "deleted_business_messages", "poll", "poll_answer"}
)


@dataclass(slots=True)
class Account:
    """One person on the platform."""

    id: int
    first_name: str
    username: str | None = None
    last_name: str | None = None
    language_code: str | None = "zh-hans"
    started: bool = False
    blocked: bool = False
    deactivated: bool = False

    def as_user(self) -> Json:
        body: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        body |= {"last_name": self.last_name} if self.last_name else {}
        body |= {"username": self.username} if self.username else {}
        return body | ({"language_code": self.language_code} if self.language_code else {})

    def as_chat(self) -> Json:
        chat = self.as_user() | {"type": "private"}
        return {key: value for key, value in chat.items() if key not in {"is_bot", "language_code"}}


@dataclass(slots=True)
class Message:
    """A message as the Bot API shows it, and whose it is."""

    body: Json
    incoming: bool  # from the person to the bot
    edited: bool = False


@dataclass(slots=True)
class Update:
    """One update waiting for the bot; `copies` > 1 is delivered again after it was acknowledged."""

    id: int
    body: Json
    queue: Hashable
    expires_at: float
    copies: int = 1
    delay_s: int = 1
    failures: int = 0


@dataclass(slots=True)
class Query:
    """One press of a button and the bot's answer to it."""

    id: str
    user_id: int
    message_id: int
    asked_at: float
    answered: bool = False
    text: str = ""
    alert: bool = False


@dataclass(slots=True)
class StoredFile:
    """Bytes behind a file_id."""

    id: str
    unique_id: str
    data: bytes
    name: str
    mime_type: str
    path: str | None = None
    link_until: float = 0.0
    on_disk: str = ""  # a server of one's own in --local mode says where it lies instead


@dataclass(slots=True)
class Webhook:
    """Where updates are pushed, with the last thing that went wrong there."""

    url: str
    secret: str | None = None
    max_connections: int = 40
    gone_since: float | None = None
    last_error_at: int | None = None
    last_error: str | None = None


@dataclass(slots=True)
class Connection:
    """An account whose owner let the bot into their own `chats`, by the other person's id."""

    id: str
    owner: Account
    date: int
    rights: tuple[str, ...]
    enabled: bool = True
    kept_out: set[int] = field(default_factory=set)
    chats: dict[int, dict[int, Message]] = field(default_factory=dict)
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def body(self) -> Json:
        """As `business_connection` and getBusinessConnection show it; off, it has no rights."""
        shown = {
            "id": self.id,
            "user": self.owner.as_user(),
            "user_chat_id": self.owner.id,
            "date": self.date,
            "is_enabled": self.enabled,
        }
        if not self.enabled:
            return shown
        return shown | {"rights": dict.fromkeys(self.rights, True)}


@dataclass(slots=True)
class Call:
    """One call of the bot: lower-case method, decoded parameters, time, HTTP status once answered.

    Status 0 means the connection was closed without an answer.
    """

    method: str
    params: Json
    at: float
    status: int | None = None
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Bucket:
    """Tokens that refill at `rate` per second up to `size`."""

    rate: float
    size: float
    tokens: float
    at: float

    def wait_s(self, now: float) -> float:
        """Take a token and return 0, or take none and return the seconds until there is one."""
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


@dataclass(slots=True)
class State:
    """The whole platform behind one bot token."""

    token: str
    me: Json
    clock: Callable[[], float]
    pace: Callable[[], float]
    limits: bool
    burst: int = 5
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[int, Account] = field(default_factory=dict)
    chats: dict[int, dict[int, Message]] = field(default_factory=dict)
    keyboards: dict[int, list[list[Json]]] = field(default_factory=dict)
    typing: dict[int, float] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)
    delivered: dict[int, Update] = field(default_factory=dict)
    held: bool = False
    duplicates: int = 0
    queries: dict[str, Query] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    webhook: Webhook | None = None
    allowed: frozenset[str] = DEFAULT_KINDS
    commands: list[Json] = field(default_factory=list)
    connections: dict[str, Connection] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    poll: int = 0
    revision: int = 0
    next_update_id: int = 1000
    listeners: list[Callable[[], None]] = field(default_factory=list)
    buckets: dict[int, Bucket] = field(default_factory=dict)
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    changed: threading.Condition = field(init=False)

    def __post_init__(self) -> None:
        self.changed = threading.Condition(self.lock)

    def change(self) -> None:
        """Tell every waiter that something is different."""
        with self.lock:
            self.revision += 1
            self.changed.notify_all()
            for listener in self.listeners:
                listener()

    def now(self) -> int:
        """Unix time in whole seconds on the platform's clock."""
        return int(self.clock())

    def chat(self, chat_id: int) -> Account:
        """The person a bot may write to; raises the errors the real server gives."""
        account = self.accounts.get(chat_id)
        if account is None:
            raise ApiError(400, "Bad Request: chat not found")
        if account.deactivated:
            raise ApiError(403, "Forbidden: user is deactivated")
        if account.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if not account.started:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return account

    def spend(self, chat_id: int) -> None:
        """Count one message against the flood limits: 1/s per chat after a burst, 30/s in all."""
        if not self.limits:
            return
        now = self.pace()
        for key, rate, size in ((chat_id, 1.0, float(self.burst)), (0, 30.0, 30.0)):
            bucket = self.buckets.setdefault(key, Bucket(rate, size, size, now))
            wait = bucket.wait_s(now)
            if wait > 0:
                seconds = max(1, math.ceil(wait))
                raise ApiError(
                    429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds}
                )

    def put(self, chat_id: int, body: Json, *, incoming: bool) -> Json:
        """Store a message under the next id and return it whole."""
        account = self.accounts[chat_id]
        whole = {
            "message_id": next(self.ids),
            "from": account.as_user() if incoming else self.as_bot(),
            "chat": account.as_chat(),
            "date": self.now(),
            **body,
        }
        self.chats.setdefault(chat_id, {})[whole["message_id"]] = Message(whole, incoming)
        self.typing.pop(chat_id, None)
        self.change()
        return whole

    def as_bot(self) -> Json:
        return {key: self.me[key] for key in ("id", "is_bot", "first_name", "username")}

    def keep(self, data: bytes, name: str, mime_type: str) -> StoredFile:
        """Store bytes under a new file_id."""
        number = len(self.files) + 1
        unique = f"AgAD{number:012d}"
        file = StoredFile(
            f"BQACAgIAAxk{unique}{random.getrandbits(64):016x}", unique, data, name, mime_type
        )
        self.files[file.id] = file
        return file

    def enqueue(
        self, kind: str, payload: Json, queue: Hashable, life_s: float = UPDATE_LIFE_S
    ) -> int | None:
        """Queue one update of a kind the bot asked for; returns its id, None when not asked for."""
        with self.lock:
            if kind not in self.allowed:
                return None
            return self.add({kind: payload}, queue, life_s)

    def add(self, body: Json, queue: Hashable, life_s: float = UPDATE_LIFE_S) -> int:
        """Queue a body as it is; an update_id in it is kept."""
        with self.lock:
            if "update_id" not in body:
                body = {"update_id": self.next_update_id, **body}
                self.next_update_id += 1
            copies = 1
            if self.duplicates:
                self.duplicates, copies = self.duplicates - 1, 2
            update = Update(body["update_id"], body, queue, self.clock() + life_s, copies)
            self.updates.append(update)
            self.change()
            return update.id

    def head(self, queue: Hashable) -> Update | None:
        """The next update of one queue; None while held. Expired ones are forgotten."""
        with self.lock:
            self._expire()
            if self.held:
                return None
            return next((update for update in self.updates if update.queue == queue), None)

    def waiting(self) -> list[Hashable]:
        """Queues that have something to deliver, oldest first."""
        with self.lock:
            self._expire()
            return [] if self.held else list(dict.fromkeys(u.queue for u in self.updates))

    def batch(self, limit: int) -> list[Json]:
        """Updates for getUpdates, by id."""
        with self.lock:
            self._expire()
            ready = [] if self.held else sorted(self.updates, key=lambda update: update.id)
            return [update.body for update in ready[:limit]]

    def taken(self, update: Update) -> None:
        """The bot acknowledged this update."""
        with self.lock:
            update.copies -= 1
            if update.copies <= 0 and update in self.updates:
                self.updates.remove(update)
                self.delivered[update.id] = update
            self.change()

    def forget(self, update: Update) -> None:
        """Give up on an update that can no longer be delivered."""
        with self.lock:
            if update in self.updates:
                self.updates.remove(update)
                self.change()

    def _expire(self) -> None:
        now = self.clock()
        self.updates[:] = [update for update in self.updates if update.expires_at >= now]
