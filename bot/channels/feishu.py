"""Feishu and Lark. Facts: open.feishu.cn, as collected in the protocol notes of 2026-05.

The platform's SDK is not used: it blocks the loop, answers before events are stored, and checks
neither age nor repetition. Here an event is stored before Feishu may forget it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from urllib.parse import quote, urlencode

import httpx
import structlog

from bot.channels import feishu_content as content
from bot.channels import feishu_door as door
from bot.channels import feishu_draw as draw
from bot.channels import feishu_inbound as inbound
from bot.channels import feishu_page as page
from bot.channels.base import Accept, Channel, Limits, Payload, SignIn, join_url
from bot.channels.feishu_check import checked
from bot.channels.feishu_client import Client
from bot.channels.feishu_config import HOSTS, Config, Section, configured
from bot.channels.feishu_hook import ADDRESS, GroupHook
from bot.channels.feishu_meaning import DLP, GONE, MEND_DELAY, WORDS, Answered, harmless, meaning
from bot.channels.feishu_pace import Pace
from bot.channels.feishu_socket import MAX_BYTES, LongConnection
from bot.channels.kept_lately import Recent
from bot.channels.strict_json import whole
from bot.errors import (
    CredentialsWrong,
    GiveUp,
    Malformed,
    NotReady,
    Refused,
    TryLater,
)
from bot.messages import Address, Card, Content, HttpCall, Receipt, Received
from scheduler.retry import growing, jitter

log = structlog.get_logger()

#: Parts remembered as sent, so that a text of several parts does not repeat the first ones.

_TO = re.compile(r"(ou|oc)_[A-Za-z0-9_-]{1,100}", re.ASCII)
_STANDS = re.compile(r"om_[A-Za-z0-9_=-]{1,100}", re.ASCII)


def build(section: Section, *, secret: str, base_url: str) -> Channel:
    """The channel. All its secrets come from Feishu's console. Raises ``NotReady``."""
    return Feishu(configured(section, base_url=base_url))


