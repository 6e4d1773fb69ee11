"""Customer service, the talking part: pulling, sending, session states."""

from typing import Literal

from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_kf_account import Account, Person
from tests.fakes.wecom_kf_content import content, msgid
from tests.fakes.wecom_kf_log import Item
from tests.fakes.wecom_kf_session import HUMAN, STATES, TYPES, Code, SeenByCustomer, Session
from tests.fakes.wecom_request import Asked, Endpoint, Fields
from tests.fakes.wecom_state import App, State, opaque

PAGE_ITEMS = 1000
SYSTEM = 4
REFUSED_BY_CUSTOMER = 10


def account_of(state: State, app: App, body: Fields) -> Account:
    """The account a request is about, if its app may drive it."""
    if not app.kf:
        raise ApiError(48002, "not listed as an app that may call the kf API")
    account = state.service.account(body.text("open_kfid"))
    if app.agentid not in account.agentids:
        raise ApiError(state.doubts.unmanaged_account_errcode, "not assigned to this app")
    return account


def session_of(state: State, asked: Asked) -> tuple[Account, Person, Session]:
    body = asked.fields
    account = account_of(state, asked.app, body)
    person = state.service.person(body.text("external_userid"))
    session = account.session(person.external_userid)
    session.expire(state.clock())
    return account, person, session


# The log


def append(state: State, account: Account, body: Json, silk: str = "") -> str:
    """Add to an account's log, ring the apps, and return the msgid."""
    item = Item(state.clock(), {"msgid": opaque()} | body | {"send_time": state.now()}, silk)
    with state.lock:
        account.log.items.append(item)
        state.ring(account)
        state.change()
    return str(item.body["msgid"])


def event(state: State, account: Account, event_type: str, fields: Json) -> str:
    """Add an event. Everything about it stands inside of `event`, nothing beside it."""
    inside = {"event_type": event_type} | fields
    return append(state, account, {"origin": SYSTEM, "msgtype": "event", "event": inside})


def sync_msg(state: State, asked: Asked) -> Json:
    body, now = asked.fields, state.clock()
    account = account_of(state, asked.app, body)
    token = body.text("token", most=128, default="")
    limit = body.integer("limit", PAGE_ITEMS, least=0, most=PAGE_ITEMS) or PAGE_ITEMS
    voice_format = body.integer("voice_format", 0, least=0, most=1)
    if token:
        account.log.check(token, now)
    else:
        rate = state.doubts.tokenless_pulls_per_minute, 60
        if not state.meters.take(("pull", account.open_kfid), rate):
            raise ApiError(45009, "pulls without a token")
    start = account.log.start(
        body.text("cursor", most=64, default=""), state.doubts.bad_cursor_errcode
    )
    items, cursor, more = account.log.page(start, limit, now)
    return {
        "next_cursor": cursor,
        "has_more": int(more),
        "msg_list": [item.as_json(voice_format) for item in items],
    }


# Sending


def send_msg(state: State, asked: Asked) -> Json:
    body = asked.fields
    account = account_of(state, asked.app, body)
    person = state.service.person(body.text("touser"))
    session = account.session(person.external_userid)
    own = msgid(body)
    msgtype, inside = content(state, body)
    _once(state, account, own)
    _capacity(state, person)
    session.spend(state.clock(), state.doubts)
    return {"msgid": _deliver(state, account, person, (msgtype, inside), own, "api")}


def send_msg_on_event(state: State, asked: Asked) -> Json:
    body = asked.fields
    if not asked.app.kf:
        raise ApiError(48002)
    value, own = body.text("code"), msgid(body)
    msgtype, inside = content(state, body)
    code, account, session = _redeem(state, asked.app, value)
    if msgtype not in TYPES[code.kind]:
        raise ApiError(40008, f"{msgtype} for a {code.kind} code")
    person = state.service.person(session.external_userid)
    _once(state, account, own)
    _capacity(state, person)
    code.used = True
    if state.doubts.event_messages_count:
        session.sent += 1
    if code.kind == "welcome":
        session.welcomed_at = state.clock()
    return {"msgid": _deliver(state, account, person, (msgtype, inside), own, "code")}


def _redeem(state: State, app: App, value: str) -> tuple[Code, Account, Session]:
    """Where a code leads while it is good: known, unused, in time, in the state it is for."""
    refused = ApiError(state.doubts.event_code_errcode, "late, used or of another state")
    code, now = state.service.codes.get(value), state.clock()
    if code is None or code.used or now > code.expires_at:
        raise refused
    account = state.service.account(code.open_kfid)
    if app.agentid not in account.agentids:
        raise ApiError(state.doubts.unmanaged_account_errcode, "not assigned to this app")
    session = account.session(code.external_userid)
    session.expire(now)
    if code.kind in STATES and session.state != STATES[code.kind]:
        raise refused
    return code, account, session


def _once(state: State, account: Account, own: str) -> None:
    if own and own in account.sent:
        raise ApiError(state.doubts.duplicate_msgid_errcode, "msgid was used before")


def _capacity(state: State, person: Person) -> None:
    """Only so many customers can be served, first come first served."""
    verified = state.doubts.customers_of_verified_corp
    most = verified if state.verified else state.limits.kf_customers_unverified
    if most is not None and person.external_userid not in state.service.customers[:most]:
        raise ApiError(95003, f"{most} customers")


def _deliver(
    state: State,
    account: Account,
    person: Person,
    what: tuple[str, Json],
    own: str,
    by: Literal["api", "code"],
) -> str:
    """Show a message to the customer, or accept it and report later that it was not."""
    value = own or opaque()
    account.sent.add(value)
    fail = account.failing.pop(0) if account.failing else None
    if fail is None and person.refuses:
        fail = REFUSED_BY_CUSTOMER
    if fail is None:
        seen = SeenByCustomer(
            msgid=value, msgtype=what[0], content=what[1], by=by, at=state.clock()
        )
        account.session(person.external_userid).seen.append(seen)
    else:
        fields = {
            "open_kfid": account.open_kfid,
            "external_userid": person.external_userid,
            "fail_msgid": value,
            "fail_type": fail,
        }
        event(state, account, "msg_send_fail", fields)
    return value


# Session states


def state_get(state: State, asked: Asked) -> Json:
    _, _, session = session_of(state, asked)
    human = {"servicer_userid": session.servicer} if session.state == HUMAN else {}
    return {"service_state": session.state} | human


def state_trans(state: State, asked: Asked) -> Json:
    account, _, session = session_of(state, asked)
    wanted = asked.fields.integer("service_state", least=0, most=4)
    servicer = ""
    if wanted == HUMAN:
        servicer = account.serving(asked.fields.text("servicer_userid")).userid
    code = session.move(wanted, servicer, state.clock(), state.doubts)
    return {"msg_code": state.service.issue(code)} if code else {}


ENDPOINTS = {
    "kf/sync_msg": Endpoint(sync_msg, empty={"next_cursor": "", "has_more": 0, "msg_list": []}),
    "kf/send_msg": Endpoint(send_msg),
    "kf/send_msg_on_event": Endpoint(send_msg_on_event),
    "kf/service_state/get": Endpoint(state_get),
    "kf/service_state/trans": Endpoint(state_trans),
}
