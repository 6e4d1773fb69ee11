"""Customer service, the rest: accounts, links, servicers, customers."""

import re

from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_kf import account_of
from tests.fakes.wecom_kf_account import Seat
from tests.fakes.wecom_request import Asked, Endpoint, Fields
from tests.fakes.wecom_state import State, opaque

LINK = "https://work.weixin.qq.com/kf/"
SCENE = re.compile(r"[0-9a-zA-Z_-]{1,32}")
NAME_CHARACTERS = 16


def _allowed(asked: Asked) -> None:
    if not asked.app.kf:
        raise ApiError(48002, "not listed as an app that may call the kf API")


# Accounts


def account_list(state: State, asked: Asked) -> Json:
    _allowed(asked)
    offset = asked.fields.integer("offset", 0, least=0)
    limit = asked.fields.integer("limit", 100, least=1, most=100)
    accounts = list(state.service.accounts.values())[offset : offset + limit]
    return {
        "account_list": [
            {
                "open_kfid": account.open_kfid,
                "name": account.name,
                "avatar": account.avatar,
                "manage_privilege": asked.app.agentid in account.agentids,
            }
            for account in accounts
        ]
    }


def account_add(state: State, asked: Asked) -> Json:
    _allowed(asked)
    name, avatar = _face(state, asked.fields)
    limits = state.limits
    most = limits.kf_accounts if state.verified else limits.kf_accounts_unverified
    if len(state.service.accounts) >= most:
        raise ApiError(95027, f"{most} accounts")
    return {"open_kfid": state.service.open({asked.app.agentid}, name, avatar).open_kfid}


def account_update(state: State, asked: Asked) -> Json:
    account = account_of(state, asked.app, asked.fields)
    account.name, account.avatar = _face(state, asked.fields, account.name, account.avatar)
    return {}


def account_del(state: State, asked: Asked) -> Json:
    account = account_of(state, asked.app, asked.fields)
    del state.service.accounts[account.open_kfid]
    return {}


def _face(
    state: State, body: Fields, name: str | None = None, avatar: str | None = None
) -> tuple[str, str]:
    """Name and picture; the old ones serve as defaults."""
    name = body.text("name", default=name)
    if len(name) > NAME_CHARACTERS:
        raise body.wrong("name", f"more than {NAME_CHARACTERS} characters")
    if avatar is None or body.has("media_id"):
        file = state.files.find(body.text("media_id"), state.clock(), "image")
        avatar = f"https://wwcdn.weixin.qq.com/{file.media_id}"
    return name, avatar


def add_contact_way(state: State, asked: Asked) -> Json:
    body = asked.fields
    account = account_of(state, asked.app, body)
    scene = body.text("scene", default="")
    if not scene:
        return {"url": f"{LINK}{account.link}"}
    if not SCENE.fullmatch(scene):
        raise body.wrong("scene", "at most 32 of 0-9 a-z A-Z _ -")
    known = next((key for key, value in account.scenes.items() if value == scene), None)
    secret = known or opaque("ENC")
    account.scenes[secret] = scene
    return {"url": f"{LINK}{account.link}?enc_scene={secret}"}


# Servicers


def servicer_list(state: State, asked: Asked) -> Json:
    account = account_of(state, asked.app, Fields({"open_kfid": asked.param("open_kfid")}))
    seats: list[Json] = [
        {"userid": seat.userid, "status": int(not seat.serving)}
        | ({} if seat.serving else {"stop_type": int(seat.suspended)})
        for seat in account.seats.values()
    ]
    return {"servicer_list": seats + [{"department_id": number} for number in account.departments]}


def servicer_add(state: State, asked: Asked) -> Json:
    account = account_of(state, asked.app, asked.fields)
    users, departments = _named(asked.fields)
    results: list[Json] = []
    for userid in users:
        try:
            entry = state.member(asked.app, userid)
        except ApiError as error:
            results.append({"userid": userid} | error.body(asked.ip))
            continue
        account.seats.setdefault(entry.key, Seat(entry.userid))
        results.append({"userid": userid, "errcode": 0, "errmsg": "ok"})
    for number in departments:
        if number not in state.directory.departments:
            results.append({"department_id": number} | ApiError(60123).body(asked.ip))
            continue
        if number not in account.departments:
            account.departments.append(number)
        results.append({"department_id": number, "errcode": 0, "errmsg": "ok"})
    return {"result_list": results}


def servicer_del(state: State, asked: Asked) -> Json:
    account = account_of(state, asked.app, asked.fields)
    users, departments = _named(asked.fields)
    results: list[Json] = []
    for userid in users:
        gone = account.seats.pop(userid.lower(), None)
        answer = {"errcode": 0, "errmsg": "ok"} if gone else ApiError(95014).body(asked.ip)
        results.append({"userid": userid} | answer)
    for number in departments:
        known = number in account.departments
        if known:
            account.departments.remove(number)
        answer = {"errcode": 0, "errmsg": "ok"} if known else ApiError(60123).body(asked.ip)
        results.append({"department_id": number} | answer)
    return {"result_list": results}


def _named(body: Fields) -> tuple[list[str], list[int]]:
    users = body.texts("userid_list", most=100)
    departments = body.integers("department_id_list", most=20)
    if not users and not departments:
        raise body.wrong("userid_list", "nobody named")
    return users, departments


# Customers


def customer_batchget(state: State, asked: Asked) -> Json:
    _allowed(asked)
    body, now = asked.fields, state.clock()
    ids = body.texts("external_userid_list", least=1, most=100)
    context = body.integer("need_enter_session_context", 0, least=0, most=1)
    found: list[Json] = []
    invalid: list[str] = []
    for external_userid in ids:
        person = state.service.people.get(external_userid)
        if person is None or not person.active(now):
            invalid.append(external_userid)
            continue
        entered = {"enter_session_context": person.context} if context and person.context else {}
        found.append(person.as_json() | entered)
    return {"customer_list": found, "invalid_external_userid": invalid}


ENDPOINTS = {
    "kf/account/list": Endpoint(account_list, ("POST", "GET"), empty={"account_list": []}),
    "kf/account/add": Endpoint(account_add),
    "kf/account/update": Endpoint(account_update),
    "kf/account/del": Endpoint(account_del),
    "kf/add_contact_way": Endpoint(add_contact_way),
    "kf/servicer/list": Endpoint(servicer_list, ("GET",), empty={"servicer_list": []}),
    "kf/servicer/add": Endpoint(servicer_add, empty={"result_list": []}),
    "kf/servicer/del": Endpoint(servicer_del, empty={"result_list": []}),
    "kf/customer/batchget": Endpoint(
        customer_batchget, empty={"customer_list": [], "invalid_external_userid": []}
    ),
}
