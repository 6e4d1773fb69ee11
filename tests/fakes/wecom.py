"""A stand-in for the WeCom (企业微信) platform: its API, its callbacks, and the people on it.

    async with FakeWeCom() as wecom:
        await wecom.save_callback("http://127.0.0.1:8000/wecom", "token", AES_KEY)
        li = wecom.customer("李娜")
        li.enter()
        li.write("你好")

The server runs on its own thread and loop; every method here may be called from any thread.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Self

from tests.fakes.standin import StandIn
from tests.fakes.wecom_callbacks import CallbackRefused, Callbacks, Delivery
from tests.fakes.wecom_crypto import CallbackCrypto
from tests.fakes.wecom_customer import Customer
from tests.fakes.wecom_directory import Department, Entry
from tests.fakes.wecom_doubts import Doubts, Limits
from tests.fakes.wecom_errors import Json
from tests.fakes.wecom_faults import Fault, Faults
from tests.fakes.wecom_http import PREFIX
from tests.fakes.wecom_kf import event
from tests.fakes.wecom_kf_account import Account, Person, Seat
from tests.fakes.wecom_kf_session import SeenByCustomer
from tests.fakes.wecom_member import AppMessage, Member
from tests.fakes.wecom_server import Server
from tests.fakes.wecom_servicer import Servicer
from tests.fakes.wecom_state import App, Call, CallbackUrl, OauthCode, Robot, State, opaque

__all__ = [
    "AES_KEY",
    "Account",
    "App",
    "AppMessage",
    "Call",
    "CallbackRefused",
    "Customer",
    "Delivery",
    "Doubts",
    "FakeWeCom",
    "Json",
    "Limits",
    "Member",
    "Robot",
    "SeenByCustomer",
    "Servicer",
]

CORPID = "ww5f1e2d3c4b5a6978"
AGENTID = 1000002
SECRET = "TEST-secret-of-the-stand-in-app-000000000002"
TOKEN = "TESTtoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OAUTH_CODE_LIFE_S = 300


class FakeWeCom(StandIn):
    """One corp with one self-built app and one kf account. All of it survives stop() and start().

    `app` and `account` are these two; their knobs are attributes.
    """

    state: State

    def __init__(
        self,
        corpid: str = CORPID,
        clock: Callable[[], float] = time.time,
        *,
        doubts: Doubts | None = None,
        limits: Limits | None = None,
        verified: bool = True,
        account_cap: int = 1000,
        callback_limit_s: float = 5.0,
        verify_limit_s: float = 1.0,
    ) -> None:
        """A corp in which nobody has said anything yet.

        `clock` (Unix seconds) is the time of everything but the two limits on answers to
        callbacks, which are real seconds. `account_cap` is how many members the corp may have.
        """
        self.state = State(
            corpid, clock, doubts or Doubts(), limits or Limits(), verified, account_cap
        )
        self.callbacks = Callbacks(
            self.state, limit_s=callback_limit_s, verify_limit_s=verify_limit_s
        )
        self.app = self.add_app(AGENTID, SECRET)
        self.account = self.add_account("招聘")
        self._faults = Faults()
        self._server = Server(self.state, self._faults, self.callbacks)
        self._port = 0

    # Running

    def start(self, port: int = 0) -> Self:
        """Listen on 127.0.0.1 (a free port for 0) and return when calls are answered."""
        self._port = self._server.start(port)
        return self

    def stop(self) -> None:
        """Close the server; open calls are cut, callbacks under way are dropped."""
        self._server.stop()

    @property
    def api_base(self) -> str:
        """Stands for https://qyapi.weixin.qq.com/cgi-bin; no slash at the end."""
        return f"http://127.0.0.1:{self._port}{PREFIX}"

    @property
    def sign_in_base(self) -> str:
        """Stands for https://open.weixin.qq.com and https://login.work.weixin.qq.com."""
        return self.api_base.removesuffix(PREFIX)

    @property
    def corpid(self) -> str:
        return self.state.corpid

    @property
    def secret(self) -> str:
        """The secret of `app`."""
        return self.app.secret

    # What the administrator sets up

    def add_app(self, agentid: int, secret: str = "") -> App:
        """Another self-built app, with the whole corp in its visible range."""
        with self.state.lock:
            app = App(agentid, secret or opaque(f"SECRET{agentid}"))
            self.state.apps[agentid] = app
            return app

    def add_account(self, name: str, app: App | None = None) -> Account:
        """A kf account that an app may drive."""
        with self.state.lock:
            return self.state.service.open({(app or self.app).agentid}, name)

    def assign(self, account: Account, app: App | None = None, *, managed: bool = True) -> None:
        """Let an app drive an account, or no longer; it is told which."""
        app = app or self.app
        with self.state.lock:
            change = account.agentids.add if managed else account.agentids.discard
            change(app.agentid)
            fields: dict[str, str | int] = {
                "FromUserName": "sys",
                "CreateTime": self.state.now(),
                "MsgType": "event",
                "Event": "kf_account_auth_change",
                "AuthAddOpenKfId" if managed else "AuthDelOpenKfId": account.open_kfid,
            }
            self.state.push(app, fields, kf=True)

    def set_callback(
        self, url: str, token: str = TOKEN, aes_key: str = AES_KEY, app: App | None = None
    ) -> None:
        """A callback URL that was saved some time ago."""
        crypto = CallbackCrypto(token, aes_key, self.corpid)
        (app or self.app).callback = CallbackUrl(url, crypto)

    async def save_callback(
        self, url: str, token: str = TOKEN, aes_key: str = AES_KEY, app: App | None = None
    ) -> None:
        """Save a callback URL, which the platform tries first; raises CallbackRefused."""
        await self.callbacks.verify(CallbackUrl(url, CallbackCrypto(token, aes_key, self.corpid)))
        self.set_callback(url, token, aes_key, app)

    def department(self, id: int, name: str, parentid: int = 1) -> Department:
        """A department, 1 being the whole corp."""
        return self.state.directory.departments.setdefault(id, Department(id, name, parentid))

    def tag(self, id: int, *members: Member) -> None:
        """Put members under a tag."""
        self.state.directory.tags.setdefault(str(id), set()).update(m.entry.key for m in members)

    def robot(self) -> Robot:
        """A new group robot. Its key is all that is needed to post."""
        robot = Robot(opaque())
        self.state.robots[robot.key] = robot
        return robot

    # People

    def member(
        self,
        userid: str,
        name: str = "",
        *,
        departments: tuple[int, ...] = (1,),
        mobile: str = "",
        app: App | None = None,
    ) -> Member:
        """The member with this userid, made when new, at an app."""
        with self.state.lock:
            fresh = Entry(userid, name or userid, list(departments), mobile=mobile)
            entry = self.state.directory.members.setdefault(fresh.key, fresh)
            return Member(self.state, entry, app or self.app)

    def customer(self, nickname: str = "小王", external_userid: str = "") -> Customer:
        """A customer, made when the id is new; nobody in the corp knows them before enter()."""
        with self.state.lock:
            id = external_userid or f"wm{secrets.token_urlsafe(22)}"
            same = self.state.doubts.contact_id_equals_kf_id
            contact_id = id if same else f"wm{secrets.token_urlsafe(22)}"
            fresh = Person(id, nickname, contact_id=contact_id)
            person = self.state.service.people.setdefault(id, fresh)
            return Customer(self.state, person, self.account)

    def servicer(self, member: Member, account: Account | None = None) -> Servicer:
        """A member as a servicer of an account, added to it in the console if need be."""
        account = account or self.account
        seat = account.seats.setdefault(member.entry.key, Seat(member.userid))
        return Servicer(self.state, account, seat)

    def oauth_code(self, who: Member | Customer | None = None) -> str:
        """What the browser of a member, of a customer or of a stranger brings back."""
        expires_at = self.state.clock() + OAUTH_CODE_LIFE_S
        if isinstance(who, Member):
            code = OauthCode(who.userid, "", "", expires_at)
        else:
            known = who is not None and bool(who.person.followers)
            external = who.contact_id if who is not None and known else ""
            code = OauthCode("", opaque("o"), external, expires_at)
        value = opaque() + opaque()
        self.state.oauth_codes[value] = code
        return value

    def sign_in_as(self, who: Member | Customer | None) -> None:
        """Who confirms on the pages to sign in on; None: nobody has scanned their code yet."""
        self.state.browser = None if who is None else lambda: self.oauth_code(who)

    # Trouble

    def fail_next(self, endpoint: str, errcode: int, times: int | None = 1) -> None:
        """Refuse the next calls of an endpoint ("*": any), doing nothing; None: until heal()."""
        self._faults.add(Fault(endpoint, "errcode", times, errcode))

    def break_next(self, endpoint: str, status: int, times: int | None = 1) -> None:
        """Answer with an HTTP status, as a gateway in trouble does, doing nothing."""
        self._faults.add(Fault(endpoint, "status", times, status))

    def drop_after_delivery(self, endpoint: str, times: int = 1) -> None:
        """Do what is asked, then close the connection without an answer."""
        self._faults.add(Fault(endpoint, "drop_after", times))

    def drop_before_delivery(self, endpoint: str, times: int = 1) -> None:
        """Close the connection having done nothing."""
        self._faults.add(Fault(endpoint, "drop_before", times))

    def slow(self, endpoint: str, seconds: float) -> None:
        """Let every call of an endpoint ("*": any) wait first, in real seconds; 0 ends it."""
        self._faults.delays_s[endpoint] = seconds

    def heal(self) -> None:
        """Forget all ordered trouble of the API."""
        self._faults.clear()

    def revoke_tokens(self) -> None:
        """No token given so far is good any more: 40014."""
        for token in self.state.tokens.values():
            token.revoked = True

    def expire_tokens(self) -> None:
        """Every token given so far has run out: 42001."""
        for token in self.state.tokens.values():
            token.expires_at = min(token.expires_at, self.state.clock())

    def report_undelivered(self, customer: Customer, msgid: str, fail_type: int = 0) -> None:
        """Take back a message that was seen, and report it as never delivered."""
        seen = customer.session.seen
        kept = [message for message in seen if message.msgid != msgid]
        if len(kept) == len(seen):
            raise LookupError(f"{msgid} did not reach this customer")
        seen[:] = kept
        fields = {
            "open_kfid": customer.account.open_kfid,
            "external_userid": customer.external_userid,
            "fail_msgid": msgid,
            "fail_type": fail_type,
        }
        event(self.state, customer.account, "msg_send_fail", fields)

    # Looking

    @property
    def calls(self) -> list[Call]:
        """Every request so far, refused ones as well, oldest first."""
        with self.state.lock:
            return list(self.state.calls)

    def calls_of(self, endpoint: str) -> list[Call]:
        return [call for call in self.calls if call.endpoint == endpoint]

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver a callback, oldest first."""
        with self.state.lock:
            return list(self.callbacks.deliveries)

    def settled(self) -> Awaitable[None]:
        """Until every callback was delivered or given up."""
        return self.until(lambda: self.callbacks.idle)
