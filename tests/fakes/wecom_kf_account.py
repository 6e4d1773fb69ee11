"""kf accounts, their servicers, and the customers of the corp."""

import secrets
from dataclasses import dataclass, field

from tests.fakes.wecom_doubts import KF_WINDOW_S
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_kf_log import Log
from tests.fakes.wecom_kf_session import Code, Session


@dataclass(slots=True)
class Seat:
    """One servicer of an account; `suspended` tells two kinds of not serving apart."""

    userid: str
    serving: bool = True
    suspended: bool = False


@dataclass(slots=True)
class Account:
    """One kf account. Its knobs are plain attributes.

    `native_welcome`: a welcome text is set in the admin console, so no codes are given.
    `native_assignment`: new sessions go to a serving servicer at once, and the API cannot send.
    `failing`: fail_type of each coming message that is accepted, then not delivered.
    """

    open_kfid: str
    name: str
    agentids: set[int]
    avatar: str = ""
    log: Log = field(default_factory=Log)
    seats: dict[str, Seat] = field(default_factory=dict)
    departments: list[int] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)  # msgids that were used
    scenes: dict[str, str] = field(default_factory=dict)  # by enc_scene
    link: str = field(default_factory=lambda: f"kfc{secrets.token_hex(8)}")
    native_welcome: bool = False
    native_assignment: bool = False
    failing: list[int] = field(default_factory=list)

    def session(self, external_userid: str) -> Session:
        fresh = Session(self.open_kfid, external_userid)
        return self.sessions.setdefault(external_userid, fresh)

    def assigned(self) -> str | None:
        """Who gets a session that begins."""
        if not self.native_assignment:
            return None
        return next((seat.userid for seat in self.seats.values() if seat.serving), None)

    def serving(self, userid: str) -> Seat:
        """A servicer who can be given a session: 95014 for nobody's, 95019 while stopped."""
        seat = self.seats.get(userid.lower())
        if seat is None:
            raise ApiError(95014, userid)
        if not seat.serving:
            raise ApiError(95019, userid)
        return seat


@dataclass(slots=True)
class Person:
    """One customer, the same in every account of the corp. `refuses`: takes no messages."""

    external_userid: str
    nickname: str
    gender: int = 0
    unionid: str = ""
    contact_id: str = ""
    active_at: float | None = None
    context: Json = field(default_factory=dict)
    refuses: bool = False
    followers: set[str] = field(default_factory=set)  # lower-case userids

    def active(self, now: float) -> bool:
        """Whether they did anything in the last 48 hours."""
        return self.active_at is not None and now - self.active_at <= KF_WINDOW_S

    def as_json(self) -> Json:
        body: Json = {
            "external_userid": self.external_userid,
            "nickname": self.nickname,
            "avatar": f"http://wx.qlogo.cn/mmhead/{self.external_userid}/0",
            "gender": self.gender,
        }
        return body | ({"unionid": self.unionid} if self.unionid else {})


@dataclass(slots=True)
class Service:
    """Customer service of the whole corp. `customers` keeps the order in which they first came."""

    accounts: dict[str, Account] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)

    def account(self, open_kfid: str) -> Account:
        """95000 for what cannot be an id, 95004 for one that is not there."""
        if not open_kfid.startswith("wk"):
            raise ApiError(95000, open_kfid)
        if open_kfid not in self.accounts:
            raise ApiError(95004, open_kfid)
        return self.accounts[open_kfid]

    def person(self, external_userid: str) -> Person:
        """40096 for somebody who never came in."""
        if external_userid not in self.customers:
            raise ApiError(40096, external_userid)
        return self.people[external_userid]

    def issue(self, code: Code) -> str:
        self.codes[code.value] = code
        return code.value

    def open(self, agentids: set[int], name: str, avatar: str = "") -> Account:
        account = Account(f"wk{secrets.token_urlsafe(22)}", name, agentids, avatar)
        self.accounts[account.open_kfid] = account
        return account
