"""Refusals with the platform's numbers. The texts are loose: nobody may compare them."""

from typing import Any

Json = dict[str, Any]

TEXTS = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid userid",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid file size",
    40007: "invalid media_id",
    40008: "invalid msgtype",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40029: "invalid code",
    40033: "illegal characters, no \\uxxxx",
    40057: "invalid callback url",
    40058: "invalid request parameter",
    40096: "invalid external userid",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    41005: "media data missing",
    41050: "code late or invalid",
    42001: "access_token expired",
    42003: "code expired",
    42014: "invalid task_id",
    42015: "the card belongs to another app",
    42016: "unknown task_id",
    42017: "unknown button key",
    42018: "invalid button key",
    42019: "button key missing",
    42020: "button name missing",
    42022: "code already used",
    43001: "require GET method",
    43002: "require POST method",
    44004: "empty content",
    45001: "media too large",
    45002: "content size out of limit",
    45007: "voice too long",
    45008: "article count out of limit",
    45009: "api freq out of limit",
    45033: "too many concurrent calls",
    46004: "user not found",
    47001: "data format error",
    48002: "api forbidden",
    50003: "app disabled",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    60123: "invalid party id",
    81013: "user & party & tag all invalid",
    82001: "all the recipients are empty",
    93000: "invalid webhook url",
    93004: "robot disabled",
    93008: "robot not in the group",
    95000: "invalid open_kfid",
    95001: "too many messages since the customer wrote",
    95002: "48 hours have passed since the customer wrote",
    95003: "too many customers for an unverified corp",
    95004: "open_kfid not found",
    95007: "invalid token",
    95008: "menu item count out of limit",
    95009: "invalid menu item type",
    95013: "session ended",
    95014: "not a servicer",
    95016: "session state change not allowed",
    95018: "session state forbids sending",
    95019: "servicer is not serving",
    95027: "too many kf accounts",
    301002: "no permission for this app",
    301019: "md5 mismatch",
}


class ApiError(Exception):
    """An answer with an `errcode` other than 0; over HTTP it is a 200 all the same."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(f"{errcode} {TEXTS.get(errcode, 'error')}: {detail}")
        self.errcode = errcode
        self.detail = detail

    def body(self, ip: str) -> Json:
        """The two fields of every refusal; the text names the caller and a page about it."""
        # The hint is a number on the real platform. What was wrong helps more here.
        hint = "".join(c if " " <= c <= "~" else "?" for c in self.detail)  # fits a header
        text = (
            f"{TEXTS.get(self.errcode, 'error')}, hint: [{hint}], from ip: {ip}, more info at "
            f"https://open.work.weixin.qq.com/devtool/query?e={self.errcode}"
        )
        return {"errcode": self.errcode, "errmsg": text}
