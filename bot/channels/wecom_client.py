"""Calling WeCom's API, and what each of its errors means to us.

The token travels in the query string, the platform takes it nowhere else: so no URL may reach a
log, and no error of ours carries one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from typing import Any, Protocol

import httpx

from bot.channels.tls_authorities import authorities
from bot.channels.wecom_words import CONSOLE, REFUSED, WORDS
from bot.errors import DeliveryError, GiveUp, TryLater, Unknown

Answer = dict[str, Any]
Params = Mapping[str, str]

CHUNK_BYTES = 64 * 1024
#: An answer in JSON where a file was asked for is an error, and short.
ERROR_BYTES = 64 * 1024
#: A token is renewed this long before it ends.
MARGIN = timedelta(minutes=5)
#: What a person has to mend is not asked for more often: the platform blocks who insists.
MENDED_AFTER = timedelta(minutes=5)
#: "Back off at least a minute."
BACK_OFF = timedelta(minutes=1)

STALE = frozenset({40014, 42001})
BUSY = frozenset({-1, 45033})
FREQUENT = 45009
#: The connection was never made, so nothing left this machine.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Refusal(Exception):
    """The platform said no. Of what it said only the number is kept: its text quotes addresses."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Token:
    """What every call carries, until a moment shortly before it ends."""

    value: str = field(repr=False)
    until: datetime


class TokenStore(Protocol):
    """Where the one token of an app is kept. Whoever shares it asks the platform once."""

    async def get(self) -> Token | None:
        """The token that was put last."""

    async def put(self, token: Token | None) -> None:
        """Keep a token; None: forget it."""


class Pocket:
    """A store for as long as this process lives."""

    def __init__(self) -> None:
        self._token: Token | None = None

    async def get(self) -> Token | None:
        """The token that was put last."""
        return self._token

    async def put(self, token: Token | None) -> None:
        """Keep a token; None: forget it."""
        self._token = token


