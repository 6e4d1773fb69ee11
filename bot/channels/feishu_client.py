"""Calling Feishu's open API: one token for everybody, time-outs, and what came back.

Raises ``Answered`` (a no), ``httpx.HTTPError`` (nobody there), and ``CredentialsWrong`` or
``TryLater`` where there is no token to call with: then nothing was sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from bot.channels.base import Payload
from bot.channels.feishu_meaning import APP_CODES, SCOPE, TOKEN_CODES, WORDS, Answered, harmless
from bot.channels.tls_authorities import authorities
from bot.errors import CredentialsWrong, TryLater

API = "/open-apis"
#: A token with less left than this is not used any more; Feishu makes a new one at 30 minutes.
SPARE = timedelta(minutes=5)
CHUNK_BYTES = 64 * 1024
MAX_REFUSAL = 64 * 1024
#: contact/v3/users/batch_get_id: at most 50 of each.
LOOKED_UP = 50

_SCOPE_NAME = re.compile(r"[a-z0-9_.]+(?::[a-z0-9_.]+)+", re.ASCII)

Json = dict[str, Any]


class Client:
    """One app's calls."""

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        api_base: str,
        *,
        now: Callable[[], datetime],
    ) -> None:
        _quieten()
        self._app_id, self._secret, self._base, self._now = app_id, app_secret, api_base, now
        self._http: httpx.AsyncClient | None = None
        self._token, self._until = "", now()
        self._renewing = asyncio.Lock()

    @property
    def http(self) -> httpx.AsyncClient:
        """The open connections; opened by the first who asks."""
        if self._http is None or self._http.is_closed:
            timeout = httpx.Timeout(15, connect=5, pool=10)
            self._http = httpx.AsyncClient(
                base_url=self._base, timeout=timeout, verify=authorities()
            )
        return self._http

    async def close(self) -> None:
        """Close connections; calls under way fail."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    # Messages

    async def send(self, to: str, payload: Payload, uuid: str) -> str:
        """A new message to somebody (``ou_``) or a group (``oc_``); its id."""
        kind = "chat_id" if to.startswith("oc_") else "open_id"
        body = {"receive_id": to, "uuid": uuid, **_written(payload)}
        path = f"{API}/im/v1/messages"
        answer = await self.call("POST", path, params={"receive_id_type": kind}, body=body)
        message_id = _data(answer).get("message_id")
        if not isinstance(message_id, str) or not message_id:
            raise Answered(200, None)
        return message_id

    async def change(self, message_id: str, payload: Payload) -> None:
        """Put something else where a message of ours stands."""
        path = f"{API}/im/v1/messages/{quote(message_id, safe='')}"
        body = _written(payload)
        if payload["msg_type"] == "interactive":
            await self.call("PATCH", path, body={"content": body["content"]})
        else:
            await self.call("PUT", path, body=body)

    async def stream(self, message_id: str, kind: str, key: str) -> AsyncGenerator[bytes]:
        """The bytes of an attachment."""
        path = f"{API}/im/v1/messages/{quote(message_id, safe='')}/resources/{quote(key, safe='')}"
        for again in (False, True):
            token = await self._usable()
            headers = _bearer(token)
            async with self.http.stream(
                "GET", path, params={"type": kind}, headers=headers, timeout=60
            ) as answer:
                if answer.status_code == 200:
                    async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                        yield chunk
                    return
                refusal = await _refusal(answer)
            if again or refusal.code not in TOKEN_CODES:
                raise refusal
            self._forget(token)

    # People

    async def robot(self) -> Json:
        """The app's own bot: ``open_id``, ``activate_status`` (2: in use)."""
        answer = await self.call("GET", f"{API}/bot/v3/info")
        bot = answer.get("bot")
        return bot if isinstance(bot, dict) else {}

    async def find(self, mobiles: list[str], emails: list[str]) -> dict[str, str]:
        """open_ids by mobile number or address; who is not found is not in it."""
        found: dict[str, str] = {}
        path = f"{API}/contact/v3/users/batch_get_id"
        for at in range(0, max(len(mobiles), len(emails), 1), LOOKED_UP):
            part = slice(at, at + LOOKED_UP)
            body = {"mobiles": mobiles[part], "emails": emails[part], "include_resigned": False}
            params = {"user_id_type": "open_id"}
            data = _data(await self.call("POST", path, params=params, body=body))
            for one in _objects(data.get("user_list")):
                if one.get("user_id"):
                    found[str(one.get("mobile") or one.get("email"))] = str(one["user_id"])
        return found

    async def signed_in(self, code: str, redirect_uri: str) -> str:
        """The open_id of who came back with ``code``: good once, for five minutes."""
        body = {
            "grant_type": "authorization_code",
            "client_id": self._app_id,
            "client_secret": self._secret,
            "code": code,
            "redirect_uri": redirect_uri,
        }
        given = await self._ask("POST", f"{API}/authen/v2/oauth/token", body=body)
        token = given.get("access_token")
        if not isinstance(token, str) or not token:
            raise Answered(200, None)
        who = await self._ask("GET", f"{API}/authen/v1/user_info", headers=_bearer(token))
        return str(_data(who).get("open_id", ""))

    async def endpoint(self) -> Json:
        """Where to open a long connection, and how to keep it (``URL``, ``ClientConfig``)."""
        body = {"AppID": self._app_id, "AppSecret": self._secret}
        path = "/callback/ws/endpoint"
        return _data(await self._ask("POST", path, body=body, headers={"locale": "zh"}))

    # Calling

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> Json:
        """A call as the app. A token the platform does not like is renewed once."""
        for again in (False, True):
            token = await self._usable()
            try:
                return await self._ask(
                    method, path, params=params, body=body, headers=_bearer(token)
                )
            except Answered as error:
                if again or error.code not in TOKEN_CODES:
                    raise
                self._forget(token)
        raise AssertionError("the second try returns or raises")

    async def token(self) -> str:
        """A token that was just asked for. Raises ``CredentialsWrong`` or ``TryLater``."""
        self._forget(self._token)
        return await self._usable()

    async def _usable(self) -> str:
        async with self._renewing:  # one asks, the others wait for it
            if not self._token or self._now() >= self._until:
                await self._renew()
            return self._token

    def _forget(self, token: str) -> None:
        if token == self._token:
            self._token = ""

    async def _renew(self) -> None:
        body = {"app_id": self._app_id, "app_secret": self._secret}
        path = f"{API}/auth/v3/tenant_access_token/internal"
        try:
            answer = await self._ask("POST", path, body=body)
        except (Answered, httpx.HTTPError) as error:
            if isinstance(error, Answered) and error.code in APP_CODES:
                raise CredentialsWrong(WORDS["app"]) from None
            raise harmless(error) from None
        token, lasts = answer.get("tenant_access_token"), answer.get("expire")
        if not isinstance(token, str) or not isinstance(lasts, int) or not token:
            raise TryLater(WORDS["network"])
        self._token = token
        self._until = self._now() + max(timedelta(seconds=lasts) - SPARE, timedelta())

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        given = {"content-type": "application/json; charset=utf-8", **(headers or {})}
        answer = await self.http.request(method, path, params=params, content=data, headers=given)
        opened = _json(answer.content)
        if answer.status_code != 200 or opened is None or opened.get("code") != 0:
            raise _no(answer, opened)
        return opened