class Feishu:
    """One app and its bot, both directions: one-to-one chats, and groups that call it."""

    name = inbound.NAME
    limits = Limits(
        text=draw.TEXT_WEIGHT,
        buttons=draw.BUTTONS,
        editable=True,
        dedupes=True,
        dedupes_for=timedelta(minutes=50),  # an hour, less what a slow call takes
        # 1,000 a minute and 50 a second over all people.
        rate=15,
        burst=40,
        sign_in=SignIn(inside=("lark", "feishu")),
    )

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = Client(config.app_id, config.app_secret, config.api_base, now=config.now)
        plain = config.api_base.startswith("http://")
        self._socket = LongConnection(self._client, plain=plain, first_pause=config.first_pause)
        self._hook = GroupHook(config.group_hook, config.group_hook_secret, now=config.now)
        self._pace = Pace(config.per_chat, config.per_chat_s)
        self._robot = config.bot_open_id
        self._sent: Recent[Receipt] = Recent()
        self._introducing: asyncio.Task[None] | None = None

    # Life

    async def start(self) -> None:
        """Learn our own open_id as soon as Feishu answers: it tells who is called in a group."""
        if not self._robot:
            self._introducing = asyncio.create_task(self._introduce(), name="feishu-introduce")

    async def stop(self) -> None:
        """Close connections. May be called without ``start``."""
        self._socket.halt()
        if self._introducing is not None:
            self._introducing.cancel()
            await asyncio.wait([self._introducing])
            self._introducing = None
        await self._client.close()

    async def check(self) -> None:
        """Raises ``CredentialsWrong``, ``NotReady``, or ``DeliveryError`` when nobody answers."""
        config = self._config
        private = not config.public_url.startswith("https://")
        official = config.api_base in [hosts[0] for hosts in HOSTS.values()]
        if config.mode == "webhook" and official and private:
            raise NotReady(
                "回调模式下飞书只推送到公网地址：把 YINUO_WEB__PUBLIC_URL 设为公网 https 地址，"
                "或改用长连接 YINUO_FEISHU__MODE=socket"
            )
        console = config.api_base
        await checked(self._client, config.app_id, console, socket=config.mode == "socket")

    async def _introduce(self) -> None:
        failures = 0
        while not self._robot:
            try:
                self._robot = str((await self._client.robot()).get("open_id") or "")
                failures += 1
            except (Answered, httpx.HTTPError, CredentialsWrong, TryLater) as error:
                failures += 1
                log.warning("feishu.not_introduced", error=type(error).__name__, failures=failures)
            if not self._robot:
                await asyncio.sleep(growing(failures).total_seconds() * jitter())
        log.info("feishu.introduced", mode=self._config.mode)

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        """Where a member signs in. Others cannot: for them a link that opens, inside of Feishu,
        our page with the line to send to the bot, because Feishu's link to a bot carries no words.
        Outside of Feishu it offers to install it.
        """
        if member:
            return join_url(base_url, self.name, token)
        shown = quote(f"{base_url}/hooks/{self.name}?start={token}", safe="")
        return f"{self._config.applink_base}/client/web_url/open?mode=window&url={shown}"

    # In

    async def receive(self, call: HttpCall) -> Received:
        """One pushed event, or a look at an invite. Raises ``Refused`` or ``Malformed``."""
        if call.method == "GET":
            return self._invitation(call.query.get("start", ""))
        config = self._config
        data = door.opened(call.headers, call.body, config.keys, config.now())
        return inbound.decode(data, self._robot)

    def _invitation(self, token: str) -> Received:
        if not page.TOKEN.fullmatch(token):
            raise Refused("there is nothing to see here")
        config = self._config
        query = urlencode({"appId": config.app_id})
        link = f"{config.applink_base}/client/bot/open?{query}"
        return Received(reply=page.page(token, link), media_type=page.MEDIA_TYPE)

    async def listen(self, accept: Accept) -> None:
        """Hold the long connection; what ``accept`` could not store is not confirmed."""
        if self._config.mode != "socket":
            return

        async def take(payload: bytes) -> bytes:
            data = whole(payload, most=MAX_BYTES)  # what is torn was not, where it comes from: a no
            try:
                received = inbound.decode(data, self._robot)
                if received.told:
                    await accept(received)
            except Malformed as error:
                # A no would bring it again four times, and the same would come of it.
                log.warning("feishu.not_taken", error=type(error).__name__)
                return b""
            return received.reply

        await self._socket.run(take)

    # Out

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """Messages with ``msg_type`` and ``content``; a card is always one message."""
        return draw.render(content)

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        """Say or change one message. ``hook`` as the address is the group of the custom bot.

        A card goes to one person and never to a group, where everybody would read of whom it is.
        """
        if (known := self._sent.get(key)) is not None:
            return known
        if payload["msg_type"] == "interactive" and not to.value.startswith("ou_"):
            raise GiveUp(WORDS["private"])
        if to.value == ADDRESS:
            await self._hook.send(self._client.http, payload)
            receipt = Receipt(f"{ADDRESS}:{key}")
        elif _TO.fullmatch(to.value):
            receipt = await self._put(to.value, payload, key, replaces)
        else:
            raise GiveUp(WORDS["address"])
        self._sent.put(key, receipt)
        return receipt

    async def _put(self, to: str, payload: Payload, key: str, replaces: Receipt | None) -> Receipt:
        try:
            if replaces is not None and await self._changed(replaces.value, payload):
                return replaces
            await self._pace.wait(to)
            return Receipt(await self._said(to, payload, key))
        except (Answered, httpx.HTTPError) as error:
            raise meaning(error) from None
        except CredentialsWrong as error:
            raise TryLater(str(error), MEND_DELAY) from None

    async def _said(self, to: str, payload: Payload, key: str) -> str:
        """Send; what data loss prevention stops goes again without numbers and addresses."""
        try:
            return await self._client.send(to, payload, _uuid(key, payload))
        except Answered as error:
            hidden = draw.masked(payload)
            if error.code != DLP or hidden == payload:
                raise
        log.warning("feishu.masked")
        return await self._client.send(to, hidden, _uuid(key, hidden))

    async def _changed(self, message_id: str, payload: Payload) -> bool:
        """Whether the message was there to be changed."""
        if not _STANDS.fullmatch(message_id):
            return False
        if payload["msg_type"] == "interactive":
            # Mostly because it was pressed. The press was stored before we were called, and its
            # answer left then, perhaps from another process: both can only be waited for here.
            await asyncio.sleep(self._config.settle_s)
        try:
            await self._client.change(message_id, payload)
        except Answered as error:
            if error.code in GONE:
                return False
            if error.code != DLP or (hidden := draw.masked(payload)) == payload:
                raise
            await self._client.change(message_id, hidden)
        return True

    async def noticed(self, external_id: str, note: str) -> None:
        """Nothing spins: every press was answered as it came, and the card says the rest."""

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream a file of at most 100 MB. Raises TryLater or GiveUp."""
        found = content.parts(media_id)
        if found is None:
            raise GiveUp(WORDS["file"])
        try:
            async with aclosing(self._client.stream(*found)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except (Answered, httpx.HTTPError) as error:
            told = harmless(error)
            raise GiveUp(WORDS["file"]) if isinstance(told, GiveUp) else told from None
        except CredentialsWrong as error:
            raise TryLater(str(error), MEND_DELAY) from None

    # People of the company

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        """Where somebody of the company proves who they are; Feishu's own browser asks nothing.

        ``redirect_uri`` must be listed in the console under 安全设置 › 重定向 URL.
        """
        query = urlencode(
            {
                "client_id": self._config.app_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "state": state,
            }
        )
        return f"{self._config.accounts_base}/open-apis/authen/v1/authorize?{query}"

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        """The member who came back with a code: nobody else gets one of Feishu. Raises TryLater,
        or GiveUp for a code that is not good.
        """
        try:
            who = await self._client.signed_in(code, redirect_uri)
        except (Answered, httpx.HTTPError) as error:
            told = harmless(error)
            if isinstance(told, GiveUp) and isinstance(error, Answered):
                told = GiveUp(f"{WORDS['login']}（{error.code}）")
            raise told from None
        if not who.startswith("ou_") or not _TO.fullmatch(who):
            raise GiveUp(WORDS["outsider"])
        return Address(self.name, who)

    async def find(
        self, *, mobiles: Sequence[str] = (), emails: Sequence[str] = ()
    ) -> dict[str, str]:
        """open_ids of members by mobile number or address; who is not found is not in it.

        Needs contact:user.id:readonly. Raises TryLater or GiveUp.
        """
        try:
            return await self._client.find(list(mobiles), list(emails))
        except (Answered, httpx.HTTPError) as error:
            raise harmless(error) from None
        except CredentialsWrong as error:
            raise TryLater(str(error), MEND_DELAY) from None


def _uuid(key: str, payload: Payload) -> str:
    """What Feishu drops a second send by, for an hour; at most 50 characters.

    It is of the content, too: a card that says something else by the time it is sent again must
    not be taken for the one before, or the old one would stand there for ever.
    """
    written = json.dumps(payload, sort_keys=True).encode()
    return hashlib.sha256(b"\n".join((key.encode(), written))).hexdigest()[:48]
