"""The old host's look-ups: who somebody is, and who is logged in on a page inside the client."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.dingtalk_endpoint import Ask, Endpoint
from tests.fakes.dingtalk_errors import Json, OapiError, ok
from tests.fakes.dingtalk_state import Person, State

CODE_LIFE_S = 300


@dataclass(frozen=True, slots=True)
class LoginCode:
    """What `dd.requestAuthCode` gave a page."""

    union_id: str
    until: float


class Directory:
    """People by mobile number, unionId, userid or login code."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._codes: dict[str, LoginCode] = {}

    def endpoints(self) -> list[Endpoint]:
        member, user = "qyapi_get_member", "/topapi/v2/user"
        table = [
            (f"{user}/getbymobile", self.by_mobile, "qyapi_get_member_by_mobile"),
            ("/topapi/user/getbyunionid", self.by_union_id, member),
            (f"{user}/get", self.get, member),
            (f"{user}/getuserinfo", self.logged_in, ""),
        ]
        return [
            Endpoint(verb="POST", path=path, answer=answer, scope=scope, counted=False)
            for path, answer, scope in table
        ]

    def login_code(self, person: Person) -> str:
        """A code for the page this person has open: five minutes, one use."""
        code = self._state.fresh("code")
        self._codes[code] = LoginCode(person.union_id, self._state.clock() + CODE_LIFE_S)
        return code

    def by_mobile(self, ask: Ask) -> Json:
        mobile = self._given(ask, "mobile")
        found = [p for p in self._state.people.values() if p.mobile == mobile and p.user_id]
        person = next((p for p in found if p.active), None)
        if person is None:
            raise OapiError(60121, "找不到该用户")
        return ok(result={"userid": person.user_id})

    def by_union_id(self, ask: Ask) -> Json:
        person = self._state.people.get(self._given(ask, "unionid"))
        if person is None or not person.active:
            raise OapiError(60121, "找不到该用户")
        outside = not person.user_id
        userid = person.union_id if outside else person.user_id
        return ok(result={"contact_type": int(outside), "userid": userid})

    def get(self, ask: Ask) -> Json:
        person = self._state.staff(self._given(ask, "userid"))
        if person is None or not person.active:
            raise OapiError(60121, "找不到该用户")
        return ok(
            result={
                "userid": person.user_id,
                "unionid": person.union_id,
                "name": person.name,
                "mobile": person.mobile,
                "title": person.title,
                "dept_id_list": [1],
                "admin": person.admin,
                "boss": False,
                "active": True,
            }
        )

    def logged_in(self, ask: Ask) -> Json:
        code = self._codes.pop(str(self._given(ask, "code")), None)
        person = self._state.people.get(code.union_id) if code else None
        if code is None or person is None or self._state.clock() >= code.until:
            raise OapiError(40078, "不存在的临时授权码")
        return ok(
            result={
                "userid": person.user_id,
                "unionid": person.union_id,
                "associated_unionid": person.union_id,
                "name": person.name,
                "device_id": "standin",
                "sys": person.admin,
                "sys_level": 2 if person.admin else 0,
            }
        )

    def _given(self, ask: Ask, name: str) -> Any:
        value = ask.fields.get(name)
        if not value:
            raise OapiError(40035, f"缺少参数 {name}")
        return value