class Client:
    """One app's calls. Raises ``Refusal``, ``TryLater`` (nothing arrived) or ``Unknown``.

    What was called too often is not called again for a minute, whoever asks.
    """

    def __init__(
        self,
        corp_id: str,
        secret: str,
        api_base: str,
        *,
        now: Callable[[], datetime],
        tokens: TokenStore | None = None,
    ) -> None:
        _quieten()
        self._credentials = {"corpid": corp_id, "corpsecret": secret}
        base = api_base.rstrip("/")
        self._base = base if base.endswith("/cgi-bin") else f"{base}/cgi-bin"
        self._now = now
        self._http: httpx.AsyncClient | None = None
        self._tokens = tokens or Pocket()
        self._pauses: dict[tuple[object, ...], datetime] = {}
        self._denied: tuple[Refusal, datetime] | None = None
        self._renewing = asyncio.Lock()

    async def close(self) -> None:
        """Close connections. A later call opens them again."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def get(self, path: str, **params: str) -> Answer:
        """A call that only asks."""
        return await self._called("GET", path, params, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """A call with a body. The platform refuses escaped characters, so none are escaped."""
        return await self._called("POST", path, {}, body)

    async def hook(self, key: str, body: Mapping[str, Any]) -> Answer:
        """Post to a group robot, whose key is all it needs."""
        return await self._asked("POST", "webhook/send", {"key": key}, body)

    async def stream(
        self, media_id: str, named: Callable[[str], None] = lambda _: None
    ) -> AsyncGenerator[bytes]:
        """The bytes of a file the platform holds for three days. ``named``: hears what it is
        called before the first of them."""
        for last in (False, True):
            token = await self._fresh()
            try:
                async with aclosing(self._streamed(token, media_id, named)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except Refusal as refusal:
                if refusal.code not in STALE or last:
                    raise
                await self._drop(token)
            else:
                return

    async def _called(
        self, verb: str, path: str, params: Params, body: Mapping[str, Any] | None
    ) -> Answer:
        """With our token; once more with a new one where the platform calls it bad or old."""
        token = await self._fresh()
        try:
            return await self._asked(verb, path, {"access_token": token, **params}, body)
        except Refusal as refusal:
            if refusal.code not in STALE:
                raise
        await self._drop(token)
        token = await self._fresh()
        return await self._asked(verb, path, {"access_token": token, **params}, body)

    # The token

    async def _fresh(self) -> str:
        """The token, asked for once however many need it."""
        async with self._renewing:
            token = await self._tokens.get()
            if token is not None and self._now() < token.until:
                return token.value
            if self._denied is not None and self._now() < self._denied[1]:
                raise Refusal(self._denied[0].code)
            try:
                answer = await self._asked("GET", "gettoken", self._credentials, None)
            except Unknown as error:
                raise harmless(error) from None  # only a token
            except Refusal as refusal:
                if refusal.code not in BUSY:
                    pause = MENDED_AFTER if refusal.code in CONSOLE else BACK_OFF
                    self._denied = (refusal, self._now() + pause)
                raise
            value, lasts = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(value, str) or not value or not isinstance(lasts, int):
                raise TryLater(WORDS["down"])
            life = timedelta(seconds=max(0, min(lasts, 86_400)))
            await self._tokens.put(Token(value, self._now() + max(life - MARGIN, life / 2)))
            return value

    async def _drop(self, token: str) -> None:
        """Forget a token the platform does not take, unless it was renewed meanwhile."""
        async with self._renewing:
            kept = await self._tokens.get()
            if kept is not None and kept.value == token:
                await self._tokens.put(None)

    # The wire

    def _open(self) -> httpx.AsyncClient:
        if self._http is None:
            timeout = httpx.Timeout(15, connect=5, pool=10)
            self._http = httpx.AsyncClient(timeout=timeout, verify=authorities())
        return self._http

    async def _asked(
        self, verb: str, path: str, params: Params, body: Mapping[str, Any] | None
    ) -> Answer:
        limited = _limited(path, params, body)
        rest = self._pauses.get(limited, self._now()) - self._now()
        if rest > timedelta():
            raise TryLater(WORDS["busy"], rest)
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json; charset=utf-8"} if content else {}
        try:
            answer = await self._open().request(
                verb, f"{self._base}/{path}", params=params, content=content, headers=headers
            )
        except _NOT_SENT:
            raise TryLater(WORDS["network"]) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Unknown(WORDS["no_answer"]) from None
        try:
            return _understood(answer.status_code, answer.content)
        except Refusal as refusal:
            if refusal.code == FREQUENT:
                self._pauses[limited] = self._now() + BACK_OFF
            raise

    async def _streamed(
        self, token: str, media_id: str, named: Callable[[str], None]
    ) -> AsyncGenerator[bytes]:
        params = {"access_token": token, "media_id": media_id}
        url = f"{self._base}/media/get"
        try:
            async with self._open().stream("GET", url, params=params, timeout=30) as answer:
                if answer.status_code != 200:
                    _understood(answer.status_code, b"")
                if "content-disposition" not in answer.headers:
                    _understood(200, await _error(answer))
                    raise Unknown(WORDS["no_answer"])
                named(_filename(answer.headers["content-disposition"]))
                async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                    yield chunk
        except (httpx.HTTPError, httpx.InvalidURL):
            raise TryLater(WORDS["network"]) from None


def _limited(path: str, params: Params, body: Mapping[str, Any] | None) -> tuple[object, ...]:
    """What has a limit of its own: an API, for each robot and each kf account, and a pull with a
    token from one without."""
    body = body or {}
    return path, params.get("key"), body.get("open_kfid"), "token" in body


def _filename(disposition: str) -> str:
    """What a file is called; empty where the platform does not say."""
    header = Message()
    header["content-disposition"] = disposition
    return header.get_filename("")


async def _error(answer: httpx.Response) -> bytes:
    """The body of an answer that should have been a file, as much as an error can have."""
    body = b""
    async for chunk in answer.aiter_bytes(CHUNK_BYTES):
        body += chunk
        if len(body) > ERROR_BYTES:
            return b""
    return body


def _understood(status: int, content: bytes) -> Answer:
    """An answer that says yes. Business errors are a 200, so only the code counts."""
    if status >= 500:  # a gateway that lost the answer, for all we know
        raise Unknown(f"{WORDS['no_answer']}（{status}）")
    if status != 200:  # not the API: a proxy, a hotel's page, a wrong address
        raise TryLater(f"{WORDS['network']}（{status}）")
    try:
        answer = json.loads(content)
    except ValueError:
        raise Unknown(WORDS["no_answer"]) from None
    code = answer.get("errcode", 0) if isinstance(answer, dict) else None
    if not isinstance(code, int) or (code == 0 and "errcode" not in answer):
        raise Unknown(WORDS["no_answer"])
    if code != 0:
        raise Refusal(code)
    return dict(answer)


def meaning(refusal: Refusal) -> DeliveryError:
    """What to do after a refusal, where the caller knows nothing better."""
    code = refusal.code
    if code in STALE or code in CONSOLE:
        words = CONSOLE.get(code, WORDS["token"])
        return TryLater(f"{words}（{code}）", MENDED_AFTER)
    if code == FREQUENT:
        return TryLater(WORDS["busy"], BACK_OFF)
    if code in BUSY:
        return TryLater(WORDS["busy"])
    return GiveUp(f"{REFUSED.get(code, WORDS['refused'])}（{code}）")


def harmless(error: Unknown) -> TryLater:
    """A lost answer to something that may be asked again: nothing was said to anybody."""
    return TryLater(WORDS["silent"])


def _quieten() -> None:
    """These log whole URLs, where the token and the robots' keys are."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.WARNING:
            logger.setLevel(logging.WARNING)
