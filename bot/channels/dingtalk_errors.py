"""What DingTalk's refusals mean to us. Codes: 全局错误码, 调用频次与限流, the page of each call.

No exception here carries a text of the platform: it may repeat our address or a person's words.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from bot.errors import DeliveryError, GiveUp, TryLater, Unknown

#: What HR reads next to a message that did not arrive.
WORDS = {
    "address": "这不是一个钉钉会话，无法发送",
    "gone": "对方已离开企业，或不在机器人的可见范围内，消息发不过去",
    "busy": "钉钉要求放慢发送速度",
    "quota": "企业本月的钉钉接口调用额度已用完，请在钉钉开放平台续购",
    "quota_held": (
        "企业本月的钉钉接口调用额度已用完，请在钉钉开放平台续购。对方在钉钉里再次开口后自动发出；"
        "也可以换电话或邮件联系"
    ),
    "banned": "钉钉暂时拒绝了本机的访问",
    "down": "钉钉暂时无法服务",
    "network": "连不上钉钉，请检查网络或代理",
    "no_answer": "消息已发出，但没有收到钉钉的回应，可能已送达",
    "refused": "钉钉拒绝了这条消息",
    "silent": "钉钉没有回应，或回应的不是钉钉，请检查网络或代理",
    "file": "附件已无法从钉钉下载",
    "robot_token": "群机器人的地址已失效，请重新添加并更新 YINUO_DINGTALK__GROUP_ROBOT_TOKEN",
    "robot_lock": (
        "群机器人的安全设置没有通过，请在群设置 → 机器人里核对加签密钥"
        "（YINUO_DINGTALK__GROUP_ROBOT_SECRET）、关键词和 IP"
    ),
    "login": "钉钉登录已失效，请重新打开邀请链接",
    "outsider": "您不是本企业在钉钉里的成员，请换公司的钉钉账号再试",
    "no_group_robot": "没有配置群机器人（YINUO_DINGTALK__GROUP_ROBOT_TOKEN）",
}
_CONSOLE = "钉钉开放平台 → 应用开发 → 本应用 →"
#: What a person has to mend, and on which page.
PAGES = {
    "credentials": (
        f"钉钉不认这个应用：请在「{_CONSOLE} 凭证与基础信息」核对 Client ID 和 Client Secret"
        "（YINUO_DINGTALK__CLIENT_ID、YINUO_DINGTALK__CLIENT_SECRET）"
    ),
    "ip": f"钉钉不允许本机的出口 IP：请在「{_CONSOLE} 安全设置 → 服务器出口 IP」加上它",
    "scope": f"应用缺少权限：请在「{_CONSOLE} 权限管理」开通 ",
    "robot": (
        f"机器人编码不对：请在「{_CONSOLE} 应用能力 → 机器人」核对 RobotCode"
        "（YINUO_DINGTALK__ROBOT_CODE，通常留空）"
    ),
    "publish": (
        f"机器人还不能单聊：请在「{_CONSOLE} 应用能力 → 机器人」发布机器人，"
        f"再在「版本管理与发布」发布应用版本"
    ),
    "template": (
        "互动卡片模板不可用：请在「钉钉开放平台 → 开放能力 → 卡片平台」发布模板，"
        "并核对模板 ID（YINUO_DINGTALK__CARD_TEMPLATE_ID）"
    ),
}
SCOPES = {
    "qyapi_robot_sendmsg": "企业内机器人发送消息权限",
    "Card.Instance.Write": "互动卡片实例写权限",
    "qyapi_get_member": "成员信息读权限",
    "Contact.User.Read": "通讯录个人信息读权限",
    "qyapi_get_member_by_mobile": "根据手机号获取成员基本信息权限",
}

#: Somebody has to mend it; asking more often does not help.
MEND_DELAY = timedelta(minutes=5)
#: Nothing changes before somebody buys more or the month ends.
QUOTA_DELAY = timedelta(hours=3)
#: A custom robot that was too fast is blocked for ten minutes.
ROBOT_DELAY = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MOST_WAIT_S = 3_600

BAD_TOKEN = frozenset({"InvalidAuthentication", "40014", "42001"})
NO_CARD = "param.cardNotExist"
CARD_EXISTS = "param.cardAlreadyExist"

_BUSY = {
    "QpsLimitForAppkeyAndApi": SECOND,
    "QpsLimitForApi": SECOND,
    "QpmLimitForAppkeyAndApi": MINUTE,
    "90018": SECOND,
    "90002": SECOND,
    "send.too.fast": MINUTE,
    "too.many.requests": MINUTE,
    "130101": ROBOT_DELAY,
    "410100": ROBOT_DELAY,
}
QUOTA = frozenset({"ApiCountLimitForOrg", "90020"})
_DOWN = frozenset({"system.busy", "ServiceUnavailable", "InternalError", "-1"})
_GONE = frozenset({"staffId.notExisted", "33012", "60121"})
_PAGE_OF = {
    "invalidClientIdOrSecret": "credentials",
    "authFailed": "credentials",
    "40089": "credentials",
    "40096": "credentials",
    "IpNotInWhiteList": "ip",
    "60020": "ip",
    "AccessTokenPermissionDenied": "scope",
    "88": "scope",
    "invalidParameter.robotCode.empty": "robot",
    "invalidParameter.robotCode.notExsit": "robot",  # their spelling
    "chatbotId.notAllow.sendOTO": "publish",
    "robot.oto.notExist": "publish",
    "param.templateNotExist": "template",
    "param.templateUnpublished": "template",
}
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)
_FORBIDDEN = "Forbidden.AccessDenied."


class Trouble(Exception):
    """A call that did not do what it was for. The text may be logged."""


class NotSent(Trouble):
    """Nothing left this machine, or nothing that matters did."""


class NoAnswer(Trouble):
    """The bytes left; whether it was done nobody knows."""


class Banned(Trouble):
    """A gate in front of the platform turned the call away."""

    def __init__(self, wait: timedelta = MEND_DELAY) -> None:
        super().__init__("turned away")
        self.wait = wait


class Refusal(Trouble):
    """The platform says no, in a code."""

    def __init__(self, status: int, code: str, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(code or f"status {status}")
        self.status, self.code, self.scopes = status, code, scopes


def read(status: int, body: bytes) -> dict[str, Any]:
    """The answer of either host. Raises ``Trouble`` for any that is not a yes."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if status == 504:
        raise NoAnswer("status 504")  # their own time-out; the call may have succeeded
    if not isinstance(data, dict):
        if status >= 500:
            raise Refusal(status, "")
        if status >= 300 or body.lstrip()[:1] == b"<":
            raise Banned
        raise NoAnswer("not an object")
    if "punish" in data:
        wait = data.get("wait")
        seconds = wait if isinstance(wait, int) and 0 < wait < MOST_WAIT_S else 0
        raise Banned(max(timedelta(seconds=seconds), MINUTE))
    if str(data.get("errcode", 0)) != "0":
        raise Refusal(status, _code(data["errcode"]), _sub_scopes(data))
    if status >= 300:
        raise Refusal(status, _code(data.get("code")), _scopes(data))
    return data


