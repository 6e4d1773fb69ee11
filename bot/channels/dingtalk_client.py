"""Calling DingTalk: both hosts, a token for each, and what may be called at all."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.channels.dingtalk_config import OFFICIAL_API, Config
from bot.channels.dingtalk_errors import BAD_TOKEN, NoAnswer, NotSent, Refusal, read
from bot.channels.dingtalk_values import is_theirs
from bot.channels.tls_authorities import authorities

TOKEN_HEADER = "x-acs-dingtalk-access-token"  # noqa: S105 - the name of a header
#: The platform gives up after 3 s itself.
TOTAL_S = 15.0
ANSWER_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
#: A token is renewed this long before it ends, as the official client does.
EARLY = timedelta(minutes=5)

#: The connection was never made, so nothing left this machine.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_STREAM = re.compile(r"wss://[a-z0-9.-]+\.dingtalk\.com(:443)?/", re.ASCII)
_JSON = {"accept": "application/json"}


class Token:
    """The access token of one host: fetched once, however many wait for it."""

    def __init__(
        self, fetch: Callable[[], Awaitable[tuple[str, float]]], now: Callable[[], datetime]
    ) -> None:
        self._fetch, self._now = fetch, now
        self._lock = asyncio.Lock()
        self._value, self._until = "", now()

    async def get(self, *, instead_of: str = "") -> str:
        """A token that should be good, and is not the one somebody was just refused with."""
        async with self._lock:
            if not self._value or self._value == instead_of or self._now() >= self._until:
                try:
                    value, lives = await self._fetch()
                except NoAnswer:
                    # What the token is for was not asked yet.
                    raise NotSent("no token") from None
                self._value = value
                life = timedelta(seconds=lives)
                self._until = self._now() + max(life - EARLY, life / 2)
            return self._value


class Client:
    """One app's calls. Raises ``Trouble``."""

    def __init__(self, config: Config, *, now: Callable[[], datetime]) -> None:
        _quieten()
        self._config = config
        self._connections: httpx.AsyncClient | None = None
        self._tls: ssl.SSLContext | None = None
        self._reading = asyncio.Lock()
        self._closed = False
        self._new = Token(self._new_token, now)
        self._old = Token(self._old_token, now)

    async def open(self) -> None:
        """Calls may be made again after ``close``."""
        self._closed = False

    async def close(self) -> None:
        """Close connections; calls under way fail."""
        self._closed = True
        if self._connections is not None:
            await self._connections.aclose()
            self._connections = None

    async def api(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """A call of the new host. A token that is refused is renewed once."""
        url = f"{self._config.api_base}/v1.0{path}"
        token = await self._new.get()
        for last in (False, True):
            headers = {TOKEN_HEADER: token}
            try:
                return await self._ask(method, url, body, headers=headers, query=query)
            except Refusal as refusal:
                if last or refusal.code not in BAD_TOKEN:
                    raise
            token = await self._new.get(instead_of=token)
        raise AssertionError("the second try returns or raises")

    async def oapi(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call of the old host, whose token goes in the query."""
        url = f"{self._config.oapi_base}{path}"
        token = await self._old.get()
        for last in (False, True):
            try:
                return await self._ask("POST", url, body, query={"access_token": token})
            except Refusal as refusal:
                if last or refusal.code not in BAD_TOKEN:
                    raise
            token = await self._old.get(instead_of=token)
        raise AssertionError("the second try returns or raises")

    async def person_behind(self, code: str) -> str:
        """The unionId of whoever the sign-in page sent back with a code, which is used up."""
        url = f"{self._config.api_base}/v1.0"
        body = {
            "clientId": self._config.client_id,
            "clientSecret": self._config.client_secret,
            "code": code,
            "grantType": "authorization_code",
        }
        given = await self._ask("POST", f"{url}/oauth2/userAccessToken", body)
        token, _ = _token_of(given, "accessToken", "expireIn")
        theirs = {TOKEN_HEADER: token}
        who = await self._ask("GET", f"{url}/contact/users/me", headers=theirs)
        union_id = who.get("unionId")
        if not isinstance(union_id, str) or not union_id:
            raise NoAnswer("no unionId")
        return union_id

    async def post(
        self, url: str, body: dict[str, Any], query: dict[str, str] | None = None
    ) -> None:
        """Post to an address that holds its own secret. Anything but ``errcode`` 0 is trouble."""
        answer = await self._ask("POST", url, body, query=query)
        if "errcode" not in answer:
            raise NoAnswer("no errcode")

    async def token(self) -> None:
        """Prove that the app is known."""
        await self._new.get()

    async def gateway(self, subscriptions: list[dict[str, str]]) -> tuple[str, str]:
        """Where the stream is, and a ticket that opens it once, within 90 s."""
        body = {
            "clientId": self._config.client_id,
            "clientSecret": self._config.client_secret,
            "subscriptions": subscriptions,
            "ua": "yinuo/1.0",
        }
        url = f"{self._config.api_base}/v1.0/gateway/connections/open"
        answer = await self._ask("POST", url, body)
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if not isinstance(endpoint, str) or not isinstance(ticket, str) or not ticket:
            raise NotSent("no ticket")
        if self._config.api_base == OFFICIAL_API and not _STREAM.match(endpoint):
            raise NotSent("the stream is not theirs")
        return endpoint, ticket

    async def stream(self, code: str) -> AsyncGenerator[bytes]:
        """The bytes behind a downloadCode."""
        body = {"downloadCode": code, "robotCode": self._config.robot_code}
        found = await self.api("POST", "/robot/messageFiles/download", body)
        url = found.get("downloadUrl")
        if not isinstance(url, str) or not self._may_download(url):
            raise Refusal(200, "downloadUrl")
        try:
            http = await self._http()
            async with http.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise Refusal(answer.status_code, "")
                async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                    yield chunk
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NotSent("the download broke") from None

    async def tls(self) -> ssl.SSLContext:
        """Whom we believe. Read once and beside the loop: certificates take a tenth of a second."""
        async with self._reading:
            if self._tls is None:
                self._tls = await asyncio.to_thread(authorities)
            return self._tls

    async def _http(self) -> httpx.AsyncClient:
        tls = await self.tls()
        if self._closed:
            raise NotSent("closed")
        if self._connections is None:
            self._connections = httpx.AsyncClient(
                verify=tls,
                timeout=httpx.Timeout(10, connect=5),
                limits=httpx.Limits(max_connections=32),
                follow_redirects=False,
            )
        return self._connections

    def _may_download(self, url: str) -> bool:
        """Files lie in a store whose names are not documented; only encryption is asked of it."""
        return url.startswith("https://") or is_theirs(
            url, (self._config.api_base, self._config.oapi_base)
        )

    async def _new_token(self) -> tuple[str, float]:
        body = {"appKey": self._config.client_id, "appSecret": self._config.client_secret}
        url = f"{self._config.api_base}/v1.0/oauth2/accessToken"
        return _token_of(await self._ask("POST", url, body), "accessToken", "expireIn")

    async def _old_token(self) -> tuple[str, float]:
        query = {"appkey": self._config.client_id, "appsecret": self._config.client_secret}
        url = f"{self._config.oapi_base}/gettoken"
        return _token_of(await self._ask("GET", url, query=query), "access_token", "expires_in")

    async def _ask(
        self,
        method: str,
        url: str,
        body: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        http = await self._http()
        try:
            async with asyncio.timeout(TOTAL_S):
                async with http.stream(
                    method, url, json=body, headers={**_JSON, **(headers or {})}, params=query
                ) as answer:
                    data = await _limited(answer)
        except _NOT_SENT:
            raise NotSent("no connection") from None
        except httpx.InvalidURL:
            raise NotSent("no address") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from None
        return read(answer.status_code, data)


async def _limited(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > ANSWER_BYTES:
            raise NoAnswer("too long")
    return bytes(data)


def _token_of(answer: dict[str, Any], name: str, lives: str) -> tuple[str, float]:
    value, seconds = answer.get(name), answer.get(lives)
    if not isinstance(value, str) or not value or not isinstance(seconds, int | float):
        raise NotSent("no token")
    return value, float(seconds)


def _quieten() -> None:
    """These log whole URLs, and tokens and tickets are in their queries."""
    for name in ("httpx", "httpcore", "websockets", "websockets.client"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.WARNING:
            logger.setLevel(logging.WARNING)