def _written(payload: Payload) -> Json:
    content = json.dumps(payload["content"], ensure_ascii=False)
    return {"msg_type": payload["msg_type"], "content": content}


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _data(answer: Json) -> Json:
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


def _json(body: bytes) -> Json | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


async def _refusal(answer: httpx.Response) -> Answered:
    body = b""
    async for chunk in answer.aiter_bytes(CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_REFUSAL:
            break
    return _no(answer, _json(body))


def _no(answer: httpx.Response, opened: Json | None) -> Answered:
    """A refusal as numbers; of its words only names of rights are kept."""
    code = opened.get("code") if opened else None
    if isinstance(code, bool) or not isinstance(code, int) or (code == 0):
        code = None
    return Answered(
        answer.status_code,
        code,
        wait=_reset(answer.headers.get("x-ogw-ratelimit-reset", "")),
        rights=_rights(opened) if opened and code == SCOPE else "",
    )


def _reset(seconds: str) -> timedelta | None:
    if not re.fullmatch(r"\d{1,5}", seconds, re.ASCII):
        return None
    return timedelta(seconds=max(int(seconds), 1))


def _rights(opened: Json) -> str:
    """The rights any one of which would do, as the answer lists them."""
    error = opened.get("error")
    listed = error.get("permission_violations") if isinstance(error, dict) else None
    names = [str(one.get("subject")) for one in _objects(listed)]
    return " / ".join(name for name in names[:5] if _SCOPE_NAME.fullmatch(name))


def _objects(values: Any) -> list[Json]:
    listed = values if isinstance(values, list) else []
    return [value for value in listed if isinstance(value, dict)]


def _quieten() -> None:
    """These log whole URLs and frames, where tickets and people are."""
    for name in ("httpx", "httpcore", "websockets"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.WARNING:
            logger.setLevel(logging.WARNING)
