"""Who somebody is in the company: signing in over WeCom, and looking up a colleague.

The two pages to sign in on are documents 91022 (inside of WeCom) and 98171 (any other browser).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from bot.channels import wecom_address as address
from bot.channels.base import SignIn
from bot.channels.wecom_client import Client, Refusal, harmless, meaning
from bot.channels.wecom_words import WORDS
from bot.errors import GiveUp, Unknown
from bot.messages import Address

#: WeCom's browser says both; WeChat's, where a member may have the company's plug-in, the second.
SIGN_IN = SignIn(inside=("wxwork", "micromessenger"))

#: "state ≤128 B [a-zA-Z0-9]"; the documents' own code has at most 512 bytes.
_STATE = re.compile(r"[a-zA-Z0-9]{1,128}", re.ASCII)
_CODE = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)
_NOBODY = frozenset({46004, 60111, 60011, 40003})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Where a browser goes to sign in, inside of WeCom and outside."""

    corp_id: str
    agent_id: int
    base: str = ""  # of a platform of the company's own; empty: the public one's two

    def url(self, redirect_uri: str, state: str, *, in_app: bool) -> str:
        """The page that asks who is there and comes back with a code. Raises ``ValueError``."""
        if not _STATE.fullmatch(state):
            raise ValueError("a state is 1 to 128 letters and digits")
        if in_app:
            asked = {
                "appid": self.corp_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": state,
                "agentid": str(self.agent_id),
            }
            base = self.base or "https://open.weixin.qq.com"
            return f"{base}/connect/oauth2/authorize?{_encoded(asked)}#wechat_redirect"
        asked = {
            "login_type": "CorpApp",
            "appid": self.corp_id,
            "agentid": str(self.agent_id),
            "redirect_uri": redirect_uri,
            "state": state,
        }
        base = self.base or "https://login.work.weixin.qq.com"
        return f"{base}/wwlogin/sso/login?{_encoded(asked)}"


def _encoded(asked: dict[str, str]) -> str:
    return urlencode(asked, quote_via=quote, safe="")


async def signed_in(client: Client, code: str) -> Address:
    """The member a code stands for. A code works once.

    A member is named even if the app is not for them: whether they may come in is ours to say.
    Raises ``GiveUp`` for a code that is used or old and for an outsider, else ``TryLater``.
    """
    if not _CODE.fullmatch(code):
        raise GiveUp(WORDS["login"])
    try:
        answer = await client.get("auth/getuserinfo", code=code)
    except Refusal as refusal:
        told = meaning(refusal)
        if isinstance(told, GiveUp):  # used, old, unknown, or another app's
            told = GiveUp(f"{WORDS['login']}（{refusal.code}）")
        raise told from None
    except Unknown as error:
        raise harmless(error) from None  # whoever begins again brings another code
    who = address.member(answer.get("userid"))
    if who is None:
        raise GiveUp(WORDS["outsider"])
    return who


async def member_by_phone(client: Client, phone: str) -> str | None:
    """The member with this number, in lower case; None for nobody the app may see.

    After too many numbers of nobody the platform is silent for a day. Raises ``DeliveryError``.
    """
    try:
        answer = await client.post("user/getuserid", {"mobile": phone})
    except Refusal as refusal:
        if refusal.code in _NOBODY:
            return None
        raise meaning(refusal) from None
    except Unknown as error:
        raise harmless(error) from None
    userid = answer.get("userid")
    return userid.lower() if isinstance(userid, str) and userid else None
