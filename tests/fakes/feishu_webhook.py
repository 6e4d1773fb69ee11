"""Pushes to the app's own addresses: events, card callbacks, and the check on saving an address."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field

import httpx

from tests.fakes.calling import caller
from tests.fakes.feishu_crypto import seal, signature
from tests.fakes.feishu_state import Json, State

CONNECT_S = 2.0
TIMESTAMP = "X-Lark-Request-Timestamp"
NONCE = "X-Lark-Request-Nonce"
SIGNATURE = "X-Lark-Signature"


class ConsoleRefused(Exception):
    """The console does not save what was entered, and says why."""


@dataclass(slots=True)
class Push:
    """One request to the app, byte for byte, and its answer; status None: there was none."""

    url: str
    kind: str  # event, callback, challenge, or forged
    headers: dict[str, str]
    raw: bytes
    body: Json  # before sealing
    at: float
    status: int | None = None
    answer: bytes = b""
    error: str = ""  # why it counts as failed, "" when it does not
    took_s: float = 0.0


@dataclass(slots=True)
class Webhook:
    """One HTTP client for all pushes; waits are real seconds."""

    state: State
    answer_s: float
    challenge_s: float
    pushes: list[Push] = field(default_factory=list)
    client: httpx.AsyncClient | None = None

    def prepare(
        self,
        url: str,
        kind: str,
        body: Json,
        *,
        key: str | None = None,
        sign: bool = True,
        seals: bool = True,
    ) -> Push:
        """A request sealed and signed with an Encrypt Key, the app's unless another is given.

        Without a key nothing is sealed or signed.
        """
        key = self.state.app.encrypt_key if key is None else key
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        headers["X-Request-Id"] = str(uuid.uuid4())
        if key and seals:
            raw = json.dumps({"encrypt": seal(key, raw.decode())}).encode()
        if key and sign:
            timestamp, nonce = str(int(self.state.clock())), self.state.fresh("")[:16]
            headers |= {
                TIMESTAMP: timestamp,
                NONCE: nonce,
                SIGNATURE: signature(timestamp, nonce, key, raw),
            }
        return Push(url, kind, headers, raw, body, self.state.clock())

    async def send(self, push: Push, within_s: float | None = None) -> Push:
        """Post it; only HTTP 200 in time is a yes. Redirects are not followed."""
        if self.client is None:
            self.client = caller(None)
        with self.state.lock:
            self.pushes.append(push)
        started = time.monotonic()
        limit = self.answer_s if within_s is None else within_s
        try:
            async with asyncio.timeout(limit):
                timeout = httpx.Timeout(limit, connect=min(CONNECT_S, limit))
                response = await self.client.post(
                    push.url, content=push.raw, headers=push.headers, timeout=timeout
                )
            push.status, push.answer = response.status_code, response.content
            push.error = "" if push.status == 200 else f"HTTP {push.status}"
        except (TimeoutError, httpx.TimeoutException):
            push.error = "timeout"
        except httpx.TransportError:
            push.error = "no connection"
        push.took_s = time.monotonic() - started
        self.state.change()
        return push

    async def challenge(self, url: str) -> None:
        """Ask an address to repeat a word, as the console does before it saves it."""
        word = self.state.fresh("")
        token = self.state.app.verification_token
        body = {"challenge": word, "token": token, "type": "url_verification"}
        push = self.prepare(url, "challenge", body, sign=False)
        await self.send(push, self.challenge_s)
        if push.error:
            raise ConsoleRefused(f"the address did not answer: {push.error}")
        try:
            answer = json.loads(push.answer)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("challenge") != word:
            raise ConsoleRefused("Challenge code没有返回")

    async def close(self) -> None:
        if self.client is not None:
            await self.client.aclose()
            self.client = None
