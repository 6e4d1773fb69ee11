"""What the platform remembers of people, groups and messages, and every request made of it.

One lock guards everything; any thread may call. `change` wakes whoever waits.
"""

import base64
import hashlib
import itertools
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.fakes.dingtalk_content import Content
from tests.fakes.dingtalk_unconfirmed import Unconfirmed

Json = dict[str, Any]

SHANGHAI = timezone(timedelta(hours=8))  # months of the quota end there


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The one app of the organisation and its robot."""

    client_id: str
    client_secret: str
    corp_id: str
    agent_id: int
    chatbot_user_id: str = "$:LWCP_v1:$standinrobot"

    @property
    def robot_code(self) -> str:
        """An internal app's robot is called by the app's own id."""
        return self.client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a plan allows: the standard edition's numbers."""

    api_calls: int = 5_000
    messages: int = 3_000
    qps: int = 20


@dataclass(slots=True)
class Robot:
    """How the robot is set up: published or not, allowed to write to one person or not."""

    published: bool = True
    one_to_one: bool = True


@dataclass(slots=True)
class Person:
    """Somebody on the platform; `user_id` is empty for people of other organisations."""

    union_id: str
    user_id: str
    name: str
    mobile: str = ""
    title: str = ""
    corp_id: str = ""
    admin: bool = False
    active: bool = True
    flow_controlled: bool = False

    @property
    def sender_id(self) -> str:
        """The encrypted id this robot sees; good for nothing else."""
        return f"$:LWCP_v1:${_short(self.union_id)}"

    @property
    def conversation_id(self) -> str:
        """The one-to-one conversation with the robot."""
        return f"cid{_short('1:' + self.union_id)}=="


@dataclass(slots=True)
class Group:
    """A group chat; people of other organisations sit only in external ones."""

    id: str
    title: str
    members: list[str]  # unionIds
    external: bool = False
    robot: bool = True  # whether the app's robot is in it


@dataclass(slots=True)
class Message:
    """One message in a conversation; `sender` is a unionId, or "" for a robot.

    `via` says how it came: person, proactive, session, callback (the answer to an HTTP callback),
    webhook (a custom robot), notice (a work notification).
    """

    id: str
    conversation_id: str
    sender: str
    content: Content
    via: str
    at: float
    mentioned: frozenset[str] = frozenset()  # unionIds
    key: str = ""  # processQueryKey
    recalled: bool = False
    read_by: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One request: host is api, oapi or stream; status 0 means closed without an answer."""

    host: str
    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    status: int | None = None
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The organisation and its traffic."""

    app: App
    clock: Callable[[], float]
    pace: Callable[[], float]
    quota: Quota
    limits: bool
    unconfirmed: Unconfirmed
    random: random.Random
    robot: Robot = field(default_factory=Robot)
    ip_allowed: bool = True
    withheld: set[str] = field(default_factory=set)  # scopes the app was not granted
    bases: dict[str, str] = field(default_factory=dict)  # api, oapi, stream → base URL
    people: dict[str, Person] = field(default_factory=dict)  # by unionId
    groups: dict[str, Group] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    used: dict[str, dict[str, int]] = field(default_factory=dict)  # month → counters
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
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

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def fresh(self, prefix: str) -> str:
        """An id nobody has had; the same ones in the same order for the same seed."""
        return f"{prefix}{next(self.ids)}{self.random.getrandbits(64):016x}"

    def staff(self, user_id: Any) -> Person | None:
        """The member with this userid, also one who has left."""
        return next((p for p in self.people.values() if p.user_id and p.user_id == user_id), None)

    def person(self, id: Any) -> Person | None:
        """The person with this userid or unionId."""
        return self.people.get(id) or self.staff(id)

    def audience(self, conversation_id: str) -> list[Person]:
        """Who sees what is written in a conversation."""
        group = self.groups.get(conversation_id)
        if group is not None:
            return [self.people[union_id] for union_id in group.members]
        return [p for p in self.people.values() if p.conversation_id == conversation_id]

    def put(self, message: Message) -> Message:
        self.messages.append(message)
        self.change()
        return message

    def spend(self, what: str, amount: int = 1) -> int:
        """Count `calls` or `messages` of this month and return the sum."""
        month = datetime.fromtimestamp(self.clock(), UTC).astimezone(SHANGHAI).strftime("%Y-%m")
        counters = self.used.setdefault(month, {"calls": 0, "messages": 0})
        counters[what] += amount
        return counters[what]


def _short(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode()
