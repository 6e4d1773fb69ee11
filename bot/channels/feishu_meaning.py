"""What Feishu's answers mean to us. Texts are read by HR and never quote an answer."""

from __future__ import annotations

from datetime import timedelta

import httpx

from bot.errors import DeliveryError, GiveUp, TryLater, Unknown

WORDS = {
    "address": "这不是一个飞书用户或群，无法发送",
    "busy": "飞书要求放慢发送速度",
    "down": "飞书暂时无法服务",
    "network": "连不上飞书，请检查网络或代理",
    "no_answer": "消息已发出，但没有收到飞书的回应，可能已送达",
    "refused": "飞书拒绝了这条消息",
    "file": "附件已无法从飞书下载",
    "long": "内容超过飞书允许的长度",
    "app": (
        "飞书不认这个应用的凭证，请在开发者后台“凭证与基础信息”核对 App ID 和 App Secret"
        "（YINUO_FEISHU__APP_ID、YINUO_FEISHU__APP_SECRET），并确认飞书与 Lark 没有选错"
    ),
    "bot": "请在飞书开发者后台“添加应用能力”中开启“机器人”，再到“版本管理与发布”创建并发布版本",
    "scope": "应用缺少权限，请在飞书开发者后台“权限管理”开通后重新发布版本",
    "address_list": "飞书只接受白名单内的 IP，请在开发者后台“安全设置”加入本机的出口 IP",
    "external": (
        "应用没有权限给对方发消息，请在飞书开发者后台“权限管理”和“版本管理与发布”核对发消息权限"
        "和“对外共享”"
    ),
    "unavailable": (
        "对方不在应用的可用范围内（外部人员需先打开机器人，或已离职），"
        "请在飞书开发者后台“版本管理与发布”核对可用范围"
    ),
    "blocked": "对方屏蔽了机器人，或该会话禁止发言，消息发不过去",
    "group": "机器人不在这个群里，或群已解散",
    "private": "卡片上有候选人的信息，只发给本人，不发到群里",
    "resigned": "对方已离职",
    "content": "内容没有通过飞书的审核",
    "login": "飞书登录已失效，请重新打开邀请链接",
    "outsider": "您不是本企业在飞书里的成员，请换公司的飞书账号再试",
    "hook_sign": "飞书群机器人的签名不对，请核对 YINUO_FEISHU__GROUP_HOOK_SECRET 和服务器时间",
}
#: What only a person can mend; asking more often does not help.
MEND_DELAY = timedelta(minutes=5)
SOON = timedelta(seconds=1)

#: Bad or expired token: renewed once.
TOKEN_CODES = frozenset({99991661, 99991663, 99991664, 99991665, 99991668, 99991671})
#: App id or secret are wrong, or the app is gone.
APP_CODES = frozenset({10003, 10012, 10014, 10015, 514, 1000040344})
SCOPE = 99991672
DLP = 230028
#: Of the address for long connections: no version with the bot is published.
NOT_PUBLISHED = 403
TOO_MANY_CONNECTIONS = 1000040350
#: There is nothing left to change: recalled, deleted, too old, not ours, changed too often.
GONE = frozenset({230011, 230012, 230031, 230054, 230071, 230072, 230110})

_BUSY = frozenset({99991400, 230020, 230049, 11232})
_DOWN = frozenset({1, 2200, 5000, 55001, 1000040343})
_MEND = {
    230006: "bot",
    NOT_PUBLISHED: "bot",
    SCOPE: "scope",
    99991401: "address_list",
    19021: "hook_sign",
}
_NEVER = {
    230002: "group",
    232009: "group",
    230013: "unavailable",
    230018: "blocked",
    230035: "blocked",
    230053: "blocked",
    230022: "content",
    DLP: "content",
    230025: "long",
    230027: "external",
    230038: "external",
    230029: "resigned",
    230034: "address",
}
#: The connection was never made, so nothing left this machine.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Answered(Exception):
    """An answer that says no, or that is not the platform's. Holds numbers only.

    ``code`` is the platform's own; None where the answer is not its JSON.
    """

    def __init__(
        self, status: int, code: int | None, *, wait: timedelta | None = None, rights: str = ""
    ) -> None:
        super().__init__(f"status {status}, code {code}")
        self.status, self.code, self.wait, self.rights = status, code, wait, rights


def meaning(error: Answered | httpx.HTTPError) -> DeliveryError:
    """What to do after a failed call."""
    if isinstance(error, httpx.HTTPError):
        if isinstance(error, _NOT_SENT):
            return TryLater(WORDS["network"])
        return Unknown(WORDS["no_answer"])
    if error.code is None:
        return _by_status(error.status)
    if error.status == 429 or error.code in _BUSY:
        return TryLater(WORDS["busy"], error.wait or SOON)
    if error.code in TOKEN_CODES or error.code in APP_CODES:
        return TryLater(WORDS["app"], MEND_DELAY)
    if error.code in _MEND:
        return TryLater(WORDS[_MEND[error.code]] + _named(error.rights), MEND_DELAY)
    if error.code in _NEVER:
        return GiveUp(WORDS[_NEVER[error.code]])
    if error.status >= 500 or error.code in _DOWN:
        return TryLater(f"{WORDS['down']}（{error.code}）")
    return GiveUp(f"{WORDS['refused']}（{error.code}）")


def harmless(error: Answered | httpx.HTTPError) -> DeliveryError:
    """The same for a call that may be made twice: no answer is just later."""
    told = meaning(error)
    return TryLater(WORDS["network"]) if isinstance(told, Unknown) else told


def _named(rights: str) -> str:
    return f"：{rights}" if rights else ""


def _by_status(status: int) -> DeliveryError:
    if status >= 500:
        return TryLater(f"{WORDS['down']}（{status}）")
    if status >= 300:  # the page of a proxy, or of a hotel
        return TryLater(f"{WORDS['network']}（{status}）")
    return Unknown(WORDS["no_answer"])
