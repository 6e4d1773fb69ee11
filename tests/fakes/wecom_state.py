"""What the platform remembers of one corp. One lock guards it; any thread may call."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from tests.fakes.wecom_crypto import CallbackCrypto
from tests.fakes.wecom_directory import Directory, Entry
from tests.fakes.wecom_doubts import Doubts, Limits
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_files import Files
from tests.fakes.wecom_kf_account import Account, Service
from tests.fakes.wecom_meters import Meters
from tests.fakes.wecom_xml import Value, document


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """Where an app wants its callbacks, and how they are sealed."""

    url: str
    crypto: CallbackCrypto


@dataclass(slots=True)
class App:
    """One self-built app. Its knobs are plain attributes.

    `visible_users` (lower case) and `visible_departments` are its visible range; None: the corp.
    `kf`: listed as an app that may call the kf API. `trusted_ips` None: no list is needed.
    """

    agentid: int
    secret: str
    visible_users: set[str] | None = None
    visible_departments: set[int] = field(default_factory=set)
    kf: bool = True
    trusted_ips: frozenset[str] | None = None
    disabled: bool = False
    token_life_s: int = 7200
    callback: CallbackUrl | None = None


@dataclass(slots=True)
class Token:
    """One access token."""

    value: str
    agentid: int
    expires_at: float
    revoked: bool = False


@dataclass(slots=True)
class Call:
    """One request to the platform, as it came, and what it was answered.

    `errcode` and `status` are None while it is being answered; status 0 means that the
    connection was closed without an answer.
    """

    endpoint: str
    verb: str
    query: dict[str, str]
    body: Json
    raw: bytes
    at: float
    files: dict[str, bytes] = field(default_factory=dict)
    agentid: int | None = None
    errcode: int | None = None
    status: int | None = None
    answer: Json = field(default_factory=dict)


@dataclass(slots=True)
class Received:
    """One member's copy of an app message; `replaced` is the label of a card that is done."""

    msgid: str
    agentid: int
    msgtype: str
    content: Json
    at: float
    replaced: str = ""
    recalled: bool = False


@dataclass(slots=True)
class Sent:
    """One app message: whose it is, and when. `members` are lower-case userids."""

    msgid: str
    agentid: int
    at: float
    members: list[str]


@dataclass(slots=True)
class ResponseCode:
    """Allows one update of one sent card."""

    msgid: str
    agentid: int
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class Robot:
    """One group robot and what it posted."""

    key: str
    posts: list[Json] = field(default_factory=list)
    disabled: bool = False
    removed: bool = False


@dataclass(slots=True)
class OauthCode:
    """What somebody's browser brings back. An outsider has no userid."""

    userid: str
    openid: str
    external_userid: str
    expires_at: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One callback to be sealed; `reply` hears the root of a passive answer, None ignores it."""

    agentid: int
    inner: str
    kf: bool = False
    reply: Callable[[Element], None] | None = None


@dataclass(slots=True)
class State:
    """The whole platform behind one corpid."""

    corpid: str
    clock: Callable[[], float]
    doubts: Doubts
    limits: Limits
    verified: bool
    account_cap: int
    apps: dict[int, App] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    directory: Directory = field(default_factory=Directory)
    files: Files = field(default_factory=Files)
    service: Service = field(default_factory=Service)
    sent: dict[str, Sent] = field(default_factory=dict)
    inboxes: dict[str, list[Received]] = field(default_factory=dict)  # by lower-case userid
    task_ids: dict[tuple[int, str], str] = field(default_factory=dict)
    response_codes: dict[str, ResponseCode] = field(default_factory=dict)
    bodies: dict[tuple[int, bytes], tuple[float, str]] = field(default_factory=dict)
    robots: dict[str, Robot] = field(default_factory=dict)
    oauth_codes: dict[str, OauthCode] = field(default_factory=dict)
    browser: Callable[[], str] | None = None  # hands out the code of whoever signs in
    trusted_domains: set[str] | None = None  # registered for signing in; None: any
    calls: list[Call] = field(default_factory=list)
    outgoing: deque[Outgoing] = field(default_factory=deque)
    listeners: list[Callable[[], None]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    changed: threading.Condition = field(init=False)
    meters: Meters = field(init=False)
    _msgid: int = 7_000_000_000_000_000

    def __post_init__(self) -> None:
        self.changed = threading.Condition(self.lock)
        self.meters = Meters(self.clock)

    def change(self) -> None:
        """Tell every waiter that something is different."""
        with self.lock:
            self.changed.notify_all()
            for listener in self.listeners:
                listener()

    def now(self) -> int:
        """Unix time in whole seconds on the platform's clock."""
        return int(self.clock())

    def next_msgid(self) -> int:
        """MsgId of an app callback: a number of 64 bits."""
        self._msgid += 1
        return self._msgid

    def visible(self, app: App, entry: Entry) -> bool:
        """Whether a member is in an app's visible range."""
        if app.visible_users is None or entry.key in app.visible_users:
            return True
        departments = set(entry.departments)
        return any(departments & self.directory.under(d) for d in app.visible_departments)

    def member(self, app: App, userid: str) -> Entry:
        """A member an app may read: 60111 for nobody, 60011 outside of its visible range."""
        entry = self.directory.members.get(userid.lower())
        if entry is None:
            raise ApiError(60111, userid)
        if not self.visible(app, entry):
            raise ApiError(60011, userid)
        return entry

    def push(
        self,
        app: App,
        fields: Mapping[str, Value],
        *,
        kf: bool = False,
        reply: Callable[[Element], None] | None = None,
    ) -> None:
        """Queue a callback of an app; without a URL nobody would hear it."""
        if app.callback is not None:
            with self.lock:
                inner = document({"ToUserName": self.corpid, **fields})
                self.outgoing.append(Outgoing(app.agentid, inner, kf, reply))
                self.change()

    def ring(self, account: Account) -> None:
        """Tell the apps of a kf account that there is something to pull."""
        for agentid in sorted(account.agentids):
            fields: dict[str, Value] = {
                "CreateTime": self.now(),
                "MsgType": "event",
                "Event": "kf_msg_or_event",
                "Token": account.log.issue(self.clock()),
                "OpenKfId": account.open_kfid,
            }
            self.push(self.apps[agentid], fields, kf=True)


def opaque(prefix: str = "") -> str:
    """An id that says nothing."""
    return prefix + secrets.token_urlsafe(18)
