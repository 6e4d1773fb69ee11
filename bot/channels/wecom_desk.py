"""What is done around the talking: rights, accounts, links, and whose a session is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.channels import wecom_address as address
from bot.channels.wecom_client import Client, Refusal, harmless, meaning
from bot.channels.wecom_post import HUMAN
from bot.channels.wecom_words import CONSOLE, WORDS
from bot.errors import BotError, CredentialsWrong, DeliveryError, GiveUp, Unknown
from bot.messages import Ticket

#: Our app's number is wrong: another app's, or none's.
WRONG_APP = frozenset({301002, 40056})
ACCOUNTS_PAGE = 100
#: One text, for as long as the colleague has the session, which ends by itself after this.
HAND_OVER_LASTS = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Session:
    """Where a customer's session is: 0 new, 1 ours, 2 in the pool, 3 a colleague's, 4 ended."""

    state: int
    servicer: str = ""  # the colleague's address, while it is theirs


async def prove(client: Client, agent_id: int) -> None:
    """That secret, IP and app are right. Nothing is sent to anybody. Raises ``Refusal``."""
    await client.get("getcallbackip")
    try:
        body = {"touser": "", "msgtype": "text", "agentid": agent_id, "text": {"content": "-"}}
        await client.post("message/send", body)
    except Refusal as refusal:
        if refusal.code in WRONG_APP:
            raise  # else it is the missing reader that is refused, as it should be


def mended(refusal: Refusal) -> BotError | DeliveryError:
    """What ``check`` says of a refusal: a page of the console where one mends it."""
    if refusal.code in CONSOLE:
        return CredentialsWrong(f"{CONSOLE[refusal.code]}（{refusal.code}）")
    return meaning(refusal)


async def managed(client: Client) -> list[str]:
    """The kf accounts our app may drive. Raises ``Refusal``."""
    found: list[str] = []
    offset = 0
    while True:
        asked = {"offset": offset, "limit": ACCOUNTS_PAGE}
        listed = (await client.post("kf/account/list", asked)).get("account_list")
        accounts = [one for one in listed if isinstance(one, dict)] if listed else []
        found += [
            one["open_kfid"]
            for one in accounts
            if address.is_account(one.get("open_kfid")) and one.get("manage_privilege", True)
        ]
        offset += len(accounts)
        if len(accounts) < ACCOUNTS_PAGE:
            return found


def refuse_unmanaged(named: Sequence[str], found: Sequence[str]) -> None:
    """Raises ``CredentialsWrong`` unless an account exists and all of the settings' are ours."""
    if not found:
        raise CredentialsWrong(
            "没有可用的客服账号：在「微信客服 → 客服账号」新建一个，并在「微信客服 → API → "
            "可调用接口的应用」把它分配给这个应用"
        )
    missing = [one for one in named if one not in found]
    if missing:
        raise CredentialsWrong(
            f"客服账号 {'、'.join(missing)} 没有分配给这个应用：在「微信客服 → API → "
            "可调用接口的应用」分配，或改正 YINUO_WECOM__OPEN_KFIDS"
        )


async def link(client: Client, account: str, scene: str) -> str:
    """The link that opens a chat with an account. Raises ``Refusal``."""
    answer = await client.post("kf/add_contact_way", {"open_kfid": account, "scene": scene})
    url = answer.get("url")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise Unknown(WORDS["no_answer"])
    return url


def with_param(url: str, token: str) -> str:
    """A link that says who comes by it.

    >>> with_param("https://work.weixin.qq.com/kf/kfc1?enc_scene=E", "t-1")
    'https://work.weixin.qq.com/kf/kfc1?enc_scene=E&scene_param=t-1'
    """
    return f"{url}{'&' if '?' in url else '?'}scene_param={quote(token, safe='')}"


async def transfer(
    client: Client, to: str, colleague: Sequence[str], *, now: datetime
) -> Ticket | None:
    """Give a customer's session to a colleague, found at any of these addresses.

    Raises TryLater, GiveUp or Unknown.
    """
    found = [who for who in map(address.parse, colleague) if isinstance(who, address.Member)]
    if not found:
        raise GiveUp(WORDS["servicer"])
    body = {
        **_about(to),
        "service_state": HUMAN,
        "servicer_userid": found[0].userid,
    }
    try:
        answer = await client.post("kf/service_state/trans", body)
    except Refusal as refusal:
        raise meaning(refusal) from None
    code = answer.get("msg_code")
    return Ticket(value=code, until=now + HAND_OVER_LASTS) if isinstance(code, str) else None


async def state(client: Client, of: str) -> Session:
    """Who has a session. Raises TryLater or GiveUp."""
    try:
        answer = await client.post("kf/service_state/get", _about(of))
    except Refusal as refusal:
        raise meaning(refusal) from None
    except Unknown as error:
        raise harmless(error) from None
    found, who = answer.get("service_state"), address.member(answer.get("servicer_userid"))
    if not isinstance(found, int):
        raise harmless(Unknown(WORDS["no_answer"]))
    return Session(found, who.value if who else "")


def _about(value: str) -> dict[str, str]:
    who = address.parse(value)
    if not isinstance(who, address.Customer):
        raise GiveUp(WORDS["address"])
    return {"open_kfid": who.account, "external_userid": who.id}
