"""What the platform remembers of one app, people, groups, messages and every request made of it.

One lock guards everything; any thread may call. `change` wakes whoever waits.
"""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes import standin
from tests.fakes.feishu_rates import Rates
from tests.fakes.feishu_tokens import Tokens
from tests.fakes.feishu_unconfirmed import Unconfirmed

Json = dict[str, Any]
Mode = Literal["socket", "webhook", "none"]

UUID_LIFE_S = 3600

#: All an app of ours may ask for, except the sensitive `im:message.group_msg`.
SCOPES = frozenset(
    {
        "im:message",
        "im:message:send_as_bot",
        "im:message.p2p_msg:readonly",
        "im:message.group_at_msg:readonly",
        "im:resource",
        "im:chat:readonly",
        "contact:user.id:readonly",
        "contact:user.base:readonly",
        "contact:user.employee_id:readonly",
        "contact:user.phone:readonly",
        "contact:user.email:readonly",
    }
)


@dataclass(slots=True)
class App:
    """The self-built app and its robot, as the console shows them."""

    app_id: str
    secret: str
    name: str
    tenant_key: str
    open_id: str
    verification_token: str
    encrypt_key: str
    published: bool = True
    bot: bool = True
    external_sharing: bool = True
    scopes: frozenset[str] = SCOPES
    events: Mode = "socket"
    callbacks: Mode = "socket"
    event_url: str = ""
    callback_url: str = ""
    subscribed: frozenset[str] | None = None  # event types; None: all there are

    @property
    def active(self) -> bool:
        """Nothing takes effect before a version with the bot ability is published."""
        return self.published and self.bot

    def granted(self, *scopes: str) -> bool:
        """Whether any one of these scopes was granted."""
        return not self.scopes.isdisjoint(scopes)


@dataclass(slots=True)
class Person:
    """Somebody with an account; `user_id` is empty for people of other tenants."""

    open_id: str
    union_id: str
    user_id: str
    name: str
    tenant_key: str
    chat_id: str  # of the one-to-one chat with the robot
    mobile: str = ""
    email: str = ""  # a contact address the administrator entered
    mailbox: str = ""  # a mailbox of the company: not a key to look people up by
    available: bool = True  # inside the app's availability scope
    met: bool = False  # whether the one-to-one chat exists
    refuses: int | None = None  # the code sending to this person is refused with
    resigned: bool = False
    frozen: bool = False

    @property
    def external(self) -> bool:
        return not self.user_id

    @property
    def dialled(self) -> str:
        """The number with its country, as the API gives it out."""
        return self.mobile if self.mobile.startswith("+") else f"+86{self.mobile}"

    def id_of(self, kind: str) -> str:
        """The person's open_id, union_id or user_id."""
        return {"union_id": self.union_id, "user_id": self.user_id}.get(kind, self.open_id)


@dataclass(slots=True)
class Chat:
    """A group, or the one-to-one chat of one person; `members` are open_ids."""

    id: str
    kind: Literal["p2p", "group"]
    name: str = ""
    members: list[str] = field(default_factory=list)
    bot: bool = True
    external: bool = False
    muted: bool = False
    dissolved: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """One `@_user_N` of a message and who it is; `open_id` may be the robot's."""

    key: str
    open_id: str
    name: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes behind an image_key or file_key; `size` may claim more than there is."""

    key: str
    data: bytes
    name: str
    mime: str
    kind: Literal["image", "file"]
    size: int


@dataclass(slots=True)
class Message:
    """One message; `sender` is an open_id, the app_id, or a custom robot's id."""

    id: str
    chat_id: str
    sender: str
    sender_type: Literal["user", "app", "hook"]
    kind: str  # msg_type
    content: str  # a JSON string, as the wire has it
    created: float
    updated: float
    mentions: tuple[Mention, ...] = ()
    root_id: str = ""
    parent_id: str = ""
    thread_id: str = ""
    edits: int = 0
    rewrites: int = 0  # of a card, through the API
    recalled: bool = False

    def rewrite(self, content: str, now: float) -> None:
        """Put another card in its place."""
        self.content, self.updated = content, now
        self.rewrites += 1

    @property
    def edited(self) -> bool:
        return self.edits > 0


@dataclass(slots=True)
class Call:
    """One request: the endpoint's name, what came with it, and the status it was answered with.

    Status 0 means the connection was closed without an answer.
    """

    endpoint: str
    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    status: int | None = None
    code: int | None = None  # of a JSON answer
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The app, the people it may meet, and all traffic."""

    app: App
    clock: Callable[[], float]
    random: random.Random
    rates: Rates
    tokens: Tokens
    unconfirmed: Unconfirmed
    dlp: bool = False
    people: dict[str, Person] = field(default_factory=dict)  # by open_id
    chats: dict[str, Chat] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    templates: dict[str, Json] = field(default_factory=dict)
    uuids: dict[str, tuple[str, float]] = field(default_factory=dict)  # → message_id, since
    calls: list[Call] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    changed: threading.Condition = field(init=False)

    def __post_init__(self) -> None:
        self.changed = threading.Condition(self.lock)

    def change(self) -> None:
        """Tell every waiter that something is different."""
        with self.lock:
            self.changed.notify_all()
            for listener in self.listeners:
                listener()

    def wait(self, predicate: Callable[[], object], timeout: float = 10.0) -> None:
        """Block until the predicate is true; TimeoutError after `timeout` real seconds."""
        standin.wait(self.changed, predicate, timeout)

    def fresh(self, prefix: str) -> str:
        """An id nobody has had; the same ones in the same order for the same seed."""
        return f"{prefix}{self.random.getrandbits(128):032x}"

    def find(self, kind: str, id: str) -> Person | None:
        """The person with this open_id, union_id, user_id or email."""
        if not id:
            return None
        if kind == "email":
            return next((p for p in self.people.values() if id in {p.email, p.mailbox}), None)
        return next((p for p in self.people.values() if p.id_of(kind) == id), None)

    def p2p(self, person: Person) -> Chat:
        """The one-to-one chat, made when somebody first writes in it."""
        chat = Chat(person.chat_id, "p2p", person.name, [person.open_id])
        return self.chats.setdefault(person.chat_id, chat)

    def external(self, chat: Chat) -> bool:
        """Whether people of other tenants are in a chat."""
        return chat.external or any(self.people[id].external for id in chat.members)

    def put(self, message: Message) -> Message:
        self.messages[message.id] = message
        self.change()
        return message

    def of_chat(self, chat_id: str) -> Iterator[Message]:
        """Messages of a chat, oldest first."""
        with self.lock:
            return iter([m for m in self.messages.values() if m.chat_id == chat_id])

    def keep(
        self, data: bytes, name: str, mime: str, kind: Literal["image", "file"], size: int = 0
    ) -> StoredFile:
        """Store bytes under a new key."""
        key = self.fresh("img_v3_" if kind == "image" else "file_v3_")
        self.files[key] = StoredFile(key, data, name, mime, kind, max(size, len(data)))
        return self.files[key]

    def sent_before(self, uuid: str) -> Message | None:
        """The message this uuid stands for during one hour."""
        message_id, since = self.uuids.get(uuid, ("", 0.0))
        return self.messages[message_id] if self.clock() - since < UUID_LIFE_S and uuid else None


def millis(seconds: float) -> str:
    """13 digits, as the platform writes times."""
    return str(round(seconds * 1000))


def micros(seconds: float) -> str:
    """16 digits."""
    return str(round(seconds * 1_000_000))
