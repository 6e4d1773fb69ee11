"""Whether the app is set up: each thing that is not, with the console page that mends it."""

from __future__ import annotations

import httpx

from bot.channels.feishu_client import API, Client
from bot.channels.feishu_meaning import APP_CODES, NOT_PUBLISHED, SCOPE, WORDS, Answered, harmless
from bot.errors import CredentialsWrong

#: bot/v3/info: 2 is in use; everything else waits for somebody in a console.
IN_USE = 2
#: A right, and what it is for; asked for with a call that can do nothing.
SEND_RIGHT = "im:message 或 im:message:send_as_bot"
READ_RIGHT = "im:message 或 im:message:readonly"


async def checked(client: Client, app_id: str, console: str, *, socket: bool) -> None:
    """Raises ``CredentialsWrong`` listing all that is wrong, or a ``DeliveryError``."""
    try:
        await client.token()
        wrong = [
            await _bot(client),
            await _right(client, "POST", f"{API}/im/v1/messages", SEND_RIGHT),
            await _right(client, "GET", f"{API}/im/v1/messages/om_0", READ_RIGHT),
        ]
        if socket:
            wrong.append(await _socket(client))
    except (Answered, httpx.HTTPError) as error:
        raise harmless(error) from None
    found = [line for line in wrong if line]
    if found:
        raise CredentialsWrong("；".join(found) + f"（{console}/app/{app_id}）")


async def _bot(client: Client) -> str:
    try:
        robot = await client.robot()
    except Answered as error:
        return _told(error, {230006: WORDS["bot"]})
    return "" if robot.get("activate_status") == IN_USE else WORDS["bot"]


async def _right(client: Client, method: str, path: str, right: str) -> str:
    """Whether a right is there, by a call that is refused for what it says either way."""
    try:
        await client.call(method, path, body={} if method == "POST" else None)
    except Answered as error:
        if error.code is None or error.status >= 500 or error.status == 429:
            raise
        if error.code == SCOPE:
            return f"{WORDS['scope']}：{error.rights or right}"
    return ""


async def _socket(client: Client) -> str:
    try:
        await client.endpoint()
    except Answered as error:
        words: dict[int | None, str] = dict.fromkeys(APP_CODES, WORDS["app"])
        return _told(error, {NOT_PUBLISHED: WORDS["bot"], **words})
    return ""


def _told(error: Answered, words: dict[int | None, str]) -> str:
    if error.code not in words:
        raise error
    return words[error.code]
