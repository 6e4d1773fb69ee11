"""Callbacks: sealed, signed and posted to an app's URL, three more times if need be.

Callbacks go out in the order in which they arose, each after the first attempt of the one before
was answered. A repeated attempt overtakes nobody and holds nobody up.
"""

import asyncio
import random
from dataclasses import dataclass, field, replace
from typing import Literal

import httpx

from tests.fakes.calling import caller
from tests.fakes.telegram_http import Bell
from tests.fakes.wecom_crypto import CallbackCrypto, CryptoError, pad
from tests.fakes.wecom_errors import TEXTS
from tests.fakes.wecom_state import CallbackUrl, Outgoing, State
from tests.fakes.wecom_xml import document, parse

RETRIES = 3
HEADERS = {"Content-Type": "text/xml; charset=utf-8"}
Tampering = Literal["signature", "ciphertext", "receiveid", "padding", "length", "plain"]


class CallbackRefused(Exception):
    """The admin console did not accept a callback URL."""

    errcode = 40057

    def __init__(self, why: str) -> None:
        super().__init__(f"{self.errcode} {TEXTS[self.errcode]}: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt. `status` is None when no answer came in time; `error` says what went wrong.

    `inner` is the XML inside; `reply` the XML of a passive answer, opened.
    """

    agentid: int
    url: str
    query: dict[str, str]
    body: str
    inner: str
    attempt: int
    at: float
    status: int | None = None
    reply: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A callback ready to post; `source` is what it was made of, `tries` how often it is tried."""

    source: Outgoing
    target: CallbackUrl
    query: dict[str, str]
    body: str
    tries: int


@dataclass(slots=True)
class Orders:
    """Trouble asked for in advance, each for the next so many callbacks."""

    lose: int = 0
    duplicate: int = 0
    tamper: list[Tampering] = field(default_factory=list)


class Callbacks:
    """Posts what the state queues, on the server's loop; the knobs may be turned anywhere.

    With `parallel` nobody waits for the callback before. Limits are real seconds.
    """

    def __init__(self, state: State, *, limit_s: float, verify_limit_s: float) -> None:
        self.deliveries: list[Delivery] = []
        self.parallel = False
        self._state = state
        self._limit_s = limit_s
        self._verify_limit_s = verify_limit_s
        self._orders = Orders()
        self._held = False
        self._busy = 0

    # Knobs

    def lose_next(self, times: int = 1) -> None:
        """Never send the next callbacks."""
        self._orders.lose += times

    def duplicate_next(self, times: int = 1) -> None:
        """Send the next callbacks twice, byte for byte."""
        self._orders.duplicate += times

    def tamper_next(self, how: Tampering, times: int = 1) -> None:
        """Spoil the next callbacks: none of them is what the platform would send, or send again.

        All but "signature", "ciphertext" and "plain" carry a signature that fits.
        """
        self._orders.tamper += [how] * times

    def hold(self) -> None:
        """Keep callbacks back until release()."""
        self._held = True

    def release(self, order: Literal["as_sent", "reversed"] = "as_sent") -> None:
        """Send what was held."""
        with self._state.lock:
            if order == "reversed":
                self._state.outgoing.reverse()
            self._held = False
            self._state.change()

    async def replay(self, delivery: Delivery) -> int:
        """Post the very bytes of an earlier attempt, as somebody who listened could; the status."""
        url = httpx.URL(delivery.url).copy_merge_params(delivery.query)
        async with caller(None) as client, asyncio.timeout(self._limit_s):
            answer = await client.post(url, content=delivery.body.encode(), headers=HEADERS)
        return answer.status_code

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waiting, what is held aside."""
        with self._state.lock:
            return self._busy == 0 and (self._held or not self._state.outgoing)

    # Verification

    async def verify(self, target: CallbackUrl) -> None:
        """Ask a URL to decrypt a word, as the admin console does; raises CallbackRefused."""
        word = str(random.getrandbits(62))
        echo = target.crypto.encrypt(word)
        query = self._signed(target.crypto, echo) | {"echostr": echo}
        try:
            async with caller(None) as client, asyncio.timeout(self._verify_limit_s):
                answer = await client.get(httpx.URL(target.url).copy_merge_params(query))
        except (TimeoutError, httpx.TransportError) as error:
            raise CallbackRefused(f"no answer: {type(error).__name__}") from None
        if answer.status_code != 200 or answer.content != word.encode():
            raise CallbackRefused(f"answered {answer.status_code} {answer.content[:80]!r}")

    def _signed(self, crypto: CallbackCrypto, encrypt: str) -> dict[str, str]:
        timestamp, nonce = str(self._state.now()), str(random.randint(10**8, 10**10))
        signature = crypto.sign(timestamp, nonce, encrypt)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}

    # Posting

    async def run(self, bell: Bell) -> None:
        """Post until cancelled."""
        async with caller(None) as client, asyncio.TaskGroup() as tasks:
            while True:
                ring = bell.next()
                while (outgoing := self._next()) is not None:
                    for letter in self._letters(outgoing):
                        answered = asyncio.Event()
                        self._busy += 1
                        tasks.create_task(self._post(letter, client, answered))
                        if not self.parallel:
                            await answered.wait()
                    self._done()
                await ring.wait()

    def _next(self) -> Outgoing | None:
        with self._state.lock:
            if self._held or not self._state.outgoing:
                return None
            self._busy += 1
            return self._state.outgoing.popleft()

    def _done(self) -> None:
        self._busy -= 1
        self._state.change()

    def _letters(self, outgoing: Outgoing) -> list[Letter]:
        """None for a lost callback, two for a duplicate."""
        target = self._state.apps[outgoing.agentid].callback
        if target is None:
            return []
        if self._orders.lose:
            self._orders.lose -= 1
            return []
        how = self._orders.tamper.pop(0) if self._orders.tamper else None
        letter = self._seal(outgoing, target, how)
        if not self._orders.duplicate:
            return [letter]
        self._orders.duplicate -= 1
        return [letter, letter]

    def _seal(self, outgoing: Outgoing, target: CallbackUrl, how: Tampering | None) -> Letter:
        crypto = target.crypto
        encrypt = _spoiled(crypto, outgoing.inner, how)
        query = self._signed(crypto, encrypt)
        if how == "signature":
            query["msg_signature"] = "0" * 40
        if how == "ciphertext":
            encrypt = ("B" if encrypt[0] == "A" else "A") + encrypt[1:]
        fields = {"ToUserName": crypto.receiveid, "AgentID": str(outgoing.agentid)}
        if outgoing.kf and self._state.doubts.kf_envelope_agentid == "empty":
            fields["AgentID"] = ""
        if outgoing.kf and self._state.doubts.kf_envelope_agentid == "missing":
            del fields["AgentID"]
        body = document(fields | {"Encrypt": encrypt})
        if how == "plain":
            body = outgoing.inner
        return Letter(outgoing, target, query, body, 1 if how else 1 + RETRIES)

    async def _post(
        self, letter: Letter, client: httpx.AsyncClient, answered: asyncio.Event
    ) -> None:
        """The first attempt and the repeated ones until one is accepted."""
        try:
            for number in range(1, letter.tries + 1):
                accepted = await self._attempt(letter, number, client)
                answered.set()
                if accepted or number == letter.tries:
                    return
                await asyncio.sleep(self._state.doubts.retry_wait_s)
                if not self._state.doubts.retry_same_envelope:
                    letter = self._seal(letter.source, letter.target, None)
        finally:
            answered.set()
            self._done()

    async def _attempt(self, letter: Letter, number: int, client: httpx.AsyncClient) -> bool:
        delivery = Delivery(
            agentid=letter.source.agentid,
            url=letter.target.url,
            query=letter.query,
            body=letter.body,
            inner=letter.source.inner,
            attempt=number,
            at=self._state.clock(),
        )
        url = httpx.URL(letter.target.url).copy_merge_params(letter.query)
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await client.post(url, content=letter.body.encode(), headers=HEADERS)
        except TimeoutError:
            delivery = replace(delivery, error="no answer in time")
        except httpx.TransportError as error:
            delivery = replace(delivery, error=type(error).__name__)
        else:
            delivery = replace(delivery, status=answer.status_code)
            if answer.status_code == 200 and answer.text.strip():
                delivery = self._hear(delivery, letter, answer.text)
        with self._state.lock:
            self.deliveries.append(delivery)
            self._state.change()
        return delivery.status == 200

    def _hear(self, delivery: Delivery, letter: Letter, text: str) -> Delivery:
        """Open a passive answer and do what it says, once; one that is no good changes nothing."""
        try:
            envelope = parse(text)
            sealed, signature, timestamp, nonce = (
                envelope.findtext(name, "")
                for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
            )
            inner = letter.target.crypto.open(signature, timestamp, nonce, sealed)
            root = parse(inner)
        except (ValueError, CryptoError) as error:
            return replace(delivery, error=f"unreadable answer: {error}")
        if letter.source.reply is not None:
            with self._state.lock:
                letter.source.reply(root)
        return replace(delivery, reply=inner)


def _spoiled(crypto: CallbackCrypto, inner: str, how: Tampering | None) -> str:
    """The sealed text, wrong inside where that was ordered."""
    if how == "receiveid":
        return crypto.encrypt(inner, receiveid="ww0000000000000000")
    buffer = crypto.buffer(inner)
    if how == "length":
        return crypto.encrypt_padded(pad(buffer[:16] + b"\x7f\xff\xff\xff" + buffer[20:]))
    if how == "padding":
        return crypto.encrypt_padded(pad(buffer)[:-1] + b"\x21")
    return crypto.encrypt_padded(pad(buffer))
