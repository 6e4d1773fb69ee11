"""Reading the address book, clipped to what an app may see, and who stands behind an OAuth code."""

from tests.fakes.wecom_directory import Entry
from tests.fakes.wecom_doubts import DAY_S
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_request import Asked, Endpoint
from tests.fakes.wecom_state import App, OauthCode, State


def user_get(state: State, asked: Asked) -> Json:
    return state.member(asked.app, asked.param("userid")).as_json()


def user_getuserid(state: State, asked: Asked) -> Json:
    mobile = asked.fields.text("mobile")
    rate = state.doubts.mobile_misses_per_day, DAY_S
    misses = "mobile", asked.app.agentid
    if not state.meters.room(misses, rate):
        raise ApiError(45009, "too many unknown numbers")
    for entry in state.directory.members.values():
        if entry.mobile == mobile:
            return {"userid": state.member(asked.app, entry.userid).userid}
    state.meters.take(misses, rate)
    raise ApiError(46004)


def _of_department(state: State, asked: Asked) -> list[Entry]:
    text = asked.param("department_id")
    if not text.isdecimal() or int(text) not in state.directory.departments:
        raise ApiError(60123, text)
    visible = _departments(state, asked.app)
    if int(text) not in visible:
        raise ApiError(60011, f"department {text}")
    return [
        entry
        for entry in state.directory.of_department(int(text))
        if int(text) in entry.departments and state.visible(asked.app, entry)
    ]


def user_simplelist(state: State, asked: Asked) -> Json:
    keys = ("userid", "name", "department")
    entries = [entry.as_json() for entry in _of_department(state, asked)]
    return {"userlist": [{key: entry[key] for key in keys} for entry in entries]}


def user_list(state: State, asked: Asked) -> Json:
    return {"userlist": [entry.as_json() for entry in _of_department(state, asked)]}


def user_list_id(state: State, asked: Asked) -> Json:
    raise ApiError(48002, "only for the contact-sync secret")


def _departments(state: State, app: App) -> set[int]:
    """Departments in an app's visible range, with those below them."""
    if app.visible_users is None:
        return set(state.directory.departments)
    inside: set[int] = set()
    for number in app.visible_departments:
        inside |= state.directory.under(number)
    return inside


def department_list(state: State, asked: Asked) -> Json:
    visible = _departments(state, asked.app)
    shown = [d for d in state.directory.departments.values() if d.id in visible]
    return {"department": [{"id": d.id, "name": d.name, "parentid": d.parentid} for d in shown]}


def department_simplelist(state: State, asked: Asked) -> Json:
    rows = department_list(state, asked)["department"]
    return {"department_id": [{"id": row["id"], "parentid": row["parentid"]} for row in rows]}


def _redeem(state: State, asked: Asked) -> OauthCode:
    """Use up an OAuth code: unknown 40029, late 42003."""
    value = asked.param("code")
    code = state.oauth_codes.get(value)
    if code is None:
        raise ApiError(40029)
    if code.used:
        raise ApiError(state.doubts.used_oauth_code_errcode, "used before")
    if state.clock() > code.expires_at:
        raise ApiError(42003)
    code.used = True
    return code


def getuserinfo(state: State, asked: Asked) -> Json:
    """A member is named even outside of the app's visible range."""
    code = _redeem(state, asked)
    if code.userid:
        return {"userid": code.userid}
    known = {"external_userid": code.external_userid} if code.external_userid else {}
    return {"openid": code.openid} | known


def old_getuserinfo(state: State, asked: Asked) -> Json:
    code = _redeem(state, asked)
    return ({"UserId": code.userid} if code.userid else {"OpenId": code.openid}) | {"DeviceId": ""}


ENDPOINTS = {
    "user/get": Endpoint(user_get, ("GET",)),
    "user/getuserid": Endpoint(user_getuserid),
    "user/simplelist": Endpoint(user_simplelist, ("GET",), empty={"userlist": []}),
    "user/list": Endpoint(user_list, ("GET",), empty={"userlist": []}),
    "user/list_id": Endpoint(user_list_id, empty={"dept_user": []}),
    "user/getuserinfo": Endpoint(old_getuserinfo, ("GET",)),
    "auth/getuserinfo": Endpoint(getuserinfo, ("GET",)),
    "department/list": Endpoint(department_list, ("GET",), empty={"department": []}),
    "department/simplelist": Endpoint(department_simplelist, ("GET",), empty={"department_id": []}),
}
