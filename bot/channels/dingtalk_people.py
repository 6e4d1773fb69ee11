"""Who somebody is in the organisation: by signing in, mobile number, unionId or userid.

Signing in: open-dingtalk/developerpedia, 浏览器内获取用户委托的访问凭证. The same page serves the
client's own browser. It names a person, not a member: whether they are ours the organisation's own
directory says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bot.channels.base import SignIn
from bot.channels.dingtalk_client import Client
from bot.channels.dingtalk_errors import WORDS, NoAnswer, Refusal, Trouble, later
from bot.channels.dingtalk_values import NAME, staff
from bot.errors import GiveUp
from bot.messages import Address

SIGN_IN = SignIn(code="authCode", inside=("dingtalk",))
OFFICIAL_SIGN_IN = "https://login.dingtalk.com"

_NOBODY = frozenset({"60121", "33012"})
_CODE = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


def sign_in_url(base: str, client_id: str, redirect_uri: str, state: str) -> str:
    """The page that asks who is there. ``openid`` alone asks for nothing but that."""
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "response_type": "code",
        "prompt": "consent",
        "scope": "openid",
    }
    return f"{base or OFFICIAL_SIGN_IN}/oauth2/auth?{urlencode(asked)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """A member of the organisation; what the app has no right to see is empty."""

    user_id: str
    union_id: str = ""
    name: str = ""
    mobile: str = ""
    email: str = ""
    title: str = ""


class People:
    """Look-ups; none of them counts against the monthly quota. Raises TryLater or GiveUp."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def signed_in(self, code: str) -> Address:
        """The member who came back from the sign-in page with a code, which works once."""
        if not _CODE.fullmatch(code):
            raise GiveUp(WORDS["login"])
        try:
            union_id = await self._client.person_behind(code)
        except Trouble as trouble:
            told = later(trouble)
            if isinstance(trouble, Refusal) and isinstance(told, GiveUp):  # used, old or unknown
                told = GiveUp(f"{WORDS['login']}（{trouble.code}）")
            raise told from None
        found = await self.by_union_id(union_id)
        if found is None:
            raise GiveUp(WORDS["outsider"])
        return Address(NAME, f"u/{found.user_id}")

    async def by_mobile(self, mobile: str) -> Colleague | None:
        """An active colleague; None where nobody has that number."""
        return await self._ask("/topapi/v2/user/getbymobile", {"mobile": mobile})

    async def by_union_id(self, union_id: str) -> Colleague | None:
        """A colleague; None for outside people, who have a unionId, too."""
        return await self._ask("/topapi/user/getbyunionid", {"unionid": union_id})

    async def get(self, user_id: str) -> Colleague | None:
        """A colleague by their userid."""
        return await self._ask("/topapi/v2/user/get", {"userid": user_id})

    async def _ask(self, path: str, body: dict[str, str]) -> Colleague | None:
        try:
            answer = await self._client.oapi(path, body)
            result = answer.get("result")
            if not isinstance(result, dict):
                raise NoAnswer("no result")
        except Refusal as refusal:
            if refusal.code in _NOBODY:
                return None
            raise later(refusal) from None
        except Trouble as trouble:
            raise later(trouble) from None
        return _colleague(result)


def _colleague(result: dict[str, Any]) -> Colleague | None:
    user_id = staff(result.get("userid"))
    if not user_id or str(result.get("contact_type", 0)) != "0":
        return None

    def known(name: str) -> str:
        value = result.get(name)
        return value if isinstance(value, str) else ""

    return Colleague(
        user_id=user_id,
        union_id=known("unionid"),
        name=known("name"),
        mobile=known("mobile"),
        email=known("email"),
        title=known("title"),
    )