def page(refusal: Refusal) -> str:
    """What a person has to mend where; empty where nobody can."""
    found = _PAGE_OF.get(refusal.code, "")
    if found == "scope":
        named = [f"{SCOPES.get(one, '')}（{one}）" for one in refusal.scopes]
        return PAGES[found] + ("、".join(named) or "调用的接口所需的权限")
    return PAGES.get(found, "")


def meaning(trouble: Trouble) -> DeliveryError:
    """What to do after a call that failed."""
    match trouble:
        case NotSent():
            return TryLater(WORDS["network"])
        case Banned():
            return TryLater(WORDS["banned"], trouble.wait)
        case Refusal():
            return _by_code(trouble)
        case _:
            return Unknown(WORDS["no_answer"])


def later(trouble: Trouble) -> DeliveryError:
    """The same for a call that does no harm when it is made twice."""
    told = meaning(trouble)
    return TryLater(WORDS["silent"]) if isinstance(told, Unknown) else told


def _by_code(refusal: Refusal) -> DeliveryError:
    code = refusal.code
    if code in _BUSY:
        return TryLater(WORDS["busy"], _BUSY[code])
    if code in QUOTA:
        return TryLater(WORDS["quota"], QUOTA_DELAY)
    if mend := page(refusal):
        return TryLater(mend, MEND_DELAY)
    if code in BAD_TOKEN:
        return TryLater(PAGES["credentials"], MEND_DELAY)
    if code in _DOWN or refusal.status >= 500:
        return TryLater(f"{WORDS['down']}（{code or refusal.status}）")
    if refusal.status == 429:
        return TryLater(WORDS["busy"], MINUTE)
    if code in _GONE:
        return GiveUp(WORDS["gone"])
    if code == "310000":
        return GiveUp(WORDS["robot_lock"])
    if code in ("300005", "400101"):
        return GiveUp(WORDS["robot_token"])
    return GiveUp(f"{WORDS['refused']}（{code or refusal.status}）")


def _code(value: Any) -> str:
    code = str(value) if isinstance(value, str | int) else ""
    return code.removeprefix(_FORBIDDEN) if _CODE.fullmatch(code) else ""


def _scopes(data: dict[str, Any]) -> tuple[str, ...]:
    detail = data.get("accessdenieddetail")
    found = detail.get("requiredScopes") if isinstance(detail, dict) else None
    listed = found if isinstance(found, list) else []
    return tuple(one for one in listed if isinstance(one, str) and _CODE.fullmatch(one))


def _sub_scopes(data: dict[str, Any]) -> tuple[str, ...]:
    """The old host names the right in a sentence: 「应用尚未开通所需的权限：[qyapi_x]」."""
    text = f"{data.get('sub_msg', '')} {data.get('errmsg', '')}"
    return tuple(dict.fromkeys(re.findall(r"\[((?:qyapi_|[A-Z])[A-Za-z0-9_.]{1,80})\]", text)))
