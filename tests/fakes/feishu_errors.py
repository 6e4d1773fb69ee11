"""Refusals in the platform's own envelope: `{"code", "msg", "error"}`, mostly with HTTP 400.

Wordings follow the public error tables; codes those tables do not give are named as guesses
where they are raised.
"""

import random
import time
from typing import Any

Json = dict[str, Any]

WORDING = {
    9499: "Bad Request",
    10003: "invalid param",
    10014: "app secret invalid",
    41050: "no user authority error",
    230001: "Your request contains an invalid request parameter.",
    230002: "The bot can not be outside the group.",
    230006: "Bot ability is not activated.",
    230011: "The message is recalled.",
    230012: "Bot is NOT the sender of the message.",
    230013: "Bot has NO availability to this user.",
    230018: "These operations are NOT allowed at current group settings.",
    230020: "This operation triggers the frequency limit.",
    230022: "The content of the message contains sensitive information.",
    230025: "The length of the message content reaches its limit.",
    230026: "No permission to recall this message.",
    230027: "Lack of necessary permissions.",
    230028: "The messages do NOT pass the audit.",
    230029: "The user has resigned.",
    230031: "Message can only be modified within 14 days after sending.",
    230034: "The receive_id is invalid.",
    230035: "Send Message Permission deny.",
    230038: "Cross tenant p2p chat operate forbid.",
    230049: "The message is being sent.",
    230053: "The user has stopped the bot from sending messages.",
    230054: "This operation is not supported for this message type.",
    230071: "Operator is not the sender of the message.",
    230072: "The message has been edited too many times.",
    230099: "Failed to create card content",
    232009: "Your request specifies a chat which has already been dissolved.",
    234001: "Invalid request param.",
    234003: "File not in msg.",
    234004: "App not in chat.",
    234006: "The file size exceed the max value.",
    234009: "Lark APIs for external chats are not supported.",
    234010: "File's size can't be 0.",
    234037: "Downloaded file size exceeds limit.",
    234043: "Unsupported message type.",
    99991400: "request trigger frequency limit",
    99991661: "Missing access token for authorization. Please make a test attempt.",
    99991663: "Invalid access token for authorization. Please make a test attempt.",
    99991668: "Invalid access token for authorization. Please make a test attempt.",
    99991671: "Invalid access token for authorization, it must start with 't-' or 'u-'.",
    99991672: "Access denied. One of the following scopes is required: ",
    99992402: "field validation failed",
}


class ApiError(Exception):
    """An answer that says no."""

    def __init__(
        self,
        code: int,
        msg: str,
        status: int = 400,
        *,
        headers: dict[str, str] | None = None,
        detail: Json | None = None,
        whole: Json | None = None,
    ) -> None:
        """`whole` replaces the usual body, where an endpoint words its refusals differently."""
        super().__init__(f"{code}: {msg}")
        self.code = code
        self.msg = msg
        self.status = status
        self.headers = headers or {}
        self._detail = detail or {}
        self._whole = whole

    def body(self) -> Json:
        if self._whole is not None:
            return self._whole
        return {
            "code": self.code,
            "msg": self.msg,
            "error": {"log_id": log_id(), **self._detail},
        }


def log_id() -> str:
    return time.strftime("%Y%m%d%H%M%S") + f"{random.getrandbits(72):018X}"


def refused(code: int, ext: str = "", *, status: int = 400) -> ApiError:
    """The refusal with this code; `ext` is what the platform appends after "ext="."""
    msg = WORDING.get(code, "operation failed")
    return ApiError(code, f"{msg.rstrip('.')}, ext={ext}" if ext else msg, status)


def bad(ext: str) -> ApiError:
    """230001: a bug of the caller."""
    return refused(230001, ext)


def card_refused(sub_code: int, message: str, value: str = "") -> ApiError:
    """230099, with the reason as a number inside the text."""
    return refused(230099, f"ErrCode: {sub_code}; ErrMsg: {message}; ErrorValue: {value}; ")


def scope_missing(scopes: tuple[str, ...]) -> ApiError:
    """99991672: none of the scopes that would do was granted."""
    violations = [{"type": "action_scope_required", "subject": scope} for scope in scopes]
    msg = f"{WORDING[99991672]}[{', '.join(scopes)}]"
    return ApiError(99991672, msg, detail={"permission_violations": violations})


def too_often(limit: int, reset_s: int) -> ApiError:
    """HTTP 429 with the two headers that say how long to wait."""
    headers = {"x-ogw-ratelimit-limit": str(limit), "x-ogw-ratelimit-reset": str(reset_s)}
    return ApiError(99991400, WORDING[99991400], 429, headers=headers)


def ok(data: Json | None = None, **beside: Any) -> Json:
    """A yes; some old endpoints answer beside `data`."""
    return {"code": 0, "msg": "success", **({} if data is None else {"data": data}), **beside}
