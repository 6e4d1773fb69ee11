"""WeCom in the contract suite: the stand-in, a channel, and a URL its callbacks reach.

``wecom_place`` is a member at the app, who has cards; customers of customer service have tests of
their own. ``genuine`` seals a captured inner document as the platform would.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from bot.channels import wecom
from bot.channels.wecom import WeCom
from bot.channels.wecom_config import Config
from bot.channels.wecom_envelope import Pair
from bot.channels.wecom_post import Pace
from bot.errors import Malformed, Refused
from bot.messages import (
    Address,
    Card,
    Content,
    HttpCall,
    Inbound,
    Pull,
    Receipt,
    Received,
)
from tests.contract.channel_places import Place, Shown
from tests.fakes.wecom import (
    AES_KEY,
    AGENTID,
    CORPID,
    SECRET,
    TOKEN,
    AppMessage,
    Customer,
    FakeWeCom,
    Json,
    Limits,
)
from tests.fakes.wecom_crypto import CallbackCrypto
from tests.fakes.wecom_xml import document

BASE_URL = "http://127.0.0.1:8000"
CRYPTO = CallbackCrypto(TOKEN, AES_KEY, CORPID)
#: Plenty, where a test says more in a minute than people do.
FAST = Pace(10_000, 100_000)
#: A busy machine may take longer over a callback than the platform would wait.
PATIENT: dict[str, Any] = {"callback_limit_s": 20.0, "verify_limit_s": 20.0}
_SECRET, _TOKEN, _AES_KEY, _NONE = map(SecretStr, (SECRET, TOKEN, AES_KEY, ""))


#: What a member writes, as it stands inside of a callback.
HELLO = (
    "<xml><ToUserName><![CDATA[c]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName>"
    "<CreateTime>1760000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[你好]]></Content><MsgId>1</MsgId><AgentID>1000002</AgentID></xml>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComSection:
    """The settings section, with what a test changes."""

    corp_id: str = CORPID
    agent_id: int = AGENTID
    secret: SecretStr = _SECRET
    callback_token: SecretStr = _TOKEN
    callback_aes_key: SecretStr = _AES_KEY
    old_callback_token: SecretStr = _NONE
    old_callback_aes_key: SecretStr = _NONE
    api_base: str = "http://127.0.0.1:9"
    kf: bool = True
    open_kfids: tuple[str, ...] = ()
    kf_claims_new: bool = False
    kf_window_hours: float = 48
    kf_window_messages: int = 5
    robots: Mapping[str, SecretStr] = field(default_factory=dict)
    alerts_robot: str = ""
    callback_window_s: float = 300
    duplicate_codes: tuple[int, ...] = (40058,)
    lost_cursor_codes: tuple[int, ...] = (40058,)
    sign_in_base: str = ""


@dataclass(slots=True)
class Clock:
    """A time that moves when it is told to."""

    seconds: float = field(default_factory=lambda: float(int(time.time())))

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


class Door:
    """A callback URL: what is posted to it is received by a channel, as the web part does it."""

    def __init__(self, channel: WeCom) -> None:
        self.heard: asyncio.Queue[Received] = asyncio.Queue()
        self.statuses: list[int] = []
        self._channel = channel
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Door:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hooks/wecom"

    async def next(self) -> Received:
        """What the next accepted call said."""
        return await asyncio.wait_for(self.heard.get(), 20)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._spoken(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the platform did not wait any longer
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _spoken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length")]
        body = await reader.readexactly(int(lengths[0].split(":")[1])) if lengths else b""
        query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        call = HttpCall(method=method, headers={}, query=query, body=body)
        status, reply = await self._answered(call)
        self.statuses.append(status)
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(reply)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + reply
        )
        await writer.drain()

    async def _answered(self, call: HttpCall) -> tuple[int, bytes]:
        try:
            received = await self._channel.receive(call)
        except Refused:
            return 403, b""
        except Malformed:
            return 400, b""
        if call.method == "POST":
            await self.heard.put(received)
        return 200, received.reply


def config_of(fake: FakeWeCom, **more: Any) -> Config:
    given: dict[str, Any] = {
        "corp_id": fake.corpid,
        "agent_id": fake.app.agentid,
        "secret": fake.secret,
        "api_base": fake.api_base,
        "public_url": BASE_URL,
        "pairs": (Pair(TOKEN, AES_KEY),),
        "open_kfids": (fake.account.open_kfid,),
    }
    return Config(**given | more)


@asynccontextmanager
async def channel_of(
    fake: FakeWeCom, clock: Clock | None = None, **more: Any
) -> AsyncIterator[WeCom]:
    """A channel that talks to a stand-in, by its clock if one is given. Not started."""
    tokens = more.pop("tokens", None)
    channel = WeCom(config_of(fake, **more), tokens=tokens, **({"now": clock.now} if clock else {}))
    try:
        yield channel
    finally:
        await channel.stop()


@asynccontextmanager
async def wecom_place() -> AsyncIterator[Place]:
    async with FakeWeCom(limits=Limits(per_app_and_member=()), **PATIENT) as fake:
        person = fake.member("LiNa", "李娜")
        async with channel_of(fake, per_member=FAST) as channel, Door(channel) as door:
            await channel.start()
            fake.set_callback(door.url)

            async def press(receipt: Receipt, action: str) -> Inbound:
                task = receipt.value.split("/")[1]
                try:
                    person.press(action)
                except LookupError:  # nothing on the card says so: forged
                    fields = {"EventKey": action, "TaskId": task, "ResponseCode": "RC-forged"}
                    person.event("template_card_event", fields)
                [message] = (await door.next()).messages
                return message

            async def write(text: str) -> Received:
                person.write(text)
                return await door.next()

            yield Place(
                channel=channel,
                person=Address("wecom", "app/lina"),
                shown=lambda: [shown(message) for message in person.messages()],
                press=press,
                write=write,
                code=lambda: fake.oauth_code(person),
                foreign=fake.oauth_code,
                down=lambda: fake.drop_before_delivery("auth/getuserinfo"),
            )


def shown(message: AppMessage) -> Shown:
    """A message of the app with all its words."""
    asked = {} if message.replaced else message.content
    actions = [button["key"] for button in asked.get("button_list", [])]
    actions += [option["id"] for option in asked.get("checkbox", {}).get("option_list", [])]
    return Shown(words(message.content), tuple(actions))


def words(content: Json) -> str:
    """Everything a text or a card says, a line each."""
    if "content" in content:
        return str(content["content"])
    rows = content.get("horizontal_content_list", [])
    lines = [
        content.get("main_title", {}).get("title"),
        *(content.get("quote_area", {}).get(part) for part in ("quote_text", "title")),
        content.get("sub_title_text"),
        *(word for row in rows for word in (row["keyname"], row.get("value"), row.get("url"))),
        content.get("card_action", {}).get("url"),
    ]
    return "\n".join(line for line in lines if line)


def offline_wecom() -> WeCom:
    """A channel that decodes and draws; there is nothing where it would call."""
    channel = wecom.build(WeComSection(), secret="5e" * 24, base_url=BASE_URL)
    assert isinstance(channel, WeCom)
    return channel


def sealed(
    inner: str,
    *,
    at: float | None = None,
    nonce: str = "1372623149",
    crypto: CallbackCrypto = CRYPTO,
    **envelope: str,
) -> HttpCall:
    """A call as the platform makes it, its random bytes apart."""
    encrypt = crypto.encrypt(inner, b"0123456789abcdef")
    return enveloped(encrypt, at=at, nonce=nonce, crypto=crypto, **envelope)


def enveloped(
    encrypt: str,
    *,
    at: float | None = None,
    nonce: str = "1372623149",
    crypto: CallbackCrypto = CRYPTO,
    **envelope: str,
) -> HttpCall:
    """A well-signed call around anything."""
    timestamp = str(int(time.time() if at is None else at))
    query = {
        "msg_signature": crypto.sign(timestamp, nonce, encrypt),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    body = document({"ToUserName": CORPID, "AgentID": "1000002", **envelope, "Encrypt": encrypt})
    return HttpCall(method="POST", headers={}, query=query, body=body.encode())


def genuine(path: Path) -> HttpCall:
    """A captured inner document (``payloads/wecom/*.xml``) as a call that arrives now."""
    return sealed(path.read_text(encoding="utf-8"))


async def pulled(channel: WeCom, customer: Customer, cursor: str = "") -> Received:
    """Everything in a customer's account behind a cursor, in one."""
    account = customer.account.open_kfid
    found: list[Received] = []
    more = True
    while more:
        page = await channel.pull(Pull(channel="wecom", account=account), cursor)
        found.append(page.received)
        cursor, more = page.cursor, page.more
    return Received(
        messages=tuple(one for received in found for one in received.messages),
        asides=tuple(one for received in found for one in received.asides),
        bounces=tuple(one for received in found for one in received.bounces),
        reaches=tuple(one for received in found for one in received.reaches),
    )


def kf(customer: Customer) -> Address:
    """Where a customer is."""
    return Address("wecom", f"kf/{customer.account.open_kfid}/{customer.external_userid}")


async def refused(channel: WeCom, call: HttpCall) -> str:
    """What the channel says to a call it does not let in."""
    with pytest.raises(Refused) as caught:
        await channel.receive(call)
    return str(caught.value)


async def say(
    channel: WeCom, to: Customer | Address, content: Content | Card | str = "你好", key: str = "k"
) -> list[Receipt]:
    """Render and send all parts, as delivery does."""
    said = Content(text=content) if isinstance(content, str) else content
    where = kf(to) if isinstance(to, Customer) else to
    return [
        await channel.send(where, payload, key=f"{key}#{part}" if part else key)
        for part, payload in enumerate(channel.render(said))
    ]
