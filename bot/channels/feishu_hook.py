"""A custom group bot: an address that takes messages for one group, and answers nobody."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from bot.channels.base import Payload
from bot.channels.feishu_meaning import WORDS, Answered, meaning
from bot.channels.feishu_pace import Pace
from bot.errors import GiveUp, Unknown

#: The address that stands for the group; nobody's open_id looks like it.
ADDRESS = "hook"
MAX_BYTES = 20 * 1024


class GroupHook:
    """Posts to one group. ``url`` is a secret: whoever has it may post, too."""

    def __init__(self, url: str, secret: str, *, now: Callable[[], datetime]) -> None:
        self._url, self._secret, self._now = url, secret, now
        self._paces = (Pace(5, 1.05), Pace(100, 60.0))

    async def send(self, http: httpx.AsyncClient, payload: Payload) -> None:
        """Post one message. Raises TryLater, or GiveUp: also where no answer came, because it
        knows no keys and would say the same twice."""
        if not self._url:
            raise GiveUp(WORDS["address"])
        body = json.dumps(self._body(payload), ensure_ascii=False).encode()
        if len(body) > MAX_BYTES:
            raise GiveUp(WORDS["long"])
        for pace in self._paces:
            await pace.wait(ADDRESS)
        headers = {"content-type": "application/json; charset=utf-8"}
        try:
            answer = await http.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            told = meaning(error)
            raise GiveUp(str(told)) if isinstance(told, Unknown) else told from None
        code = _code(answer.content)
        if code != 0 or answer.status_code != 200:
            told = meaning(Answered(answer.status_code, code or None))
            raise GiveUp(str(told)) if isinstance(told, Unknown) else told

    def _body(self, payload: Payload) -> dict[str, Any]:
        kind, content = payload["msg_type"], payload["content"]
        body = {"msg_type": kind, "content": {"post": content} if kind == "post" else content}
        if self._secret:
            timestamp = str(int(self._now().timestamp()))
            body |= {"timestamp": timestamp, "sign": sign(timestamp, self._secret)}
        return body


def sign(timestamp: str, secret: str) -> str:
    """What proves a post: the time and the secret are the key, and nothing is what is signed.

    >>> sign("1599360473", "demo")
    'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8='
    """
    digest = hmac.digest(f"{timestamp}\n{secret}".encode(), b"", "sha256")
    return base64.b64encode(digest).decode()


def _code(body: bytes) -> int | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
