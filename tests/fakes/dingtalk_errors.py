"""Refusals in the two languages of the platform: v1.0 by HTTP status, oapi by errcode.

Codes and wordings the public error tables do not give follow the pattern of those they do.
"""

import abc
import uuid
from typing import Any

Json = dict[str, Any]

FORBIDDEN = "Forbidden.AccessDenied."


def request_id() -> str:
    return str(uuid.uuid4()).upper()


class Refusal(Exception, abc.ABC):
    """An answer that says no; `status` is the HTTP status, which oapi keeps at 200."""

    status = 200

    @abc.abstractmethod
    def body(self) -> Json:
        """What the caller is told, as JSON."""


class V1Error(Refusal):
    """`{"code", "requestid", "message"}` with HTTP 4xx or 5xx."""

    def __init__(self, status: int, code: str, message: str = "", detail: Json | None = None):
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    def body(self) -> Json:
        shape: Json = {"code": self.code, "requestid": request_id(), "message": self.message}
        return shape | ({"accessdenieddetail": self.detail} if self.detail else {})


class OapiError(Refusal):
    """`{"errcode", "errmsg", "request_id"}` with HTTP 200."""

    def __init__(self, errcode: int, errmsg: str = "", sub_code: str = "", sub_msg: str = ""):
        super().__init__(f"{errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg
        self.sub = {"sub_code": sub_code, "sub_msg": sub_msg} if sub_code else {}

    def body(self) -> Json:
        return {"errcode": self.errcode, "errmsg": self.errmsg, "request_id": request_id()} | (
            self.sub
        )


def ok(**fields: Any) -> Json:
    """A yes of the old host."""
    return {"errcode": 0, "errmsg": "ok", **fields}


def bad(code: str, message: str = "") -> V1Error:
    """HTTP 400."""
    return V1Error(400, code, message)


def missing(name: str) -> V1Error:
    """A mandatory parameter of v1.0 is not there."""
    return bad(f"Missing{name}", f"{name} is mandatory for this action.")


def token_refused(host: str, *, expired: bool = False) -> Refusal:
    if host == "api":
        return bad("InvalidAuthentication", "不合法的access_token")
    return (
        OapiError(42001, "access_token超时")
        if expired
        else OapiError(40014, "不合法的access_token")
    )


def too_often(host: str) -> Refusal:
    """More calls a second of one API than the plan allows."""
    if host == "api":
        return V1Error(403, f"{FORBIDDEN}QpsLimitForAppkeyAndApi", "应用调用该接口的频次超过限制")
    return OapiError(90018, "您的应用调用该接口次数过多，请稍后再试")


def quota_used_up(host: str) -> Refusal:
    """The organisation's calls of this month are spent."""
    if host == "api":
        return V1Error(403, f"{FORBIDDEN}ApiCountLimitForOrg", "企业本月调用次数已用完")
    return OapiError(90020, "企业本月调用次数已用完")


def ip_refused(host: str) -> Refusal:
    if host == "api":
        return V1Error(403, f"{FORBIDDEN}IpNotInWhiteList", "访问ip不在白名单之中")
    return OapiError(60020, "访问ip不在白名单之中,request ip=127.0.0.1")


def scope_refused(host: str, scope: str) -> Refusal:
    """The app was not granted a permission."""
    message = f"应用尚未开通所需的权限：[{scope}]"
    if host == "api":
        code = f"{FORBIDDEN}AccessTokenPermissionDenied"
        return V1Error(403, code, message, {"requiredScopes": [scope]})
    text = f"ding talk error[subcode=60011,submsg={message}]"
    return OapiError(88, text, "60011", message)
